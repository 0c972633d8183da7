"""The demo world as a whole, judged by what was done to its tickets and by what a careful colleague would have done."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from resuelve.journal import CallOutcome
from resuelve.journal.sql_history import SqlHistory
from resuelve.knowledge.catalogue import read
from resuelve.knowledge.correctives import joined
from resuelve.knowledge.correctives import read as read_fixes
from resuelve.mocks.serve import start
from resuelve.mocks.world import demo_folder
from resuelve.resolution.report import REJECTION_COLUMNS
from resuelve.resolution.score import shipped
from resuelve.resolution.words import language_of
from resuelve.training.critic import learn_critic
from resuelve.training.examples import choices
from tests.acceptance.product import (
    ACTIONS,
    DEMO_WORLD,
    DICTIONARY,
    FIXES,
    LABEL,
    SOURCES,
    Desk,
    Ended,
    Product,
    desk_with,
    message,
)
from tests.mock_control import call

EXPECTED_FILE = Path(__file__).parent / "demo" / "expected.jsonl"
EXPECTED = {one["incident"]: one for one in map(json.loads, EXPECTED_FILE.read_text(encoding="utf-8").splitlines())}
PROBLEMS = joined(read(demo_folder() / DICTIONARY), read_fixes(demo_folder() / FIXES), FIXES).problems
INCIDENTS = {incident["codIncidencia"]: incident for incident in DEMO_WORLD.open_incidents}


@pytest.fixture(scope="module")
def resolved(product: Product, indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, Ended]]:
    """The world after one run."""
    with desk_with(product, indexed, tmp_path_factory.mktemp("demo"), DEMO_WORLD) as desk:
        yield desk, desk.run("run")


@pytest.fixture
def desk(resolved: tuple[Desk, Ended]) -> Desk:
    return resolved[0]


@pytest.fixture
def report(desk: Desk) -> dict[str, Any]:
    """Of the first run."""
    return desk.reports()[0]


@pytest.fixture
def entries(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry["incident"]: entry for entry in report["incidents"]}


def right(change: dict[str, Any]) -> bool:
    expected = EXPECTED[change["incident"]]
    if change["action"] not in expected["actions"]:
        return False
    return bool(change["action"] != "reasignar" or change["body"]["buzonDestino"] == expected["queue"])


def test_the_run_succeeds(resolved: tuple[Desk, Ended]) -> None:
    ended = resolved[1]
    assert (ended.status, ended.error) == (0, "")
    assert all(code in ended.out for code in INCIDENTS)


def test_nothing_wrong_is_done(desk: Desk) -> None:
    assert [change for change in desk.ledger() if not right(change)] == []
    left_alone = {code for code, expected in EXPECTED.items() if expected["actions"] == ["none"]}
    assert not left_alone & {change["incident"] for change in desk.ledger()}


def test_much_is_done(desk: Desk) -> None:
    assert sum(right(change) for change in desk.ledger()) >= 20
    desk.nothing_twice()


def test_what_only_a_screenshot_tells_is_solved(desk: Desk, entries: dict[str, dict[str, Any]]) -> None:
    pytest.importorskip("rapidocr", reason="needs the extra `reading`")
    told = {code: one for code, one in EXPECTED.items() if "only-attachment" in one["tags"]}
    assert len(told) == 3
    assert {change["incident"] for change in desk.ledger() if right(change)} >= told.keys()
    (by_agent,) = (code for code, one in told.items() if "api" in one["tags"])
    kinds = {(one["kind"], "OCR" in one["source"]) for one in entries[by_agent]["decision"]["identifiers"]}
    assert ("policy", True) in kinds, "the agent was asked about a policy that stands in the screenshot alone"
    (hostile,) = (code for code, one in EXPECTED.items() if {"attachment", "injection"} <= set(one["tags"]))
    assert entries[hostile]["decision"]["doubt"] == "instructions_in_text"


def test_texts_are_those_of_the_dictionary_or_of_an_agent(desk: Desk, entries: dict[str, dict[str, Any]]) -> None:
    for change in desk.ledger():
        text, entry = message(change), entries[change["incident"]]
        assert text.startswith(LABEL)
        assert entry["reference"] in text
        assert text == entry["sent"]["text"]
        row = PROBLEMS[entry["decision"]["problem"]["id"]]
        agent = row.prescription.agent_code
        said = answer_of(desk, change, agent, entry) if agent else row.solution
        assert said
        assert said in text


def answer_of(desk: Desk, change: dict[str, Any], code: str, entry: dict[str, Any]) -> str:
    """What the business system says when it is asked again; a local agent's answer stands in the report."""
    checks = {(one["incident"], one["action"]): one["body"] for one in desk.services.checks.entries()}
    asked = [body for (policy, of), body in checks.items() if of == code and policy in message(change)]
    if not asked:
        return str(entry["decision"]["proposed_text"])
    return str(call(f"{desk.services.sistema_url}/api/comprobacionPoliza", "POST", asked[0])[1]["SOLUCIÓN"])


