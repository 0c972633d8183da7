"""The log of the product: nothing of anybody's in it, shipped when it can be, and never in anybody's way."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

import resuelve
from resuelve.domain.identifier import IdentifierKind
from resuelve.knowledge.anonymous import words_of
from resuelve.mocks.world import World, demo_folder
from resuelve.resolution.identify import identify_text
from resuelve.telemetry.logs.events import ALL
from tests.acceptance.product import (
    ACTING,
    DEMO_WORLD,
    DICTIONARY,
    Desk,
    Product,
    demo_incidents,
    desk_with,
    eventually,
)
from tests.acceptance.test_language_models import agreeable, role
from tests.mock_control import control
from tests.model_server import ModelServer, Reply, Request, error, raw
from tests.otlp_receiver import PATH, Say, receiving

NewDesk = Callable[..., Desk]
LIST = "/api/incidencias"
SECRETS = {
    "OPENAI_API_KEY": "sk-clave-de-prueba",
    "RESUELVE_BACKUP_PASSPHRASE": "cinco palabras que no van juntas",
    "OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Bearer%20ficha-de-prueba,X-Other=otra-ficha",
    "MLFLOW_TRACKING_URI": "http://quien:contrasena-de-prueba@127.0.0.1:9/",
}
HIDDEN = (
    "sk-clave",
    "cinco palabras",
    "ficha-de-prueba",
    "otra-ficha",
    "contrasena-de-prueba",
    "quien:",
    "token-de-url",
)
TOLERATED = {"error en la aplicacion"}
ATTACHMENTS = demo_folder() / "adjuntos"
OTHERS = ("INC1004", "INC1035", "INC2040", "INC2050", "INC1058")
"""Some with attachments, some for an agent, some for a person."""

RUN_OF_WORDS = 4
"""So many words in a row of a ticket are its text, and no chance."""


def lines_of(desk: Desk) -> list[dict[str, Any]]:
    files = sorted((desk.workspace / "logs").glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_bytes().splitlines()]


class Personal:
    """What of these tickets must not be told."""

    def __init__(self, incidents: Iterable[Any]) -> None:
        self.names: set[tuple[str, ...]] = set()
        self.runs: set[tuple[str, ...]] = set()
        self.identifiers: set[str] = set()
        self.single: set[str] = set()
        for incident in incidents:
            people = [incident.get("solicitante"), *(one.get("autor") for one in incident.get("historial") or [])]
            self.names |= {words_of(str(name)) for name in people if name and len(words_of(str(name))) > 1}
            self.single |= {word for name in people if name for word in words_of(str(name)) if len(word) > 2}
            for text in _texts(incident):
                words = words_of(text)
                self.runs |= {words[at : at + RUN_OF_WORDS] for at in range(len(words) - RUN_OF_WORDS + 1)}
                found = [one for one in identify_text(text, "") if one.kind is not IdentifierKind.ERROR_CODE]
                self.identifiers |= {one.raw for one in found} | {one.value for one in found}

        self.single -= _known_words()

    def found_in(self, text: str) -> set[str]:
        """What of it stands in a text."""
        words = words_of(text)
        found = {one for one in self.identifiers if one in text} | (self.single & set(words))
        longest = max(map(len, self.names), default=0)
        for at in range(len(words)):
            if words[at : at + RUN_OF_WORDS] in self.runs:
                found.add(" ".join(words[at : at + RUN_OF_WORDS]))
            found |= {" ".join(words[at : at + n]) for n in range(2, longest + 1) if words[at : at + n] in self.names}
        return found - TOLERATED


def _known_words() -> set[str]:
    """Those of the dictionary, and of our own code: they say nothing of anybody."""
    package = Path(resuelve.__file__).parent
    files = [*package.rglob("*.py"), *package.rglob("texts/*/*.json"), demo_folder() / DICTIONARY]
    return {word for file in files for word in words_of(file.read_text(encoding="utf-8"))}


def _texts(incident: Any) -> Iterator[str]:
    for name in ("titulo", "descripcion"):
        yield str(incident.get(name) or "")
    for entry in incident.get("historial") or []:
        yield from (str(entry.get(name) or "") for name in ("detalle", "notasResolucion"))


@pytest.fixture(scope="module")
def personal() -> Personal:
    everything = [*DEMO_WORLD.open_incidents, *DEMO_WORLD.closed_incidents]
    return Personal(one for one in everything if isinstance(one, dict))


def _moody(request: Request) -> Reply:
    """A model server that answers well, badly, and with what it was asked; well of the one whose agent is asked."""
    asked = json.dumps(request.body["messages"], ensure_ascii=False)
    if "el iban está mal" in asked:
        return agreeable(request)
    match len(asked) % 11:
        case 0:
            return error(500, asked[:300])
        case 1:
            return raw(asked)
        case 2:
            return error(400, f"bad key {request.headers.get('Authorization')}: {asked[:200]}")
        case _:
            return agreeable(request) if role(request) != "Drafted" else raw(asked)


@pytest.fixture(scope="module")
def told(product: Product, indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, str]]:
    """A desk on its worst day, at DEBUG, and its log."""
    folder = tmp_path_factory.mktemp("log")
    settings = {"RESUELVE_LOG_LEVEL": "DEBUG", "RESUELVE_LOG_TERMINAL": "DEBUG", **SECRETS}
    with (
        ModelServer(_moody) as server,
        desk_with(
            product,
            indexed,
            folder,
            World(demo_incidents(*ACTING, *OTHERS), DEMO_WORLD.closed_incidents[::5], DEMO_WORLD.policies, ATTACHMENTS),
            ENTORNO="PROD",
            OPENAI_BASE_URL=f"{server.url}?token=token-de-url",
            RESUELVE_EMBEDDING_MODEL="embedded",
            RESUELVE_MODEL_ATTEMPTS="2",
            **settings,
        ) as desk,
    ):
        for kind in ("500", "429", "drop"):
            desk.fault(kind, path=LIST, retry_after=0)
        for kind in ("conflict", "drop_after_apply"):
            desk.fault(kind, method="PATCH")
        desk.fault("404", path="/api/adjuntos", times=2)
        for kind in ("500", "not_json", "404"):
            control(desk.services.sistema_url, "faults", {"kind": kind, "times": 1, "path": "/api/poliza"})
        errors = [desk.run("run").error]
        desk.no_more_faults()
        commands = (("doctor",), ("explain", "INC1001"), ("mine",), ("maintain", "--limit", "3"), ("backup",))
        for command in (*commands, ("train", "critic"), ("restore", "nothing.tar.gz")):
            errors.append(desk.run(*command).error)  # noqa: PERF401 - one after the other
        with server_away(desk):
            errors.append(desk.run("run").error)
        yield desk, "\n".join(errors)


def server_away(desk: Desk) -> Any:
    import contextlib

    @contextlib.contextmanager
    def away() -> Iterator[None]:
        before = desk.settings["MOCK_GESTOR_URL"]
        desk.settings["MOCK_GESTOR_URL"] = before.replace("http://", "http://quien:contrasena-de-prueba@").replace(
            before.rpartition(":")[2], "9/INC1001?token=token-de-url"
        )
        try:
            yield
        finally:
            desk.settings["MOCK_GESTOR_URL"] = before

    return away()


def test_no_line_tells_of_anybody(told: tuple[Desk, str], personal: Personal) -> None:
    lines = lines_of(told[0])
    assert len(lines) > 200
    found = {}
    for line in lines:
        if leaked := personal.found_in(json.dumps(line, ensure_ascii=False)):
            found[line["event"]] = leaked, line
    assert found == {}


def test_no_line_holds_a_secret(told: tuple[Desk, str]) -> None:
    desk, errors = told
    text = "".join(file.read_text(encoding="utf-8") for file in (desk.workspace / "logs").iterdir())
    shown = "\n".join(line for line in errors.splitlines() if line.startswith("{"))
    assert {one for one in HIDDEN if one in text or one in shown} == set()
    assert str(desk.workspace) not in text


def test_it_was_a_bad_day(told: tuple[Desk, str]) -> None:
    """What was looked at holds what could leak: failures of every system, at every level."""
    events = {line["event"] for line in lines_of(told[0])}
    wanted = {
        "agent.asked",
        "attachment.unread",
        "backup.made",
        "call.repeated",
        "change.sent",
        "command.ended",
        "command.failed",
        "command.started",
        "incident.ended",
        "incident.failed",
        "maintenance.ended",
        "mining.ended",
        "model.called",
        "model.failed",
        "run.ended",
        "run.failed",
        "stage.ended",
    }
    assert wanted - events == set()
    assert events <= {event.name for event in ALL}


def test_the_check_finds_what_leaks(told: tuple[Desk, str], personal: Personal) -> None:
    desk, _ = told
    (report, *_) = sorted((desk.workspace / "reportes").glob("reporte[0-9]*.json"))
    text = json.dumps(json.loads(report.read_text(encoding="utf-8")), ensure_ascii=False)
    assert len(personal.found_in(text)) > 20  # the report may hold it
    incident = next(one for one in DEMO_WORLD.open_incidents if one["codIncidencia"] == "INC1001")
    for leak in (incident["titulo"], incident["solicitante"]):
        assert personal.found_in(json.dumps({"event": "x", "message": f"before {leak} after"}, ensure_ascii=False))
    assert len(personal.single) > 20
    assert personal.found_in(next(iter(personal.single)).title())
    assert personal.found_in(f"tel {next(iter(personal.identifiers))}")


def test_lines_are_in_order_and_name_their_incident(told: tuple[Desk, str]) -> None:
    lines = lines_of(told[0])
    for line in lines:
        assert list(line)[:3] == ["time", "level", "event"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line["time"])
        assert re.fullmatch(r"\d+/[\w-]+( \(\w+\))?", line["worker"]), line["worker"]
    ended = [line for line in lines if line["event"] == "incident.ended"]
    assert all({"run", "incident", "trace", "outcome"} <= set(line) for line in ended)
    stages = [line for line in lines if line["event"] == "stage.ended" and "run" in line]
    assert len(stages) > 50
    assert all({"incident", "stage", "trace", "seconds"} <= set(line) for line in stages)


def test_on_the_error_output_it_is_json_where_nobody_looks(told: tuple[Desk, str]) -> None:
    lines = [json.loads(line) for line in told[1].splitlines() if line.startswith("{")]
    assert len(lines) > 150


def test_what_is_logged_is_shipped_and_nothing_twice(new_desk: NewDesk) -> None:
    with receiving() as receiver:
        desk = new_desk(demo_incidents(*ACTING), OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=receiver.url + PATH)
        ended = desk.run("run", **{k: v for k, v in SECRETS.items() if "OTEL" in k})
        assert (ended.status, ended.error) == (0, "")
        assert receiver.problems == []
        assert receiver.lines == lines_of(desk)
        assert receiver.headers[0]["authorization"] == "Bearer ficha-de-prueba"
        traces = {line["trace"] for line in receiver.lines if "trace" in line}
        assert {one.trace_id.hex() for one in receiver.records if one.trace_id} == traces
        assert receiver.resources[0]["service.name"] == "resuelve"


def test_after_an_outage_everything_arrives_in_order_from_several_processes(new_desk: NewDesk) -> None:
    with receiving() as receiver:
        desk = new_desk(demo_incidents(*ACTING[:2]), OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
        desk.settings["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"] = desk.settings["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = ""
        del desk.settings["OTEL_EXPORTER_OTLP_ENDPOINT"]
        desk.settings["OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"] = receiver.url + PATH
        receiver.always = Say(503)
        first = desk.run("run")
        assert first.status == 0
        assert first.error.count("\n") == 1  # told once: what has not arrived yet
        desk.run("explain", ACTING[0])
        assert receiver.records == []
        receiver.always = None
        assert desk.run("doctor").error == ""
        assert receiver.problems == []
        assert receiver.lines == lines_of(desk)
        assert {line["command"] for line in receiver.lines if "command" in line} == {
            "run",
            "explain",
            "doctor",
            "index",
        }


@pytest.mark.parametrize("way", ["refused", "silent", "unknown", "nonsense"])
def test_whoever_does_not_listen_stops_nothing(new_desk: NewDesk, way: str) -> None:
    with receiving() as receiver, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        receiver.always = Say(silent=True) if way == "silent" else Say(200, body=b"<html>", kind="text/html")
        url = {
            "refused": f"http://127.0.0.1:{closed.getsockname()[1]}/v1/logs",
            "unknown": "http://nowhere.invalid/v1/logs",
        }.get(way, receiver.url + PATH)
        desk = new_desk(demo_incidents(*ACTING[:2]), OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=url)
        ended = desk.run("run")
        assert ended.status == 0
        assert len(desk.ledger()) == 2
        assert ended.error.count("\n") == 1
        assert lines_of(desk)[-1]["event"] in ("command.ended", "log.waiting")


def test_a_log_that_cannot_be_written_stops_nothing(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(*ACTING[:2]))
    import shutil

    shutil.rmtree(desk.workspace / "logs")
    (desk.workspace / "logs").write_text("a file")
    ended = desk.run("run", RESUELVE_LANGUAGE="en")
    assert ended.status == 0
    assert ended.error.count("\n") == 1
    assert "the log cannot be written" in ended.error
    assert len(desk.ledger()) == 2


def test_an_error_output_that_takes_nothing_stops_nothing(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(*ACTING[:2]))
    import shutil

    shutil.rmtree(desk.workspace / "logs")
    (desk.workspace / "logs").write_text("a file")
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "resuelve", "run", "--workspace", str(desk.workspace)],
            env={**os.environ, **desk.settings},
            stdout=subprocess.DEVNULL,
            stderr=full,
            cwd=desk.workspace,
            check=False,
        )
    assert ended.returncode == 0
    assert len(desk.ledger()) == 2


def test_nothing_is_logged_where_no_workspace_is_worked_in(product: Product, tmp_path: Path) -> None:
    for command in (("--help",), ("run", "--help"), ("read", sys.executable), ("backup", "list")):
        product.run(*command, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_watch_that_is_stopped_says_so(new_desk: NewDesk) -> None:
    import signal

    desk = new_desk(demo_incidents(*ACTING[:2]))
    command = desk.start("run", "--watch", RESUELVE_POLL_SECONDS="0.1")
    eventually(lambda: len(desk.ledger()) == 2)
    command.send(signal.SIGTERM)
    assert command.wait().status == 0
    last = lines_of(desk)[-1]
    assert (last["event"], last["command"], last["exit"]) == ("command.ended", "run", "done")


def test_doctor_says_where_the_log_is_and_whether_it_arrives(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(ACTING[0]), RESUELVE_LANGUAGE="en")
    assert "; not shipped" in desk.run("doctor").out
    with receiving() as receiver:
        there = desk.run("doctor", OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=receiver.url + PATH)
        assert f"shipped to {receiver.url[7:]}, which answers" in there.out
        receiver.always = Say(404)
        wrong = desk.run("doctor", OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=receiver.url + PATH)
        assert "does not take the log (404)" in wrong.out
        assert wrong.status == 0
