"""ENTORNO=PROD against a scripted model server: how often it is asked, and what comes of every bad answer."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from resuelve.knowledge.catalogue import read
from resuelve.mocks.world import demo_folder
from resuelve.models.hashing import HashEmbedder
from tests.acceptance.product import ACTING, DICTIONARY, Desk, demo_incidents
from tests.model_server import NEVER, ModelServer, Reply, Request, chat, embeddings, error, raw

NewDesk = Callable[..., Desk]
Script = Callable[[Request], Reply]

INCOMPLETE = 3
TWO = ACTING[:2]
WAITING = "INC1058"
EMPTY: dict[str, Any] = {"codIncidencia": "VACIA", "titulo": "", "descripcion": "  "}
RESTATED = {"problema": "Una persona cuenta un fallo de la aplicación de la aseguradora", "otro_asunto": ""}
APPROVED = {"veredicto": "APROBADO", "puntuacion": 90, "motivo": "Encaja.", "tipo_problema": "NINGUNO", "enfoque": ""}
ADVICE = "Buscar otro componente"
REJECTED = {
    "veredicto": "RECHAZADO",
    "puntuacion": 20,
    "motivo": "Otro componente.",
    "tipo_problema": "NO_ENCAJA",
    "enfoque": ADVICE,
}


def role(request: Request) -> str:
    return str(request.body["response_format"]["json_schema"]["name"])


def said(value: object) -> Reply:
    return chat(json.dumps(value, ensure_ascii=False))


def agreeable(request: Request) -> Reply:
    """Restates, takes the first row, approves."""
    choice = {"eleccion": "A", "motivo": "Es esa."}
    return said({"Reformulation": RESTATED, "Selection": choice, "Review": APPROVED}[role(request)])


def but(wanted: str, reply: Callable[[Request], Reply]) -> Script:
    """An agreeable model, except when it is asked for this."""
    return lambda request: reply(request) if role(request) == wanted else agreeable(request)


@contextmanager
def production(
    new_desk: NewDesk, incidents: Any, script: Script, **settings: str
) -> Iterator[tuple[Desk, ModelServer]]:
    with ModelServer(script) as server:
        yield (
            new_desk(
                incidents,
                ENTORNO="PROD",
                OPENAI_BASE_URL=server.url,
                OPENAI_API_KEY="sk-secret",
                RESUELVE_EMBEDDING_MODEL="embedded",
                RESUELVE_MODEL_ATTEMPTS="1",
                **settings,
            ),
            server,
        )


def test_three_calls_for_an_incident_and_none_where_nothing_is_to_decide(new_desk: NewDesk) -> None:
    incidents = [*demo_incidents(*ACTING, WAITING), EMPTY]
    with production(new_desk, incidents, agreeable) as (desk, server):
        ended = desk.run("run")
        assert (ended.status, ended.error) == (0, "")
        assert {change["incident"] for change in desk.ledger()} == set(ACTING)
        usage = {code: entry["decision"]["usage"] for code, entry in desk.entries().items()}
        assert all(0 < usage[code]["calls"] <= 3 for code in ACTING)
        assert usage["VACIA"]["calls"] == usage[WAITING]["calls"] == 0
        calls = len(server.requests)
        model = {"calls": calls, "tokens_in": 10 * calls, "tokens_out": 5 * calls}
        assert desk.report()["totals"]["model"] == model
        assert desk.report()["model"] == "gpt-4o-mini"
        assert f"{calls} llamadas" in ended.out
        # What tells who somebody is does not leave the house.
        sent = json.dumps([request.body["messages"] for request in server.requests], ensure_ascii=False)
        assert "@" in json.dumps(demo_incidents(*ACTING))
        assert "@" not in sent
        assert "sk-secret" not in json.dumps(desk.reports())
        assert desk.run("run").status == 0
        assert len(server.requests) == calls


def test_what_is_paused_costs_no_calls(new_desk: NewDesk) -> None:
    with production(new_desk, demo_incidents(*ACTING[:3]), agreeable) as (desk, server):
        assert desk.run("run", RESUELVE_MOST_PER_HOUR="1", RESUELVE_WORKERS="1").status == 0
        calls = len(server.requests)
        assert 0 < calls <= 3
        assert desk.report()["totals"]["by_outcome"]["paused"] == 2
        assert desk.run("run", RESUELVE_MOST_PER_HOUR="1", RESUELVE_WORKERS="1").status == 0
        assert len(server.requests) == calls
        assert desk.run("run").status == 0
        assert {change["incident"] for change in desk.ledger()} == set(ACTING[:3])


def test_doctor_and_explain_ask_the_model(new_desk: NewDesk) -> None:
    def reply(request: Request) -> Reply:
        return said({"funciona": True}) if role(request) == "_Pong" else agreeable(request)

    with production(new_desk, demo_incidents(*TWO), reply) as (desk, _):
        doctor = desk.run("doctor")
        assert doctor.status == 0, doctor.out
        assert "gpt-4o-mini" in doctor.out
        explained = json.loads(desk.run("explain", TWO[0], "--json").out)
        assert explained["decision"]["usage"]["calls"] == 3
        assert explained["decision"]["critique"]["features"]["model_score"] == 90
        assert desk.ledger() == []


OUTAGES: dict[str, Callable[[Request], Reply]] = {
    "down": lambda _: error(500),
    "slow": lambda _: NEVER,
    "a page": lambda _: raw("<html>mantenimiento</html>"),
    "no leave": lambda _: error(401),
}

BAD: dict[str, Callable[[Request], Reply]] = {
    "cut": lambda _: chat('{"eleccion": "A", "mot', finish="length"),
    "no JSON": lambda _: chat("Yo elegiría la A."),
    "two answers": lambda _: chat('{"eleccion": "A", "motivo": "x"} o {"eleccion": "B", "motivo": "y"}'),
    "off the schema": lambda _: said({"choice": "A"}),
    "a field too many": lambda _: said({"eleccion": "A", "motivo": "x", "accion": "resolver"}),
    "a row not offered": lambda _: said({"eleccion": "Z", "motivo": "x"}),
    "empty": lambda _: chat(""),
    "a refusal": lambda _: chat(None, refusal="I cannot"),
}


@pytest.mark.parametrize(
    ("outage", "wanted"),
    [*((outage, "Selection") for outage in OUTAGES), ("down", "Reformulation"), ("down", "Review")],
)
def test_an_outage_is_waited_for(new_desk: NewDesk, outage: str, wanted: str) -> None:
    away = [True]

    def script(request: Request) -> Reply:
        return OUTAGES[outage](request) if away and role(request) == wanted else agreeable(request)

    settings = {"RESUELVE_MODEL_TIMEOUT": "0.4", "RESUELVE_MAX_FAILURES": "1"}
    with production(new_desk, demo_incidents(TWO[0]), script, **settings) as (desk, server):
        for _ in range(2):  # never set aside: it is not the ticket's fault
            ended = desk.run("run")
            assert (ended.status, ended.error) == (INCOMPLETE, "")
            assert desk.ledger() == []
            (entry,) = desk.entries().values()
            assert entry["outcome"] == "failed"
            assert server.url.removesuffix("/v1") in entry["reason"]
            assert desk.report()["totals"]["errors_by_system"] == {"models": 1}
        away.clear()
        assert desk.run("run", RESUELVE_MODEL_TIMEOUT="20").status == 0
        assert [change["incident"] for change in desk.ledger()] == [TWO[0]]


@pytest.mark.parametrize(("bad", "wanted"), [*((bad, "Selection") for bad in BAD), ("off the schema", "Review")])
def test_a_bad_answer_hands_over_with_the_reason(new_desk: NewDesk, bad: str, wanted: str) -> None:
    with production(new_desk, demo_incidents(TWO[0]), but(wanted, BAD[bad])) as (desk, server):
        ended = desk.run("run")
        assert (ended.status, ended.error) == (0, "")
        assert desk.ledger() == []
        (entry,) = desk.entries().values()
        assert entry["outcome"] == "handed_off"
        assert entry["decision"]["doubt"] == "model_failed"
        assert "modelo" in entry["reason"]
        # Asked for three times; after that nobody asks this model about this ticket again.
        assert Counter(role(request) for request in server.requests)[wanted] == 3
        assert entry["decision"]["usage"]["calls"] == len(server.requests)


def test_a_model_that_only_chats_around_its_answer_is_understood(new_desk: NewDesk) -> None:
    def chatty(request: Request) -> Reply:
        answer = json.loads(agreeable(request).body)["choices"][0]["message"]["content"]
        return chat(f"<think>veamos</think>Claro:\n```json\n{answer}\n```\nEspero haber ayudado.")

    with production(new_desk, demo_incidents(TWO[0]), chatty) as (desk, server):
        assert desk.run("run").status == 0
        assert [change["incident"] for change in desk.ledger()] == [TWO[0]]
        assert len(server.requests) == 3


def test_a_restatement_is_never_needed(new_desk: NewDesk) -> None:
    with production(new_desk, demo_incidents(TWO[0]), but("Reformulation", lambda _: chat("No sé."))) as (desk, _):
        assert desk.run("run").status == 0
        assert len(desk.ledger()) == 1


def test_a_model_that_finds_none(new_desk: NewDesk) -> None:
    none = but("Selection", lambda _: said({"eleccion": "NINGUNO", "motivo": "Ninguna fila trata de eso."}))
    with production(new_desk, demo_incidents(TWO[0]), none) as (desk, server):
        assert desk.run("run").status == 0
        assert desk.ledger() == []
        assert desk.entries()[TWO[0]]["reason"] == "Ninguna fila trata de eso."
        assert len(server.requests) == 1


def test_a_rejection_by_the_model_is_final_and_logged(new_desk: NewDesk) -> None:
    script = but("Review", lambda _: said(REJECTED))
    with production(new_desk, demo_incidents(TWO[0]), script, CRITIC_APPROVAL_THRESHOLD="0") as (desk, server):
        assert desk.run("run").status == 0
        assert desk.ledger() == []
        # Another row could only be one that scores and rules had put behind this one.
        assert Counter(role(request) for request in server.requests) == {
            "Reformulation": 1,
            "Selection": 1,
            "Review": 1,
        }
        (row,) = desk.rejected()
        assert row["motivo_rechazo"] == REJECTED["motivo"]
        assert row["enfoque_recomendado"] == ADVICE
        (entry,) = desk.entries().values()
        assert (entry["outcome"], entry["decision"]["doubt"]) == ("handed_off", "no_match")


TEMPTING = (
    "INC1002",
    "INC1015",
    "INC1022",
    "INC1031",
    "INC1034",
    "INC2005",
    "INC2007",
    "INC2014",
    "INC2036",
    "INC2046",
)
"""Tickets on which a model that lies, or agrees with everything, once had wrong actions done."""


def liar(letter: str) -> Script:
    """Says that every ticket is another row's problem, takes this letter, and is sure of it."""
    rows = [problem for problem in read(demo_folder() / DICTIONARY).problems.values() if problem.solution]

    def script(request: Request) -> Reply:
        match role(request):
            case "Reformulation":
                asked = request.body["messages"][-1]["content"]
                row = rows[sum(asked.encode()) % len(rows)]
                return said({"problema": row.description, "otro_asunto": ""})
            case "Selection":
                return said({"eleccion": letter, "motivo": "Es esa."})
            case _:
                return said({**APPROVED, "puntuacion": 100})

    return script


