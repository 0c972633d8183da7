"""One suite for every `Journal`."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa

from resuelve.domain.errors import JournalError
from resuelve.journal import IncidentRecord, Intent, IntentState, Journal, Recorded
from resuelve.journal.memory import MemoryJournal
from resuelve.journal.sql import SqlJournal

STRANGE = 'ñ "quoted" \\ \\u0041 \x00 \ud800 😀 línea\nnueva'


NOON = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
MOMENT = timedelta(milliseconds=1)


class Clock:
    """A time that stands until it is set."""

    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "sqlite"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Callable[[], Journal]]:
    """Gives the journal; each further call gives it as another process would find it."""
    made: list[Journal] = []

    def build() -> Journal:
        if request.param == "memory":
            journal: Journal = made[0] if made else MemoryJournal(clock=clock)
        else:
            journal = SqlJournal(f"sqlite:///{tmp_path}/resuelve.db", clock=clock)
        made.append(journal)
        return journal

    yield build
    for journal in made:
        journal.close()


@pytest.fixture
def journal(reopen: Callable[[], Journal]) -> Journal:
    return reopen()


def an_intent(incident: str = "INC1", revision: str = "r1", **changes: str) -> Intent:
    intent = Intent(incident, revision, "ref-1", f"{incident}@{revision}@k", {"kind": "close", "text": "Hecho."})
    return replace(intent, **changes)  # type: ignore[arg-type]


def a_record(run: str, incident: str, outcome: str = "closed") -> IncidentRecord:
    return IncidentRecord(run, incident, "r1", outcome, {"why": outcome, "scores": [1, 0.5, None]})


def together(number: int, call: Callable[[int], object]) -> None:
    """Call from several threads that start at the same moment."""
    start = threading.Barrier(number)
    failures: list[BaseException] = []

    def one(index: int) -> None:
        start.wait()
        try:
            call(index)
        except BaseException as failure:  # noqa: BLE001 - shown by the assertion below
            failures.append(failure)

    threads = [threading.Thread(target=one, args=(index,)) for index in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_it_is_a_journal(journal: Journal) -> None:
    assert isinstance(journal, Journal)


def test_an_intent_is_written_once(journal: Journal, reopen: Callable[[], Journal]) -> None:
    first = an_intent()
    assert journal.intend(first) == first
    late = an_intent(reference="ref-2", owner="somebody else")
    assert reopen().intend(late) == first
    assert journal.intents() == [first]


def test_the_intent_of_a_ticket_as_it_stands(journal: Journal, reopen: Callable[[], Journal]) -> None:
    intent = journal.intend(an_intent())
    journal.settle(intent.incident, intent.revision, IntentState.UNKNOWN)
    found = reopen().intended(intent.incident, intent.revision)
    assert found == an_intent(state=IntentState.UNKNOWN)
    assert journal.intended(intent.incident, "another") is None


def test_another_revision_is_another_intent(journal: Journal) -> None:
    first, second = an_intent(revision="r1"), an_intent(revision="r2")
    assert journal.intend(first) == first
    assert journal.intend(second) == second


def test_of_many_who_intend_at_once_all_get_the_same(journal: Journal) -> None:
    answers: list[Intent] = []
    together(8, lambda index: answers.append(journal.intend(an_intent(owner=f"owner {index}"))))
    assert len(answers) == 8
    assert all(answer == answers[0] for answer in answers)
    assert journal.intents() == [answers[0]]


def test_intents_come_oldest_first_and_by_state(journal: Journal, reopen: Callable[[], Journal]) -> None:
    for incident in ("INC3", "INC1", "INC2"):
        journal.intend(an_intent(incident))
    journal.settle("INC1", "r1", IntentState.DONE)
    journal.settle("INC2", "r1", IntentState.UNKNOWN)
    again = reopen()
    assert [intent.incident for intent in again.intents()] == ["INC3", "INC1", "INC2"]
    assert [intent.incident for intent in again.intents(IntentState.INTENDED)] == ["INC3"]
    assert again.intents(IntentState.DONE) == [an_intent("INC1", state=IntentState.DONE)]
    assert again.intents(IntentState.REFUSED) == []


def test_a_settled_intent_still_stands_in_the_way(journal: Journal) -> None:
    journal.intend(an_intent())
    journal.settle("INC1", "r1", IntentState.DONE)
    assert journal.intend(an_intent(reference="ref-2")).state is IntentState.DONE


def test_a_refused_intent_may_be_tried_again_by_another(journal: Journal, reopen: Callable[[], Journal]) -> None:
    journal.intend(an_intent())
    journal.settle("INC1", "r1", IntentState.REFUSED)
    assert reopen().retry("INC1", "r1", "new owner")
    assert journal.intents() == [an_intent(owner="new owner")]
    assert not journal.retry("INC1", "r1", "too late")
    assert journal.intents() == [an_intent(owner="new owner")]


@pytest.mark.parametrize("state", [state for state in IntentState if state is not IntentState.REFUSED])
def test_no_other_intent_may_be_tried_again(journal: Journal, state: IntentState) -> None:
    journal.intend(an_intent())
    journal.settle("INC1", "r1", state)
    assert not journal.retry("INC1", "r1", "new owner")
    assert not journal.retry("INC9", "r1", "new owner")
    assert journal.intents() == [an_intent(state=state)]


def test_of_many_who_try_again_one_may(journal: Journal) -> None:
    journal.intend(an_intent())
    journal.settle("INC1", "r1", IntentState.REFUSED)
    answers: list[bool] = []
    together(8, lambda index: answers.append(journal.retry("INC1", "r1", f"owner {index}")))
    assert sorted(answers) == [False] * 7 + [True]


def test_what_was_never_intended_cannot_be_settled(journal: Journal) -> None:
    with pytest.raises(JournalError, match="INC9"):
        journal.settle("INC9", "r1", IntentState.DONE)


def test_records_come_in_the_order_of_the_codes(journal: Journal, reopen: Callable[[], Journal]) -> None:
    codes = [f"INC{number:04}" for number in range(450)]
    for code in reversed(codes):
        journal.record(a_record("run 1", code))
    journal.record(a_record("run 2", "INC0000"))
    found = list(reopen().records("run 1"))
    assert [record.incident for record in found] == codes
    assert found[7] == a_record("run 1", "INC0007")
    assert list(journal.records("no such run")) == []


def test_records_can_be_written_while_they_are_read(journal: Journal) -> None:
    for number in range(5):
        journal.record(a_record("run", f"INC{number}"))
    for record in journal.records("run"):
        journal.record(replace(record, outcome="held"))
    assert {record.outcome for record in journal.records("run")} == {"held"}


def test_records_of_one_outcome_come_oldest_first(journal: Journal, reopen: Callable[[], Journal]) -> None:
    for number in reversed(range(450)):
        journal.record(a_record(f"run {number % 3}", f"INC{number:04}", "held" if number % 2 else "closed"))
    found = [record.incident for record in reopen().records_with("held")]
    assert found == [f"INC{number:04}" for number in reversed(range(450)) if number % 2]
    journal.record(a_record("run 1", "INC0001", "held"))
    assert [record.incident for record in journal.records_with("held")][-2:] == ["INC0003", "INC0001"]
    assert list(journal.records_with("superseded")) == []
    for record in journal.records_with("held"):
        journal.record(replace(record, outcome="closed"))
    assert list(journal.records_with("held")) == []


def test_a_second_record_of_a_run_replaces_the_first(journal: Journal) -> None:
    journal.record(a_record("run 1", "INC1", "held"))
    journal.record(a_record("run 1", "INC1", "closed"))
    assert list(journal.records("run 1")) == [a_record("run 1", "INC1", "closed")]


def test_the_last_record_is_the_newest_of_any_run(journal: Journal) -> None:
    assert journal.last_record("INC1") is None
    journal.record(a_record("b", "INC1", "first"))
    journal.record(a_record("a", "INC1", "second"))
    journal.record(a_record("c", "INC2"))
    assert journal.last_record("INC1") == a_record("a", "INC1", "second")
    journal.record(a_record("b", "INC1", "third"))
    assert journal.last_record("INC1") == a_record("b", "INC1", "third")


def test_records_from_a_moment_on_come_in_the_order_of_their_times(
    journal: Journal, reopen: Callable[[], Journal], clock: Clock
) -> None:
    minute = timedelta(minutes=1)
    for number in range(450):
        clock.time = NOON + (number - number % 2 * 10) * minute  # every second time the clock went back
        journal.record(a_record(f"run {number % 3}", f"INC{number:04}"))
    found = list(reopen().records_since(NOON + 7 * minute))
    assert [one.at for one in found] == sorted(one.at for one in found)
    assert {one.record.incident for one in found} == {
        f"INC{number:04}" for number in range(450) if number - number % 2 * 10 >= 7
    }
    assert found[0] == Recorded(a_record("run 2", "INC0017"), NOON + 7 * minute)
    elsewhere = (NOON + 440 * minute).astimezone(timezone(timedelta(hours=9)))
    assert len(list(journal.records_since(elsewhere))) == 5
    assert list(journal.records_since(NOON + 450 * minute)) == []


def test_records_of_one_moment_all_come_from_that_moment_on(journal: Journal) -> None:
    for number in range(450):
        journal.record(a_record("run", f"INC{number:04}"))
    assert [one.record.incident for one in journal.records_since(NOON)] == [f"INC{number:04}" for number in range(450)]
    assert list(journal.records_since(NOON + MOMENT)) == []


def test_what_is_recorded_while_records_are_read_is_not_among_them(journal: Journal, clock: Clock) -> None:
    for number in range(3):
        journal.record(a_record("run", f"INC{number}"))
    reading = journal.records_since(NOON)
    read = [next(reading)]
    clock.time = NOON + MOMENT
    journal.record(a_record("run", "INC9"))
    assert len(read + list(reading)) == 3
    journal.record(a_record("run", "INC0", "held"))
    assert [(one.record.incident, one.at) for one in journal.records_since(NOON + MOMENT)] == [
        ("INC9", NOON + MOMENT),
        ("INC0", NOON + MOMENT),
    ]


def test_failures_are_counted_until_a_success(journal: Journal, reopen: Callable[[], Journal]) -> None:
    assert journal.note_failure("INC1", "timeout") == 1
    assert reopen().note_failure("INC1", "not JSON") == 2
    assert journal.note_failure("INC2", "404") == 1
    assert journal.failures() == {"INC1": (2, "not JSON"), "INC2": (1, "404")}
    journal.clear_failures("INC1")
    journal.clear_failures("never failed")
    assert journal.failures() == {"INC2": (1, "404")}
    assert journal.note_failure("INC1", "again") == 1


def test_no_failure_is_lost_when_many_fail_at_once(journal: Journal) -> None:
    together(8, lambda index: [journal.note_failure("INC1", f"reason {index}") for _ in range(5)])
    assert journal.failures()["INC1"][0] == 40


def test_a_run_begins_once_and_ends(journal: Journal) -> None:
    journal.start_run("run 1", {"model": "none"})
    with pytest.raises(JournalError, match="run 1"):
        journal.start_run("run 1", {})
    journal.finish_run("run 1", {"closed": 3})
    with pytest.raises(JournalError, match="run 2"):
        journal.finish_run("run 2", {})


def test_unfinished_runs_come_oldest_first(journal: Journal, reopen: Callable[[], Journal]) -> None:
    assert journal.unfinished_runs() == []
    for run in ("c", "a", "d", "b"):
        journal.start_run(run, {"owner": f"owner of {run}", "text": STRANGE})
    journal.finish_run("a", None)
    found = reopen().unfinished_runs()
    assert found == [(run, {"owner": f"owner of {run}", "text": STRANGE}) for run in ("c", "d", "b")]
    found[0][1]["owner"] = "changed by the caller"
    assert journal.unfinished_runs()[0][1]["owner"] == "owner of c"
    for run in ("c", "d", "b"):
        journal.finish_run(run, {})
    assert journal.unfinished_runs() == []


def test_any_text_survives(journal: Journal, reopen: Callable[[], Journal]) -> None:
    intent = Intent(STRANGE, STRANGE, STRANGE, STRANGE, {"text": STRANGE, STRANGE: [None, 1.5, True]})
    record = IncidentRecord(STRANGE, STRANGE, STRANGE, STRANGE, [STRANGE])
    journal.start_run(STRANGE, STRANGE)
    journal.intend(intent)
    journal.settle(STRANGE, STRANGE, IntentState.INTENDED)
    journal.record(record)
    journal.note_failure(STRANGE, STRANGE)
    again = reopen()
    assert again.intents() == [intent]
    assert again.last_record(STRANGE) == record
    assert list(again.records(STRANGE)) == [record]
    assert again.failures() == {STRANGE: (1, STRANGE)}


def test_what_was_given_can_be_changed_afterwards(journal: Journal) -> None:
    action = {"kind": "close"}
    content = {"scores": [1]}
    journal.intend(Intent("INC1", "r1", "ref", "owner", action))
    journal.record(IncidentRecord("run", "INC1", "r1", "closed", content))
    action["kind"] = "hold"
    content["scores"].append(2)
    assert journal.intents()[0].action == {"kind": "close"}
    assert next(journal.records("run")).content == {"scores": [1]}


def test_an_intent_is_on_the_disk_before_the_change_is_made(tmp_path: Path) -> None:
    waits: list[bool] = []

    def note(connection: sa.Connection) -> None:
        waits.append(connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2)

    journal = SqlJournal(f"sqlite:///{tmp_path}/resuelve.db")
    sa.event.listen(sa.Engine, "commit", note)
    try:
        journal.intend(an_intent())
        journal.settle("INC1", "r1", IntentState.REFUSED)
        assert journal.retry("INC1", "r1", "new owner")
        journal.record(a_record("run", "INC1"))
    finally:
        sa.event.remove(sa.Engine, "commit", note)
        journal.close()
    # The rest may be lost with the power: it is found out again.
    assert waits == [True, False, True, False]


def test_the_newest_record_of_incidents_where_it_has_an_outcome(journal: Journal, clock: Clock) -> None:
    def note(run: str, incident: str, outcome: str) -> Recorded:
        clock.time += MOMENT
        one = IncidentRecord(run, incident, "r", outcome, {"n": 1})
        journal.record(one)
        return Recorded(one, clock.time)

    note("a", STRANGE, "handed_off")
    note("a", "INC1", "handed_off")
    asked = note("b", STRANGE, "handed_off")
    note("b", "INC1", "closed")
    other = note("b", "INC2", "failed")
    note("b", "INC3", "handed_off")
    named = [STRANGE, "INC1", "INC2", "INC9", STRANGE]
    assert list(journal.newest(named, {"handed_off"})) == [asked]
    found = list(journal.newest(named, {"handed_off", "failed"}))
    assert sorted(found, key=lambda one: one.at) == [asked, other]
    assert list(journal.newest([], {"handed_off"})) == []
    assert list(journal.newest(named, ())) == []


def test_the_newest_records_of_many_incidents(journal: Journal) -> None:
    codes = [f"INC{number}" for number in range(450)]
    for code in codes:
        journal.record(IncidentRecord("a", code, "r", "handed_off", None))
    assert sorted(one.record.incident for one in journal.newest(codes, {"handed_off"})) == sorted(codes)


MEMBERS = ("reference", "decision.score", "decision.no", "changed")


def test_members_of_contents(reopen: Callable[[], Journal], clock: Clock) -> None:
    journal = reopen()
    contents = [
        {"reference": STRANGE, "decision": {"score": 80.5, "more": [1]}, "changed": True, "filler": "x"},
        {"reference": "", "decision": None, "changed": False},
        {"decision": {"score": float("nan")}, "reference": "not JSON to a database"},
        {"decision": {"score": 2**60}, "changed": 1},
        {"decision": {"score": [{"a": None}]}, "no": 1},
        ["a", "list"],
        {},
    ]
    for number, content in enumerate(contents):
        journal.record(IncidentRecord("run", f"INC{number}", "r", "closed", content))
    found = [one.record.content for one in reopen().records_since(NOON, only=MEMBERS)]
    assert found[0] == {"reference": STRANGE, "decision": {"score": 80.5}, "changed": True}
    assert found[1] == {"reference": "", "changed": False}
    assert str(found[2]) == "{'reference': 'not JSON to a database', 'decision': {'score': nan}}"
    assert [str(one) for one in found[3:]] == [
        str({"decision": {"score": 2**60}, "changed": 1}),
        str({"decision": {"score": [{"a": None}]}}),
        "{}",
        "{}",
    ]
    (one,) = [
        one.record.content for one in journal.records_since(NOON, only=["changed"]) if one.record.incident == "INC0"
    ]
    assert one == {"changed": True}
    assert [one.record.content for one in journal.records_since(NOON)][6] == {}


@pytest.mark.parametrize("only", [(), ("why",)])
def test_what_is_recorded_while_many_are_read_is_not_among_them(
    journal: Journal, clock: Clock, only: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resuelve.journal.sql._SMALL_PAGE", 200)
    for number in range(450):
        journal.record(a_record("run", f"INC{number:04}"))
    reading = journal.records_since(NOON, only=only)
    next(reading)
    clock.time += MOMENT
    journal.record(a_record("run", "LATER"))
    assert [one.record.incident for one in reading] == [f"INC{number:04}" for number in range(1, 450)]


@pytest.mark.parametrize(
    ("change", "read"),
    [
        ("UPDATE records SET made_at = 'garbage'", lambda journal: list(journal.records_since(NOON - MOMENT))),
        ("UPDATE records SET made_at = '2030-01-01'", lambda journal: list(journal.records_since(NOON))),
        ("UPDATE records SET made_at = 'x'", lambda journal: list(journal.newest(["INC1"], ["closed"]))),
        ("UPDATE records SET content = '{'", lambda journal: journal.last_record("INC1")),
        ("UPDATE records SET content = '{'", lambda journal: list(journal.records_since(NOON, only=["a"]))),
        ("UPDATE intents SET state = 'odd'", lambda journal: journal.intents()),
    ],
)
def test_a_value_that_cannot_be_read_is_told(tmp_path: Path, change: str, read: Callable[[Journal], object]) -> None:
    file = tmp_path / "resuelve.db"
    with closing(SqlJournal(f"sqlite:///{file}", clock=lambda: NOON)) as journal:
        journal.record(a_record("run", "INC1"))
        journal.intend(an_intent())
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute(change)
        with pytest.raises(JournalError, match="cannot be read") as caught:
            read(journal)
        assert caught.value.where == str(file)


def test_whoever_only_reads_leaves_what_an_earlier_version_made(tmp_path: Path) -> None:
    file = tmp_path / "resuelve.db"
    with closing(SqlJournal(f"sqlite:///{file}", clock=lambda: NOON)) as journal:
        journal.record(a_record("run", "INC1"))
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("DROP INDEX records_by_time")
        connection.execute("UPDATE schema_versions SET version = 1 WHERE part = 'journal'")
    with closing(SqlJournal(f"sqlite:///{file}", extend=False)) as journal:
        assert [one.record.incident for one in journal.records_since(NOON)] == ["INC1"]
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT version FROM schema_versions").fetchall() == [(1,)]
        assert not connection.execute("SELECT * FROM sqlite_master WHERE name = 'records_by_time'").fetchall()
