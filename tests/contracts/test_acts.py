"""One suite for every `Acts`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from resuelve.domain.errors import JournalError
from resuelve.journal import Act, Acts, Followed, Returned, ReturnedAs
from resuelve.journal.memory_acts import MemoryActs
from resuelve.journal.sql import SqlJournal
from resuelve.journal.sql_acts import SqlActs

NOON = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
LATER = NOON + timedelta(days=1)
KINDS = ("closed", "held", "reassigned")


@pytest.fixture(params=["memory", "sqlite"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Acts]]:
    """Gives the record; each further call gives it as another process would find it."""
    made: list[Acts] = []

    def build() -> Acts:
        if request.param == "memory":
            acts: Acts = made[0] if made else MemoryActs()
        else:
            acts = SqlActs(f"sqlite:///{tmp_path}/resuelve.db")
        made.append(acts)
        return acts

    yield build
    for acts in made:
        acts.close()


@pytest.fixture
def acts(reopen: Callable[[], Acts]) -> Acts:
    return reopen()


def an_act(number: int = 1, kind: str = "closed", at: datetime = NOON) -> Act:
    return Act(f"R-{number:010d}", f"INC{number}", "GR_WEB", "GR_B", kind, "ñ \x00 \ud800", "0123456789ab", at)


def test_an_act_comes_back_as_it_was(acts: Acts, reopen: Callable[[], Acts]) -> None:
    acts.note(an_act())
    assert reopen().find(["R-0000000001", "R-9"]) == [an_act()]
    assert reopen().find([]) == []


def test_an_act_is_kept_once(acts: Acts) -> None:
    acts.note(an_act())
    acts.note(replace(an_act(), problem="another", at=LATER))
    assert acts.of("INC1") == [an_act()]


def test_the_acts_of_a_ticket_in_their_order(acts: Acts) -> None:
    first, second = an_act(2, at=LATER), replace(an_act(1), incident="INC2")
    for act in (first, second, an_act(3)):
        acts.note(act)
    assert acts.of("INC2") == [first, second]
    assert acts.of("INC9") == []


def test_counted_by_kind_from_a_moment_on(acts: Acts) -> None:
    elsewhere = NOON.astimezone(timezone(timedelta(hours=9)))
    for number, (kind, at) in enumerate([("closed", elsewhere), ("held", NOON), ("closed", LATER)]):
        acts.note(an_act(number, kind, at))
    assert acts.count(NOON, KINDS) == 3
    assert acts.count(NOON, {"closed"}) == 2
    assert acts.count(NOON + timedelta(seconds=1), {"closed"}) == 1
    assert acts.count(NOON, ()) == 0


def test_what_came_back_until_it_is_seen_to(acts: Acts, reopen: Callable[[], Acts]) -> None:
    for number in (1, 2, 3):
        acts.note(an_act(number))
    assert acts.note_return(an_act(3), ReturnedAs.REPORTED, LATER)
    assert acts.note_return(an_act(1), ReturnedAs.REOPENED, LATER)
    assert reopen().returned() == [
        Returned(an_act(1), ReturnedAs.REOPENED, LATER),
        Returned(an_act(3), ReturnedAs.REPORTED, LATER),
    ]
    assert acts.see_to([an_act(1), an_act(2), an_act(9)]) == 1
    assert acts.see_to([an_act(1)]) == 0
    assert [one.act for one in reopen().returned()] == [an_act(3)]
    assert reopen().seen() == 1


def test_many_are_found(acts: Acts) -> None:
    for number in (0, 1_199):
        acts.note(an_act(number))
    assert len(acts.find([an_act(number).reference for number in range(1_200)])) == 2


def test_one_reference_on_two_tickets_is_two_acts(acts: Acts) -> None:
    other = replace(an_act(), incident="INC2")
    acts.note(an_act())
    acts.note(other)
    assert acts.note_return(other, ReturnedAs.REOPENED, LATER)
    assert [one.act for one in acts.returned()] == [other]


def test_what_was_not_carried_out_is_forgotten(acts: Acts, reopen: Callable[[], Acts]) -> None:
    acts.note(an_act())
    acts.forget("INC1", "R-0000000001")
    acts.forget("INC1", "R-0000000001")
    assert reopen().of("INC1") == []


def test_a_return_is_noted_once(acts: Acts) -> None:
    acts.note(an_act())
    assert not acts.note_return(an_act(2), ReturnedAs.REOPENED, LATER)
    with ThreadPoolExecutor(8) as pool:
        noted = list(pool.map(lambda _: acts.note_return(an_act(1), ReturnedAs.REOPENED, LATER), range(8)))
    assert sorted(noted) == [False] * 7 + [True]
    acts.see_to([an_act(1)])
    assert not acts.note_return(an_act(1), ReturnedAs.REOPENED, LATER)
    assert acts.returned() == []
    assert [one.act for one in acts.returned(ever=True)] == [an_act(1)]


def test_a_person_s_word_counts_again_after_it_was_seen_to(acts: Acts) -> None:
    acts.note(an_act())
    acts.note_return(an_act(), ReturnedAs.REOPENED, NOON)
    acts.see_to([an_act()])
    assert acts.note_return(an_act(), ReturnedAs.REPORTED, LATER)
    assert acts.returned() == [Returned(an_act(), ReturnedAs.REPORTED, LATER)]
    assert acts.seen() == 1
    acts.see_to([an_act()])
    assert acts.seen() == 2


def test_what_was_moved_is_no_evidence_against_a_row(acts: Acts, reopen: Callable[[], Acts]) -> None:
    acts.note(an_act())
    assert acts.note_return(an_act(), ReturnedAs.MOVED, NOON)
    assert not acts.note_return(an_act(), ReturnedAs.MOVED, LATER)
    assert reopen().returned() == []
    assert reopen().returned(ever=True) == []
    assert acts.see_to([an_act()]) == 0
    assert acts.seen() == 0
    assert list(reopen().followed(NOON)) == [Followed(an_act(), ReturnedAs.MOVED, NOON)]


@pytest.mark.parametrize("how", [ReturnedAs.REOPENED, ReturnedAs.REPORTED])
def test_what_was_moved_and_turns_out_wrong_counts(acts: Acts, how: ReturnedAs) -> None:
    acts.note(an_act())
    acts.note_return(an_act(), ReturnedAs.MOVED, NOON)
    assert acts.note_return(an_act(), how, LATER)
    assert acts.returned() == acts.returned(ever=True) == [Returned(an_act(), how, LATER)]
    assert not acts.note_return(an_act(), ReturnedAs.MOVED, LATER)
    assert list(acts.followed(NOON)) == [Followed(an_act(), how, NOON)]
    assert acts.see_to([an_act()]) == 1
    assert not acts.note_return(an_act(), ReturnedAs.MOVED, LATER)
    assert acts.returned() == []


def test_acts_from_a_moment_on_come_in_the_order_of_their_times(acts: Acts, reopen: Callable[[], Acts]) -> None:
    minute = timedelta(minutes=1)
    made = [an_act(number, at=NOON + (number - number % 2 * 10) * minute) for number in range(1_100)]
    for act in made:
        acts.note(act)
    acts.note_return(made[20], ReturnedAs.REOPENED, LATER)
    acts.note_return(made[20], ReturnedAs.REPORTED, LATER + minute)
    acts.see_to([made[20]])
    since = NOON + 7 * minute
    found = list(reopen().followed(since))
    assert [one.act.at for one in found] == sorted(one.act.at for one in found)
    assert {one.act for one in found} == {act for act in made if act.at >= since}
    assert [one for one in found if one.how or one.first] == [Followed(made[20], ReturnedAs.REPORTED, LATER)]
    assert [one.act for one in acts.followed((NOON + 1_097 * minute).astimezone(timezone(timedelta(hours=9))))] == [
        made[1_098]
    ]


def test_what_is_noted_while_acts_are_read_is_not_among_them(acts: Acts) -> None:
    for number in range(3):
        acts.note(an_act(number))
    reading = acts.followed(NOON)
    read = [next(reading)]
    acts.note(an_act(9))
    assert len(read + list(reading)) == 3


def test_what_an_earlier_version_noted_is_known_further(tmp_path: Path) -> None:
    file = tmp_path / "resuelve.db"
    with closing(SqlActs(f"sqlite:///{file}")) as acts:
        acts.note(an_act())
        acts.note_return(an_act(), ReturnedAs.REOPENED, NOON)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("ALTER TABLE acts DROP COLUMN first_returned_at")
        connection.execute("UPDATE schema_versions SET version = 1 WHERE part = 'acts'")
    with closing(SqlActs(f"sqlite:///{file}")) as acts:
        assert list(acts.followed(NOON)) == [Followed(an_act(), ReturnedAs.REOPENED, NOON)]
        acts.note_return(an_act(), ReturnedAs.REPORTED, LATER)
        assert list(acts.followed(NOON)) == [Followed(an_act(), ReturnedAs.REPORTED, NOON)]
        assert acts.returned() == [Returned(an_act(), ReturnedAs.REPORTED, LATER)]


def test_it_stands_in_a_journal_that_an_earlier_version_made(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/resuelve.db"
    journal = SqlJournal(url)
    journal.close()
    acts = SqlActs(url)
    acts.note(an_act())
    assert acts.find(["R-0000000001"]) == [an_act()]
    acts.close()


def test_whoever_only_reads_leaves_what_an_earlier_version_made(tmp_path: Path) -> None:
    file = tmp_path / "resuelve.db"
    with closing(SqlActs(f"sqlite:///{file}")) as acts:
        acts.note(an_act())
        acts.note_return(an_act(), ReturnedAs.REOPENED, NOON)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("ALTER TABLE acts DROP COLUMN first_returned_at")
        connection.execute("UPDATE schema_versions SET version = 1 WHERE part = 'acts'")
    with closing(SqlActs(f"sqlite:///{file}", extend=False)) as acts:
        assert list(acts.followed(NOON)) == [Followed(an_act(), ReturnedAs.REOPENED, NOON)]
        assert acts.returned(ever=True) == [Returned(an_act(), ReturnedAs.REOPENED, NOON)]
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT version FROM schema_versions").fetchall() == [(1,)]
        assert "first_returned_at" not in str(connection.execute("SELECT sql FROM sqlite_master").fetchall())


@pytest.mark.parametrize("change", ["made_at = 'garbage'", "made_at = '2999-01-01T00:00:00'", "returned_as = 'odd'"])
def test_a_value_that_cannot_be_read_is_told(tmp_path: Path, change: str) -> None:
    file = tmp_path / "resuelve.db"
    with closing(SqlActs(f"sqlite:///{file}")) as acts:
        acts.note(an_act())
        acts.note_return(an_act(), ReturnedAs.REPORTED, NOON)
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute(f"UPDATE acts SET {change}")  # noqa: S608 - ours
        for read in (lambda: acts.returned(ever=True), lambda: list(acts.followed(NOON - timedelta(days=1)))):
            with pytest.raises(JournalError, match="cannot be read") as caught:
                read()
            assert caught.value.where == str(file)