@pytest.mark.parametrize("script", [agreeable, liar("A"), liar("B")], ids=["agrees", "lies", "lies and chooses"])
def test_whatever_a_model_says_nothing_is_done_that_would_not_be_done_without_it(
    new_desk: NewDesk, script: Script
) -> None:
    with production(new_desk, demo_incidents(*ACTING, *TEMPTING), script) as (desk, _):
        desk.run("run", "--shadow", ENTORNO="EMBEBIDO")
        without = {code: one["sent"] for code, one in desk.entries().items() if one["outcome"] == "shadowed"}
        assert set(without) == set(ACTING)
        assert desk.run("run").status == 0
        done = {code: one["sent"] for code, one in desk.entries().items() if one["changed"]}
        assert {change["incident"] for change in desk.ledger()} == set(done)
        assert done.keys() <= without.keys()
        for code, sent in done.items():
            assert sent["queue"] == without[code]["queue"]
            assert without[code]["text"] in sent["text"]
        calls = {code: one["decision"]["usage"]["calls"] for code, one in desk.entries().items()}
        assert {code: calls[code] for code in TEMPTING} == dict.fromkeys(TEMPTING, 0)
        assert all(1 <= calls[code] <= 3 for code in ACTING)


def test_a_low_score_of_the_critic_does_nothing(new_desk: NewDesk) -> None:
    script = but("Review", lambda _: said({**APPROVED, "puntuacion": 40}))
    with production(new_desk, demo_incidents(TWO[0]), script) as (desk, _):
        assert desk.run("run").status == 0
        assert desk.ledger() == []
        (entry,) = desk.entries().values()
        assert entry["outcome"] == "handed_off"
        assert entry["decision"]["score"] == 40
        assert entry["reason"]


