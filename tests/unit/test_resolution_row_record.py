"""A row's record: from people's answers alone, neutral without any, and never from what came later."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.incident import Incident
from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.journal import Act, Answer, Returned, ReturnedAs
from resuelve.resolution.merits import state_of
from resuelve.resolution.row_record import RowRecords, centred, nobody_asked
from resuelve.resolution.score import Scoring, scoring_from, shipped

NOON = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
TICKET = Incident("INC9", opened=NOON)
counts = st.integers(0, 10_000)


def row(name: str) -> KnownError:
    return KnownError(name, "Web", ("No abre",), "", "Borre las cookies", Prescription(ResolutionKind.CLOSE))


A, B = row("A"), row("B")


def answer(incident: str, agreed: bool, hours: int = -9, problem: KnownError = A) -> Answer:
    at = NOON + hours * HOUR
    return Answer(incident, f"r{hours}", problem.id, state_of(problem), "A-1", agreed, "Ana", "", at)


def back(incident: str, hours: int = -1, how: ReturnedAs = ReturnedAs.REPORTED) -> Returned:
    act = Act("R-1", incident, "GR", "", "closed", A.id, A.fingerprint, NOON - 8 * HOUR)
    return Returned(act, how, NOON + hours * HOUR)


codes = st.sampled_from(["INC1", "INC2", "INC3", "INC9"])
before, after = st.integers(-9, -1), st.integers(0, 9)


def answers_at(hours: st.SearchStrategy[int]) -> st.SearchStrategy[list[Answer]]:
    return st.lists(st.builds(answer, codes, st.booleans(), hours, st.sampled_from([A, B])), max_size=9)


def reports_at(hours: st.SearchStrategy[int]) -> st.SearchStrategy[list[Returned]]:
    return st.lists(st.builds(back, codes, hours, st.sampled_from(ReturnedAs)), max_size=4)


def test_a_row_about_which_nobody_was_asked_is_neutral() -> None:
    records = RowRecords([answer("INC1", True, problem=B)])
    assert (centred(0, 0), nobody_asked(A, TICKET)) == (0, 0)
    assert (records.now(A, TICKET), records.as_of_opening(A, TICKET)) == (0, 0)


@given(counts, counts)
def test_it_is_bounded_and_each_answer_moves_it_its_way(yes: int, no: int) -> None:
    assert -1 < centred(yes, no) < 1
    assert centred(yes, no + 1) < centred(yes, no) < centred(yes + 1, no)
    assert centred(yes, no) == -centred(no, yes)


def test_few_answers_say_little() -> None:
    assert centred(1, 0) == pytest.approx(0.2)
    assert centred(16, 0) == pytest.approx(0.8)


def test_an_incident_counts_once_by_the_last_that_was_said_of_it() -> None:
    said = [answer("INC1", False, -5), answer("INC1", True, -3), answer("INC1", True, -4), answer("INC2", False, -2)]
    assert RowRecords(said).now(A, TICKET) == centred(1, 1)
    assert RowRecords([*said, answer("INC1", False, -1)]).now(A, TICKET) == centred(0, 2)


def test_what_was_agreed_to_and_reported_as_wrong_is_a_no() -> None:
    said = [answer("INC1", True, -5), answer("INC2", True, -5)]
    assert RowRecords(said, [back("INC1")]).now(A, TICKET) == centred(1, 1)


def test_the_fate_of_what_was_done_by_itself_does_not_count() -> None:
    said = [answer("INC1", True, -5)]
    for how in ReturnedAs:
        assert RowRecords(said, [back("INC2", how=how)]).now(A, TICKET) == centred(1, 0)
    assert RowRecords(said, [back("INC1", -7)]).now(A, TICKET) == centred(1, 0)


def test_what_was_said_of_a_ticket_does_not_count_for_that_ticket() -> None:
    assert RowRecords([answer("INC9", False), answer("INC1", True)]).now(A, TICKET) == centred(1, 0)


def test_a_row_that_is_rewritten_begins_anew_and_an_agent_that_is_asked_is_no_answer_about_it() -> None:
    records = RowRecords([answer("INC1", True), replace(answer("INC2", True), state="")])
    assert records.now(A, TICKET) == centred(1, 0)
    assert records.now(replace(A, solution="Otra"), TICKET) == 0
    assert records.now(replace(A, examples=("No abre", "Sigue sin abrir")), TICKET) == centred(1, 0)


@given(answers_at(before), reports_at(before), answers_at(after), reports_at(after))
def test_nothing_that_was_said_after_the_opening_changes_what_a_past_ticket_is_given(
    known: list[Answer], reported: list[Returned], later: list[Answer], reported_later: list[Returned]
) -> None:
    then, since = RowRecords(known, reported), RowRecords([*later, *known], [*reported_later, *reported])
    for problem in (A, B):
        assert since.as_of_opening(problem, TICKET) == then.as_of_opening(problem, TICKET) == then.now(problem, TICKET)


def test_a_ticket_without_a_day_gets_no_record_and_one_without_a_zone_is_of_the_zone_here() -> None:
    records = RowRecords([answer("INC1", True, -1)])
    assert records.as_of_opening(A, replace(TICKET, opened=None)) == 0
    here = NOON.astimezone().replace(tzinfo=None)
    assert records.as_of_opening(A, replace(TICKET, opened=here)) == centred(1, 0)
    assert records.as_of_opening(A, replace(TICKET, opened=here - 2 * HOUR)) == 0


@given(st.floats(-1, 1), st.floats(-5, 5), st.booleans())
def test_it_weighs_nothing_until_a_weight_is_learned(record: float, gap: float, words: bool) -> None:
    values = {"gap": gap, **({"coverage": 0.5, "echo": 0.5} if words else {})}
    earlier = scoring_from({"words": _weighs(1.5), "no_words": _weighs(2.0)})
    for scoring in (shipped(), earlier):
        assert scoring.score({**values, "record": record}) == scoring.score(values)
    learned = Scoring(earlier.words, replace(earlier.no_words, by_feature={"gap": 2.0, "record": 1.0}))
    assert learned.no_words.odds({"gap": gap, "record": 0.5}) > learned.no_words.odds({"gap": gap})


def _weighs(gap: float) -> dict[str, object]:
    """As a calibration of an earlier version has it, which does not know the feature."""
    return {"intercept": -3.0, "by_feature": {"gap": gap}}
