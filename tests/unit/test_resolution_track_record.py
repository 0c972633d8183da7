"""What lasted of what was done, from invented journals."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.journal import Act, IncidentRecord, Intent, IntentState, ReturnedAs
from resuelve.journal.memory import MemoryJournal
from resuelve.journal.memory_acts import MemoryActs
from resuelve.resolution.track_record import Tally, TrackRecord, track_record

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
END = NOW - 7 * DAY
BEGIN = END - 30 * DAY


@dataclass
class Book:
    """A journal and the record of acts, written at any time."""

    time: datetime = NOW
    journal: MemoryJournal = field(init=False)
    acts: MemoryActs = field(default_factory=MemoryActs)
    written: int = 0
    approved: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.journal = MemoryJournal(clock=lambda: self.time)

    def recorded(self, incident: str, at: datetime, outcome: str, **content: Any) -> None:
        self.time = at
        self.written += 1
        score = content.pop("score", None)
        whole = {"changed": False, "reference": "", "decision": {"score": score}, **content}
        self.journal.record(IncidentRecord(f"run {self.written}", incident, "r", outcome, whole))

    def acted(
        self,
        incident: str,
        at: datetime,
        *,
        kind: str = "closed",
        row: str = "A",
        score: float | None = 80.0,
        back: tuple[ReturnedAs, datetime] | None = None,
        record: bool = True,
    ) -> Act:
        reference = f"R-{incident}-{len(self.acts.of(incident))}"
        act = Act(reference, incident, "GR_WEB", "", kind, row, "f", at)
        self.acts.note(act)
        if record:
            self.recorded(incident, at + SECOND, kind, changed=True, reference=reference, score=score)
        if back:
            self.acts.note_return(act, *back)
        return act

    def intent(self, act: Act, state: IntentState) -> None:
        self.journal.intend(Intent(act.incident, "r", act.reference, "o", {}))
        self.journal.settle(act.incident, "r", state)

    def told(self, now: datetime = NOW, **days: int) -> TrackRecord:
        return track_record(self.journal, self.acts, now, approved=self.approved, **days)


def test_of_an_empty_journal_nothing_is_said() -> None:
    found = Book().told()
    assert (found.judged.decided, found.judged.automatic_rate, found.durable_rate, found.lasting_share) == (
        0,
        None,
        None,
        None,
    )
    assert (found.durable_interval, found.lasting_interval) == (None, None)
    assert (found.calibration.cases, found.calibration.drift, found.input_drift.index) == (0, None, None)
    assert json.loads(json.dumps(found.as_json())) == found.as_json()


def test_what_lasted() -> None:
    book, done = Book(), NOW - 20 * DAY
    for number in range(6):
        book.acted(f"INC{number}", done)
    for number, how in enumerate(ReturnedAs):
        book.acted(f"BACK{number}", done, kind="reassigned", row="B", back=(how, done + DAY))
    for number in range(11):
        book.recorded(f"PERSON{number}", done, "handed_off", score=40.0)
    found = book.told()
    assert found.judged.decided == 20
    assert found.judged.tally == Tally(acted=9, reopened=1, reported=1, moved=1)
    assert (found.judged.automatic_rate, found.durable_rate) == (9 / 20, 6 / 20)
    assert found.lasting_share == 6 / 9
    assert found.durable_interval == pytest.approx((0.1455, 0.5190), abs=1e-3)
    assert found.lasting_interval == pytest.approx((0.3542, 0.8794), abs=1e-3)
    assert list(found.by_row) == ["B", "A"]
    assert found.by_row["B"] == found.by_kind["reassigned"] == Tally(3, 1, 1, 1)
    assert found.by_row["A"] == found.by_kind["closed"] == Tally(6)
    assert found.young.decided == found.young.tally.acted == 0
    told = found.as_json()
    assert (told["acted"], told["lasted"], told["came_back"], told["moved"]) == (9, 6, 3, 1)
    assert (told["automatic_rate"], told["durable_rate"]) == (0.45, 0.3)
    assert told["by_row"][0] == {"row": "B", **Tally(3, 1, 1, 1).as_json()}


@pytest.mark.parametrize(
    ("at", "judged", "young"),
    [
        (BEGIN, 0, 0),
        (BEGIN + SECOND, 1, 0),
        (END, 1, 0),
        (END + SECOND, 0, 1),
        (NOW, 0, 1),
        (NOW + DAY, 0, 1),  # noted before a clock went back
    ],
)
def test_the_window_to_the_second(at: datetime, judged: int, young: int) -> None:
    book = Book()
    book.acted("INC1", at)
    book.recorded("INC2", at, "handed_off")
    found = book.told()
    assert (found.judged.tally.acted, found.young.tally.acted) == (judged, young)
    assert (found.judged.decided, found.young.decided) == (2 * judged, 2 * young)


@pytest.mark.parametrize(
    ("later", "lasted"), [(7 * DAY - SECOND, 0), (7 * DAY, 1), (20 * DAY, 1), (-DAY, 0), (timedelta(), 0)]
)
def test_its_days_to_the_second(later: timedelta, lasted: int) -> None:
    book, at = Book(), NOW - 30 * DAY
    book.acted("INC1", at, back=(ReturnedAs.REOPENED, at + later))
    assert book.told().judged.tally.lasted == lasted


def test_a_day_has_24_hours_where_the_clocks_are_changed() -> None:
    book = Book()
    now = datetime(2026, 10, 27, 12, tzinfo=ZoneInfo("Europe/Madrid"))
    book.acted("INC1", datetime(2026, 10, 20, 11, tzinfo=UTC))
    book.acted("INC2", datetime(2026, 10, 20, 11, tzinfo=UTC) + SECOND)
    found = book.told(now)
    assert (found.judged.tally.acted, found.young.tally.acted) == (1, 1)
    assert found.judged.until == datetime(2026, 10, 20, 11, tzinfo=UTC)


def test_what_was_moved_in_time_and_came_back_later_did_not_last() -> None:
    book, at = Book(), NOW - 30 * DAY
    act = book.acted("INC1", at, back=(ReturnedAs.MOVED, at + DAY))
    book.acts.note_return(act, ReturnedAs.REOPENED, at + 9 * DAY)
    assert book.told().judged.tally == Tally(acted=1, reopened=1)


def test_what_is_young_is_told_apart() -> None:
    book, at = Book(), NOW - 2 * DAY
    book.acted("INC1", at, back=(ReturnedAs.REOPENED, NOW - DAY))
    book.acted("INC2", at)
    found = book.told()
    assert found.durable_rate is None
    assert found.young.tally == Tally(acted=2, reopened=1)
    assert found.young.automatic_rate == 1.0
    assert found.by_row == {}


def test_an_incident_that_was_acted_on_twice_counts_once_and_lasts_when_both_did() -> None:
    book, at = Book(), NOW - 20 * DAY
    book.acted("INC1", at, row="A", back=(ReturnedAs.MOVED, at + DAY))
    book.acted("INC1", at + DAY, row="B", back=(ReturnedAs.REOPENED, at + 2 * DAY))
    book.acted("INC1", at + 3 * DAY, row="C")
    found = book.told()
    assert found.judged.decided == 1
    assert found.judged.tally == Tally(acted=1, reopened=1)
    assert found.by_row == {"A": Tally(1, moved=1), "B": Tally(1, reopened=1), "C": Tally(1)}
    assert found.calibration.cases == 3


@pytest.mark.parametrize("outcome", ["shadowed", "failed", "paused", "waiting", "superseded"])
def test_what_was_not_decided(outcome: str) -> None:
    book = Book()
    book.recorded("INC1", NOW - 10 * DAY, outcome, score=80.0)
    found = book.told()
    assert found.judged.decided == 0
    assert found.input_drift.before == 0


def test_an_incident_is_decided_once_however_often() -> None:
    book = Book()
    for days in (20, 15, 10):
        book.recorded("INC1", NOW - days * DAY, "handed_off", score=float(days))
    book.acted("INC1", NOW - 9 * DAY)
    found = book.told()
    assert (found.judged.decided, found.judged.automatic_rate, found.input_drift.before) == (1, 1.0, 1)


@pytest.mark.parametrize("state", [IntentState.UNKNOWN, IntentState.INTENDED])
def test_what_nobody_can_tell_is_counted_apart_until_it_comes_back(state: IntentState) -> None:
    book, at = Book(), NOW - 20 * DAY
    act = book.acted("INC1", at, record=False)
    book.recorded("INC1", at, "unknown", reference=act.reference)
    book.intent(act, state)
    found = book.told()
    assert (found.judged.decided, found.judged.unknown, found.judged.tally) == (1, 1, Tally())
    assert found.judged.automatic_rate == 0.0
    book.acts.note_return(act, ReturnedAs.REOPENED, at + DAY)
    found = book.told()
    assert (found.judged.decided, found.judged.unknown, found.judged.tally) == (1, 0, Tally(1, reopened=1))


def test_what_was_refused_was_not_done() -> None:
    book = Book()
    book.intent(book.acted("INC1", NOW - 20 * DAY, record=False), IntentState.REFUSED)
    book.intent(book.acted("INC2", NOW - 20 * DAY), IntentState.DONE)
    found = book.told()
    assert (found.judged.decided, found.judged.tally) == (1, Tally(1))


def test_an_act_without_a_record_counts_and_has_no_score() -> None:
    book = Book()
    book.acted("INC1", NOW - 20 * DAY, record=False)
    found = book.told()
    assert (found.judged.decided, found.judged.tally, found.calibration.cases) == (1, Tally(1), 0)


def test_a_record_without_an_act_is_in_no_rate() -> None:
    book, at = Book(), NOW - 20 * DAY
    book.recorded("OLD1", at, "closed", changed=True, reference="R-1", score=80.0)
    book.journal.record(IncidentRecord("run", "OLD2", "r", "closed", {"changed": True}))
    found = book.told()
    assert (found.judged.decided, found.judged.unfollowed, found.calibration.cases) == (0, 2, 0)


def test_a_record_has_its_place_with_its_act() -> None:
    book = Book()
    book.acted("INC1", BEGIN)  # recorded a second later, in the window
    book.acted("INC2", END)  # recorded when it is over
    found = book.told()
    assert (found.judged.decided, found.judged.unfollowed, found.judged.tally) == (1, 0, Tally(1))
    assert found.calibration.cases == 1
    assert found.young.decided == 0


@pytest.mark.parametrize("score", [None, True, "80", [1], float("nan")])
def test_a_score_that_is_none(score: Any) -> None:
    book = Book()
    book.acted("INC1", NOW - 20 * DAY, score=score)
    found = book.told()
    assert (found.judged.tally, found.calibration.cases, found.input_drift.before) == (Tally(1), 0, 0)


def test_the_scores_of_late_beside_those_before() -> None:
    book = Book()
    for number in range(60):
        book.recorded(f"INC{number}", NOW - 20 * DAY, "handed_off", score=75.0)
        book.recorded(f"INC{number}", NOW - 2 * DAY, "handed_off", score=35.0)
    drift = book.told().input_drift
    assert (drift.before, drift.lately) == (60, 60)
    assert drift.index is not None
    assert drift.by_chance is not None
    assert drift.index > 1 > drift.by_chance


def test_more_was_promised_than_lasted() -> None:
    book, at = Book(), NOW - 20 * DAY
    for number in range(20):
        back = (ReturnedAs.REPORTED, at + DAY) if number < 5 else None
        book.acted(f"INC{number}", at, score=90.0, back=back)
    found = book.told().calibration
    assert found.cases == 20
    assert found.drift == pytest.approx(0.9 - 0.75)


Deed = tuple[int, int, int | None, ReturnedAs, bool]
"""Number of the incident, hours before now, hours until it came back, how, and whether there is a record."""

DEEDS = st.lists(
    st.tuples(
        st.integers(0, 12),
        st.integers(-30, 1_000),
        st.none() | st.integers(-5, 400),
        st.sampled_from(ReturnedAs),
        st.booleans(),
    ),
    max_size=25,
)
HANDED = st.lists(st.tuples(st.integers(0, 12), st.integers(-30, 1_000)), max_size=10)
HOUR = timedelta(hours=1)


def book_of(deeds: Sequence[Deed], handed: Sequence[tuple[int, int]], by: random.Random | None = None) -> Book:
    book = Book()

    def act(number: int) -> None:
        incident, hours, later, how, record = deeds[number]
        at = NOW - hours * HOUR
        act = Act(f"R-{number}", f"INC{incident}", "Q", "", "closed", f"P{number % 3}", "f", at)
        book.acts.note(act)
        if record:
            score = float(number * 7 % 101)
            book.recorded(act.incident, at + SECOND, "closed", changed=True, reference=act.reference, score=score)
        if later is not None:
            book.acts.note_return(act, how, at + later * HOUR)

    def hand_over(incident: int, hours: int) -> None:
        book.recorded(f"INC{incident}", NOW - hours * HOUR, "handed_off", score=float(hours % 101))

    steps = [*(partial(act, number) for number in range(len(deeds))), *(partial(hand_over, *one) for one in handed)]
    if by:
        by.shuffle(steps)
    for step in steps:
        step()
    return book


@given(DEEDS, HANDED, st.integers(1, 40), st.integers(0, 20))
def test_lasted_is_acted_is_decided(deeds: list[Deed], handed: list[tuple[int, int]], days: int, lasting: int) -> None:
    found = book_of(deeds, handed).told(days=days, lasting=lasting)
    for part in (found.judged, found.young):
        assert 0 <= part.tally.lasted <= part.tally.acted <= part.decided
    for tallies in (found.by_row, found.by_kind):
        assert sum(one.acted for one in tallies.values()) >= found.judged.tally.acted
        assert sum(one.came_back for one in tallies.values()) >= found.judged.tally.came_back
    if found.durable_rate is not None:
        assert found.judged.automatic_rate is not None
        assert found.durable_interval is not None
        low, high = found.durable_interval
        assert low - 1e-9 <= found.durable_rate <= min(found.judged.automatic_rate, high + 1e-9)
    assert found.calibration.cases <= len(deeds)


@given(DEEDS, HANDED, st.randoms())
def test_the_order_in_which_it_was_written_plays_no_part(
    deeds: list[Deed], handed: list[tuple[int, int]], by: random.Random
) -> None:
    # Of two decisions at the same time the later one gives the score, so there are none.
    handed = [*{hours: (incident, hours) for incident, hours in handed}.values()]
    one, other = book_of(deeds, handed).told().as_json(), book_of(deeds, handed, by).told().as_json()
    del one["input_drift"], other["input_drift"]
    assert one == other


@given(DEEDS, HANDED)
def test_what_comes_back_after_its_days_lasted(deeds: list[Deed], handed: list[tuple[int, int]]) -> None:
    late: list[Deed] = [(one[0], one[1], None if one[2] is None else 168 + abs(one[2]), *one[3:]) for one in deeds]
    never: list[Deed] = [(one[0], one[1], None, *one[3:]) for one in deeds]
    found = book_of(late, handed).told()
    assert found.as_json() == book_of(never, handed).told().as_json()
    assert found.judged.tally.lasted == found.judged.tally.acted


@given(DEEDS, HANDED, st.integers(1, 500))
def test_what_is_said_of_a_window_does_not_change_later(
    deeds: list[Deed], handed: list[tuple[int, int]], hours: int
) -> None:
    """As it was known then, and with all that came to be known since."""
    then: list[Deed] = [
        (i, at, later if later is None or later < at else None, how, record) for i, at, later, how, record in deeds
    ]
    assert book_of(then, handed).told().judged == book_of(deeds, handed).told().judged


def test_arguments_say_which_days() -> None:
    book = Book()
    book.acted("INC1", NOW - 3 * DAY, back=(ReturnedAs.REOPENED, NOW - DAY))
    found = book.told(days=5, lasting=1)
    assert (found.days, found.lasting) == (5, 1)
    assert found.judged.tally == Tally(acted=1)
    assert (found.judged.since, found.judged.until) == (NOW - 6 * DAY, NOW - DAY)


def test_what_a_person_agreed_to_was_decided_and_not_done_by_itself() -> None:
    book = Book()
    book.acted("INC1", END - DAY)
    approved = book.acted("INC2", END - DAY, back=(ReturnedAs.REOPENED, END))
    book.approved = {("INC2", approved.reference)}
    judged = book.told().judged
    assert (judged.decided, judged.tally.acted, judged.tally.came_back, judged.unfollowed) == (2, 1, 0, 0)
    book.approved = set()
    assert book.told().judged.tally.acted == 2


def test_what_was_surely_changed_is_not_unknown_too() -> None:
    book, at = Book(), NOW - 20 * DAY
    book.intent(book.acted("INC1", at, record=False), IntentState.UNKNOWN)
    book.acted("INC1", at + DAY)
    book.intent(book.acted("INC2", at, record=False), IntentState.UNKNOWN)
    book.acted("INC2", NOW - DAY)  # in another part
    judged = book.told().judged
    assert (judged.decided, judged.tally.acted, judged.unknown) == (2, 1, 1)


def test_a_report_has_the_worst_rows_and_how_many_there_are() -> None:
    book = Book()
    for number in range(510):
        book.acted(f"INC{number}", NOW - 20 * DAY, row=f"ROW{number}", record=False)
    told = book.told().as_json()
    assert (told["rows"], len(told["by_row"])) == (510, 500)
