"""A run that is watched: traces and metrics arrive as the report has it, and whoever watches cannot harm it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from resuelve.texts import say
from tests.acceptance.product import ACTING, SOURCES, Desk, Ended, Product, demo_incidents, desk_with, world_of
from tests.acceptance.test_language_models import TWO, agreeable
from tests.model_server import ModelServer
from tests.signals_receiver import Answer, Message, Receiver, SentSpan, Series

NewDesk = Callable[..., Desk]

INTERNAL, CLIENT = 1, 3
SECRET = "s3cr3t-t0k3n"
CODES = (*ACTING, "INC1058", "INC1002")
WORLD = world_of(demo_incidents(*CODES))


def watched_by(receiver: Receiver | str) -> dict[str, str]:
    address = receiver if isinstance(receiver, str) else receiver.url
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": address, "OTEL_EXPORTER_OTLP_HEADERS": f"Authorization=Bearer%20{SECRET}"}


def substance(report: dict[str, Any]) -> list[dict[str, Any]]:
    """What a report says of its incidents, without what differs from run to run."""
    kept = []
    for entry in report["incidents"]:
        one = {name: value for name, value in entry.items() if name not in ("seconds", "trace")}
        one["decision"] = {name: v for name, v in entry["decision"].items() if name not in ("seconds", "usage")}
        kept.append(one)
    return sorted(kept, key=lambda one: str(one["incident"]))


def by(values: dict[Series, float], metric: str, label: str) -> dict[str, float]:
    """The values of a metric that are not 0, by a label."""
    return {dict(labels)[label]: value for (name, labels), value in values.items() if name == metric and value}


def test_a_short_run_sends_what_its_report_says(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(*CODES), OTEL_SERVICE_NAME="soporte")
    with Receiver() as receiver:
        ended = desk.run("run", **watched_by(receiver))
        assert (ended.status, ended.error) == (0, "")
        assert receiver.complaints == []
        agrees(receiver.metrics(), desk.report())
        one_trace_an_incident(receiver.spans(), desk.report())
        for about in receiver.resources():
            assert about["service.name"] == "soporte"
            assert about["service.instance.id"]
        assert {socket.gethostname()} == {span.resource["service.instance.id"] for span in receiver.spans()}
        assert {"EMBEBIDO"} == {span.resource["deployment.environment.name"] for span in receiver.spans()}
        assert {message.headers["authorization"] for message in receiver.messages} == {f"Bearer {SECRET}"}


def agrees(messages: list[dict[Series, float]], report: dict[str, Any]) -> None:
    first, last = messages[0], messages[-1]
    outcomes = {labels for name, labels in first if name == "resuelve.incidents"}
    assert len(outcomes) > 10
    assert by(first, "resuelve.incidents", "outcome") == {}
    assert by(last, "resuelve.incidents", "outcome") == report["totals"]["by_outcome"]
    assert by(last, "resuelve.incidents", "mode") == {
        "live": pytest.approx(by(last, "resuelve.incidents", "mode")["live"])
    }
    acted = Counter(entry["outcome"] for entry in report["incidents"] if entry["changed"])
    assert by(last, "resuelve.actions", "action") == dict(acted)
    assert by(last, "resuelve.runs", "result") == {"ended": 1}
    assert by(last, "resuelve.telemetry.lost", "signal") == {}
    # The model in the process: one call for each text that is searched for, or for several together.
    assert by(last, "resuelve.model.calls", "result")["ok"] > 0


def one_trace_an_incident(spans: list[SentSpan], report: dict[str, Any]) -> None:
    roots = {span.trace: span for span in spans if not span.parent}
    assert set(roots) == {entry["trace"] for entry in report["incidents"]}
    assert len(roots) == len(report["incidents"]) == len([span for span in spans if not span.parent])
    for entry in report["incidents"]:
        root = roots[entry["trace"]]
        assert root.name == "incident"
        assert root.attributes["resuelve.incident"] == entry["incident"]
        assert root.attributes["resuelve.run"] == report["run"]
        assert root.attributes["resuelve.revision"] == entry["revision"]
        assert root.attributes["resuelve.outcome"] == entry["outcome"]
        below = [span for span in spans if span.trace == root.trace and span is not root]
        ids = {span.id: span for span in below} | {root.id: root}
        assert all(span.parent in ids for span in below)
        stages = {span.name for span in below if not span.name.startswith(("chat ", "embeddings "))}
        assert stages >= set(entry["seconds"])
        assert {span.parent for span in below if span.name == "act"} == {root.id}
        for span in below:
            if span.name.startswith("chat "):
                assert ids[span.parent].name not in ("incident", "act")
    tells_no_text(spans, report)


def tells_no_text(spans: list[SentSpan], report: dict[str, Any]) -> None:
    told = json.dumps([span.attributes for span in spans], ensure_ascii=False)
    for entry in report["incidents"]:
        for text in (entry["title"], entry["reason"], (entry["sent"] or {}).get("text", "")):
            assert len(text) < 12 or text not in told
    assert not any(span.events for span in spans)


def test_calls_of_a_language_model_are_spans_with_tokens_and_without_text(new_desk: NewDesk) -> None:
    with ModelServer(agreeable) as model, Receiver() as receiver:
        desk = new_desk(demo_incidents(*TWO), **production(model))
        prices = {"RESUELVE_PRICES": json.dumps({"gpt-4o-mini": {"in": 1000.0, "out": 2000.0}})}
        ended = desk.run("run", **watched_by(receiver), **prices)
        assert (ended.status, ended.error) == (0, "")
        chats = [span for span in receiver.spans() if span.name.startswith("chat ")]
        assert len(chats) == len(model.requests) == desk.report()["totals"]["model"]["calls"]
        for span in chats:
            assert span.name == "chat gpt-4o-mini"
            assert span.kind == CLIENT
            assert span.attributes["gen_ai.provider.name"] == "openai"
            assert span.attributes["gen_ai.usage.input_tokens"] == 10
            assert span.attributes["gen_ai.usage.output_tokens"] == 5
            assert not any(name in span.attributes for name in ("gen_ai.input.messages", "gen_ai.output.messages"))
        assert {span.attributes["resuelve.role"] for span in chats} == {"reformulate", "decide", "critique"}
        one_trace_an_incident(receiver.spans(), desk.report())
        last = receiver.metrics()[-1]
        cost = sum(by(last, "resuelve.model.cost", "role").values())
        assert cost == pytest.approx(len(chats) * (10 * 1000 + 5 * 2000) / 1_000_000)
        everything = repr(receiver.messages)
        assert "sk-secret" not in everything


def production(model: ModelServer) -> dict[str, str]:
    return {
        "ENTORNO": "PROD",
        "OPENAI_BASE_URL": model.url,
        "OPENAI_API_KEY": "sk-secret",
        "RESUELVE_EMBEDDING_MODEL": "embedded",
        "RESUELVE_MODEL_ATTEMPTS": "1",
    }


def test_what_was_asked_is_in_the_trace_where_that_is_wanted(new_desk: NewDesk) -> None:
    with ModelServer(agreeable) as model, Receiver() as receiver:
        desk = new_desk(demo_incidents(TWO[0]), **production(model))
        assert desk.run("run", **watched_by(receiver), RESUELVE_TRACE_CONTENT="true").status == 0
        chats = [span.attributes for span in receiver.spans() if span.name.startswith("chat ")]
        assert chats
        asked = [request.body["messages"][-1]["content"] for request in model.requests]
        for attributes in chats:
            (message,) = json.loads(attributes["gen_ai.input.messages"])
            assert message["role"] == "user"
            assert message["parts"][0]["content"] in asked
            assert json.loads(attributes["gen_ai.output.messages"])[0]["role"] == "assistant"


HOSTILE = {
    "silent": Answer(never=True),
    "500": Answer(500, b"<html>no</html>"),
    "redirect": Answer(307, b"", {"Location": "http://127.0.0.1:1/login"}),
    "dies": Answer(cut=True),
}


@pytest.fixture(scope="module")
def unwatched(product: Product, indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What the report says when nobody watches."""
    with desk_with(product, indexed, tmp_path_factory.mktemp("unwatched"), WORLD) as desk:
        assert desk.run("run").status == 0
        return substance(desk.report())


