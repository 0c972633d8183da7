"""The score: readable features, monotone, and fair to rivals that would do the same."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.decision import Candidate
from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.resolution.rerank import Ranked, consequence
from resuelve.resolution.score import FEATURES, WORDS, features, score

HOLD = Prescription(ResolutionKind.HOLD)
unit = st.floats(0, 1)


def row(code: str, prescription: Prescription = HOLD, solution: str = "Algo") -> KnownError:
    return KnownError(code, "Web", (f"texto {code}",), "Error", solution, prescription)


def ranked(problem: KnownError, relevance: float, coverage: float = 0.5, echo: float = 0.5) -> Ranked:
    return Ranked(Candidate(problem, problem.description, 0.9, 1.0, 1.0), relevance, coverage, echo, 0, 0, relevance)


@given(st.floats(-20, 20), st.floats(0.01, 20), unit, unit)
def test_a_wider_gap_never_lowers_the_score(gap: float, more: float, coverage: float, echo: float) -> None:
    words = {"coverage": coverage, "echo": echo}
    assert 0 <= score({"gap": gap, **words}) <= score({"gap": gap + more, **words}) <= 100
    assert score({"gap": gap}) <= score({"gap": gap + more})


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_no_gap_is_too_wide(gap: float) -> None:
    assert 0 <= score({"gap": gap}) <= 100


def test_what_is_no_number_is_no_score() -> None:
    assert score({"gap": float("nan"), "coverage": 1.0, "echo": 1.0}) == 0


def test_the_gap_is_to_the_mean_of_the_nearest_five_rivals() -> None:
    rivals = [ranked(row(f"R{n}", solution=f"Otra {n}"), float(n)) for n in (5, 4, 3, 2, 1, 0)]
    chosen = ranked(row("A"), 8.0, 0.25, 0.75)
    found = features(chosen, [chosen, *rivals])
    assert {name: found[name] for name in ("gap", "coverage", "echo")} == {"gap": 5.0, "coverage": 0.25, "echo": 0.75}
    assert (found["margin"], found["lead"], found["closeness"], found["dense"]) == (3.0, 3.0, 8.0, 0.9)
    assert tuple(found) == FEATURES


def test_neighbours_are_rivals_that_are_hardly_less_close() -> None:
    chosen, twin = ranked(row("A"), 6.0), ranked(row("B"), 5.9)
    rivals = [ranked(row(f"R{n}", solution=f"Otra {n}"), 6.0 - n / 2) for n in range(1, 5)]
    found = features(chosen, [chosen, twin, *rivals], identifiers=True)
    assert found["crowd"] == pytest.approx(math.log(2))
    assert found["margin"] == pytest.approx(0.1)
    assert found["lead"] == 0.5
    assert (found["identified"], found["examples"], found["lexical"]) == (1.0, 0.0, 1.0)


def test_rows_with_the_same_consequence_are_no_rivals() -> None:
    chosen, twin = ranked(row("A"), 6.0), ranked(row("B"), 5.9)
    far = ranked(row("C", solution="Otra"), 1.0)
    assert features(chosen, [chosen, twin, far])["gap"] == 5.0
    assert features(chosen, [chosen, twin])["gap"] == 6.0
    assert features(chosen, [])["gap"] == 6.0


@given(st.permutations(range(8)))
def test_no_order_of_the_candidates_changes_the_features(order: list[int]) -> None:
    rows = [ranked(row(f"R{n}", solution=f"Otra {n % 5}"), 9.0 - n // 2, coverage=n / 8) for n in range(8)]
    for chosen in rows:
        assert features(chosen, [rows[place] for place in order]) == features(chosen, rows)


def test_near_rivals_that_a_learned_order_moves_back_still_count() -> None:
    chosen = ranked(row("A"), 4.0, 0.4, 0.4)
    near, far = (
        [ranked(row(f"{name}{n}", solution=f"{name} {n}"), relevance) for n in range(5)]
        for name, relevance in (("N", 3.5), ("F", -2.0))
    )
    assert score(features(chosen, [chosen, *far, *near])) == score(features(chosen, [chosen, *near, *far]))


def test_no_words_for_another_language() -> None:
    chosen = ranked(row("A"), 6.0)
    found = features(chosen, [chosen], words=False)
    assert found["gap"] == 6.0
    assert set(found) == set(FEATURES) - set(WORDS)
    assert score(found) == score({"gap": 6.0})


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (row("A"), row("B"), True),
        (row("A", solution="x"), row("B", solution="y"), False),
        (row("A", solution=""), row("B", solution=""), False),
        (row("A", Prescription(ResolutionKind.CLOSE)), row("B"), False),
        (row("A", Prescription(ResolutionKind.MANUAL), "x"), row("B", Prescription(ResolutionKind.MANUAL), "y"), True),
        (
            row("A", Prescription(ResolutionKind.AGENT, "x"), "1"),
            row("B", Prescription(ResolutionKind.AGENT, "x"), "2"),
            True,
        ),
        (row("A", Prescription(ResolutionKind.AGENT, "x")), row("B", Prescription(ResolutionKind.AGENT, "y")), False),
        (
            row("A", Prescription(ResolutionKind.REASSIGN, queue="Q"), "1"),
            row("B", Prescription(ResolutionKind.REASSIGN, queue="Q"), "2"),
            True,
        ),
        (
            row("A", Prescription(ResolutionKind.REASSIGN, queue="Q")),
            row("B", Prescription(ResolutionKind.REASSIGN, queue="R")),
            False,
        ),
    ],
)
def test_consequences(one: KnownError, other: KnownError, same: bool) -> None:
    assert (consequence(one) == consequence(other)) is same
