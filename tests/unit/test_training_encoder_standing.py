"""Which examples are held out from a tuned encoder."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.decision import Doubt
from resuelve.domain.incident import Incident
from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.replay.predict import Prediction
from resuelve.replay.sets import LabelledCase, Split
from resuelve.training.encoder_standing import LEAST_HELD_OUT, encoder_standing, hold_out

_rows = st.lists(st.lists(st.text(max_size=12), min_size=1, max_size=12, unique=True), max_size=12)


def problem(number: int, examples: list[str]) -> KnownError:
    return KnownError(str(number), "Web", tuple(examples), "", "Borre", Prescription(ResolutionKind.CLOSE), lines=(2,))


@given(_rows, st.randoms())
def test_every_row_keeps_two_and_nothing_is_lost(rows: list[list[str]], chance: Random) -> None:
    problems = {str(number): problem(number, row) for number, row in enumerate(rows)}
    held = hold_out(problems, str)
    assert held.problems.keys() == problems.keys()
    for name, row in problems.items():
        kept = held.problems[name].examples
        out = [case.incident.description for case in held.cases if case.expected == {name}]
        assert sorted([*kept, *out]) == sorted(row.examples)
        assert len(kept) >= min(2, len(row.examples))
        assert bool(out) == (len(row.examples) >= 3)
    assert held.missing == max(0, LEAST_HELD_OUT - len(held.cases))
    shuffled = {name: problems[name] for name in chance.sample(list(problems), len(problems))}
    assert hold_out(shuffled, str).cases == held.cases


def test_of_large_dictionaries_some_are_held_out() -> None:
    problems = {str(number): problem(number, [f"{number} {one}" for one in range(5)]) for number in range(900)}
    held = hold_out(problems, str)
    assert len(held.cases) == 500
    assert (held.rows, held.texts, held.missing) == (900, 4_500, 0)


def test_examples_that_the_encoder_reads_as_one_stay_together() -> None:
    examples = ["No va", "no va", "NO VA", "Falla", "Da error"]
    held = hold_out({"1": problem(1, examples)}, str.lower)
    (case,) = held.cases
    out = case.incident.description.lower()
    assert [one for one in held.problems["1"].examples if one.lower() == out] == []
    assert len({one.lower() for one in held.problems["1"].examples}) == 2
    assert hold_out({"1": problem(1, examples[:4])}, str.lower).cases == ()


def prediction(*, right: bool, approved: bool) -> Prediction:
    case = LabelledCase("1", Split.TEST, Incident("1"), frozenset({"A"}))
    ranking = ("A" if right else "B",)
    return Prediction(case, ranking, 0.9, 0.9, True, False, approved, Doubt.NONE, 0, 0)


@pytest.mark.parametrize(
    ("wrong", "acted_rightly", "passed"),
    [(0, 0, True), (2, 0, True), (3, 0, False), (3, 10, False), (3, 27, True)],
    ids=["acts on none", "no more wrong than before", "one more", "too few to be sure", "surely right"],
)
def test_finding_more_is_not_enough_where_it_acts_wrongly_on_more(wrong: int, acted_rightly: int, passed: bool) -> None:
    before = [prediction(right=False, approved=place < 2) for place in range(40)]
    after = [prediction(right=True, approved=place < acted_rightly) for place in range(37)]
    after += [prediction(right=False, approved=place < wrong) for place in range(3)]
    found = encoder_standing(before, after, threshold=65.0, looks=0)
    assert found.figures["p"] < 0.001
    assert (found.passed, found.figures["wrong_student"], found.figures["wrong_teacher"]) == (passed, wrong, 2)


def test_one_that_finds_no_more_does_not_pass() -> None:
    same = [prediction(right=True, approved=True)] * 30
    assert not encoder_standing(same, same, threshold=65.0, looks=0).passed
