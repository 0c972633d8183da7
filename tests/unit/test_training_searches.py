"""Whether a student searches as well as its teacher: the measure, its limit, and the verdict."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.training.searches import LEAST, MARGIN, Restated, compare, student_t, upper_limit

FOUND = {"good": ["R1", "R2", "R3"], "fair": ["R2", "R1"], "bad": ["R2", "R3"], "none": []}


def search(text: str) -> list[str]:
    return FOUND[text]


def tickets(*students: str | None, teacher: str = "good") -> list[Restated]:
    return [Restated(f"INC{n}", "R1", teacher, student, 2.0) for n, student in enumerate(students)]


def test_the_measure_is_the_reciprocal_rank_of_the_right_row() -> None:
    found = compare(tickets("good", "fair", "bad", "none"), search)
    assert (found.tickets, found.teachers, found.students) == (4, 1.0, 0.375)
    assert found.loss == 0.625
    assert found.seconds == 2.0
    assert (found.missing, found.limit, found.passed) == (16, 1.0, False)


def test_as_good_on_twenty_tickets_passes_and_on_nineteen_does_not() -> None:
    assert compare(tickets(*["good"] * LEAST), search).passed
    few = compare(tickets(*["good"] * (LEAST - 1)), search)
    assert (few.missing, few.passed) == (1, False)


def test_better_on_some_makes_up_for_worse_on_others_only_when_it_is_sure() -> None:
    mixed = tickets(*["good", "fair"] * 15, teacher="fair")
    assert compare(mixed, search).loss == -0.25
    assert compare(mixed, search).passed
    assert compare(tickets("fair", "good") * 15, search).tickets == 2, "the same incidents again are no more evidence"
    swapped = [Restated(f"INC{n}", "R1", *pair) for n, pair in enumerate([("good", "fair"), ("fair", "good")] * 15)]
    assert compare(swapped, search).loss == 0
    assert compare(swapped, search).limit > MARGIN
    assert not compare(swapped, search).passed


def test_one_ticket_lost_of_a_hundred_is_too_many() -> None:
    lost = compare(tickets(*["good"] * 99, "none"), search)
    assert lost.loss == pytest.approx(0.01)
    assert lost.limit == pytest.approx(0.01 + 1.6604 * 0.01, abs=1e-4)
    assert not lost.passed
    assert compare(tickets(*["good"] * 299, "fair"), search).passed


def test_where_an_answer_cannot_be_used_the_teachers_words_are_searched_with() -> None:
    found = compare(tickets(*["good"] * 19, None), search)
    assert (found.students, found.usable, found.passed) == (1.0, 0.95, True)
    found = compare(tickets(*["good"] * 28, None, None), search)
    assert (found.loss, found.passed) == (0.0, False), "it is asked in vain too often"


def test_a_sentence_that_says_nothing_finds_nothing() -> None:
    assert compare(tickets(""), search).students == 0


def test_calls_of_one_incident_are_one_ticket() -> None:
    twice = [Restated("INC1", "R1", "good", student) for student in ("good", "none")]
    found = compare(twice, search)
    assert (found.tickets, found.students) == (1, 0.5)


def test_nothing_to_search_for_is_nothing_shown() -> None:
    nothing = compare([], search)
    assert (nothing.tickets, nothing.missing, nothing.usable, nothing.passed) == (0, LEAST, 0.0, False)
    assert set(nothing.figures()) >= {"searched", "search_loss_limit", "search_margin", "usable"}


@pytest.mark.parametrize(("freedom", "quantile"), [(10, 1.8125), (19, 1.7291), (29, 1.6991), (99, 1.6604)])
def test_the_quantile_is_that_of_the_tables(freedom: int, quantile: float) -> None:
    assert student_t(0.95, freedom) == pytest.approx(quantile, abs=5e-4)


@given(st.lists(st.floats(-1, 1), min_size=LEAST, max_size=60), st.integers(0, 59), st.floats(0, 1))
def test_the_limit_lies_above_the_mean_and_moves_with_it(losses: list[float], place: int, more: float) -> None:
    assert upper_limit(losses) >= sum(losses) / len(losses) - 1e-9
    shifted = [loss + more for loss in losses]
    assert upper_limit(shifted) == pytest.approx(upper_limit(losses) + more, abs=1e-6)
    assert upper_limit(losses[place:]) == 1.0 or len(losses) - place >= LEAST