def hidden(ended: Ended, desk: Desk) -> None:
    """No secret stands anywhere that the product has written."""
    kinds = (".json", ".jsonl", ".log", ".csv", ".html", ".db")
    files = [file for file in desk.workspace.rglob("*") if file.is_file() and file.suffix in kinds]
    assert files
    written = [ended.out, ended.error, *(file.read_text(encoding="utf-8", errors="replace") for file in files)]
    assert not any(SECRET in text or "hush" in text for text in written)


@pytest.mark.parametrize("kind", [*HOSTILE, "refused"])
def test_whoever_watches_cannot_harm_a_run(kind: str, new_desk: NewDesk, unwatched: list[dict[str, Any]]) -> None:
    desk = new_desk(demo_incidents(*CODES))
    with Receiver(lambda _: HOSTILE[kind] if kind in HOSTILE else Answer()) as receiver:
        address = receiver.url if kind in HOSTILE else "http://127.0.0.1:1"
        with_secret = address.replace("http://", "http://user:hush@")
        ended = desk.run("run", **watched_by(with_secret))
        assert ended.status == 0
        assert substance(desk.report()) == unwatched
        assert {change["incident"] for change in desk.ledger()} >= set(ACTING)
        # A line: how many spans are lost, and where they should have gone; another for the log, and no more.
        lines = ended.error.splitlines()
        assert len(lines) == len({*lines}) <= 2
        assert all(line.startswith("resuelve: ") for line in lines)
        (line,) = (line for line in lines if "tramos" in line)
        assert address.removeprefix("http://") in line
        assert next(int(word) for word in line.split() if word.isdigit()) > 10 * len(CODES)
        hidden(ended, desk)