@pytest.mark.parametrize("puntuacion", [101, "90"])
def test_a_score_that_is_none_is_not_believed(new_desk: NewDesk, puntuacion: object) -> None:
    script = but("Review", lambda _: said({**APPROVED, "puntuacion": puntuacion}))
    with production(new_desk, demo_incidents(TWO[0]), script) as (desk, _):
        assert desk.run("run").status == 0
        assert desk.ledger() == []


def test_a_models_words_command_no_terminal(new_desk: NewDesk) -> None:
    words = "\x1b[31m\x9b31m[bold]Ninguna[/nada]"
    script = but("Selection", lambda _: said({"eleccion": "NINGUNO", "motivo": words}))
    with production(new_desk, demo_incidents(TWO[0]), script) as (desk, _):
        outputs = [desk.run("run").out, desk.run("explain", TWO[0]).out, desk.run("explain", TWO[0], "--json").out]
        assert all("\x1b" not in out and "\x9b" not in out for out in outputs)
        assert "[bold]Ninguna[/nada]" in outputs[1]


def test_embeddings_from_the_server_need_an_index_of_their_own(new_desk: NewDesk) -> None:
    embedder = HashEmbedder(64)

    def reply(request: Request) -> Reply:
        if request.path.endswith("/embeddings"):
            return embeddings(embedder.embed(request.body["input"]).tolist())
        return agreeable(request)

    with production(new_desk, demo_incidents(*TWO), reply) as (desk, server):
        rows = (desk.workspace / DICTIONARY).read_text(encoding="utf-8").splitlines(keepends=True)
        (desk.workspace / DICTIONARY).write_text("".join(rows[:12]), encoding="utf-8")
        own = {"RESUELVE_EMBEDDING_MODEL": "text-embedding-3-small"}
        before = desk.run("run", **own)
        assert before.status == 1
        assert "resuelve index" in before.error
        assert desk.run("index", **own).status == 0
        assert desk.run("run", **own).status == 0
        assert "text-embedding-3-small" in desk.report()["index"]["embedder"]
        back = desk.run("run", ENTORNO="EMBEBIDO")
        assert back.status == 1
        assert "resuelve index" in back.error
        assert "text-embedding-3-small" in back.error
        # The embedding server goes away: the run says so.
        down = desk.run("run", OPENAI_BASE_URL="http://127.0.0.1:1/v1", **own)
        assert down.status == 1
        assert "127.0.0.1:1" in down.error
        assert len(down.error.splitlines()) == 1
        assert server.requests
