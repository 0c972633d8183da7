"""One suite for every `History`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from resuelve.domain.errors import JournalError
from resuelve.journal import CallOutcome, History, ModelCall
from resuelve.journal.memory_history import MemoryHistory
from resuelve.journal.sql_history import SqlHistory

NOON = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ODD = "ñ \x00 \ud800 \\u0041 \r\n «=1+1»"


@pytest.fixture(params=["memory", "sqlite"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], History]]:
    """Gives the history; each further call gives it as another process would find it."""
    made: list[History] = []

    def build() -> History:
        if request.param == "memory":
            history: History = made[0] if made else MemoryHistory()
        else:
            history = SqlHistory(f"sqlite:///{tmp_path}/historico.db")
        made.append(history)
        return history

    yield build
    for history in made:
        history.close()


@pytest.fixture
def history(reopen: Callable[[], History]) -> History:
    return reopen()


def a_call(number: int = 1, **values: object) -> ModelCall:
    call = ModelCall(
        id=f"{number:032x}",
        at=NOON + number * HOUR,
        run="a run",
        incident=f"INC{number}",
        revision="0123456789abcdef",
        role="critique",
        model="resuelve 1.0",
        prompt="",
        input={"problem": "P1", "features": {"gap": 0.1 + 0.2}, ODD: [ODD, None, True, 3]},
        output={"verdict": "approved", "score": 81.5},
        people=("Ana", ODD),
    )
    return replace(call, **values)  # type: ignore[arg-type]


def an_outcome(number: int = 1, **values: object) -> CallOutcome:
    outcome = CallOutcome(f"INC{number}", "P1", "P1\x1fabc", right=True, how="closed", at=NOON)
    return replace(outcome, **values)  # type: ignore[arg-type]


def test_a_call_comes_back_as_it_was(history: History, reopen: Callable[[], History]) -> None:
    failed = a_call(2, role="decide", prompt="p1", output=None, error=ODD, calls=3, tokens_in=10, tokens_out=4)
    paid = replace(failed, id="3", at=NOON + 3 * HOUR, seconds=0.25, model=ODD, incident=ODD, run=ODD)
    history.keep([a_call(), failed, paid])
    assert [*reopen().calls()] == [a_call(), failed, paid]


def test_nothing_is_there_at_first(history: History) -> None:
    assert [*history.calls()] == []
    assert [*history.outcomes()] == []
    assert history.forget(NOON) == 0
    history.keep([])


def test_calls_come_oldest_first_whenever_they_were_kept(history: History) -> None:
    history.keep([a_call(3), a_call(1)])
    history.keep([a_call(2, at=(NOON + 2 * HOUR).astimezone(timezone(timedelta(hours=9))))])
    assert [call.incident for call in history.calls()] == ["INC1", "INC2", "INC3"]


def test_calls_of_one_moment_come_as_they_were_kept(history: History) -> None:
    history.keep([a_call(n, at=NOON) for n in (5, 2, 9)])
    assert [call.incident for call in history.calls()] == ["INC5", "INC2", "INC9"]


def test_a_call_that_is_known_stays_as_it_is(history: History) -> None:
    history.keep([a_call()])
    history.keep([a_call(1, model="another", at=NOON), a_call(2)])
    assert [*history.calls()] == [a_call(), a_call(2)]


def test_one_id_twice_in_one_go_is_kept_once(history: History) -> None:
    history.keep([a_call(), a_call(1, model="another")])
    assert [*history.calls()] == [a_call()]


def test_all_calls_are_kept_or_none(history: History, reopen: Callable[[], History]) -> None:
    with pytest.raises(Exception, match="JSON serializable"):
        history.keep([a_call(1), a_call(2, input={"no json": object()})])
    assert [*reopen().calls()] == []


def test_what_a_database_cannot_hold_is_an_error_of_the_journal(tmp_path: Path) -> None:
    history = SqlHistory(f"sqlite:///{tmp_path}/historico.db")
    for call in (a_call(tokens_in=10**30), a_call(input={"no json": object()}), a_call(seconds=object())):
        with pytest.raises(JournalError):
            history.keep([a_call(2), call])
    assert [*history.calls()] == []
    history.close()


def test_calls_are_chosen_by_role_incident_and_time(history: History) -> None:
    history.keep([a_call(1), a_call(2, role="rerank"), a_call(3, incident="INC1"), a_call(4)])
    assert [c.id[-1] for c in history.calls(role="critique")] == ["1", "3", "4"]
    assert [c.id[-1] for c in history.calls(incident="INC1")] == ["1", "3"]
    assert [c.id[-1] for c in history.calls(since=NOON + 3 * HOUR)] == ["3", "4"]
    assert [c.id[-1] for c in history.calls(role="critique", incident="INC1", since=NOON + 2 * HOUR)] == ["3"]
    assert [*history.calls(role="critic")] == []


def test_many_calls_come_one_at_a_time_and_each_once(history: History) -> None:
    history.keep([a_call(n, at=NOON + n // 7 * HOUR) for n in range(1, 1001)])
    found = history.calls()
    assert next(found).id == f"{1:032x}"
    history.keep([a_call(2000)])  # what is added meanwhile does no harm
    assert [int(call.id, 16) for call in found][:999] == [*range(2, 1001)]


def test_an_outcome_is_noted_once_and_the_last_one_holds(history: History, reopen: Callable[[], History]) -> None:
    assert history.note_outcomes([an_outcome(1), an_outcome(2)]) == 2
    assert history.note_outcomes([an_outcome(1, at=NOON + HOUR)]) == 0
    wrong = an_outcome(1, right=False, how="reopened", at=NOON + HOUR)
    assert history.note_outcomes([wrong, wrong]) == 1
    assert [*reopen().outcomes()] == [an_outcome(2), wrong]
    assert history.note_outcomes([an_outcome(1)]) == 1
    assert [*history.outcomes()] == [an_outcome(2), an_outcome(1)]


def test_outcomes_that_are_no_news_write_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history = SqlHistory(f"sqlite:///{tmp_path}/historico.db")
    writes: list[object] = []
    write = history._database.write

    def counted() -> object:
        writes.append(None)
        return write()

    monkeypatch.setattr(history._database, "write", counted)
    many = [an_outcome(n) for n in range(1001)]
    assert history.note_outcomes(many) == 1001
    assert len(writes) == 6, "in pages, so that others can write between"
    writes.clear()
    assert history.note_outcomes(many) == 0
    assert writes == []
    history.close()


def test_states_of_a_row_and_incidents_have_outcomes_of_their_own(history: History) -> None:
    each = [an_outcome(1), an_outcome(1, state=f"P1\x1f{ODD}"), an_outcome(2, right=False)]
    assert history.note_outcomes(each) == 3
    assert [*history.outcomes()] == each
    assert [*history.outcomes(incident="INC1")] == each[:2]
    assert [*history.outcomes(incident="INC3")] == []


def test_what_is_old_is_forgotten(history: History, reopen: Callable[[], History]) -> None:
    history.keep([a_call(1), a_call(2), a_call(3, incident="INC1")])
    history.note_outcomes([an_outcome(1), an_outcome(2)])
    assert history.forget(NOON + HOUR) == 0
    assert history.forget(NOON + 3 * HOUR) == 2
    assert [*reopen().calls()] == [a_call(3, incident="INC1")]
    assert [*reopen().outcomes()] == [an_outcome(1)]  # INC1 still has a call
    assert history.forget(NOON + 9 * HOUR) == 1
    assert [*history.outcomes()] == []


def test_several_threads_keep_at_once(history: History, reopen: Callable[[], History]) -> None:
    others = [reopen() for _ in range(4)]

    def work(number: int) -> int:
        others[number].keep([a_call(n) for n in range(1, 40)])  # all the same
        others[number].keep([a_call(1000 * (number + 1) + n) for n in range(20)])
        return others[number].note_outcomes([an_outcome(n) for n in range(1, 20)])

    with ThreadPoolExecutor(4) as pool:
        news = sum(pool.map(work, range(4)))
    assert len([*history.calls()]) == 39 + 4 * 20
    assert news == len([*history.outcomes()]) == 19


def test_what_was_forgotten_is_not_in_the_file(tmp_path: Path) -> None:
    history = SqlHistory(f"sqlite:///{tmp_path}/historico.db")
    history.keep([a_call(1, input={"text": "Wenceslao " * 50}), a_call(2)])
    assert history.forget(NOON + 2 * HOUR) == 1
    history.close()
    assert all(b"Wenceslao" not in file.read_bytes() for file in tmp_path.iterdir())


def test_a_newer_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path}/historico.db"
    monkeypatch.setattr("resuelve.journal.sql_history.SCHEMA_VERSION", 2)
    SqlHistory(url).close()
    monkeypatch.undo()
    with pytest.raises(JournalError, match="newer version"):
        SqlHistory(url)