def test_a_server_that_dies_while_it_is_told_costs_spans_and_nothing_else(
    new_desk: NewDesk, unwatched: list[dict[str, Any]]
) -> None:
    taken = iter(range(2))

    def answer(_: Message) -> Answer:
        return Answer() if next(taken, None) is not None else Answer(cut=True)

    desk = new_desk(demo_incidents(*CODES))
    with Receiver(answer) as receiver:
        ended = desk.run("run", **watched_by(receiver))
        assert ended.status == 0
        assert receiver.complaints == []
    assert substance(desk.report()) == unwatched


def test_a_port_that_is_taken_is_told_and_the_rest_goes_on(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(*TWO))
    with Receiver() as receiver, socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = desk.run("run", **watched_by(receiver), RESUELVE_METRICS_PORT=str(port))
        assert ended.status == 0
        (line,) = ended.error.splitlines()
        assert f"127.0.0.1:{port}" in line
        assert "RESUELVE_METRICS_PORT" in line
        one_trace_an_incident(receiver.spans(), desk.report())
        assert receiver.metrics()


@pytest.mark.parametrize("host", ["nobody.invalid", "a..b"])
def test_an_address_that_cannot_be_served_on_is_told(new_desk: NewDesk, host: str) -> None:
    desk = new_desk(demo_incidents(TWO[0]))
    ended = desk.run("run", RESUELVE_METRICS_PORT="9464", RESUELVE_METRICS_HOST=host)
    assert ended.status == 0
    assert f"{host}:9464" in ended.error
    assert len(ended.error.splitlines()) == 1


BLOCKED = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
from resuelve.cli import main
main()
"""


@pytest.mark.parametrize(
    "blocked", [("opentelemetry",), ("requests",), ("prometheus_client",)], ids=lambda names: str(names[0])
)
def test_without_the_extra_it_is_told_once_and_the_run_goes_on(new_desk: NewDesk, blocked: tuple[str, ...]) -> None:
    desk = new_desk(demo_incidents(*TWO))
    environment = {**os.environ, **desk.settings, **watched_by("http://127.0.0.1:1"), "PYTHONPATH": str(SOURCES)}
    program = [sys.executable, "-c", BLOCKED.format(blocked=blocked), "run"]
    done = subprocess.run(program, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count(say("watching.not_installed", "es")) == 1
    assert {change["incident"] for change in desk.ledger()} == set(TWO)


def test_what_a_killed_run_decided_goes_on_in_its_trace(new_desk: NewDesk) -> None:
    """The trace that the report names is the one that tells why."""
    desk = new_desk(demo_incidents(ACTING[0]))
    with Receiver() as receiver:
        die = {"place": "intend", "when": "before", "call": 1, "signal": int(signal.SIGKILL)}
        assert desk.run("run", interrupts=[die], **watched_by(receiver)).status != 0
        assert desk.run("run", **watched_by(receiver)).status == 0
        entry = desk.entries()[ACTING[0]]
        acts = {span.trace for span in receiver.spans() if span.name == "act"}
        roots = {span.trace for span in receiver.spans() if span.name == "incident"}
        assert entry["changed"]
        assert acts == {entry["trace"]}
        assert entry["trace"] not in roots, "the root of the first process died with it"


def test_a_variable_that_opentelemetry_cannot_read_stops_no_run(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(ACTING[0]))
    with Receiver() as receiver:
        ended = desk.run("run", **watched_by(receiver), OTEL_ATTRIBUTE_COUNT_LIMIT="abc")
    assert ended.status == 0
    assert "OTEL_*" in ended.error
    assert desk.entries()[ACTING[0]]["changed"]


def test_two_runs_at_once_tell_of_each_incident_once(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(*CODES))
    with Receiver() as receiver:
        both = [desk.start("run", **watched_by(receiver)) for _ in range(2)]
        assert [run.wait().status for run in both] == [0, 0]
        reported = {entry["trace"] for report in desk.reports() for entry in report["incidents"]}
        roots = [span for span in receiver.spans() if not span.parent]
        assert reported <= {span.trace for span in roots}
        assert len({span.id for span in roots}) == len(roots)
        desk.nothing_twice()


def test_what_a_person_agreed_to_is_told_apart(new_desk: NewDesk) -> None:
    code = "INC1017"
    with Receiver() as receiver:
        desk = new_desk(demo_incidents(code), RESUELVE_POLICY=json.dumps({"cierre": "ask", "reasignacion": "ask"}))
        assert desk.run("run").status == 0
        (found,) = json.loads(desk.run("approvals", "--json").out)["waiting"]
        ended = desk.run("approvals", "accept", f"{code}={found['proposal']}", "--who", "Ana", **watched_by(receiver))
        assert (ended.status, ended.error) == (0, "")
        last = receiver.metrics()[-1]
        assert by(last, "resuelve.incidents", "mode") == {"approval": 1}
        assert by(last, "resuelve.actions", "action") == {}
        assert {span.name for span in receiver.spans()} >= {"incident", "act"}