def test_the_report_has_every_incident_once_with_evidence(report: dict[str, Any]) -> None:
    assert sorted(entry["incident"] for entry in report["incidents"]) == sorted(INCIDENTS)
    for entry in report["incidents"]:
        decision = entry["decision"]
        assert entry["reason"]
        if not decision["waiting"] and decision["doubt"] != "nothing_to_decide":
            assert decision["considered"]
            assert all(one["problem"] in PROBLEMS for one in decision["considered"])
            assert {"dense", "lexical", "relevance"} <= decision["considered"][0].keys()
            assert decision["critique"]["verdict"] in ("approved", "rejected", "already_tried")
            assert decision["critique"]["features"]
        assert (entry["sent"] is not None) == entry["changed"]


def test_the_totals_agree_with_what_was_done(
    desk: Desk, report: dict[str, Any], entries: dict[str, dict[str, Any]]
) -> None:
    totals, ledger = report["totals"], desk.ledger()
    assert totals["incidents"] == len(INCIDENTS)
    assert totals["executed"] == len(ledger)
    assert totals["automatic_rate"] == pytest.approx(len(ledger) / len(INCIDENTS), abs=1e-3)
    assert sum(totals["by_outcome"].values()) == len(INCIDENTS)
    assert sum(totals["by_resolution"].values()) == len(ledger)
    done = {ACTIONS[outcome]: n for outcome, n in totals["by_outcome"].items() if outcome in ACTIONS}
    assert done == Counter(change["action"] for change in ledger)
    assert {change["incident"] for change in ledger} == {code for code, one in entries.items() if one["changed"]}
    assert totals["errors_by_system"] == {}
    assert totals["model"] == {"calls": 0, "tokens_in": 0, "tokens_out": 0}
    assert {"read", "retrieve", "critique", "act"} <= totals["seconds_by_stage"].keys()


def test_rejections_are_logged_with_the_columns_of_the_contract(desk: Desk, entries: dict[str, dict[str, Any]]) -> None:
    (file,) = desk.workspace.glob("rejected/rejected*.csv")
    header = file.read_text(encoding="utf-8").splitlines()[0]
    assert header == ",".join(REJECTION_COLUMNS)
    logged = Counter(row["codigo_incidencia"] for row in desk.rejected())
    assert logged == Counter({c: n for c, e in entries.items() if (n := len(e["decision"]["rejections"]))})
    for row in desk.rejected():
        assert row["timestamp"]
        assert row["motivo_rechazo"]
        assert json.loads(row["critica_completa"])["verdict"] in ("rejected", "already_tried")
        assert json.loads(row["resolucion_completa"])["problem"] in PROBLEMS


def test_a_second_run_does_nothing_more(desk: Desk) -> None:
    before = desk.ledger()
    ended = desk.run("run")
    assert ended.status == 0, ended.error
    assert desk.ledger() == before
    # What we put on hold or reassigned is seen again, and waits for a person.
    changed = {change["incident"] for change in before if change["action"] != "resolver"}
    again = desk.entries()
    assert set(again) == changed
    assert {entry["outcome"] for entry in again.values()} == {"waiting"}
    assert len(desk.report()["unchanged"]) + len(changed) == len(desk.open_codes())
    written = len(desk.reports())
    assert desk.run("run").status == 0
    assert desk.ledger() == before
    assert len(desk.reports()) == written


def test_the_world_is_as_rich_as_it_should_be() -> None:
    components = {problem.component for problem in PROBLEMS.values()}
    assert len(PROBLEMS) >= 80
    assert len(components) >= 6
    kinds = Counter(str(problem.prescription.kind) for problem in PROBLEMS.values())
    assert set(kinds) == {"manual", "cierre", "En espera", "reasignacion", "api"}
    assert len({problem.prescription.agent_code for problem in PROBLEMS.values()} - {""}) >= 4
    english = [one for one in INCIDENTS.values() if language_of(one["descripcion"]) == "en"]
    assert len(english) >= 10
    assert len(INCIDENTS) - len(english) >= 50
    assert len(DEMO_WORLD.closed_incidents) >= 40


def test_the_world_has_every_trap() -> None:
    assert set(EXPECTED) == set(INCIDENTS)
    tags = Counter(tag for one in EXPECTED.values() for tag in one["tags"])
    assert tags["no-row"] >= 12
    for trap in ("already-tried", "answered", "contradictory", "injection", "missing-parameter", "near-miss"):
        assert tags[trap], trap
    for trap in ("no-agent", "other-persons-policy", "placeholder", "two-problems", "waiting"):
        assert tags[trap], trap
    for one in EXPECTED.values():
        assert set(one["actions"]) <= {"none", *ACTIONS.values()}
        assert set(one["problems"]) <= set(PROBLEMS)
        assert ("queue" in one) == ("reasignar" in one["actions"])
    assert any(LABEL.strip() in json.dumps(one["historial"]) for one in INCIDENTS.values())


def test_the_right_answers_are_known_to_the_tests_only() -> None:
    names = [EXPECTED_FILE.name, EXPECTED_FILE.stem + "_closed", "tests/acceptance"]
    found = [
        file.name
        for file in (SOURCES / "resuelve").rglob("*")
        if file.is_file() and file.suffix != ".pyc" and any(name.encode() in file.read_bytes() for name in names)
    ]
    assert not found
    assert not list((SOURCES / "resuelve").rglob("expected*"))


def test_the_services_can_be_served_as_they_are() -> None:
    with start() as services:
        status, listed = call(f"{services.gestor_url}/api/incidencias")
        closed = call(f"{services.gestor_url}/api/incidencias/cerradas")[1]
    assert (status, len(listed), len(closed)) == (200, len(INCIDENTS), len(DEMO_WORLD.closed_incidents))


def test_a_critic_learned_from_the_history_foretells_better_than_the_one_that_comes_with_it(desk: Desk) -> None:
    """By the list of right answers, on the newest incidents, which it has not seen."""
    history = SqlHistory(f"sqlite:///{desk.workspace / 'historico' / 'historico.db'}")
    calls = list(history.calls(role="critique"))
    history.close()
    known = {(one.incident, one.input["state"]): one.input["problem"] for one in calls if one.incident in EXPECTED}
    outcomes = [
        CallOutcome(incident, row, state, row in EXPECTED[incident]["problems"], "label", calls[0].at)
        for (incident, state), row in known.items()
    ]
    examples = choices(calls, outcomes, embedder="whichever it was").kept
    lesson = learn_critic(examples, shipped())
    assert lesson.standing
    assert lesson.standing.students < lesson.standing.teachers - 0.02, "held-out log loss"
