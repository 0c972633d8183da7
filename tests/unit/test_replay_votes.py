"""A no of a model loses weight only by outcomes that it was not fitted on, and only where surely enough are right."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resuelve.replay.calibrate import Label, calibrate
from resuelve.replay.votes import LEAST, Heard, hear
from resuelve.resolution.score import Scoring, Weights
from resuelve.resolution.shares import wilson
from resuelve.resolution.votes import ABSOLUTE, ANY, CHOICE, MATTER, REVIEW, VOTES

Outcome = tuple[dict[str, float], bool, float]
"""Votes, whether it was right, and the chance by the score."""

NO = {CHOICE: {CHOICE: -1.0}, MATTER: {CHOICE: 1.0, MATTER: -1.0}, REVIEW: {CHOICE: 1.0, MATTER: 1.0, REVIEW: -1.0}}
YES = dict.fromkeys(VOTES, 1.0)


def heard(outcomes: list[Outcome], threshold: float = 0.65) -> Heard | None:
    votes, right, chances = zip(*outcomes, strict=True)
    scores = np.asarray(chances, dtype=np.float64)
    return hear(votes, np.asarray(right, dtype=np.bool_), scores, scores, threshold, "model 1")


def noes(vote: str, right: int, wrong: int, chance: float = 0.9) -> list[Outcome]:
    found = [(NO[vote], True, chance)] * right + [(NO[vote], False, chance)] * wrong
    Random(1).shuffle(found)
    return found


def test_nobody_was_asked() -> None:
    assert heard([({}, True, 0.9)] * 100) is None


def test_a_no_that_is_mostly_wrong_is_worth_little() -> None:
    found = heard([*noes(CHOICE, 54, 6), *([(YES, True, 0.9)] * 20), ({}, False, 0.3)])
    assert found is not None
    assert (found.asked, found.right) == (80, 74)
    assert (found.noes[CHOICE].said, found.noes[CHOICE].right) == (60, 54)
    assert set(found.votes.weights) == {ANY, CHOICE}
    assert found.votes.weights[CHOICE] == pytest.approx(0.0, abs=0.05)  # nine of ten, as the score said
    assert (found.votes.speaker, found.votes.least) == ("model 1", 65.0)
    assert found.certain_from == pytest.approx(65.0, abs=2.0)
    assert found.as_json()["certain_from"] == round(found.certain_from or 0.0, 2)


def test_a_no_that_is_mostly_right_takes_all() -> None:
    found = heard([*noes(CHOICE, 20, 40), *([(YES, True, 0.9)] * 20)])
    assert found is not None
    assert found.votes is ABSOLUTE
    assert found.certain_from is None
    assert found.as_json()["weights"] == {}


def test_one_kind_of_no_does_not_excuse_another() -> None:
    found = heard([*noes(MATTER, 40, 0), *noes(REVIEW, 10, 40)])
    assert found is not None
    assert set(found.votes.weights) == {MATTER}
    assert found.certain_from is None
    assert not found.votes.spares(99.0, REVIEW, 65.0)


def test_too_few_noes_take_all() -> None:
    found = heard([*noes(REVIEW, LEAST - 1, 0), *([(YES, True, 0.9)] * 100)])
    assert found is not None
    assert found.votes is ABSOLUTE
    found = heard([*noes(REVIEW, LEAST, 0), *([(YES, True, 0.9)] * 100)])
    assert found is not None
    assert set(found.votes.weights) == {ANY, REVIEW}


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from([{}, YES, *NO.values()]), st.booleans(), st.floats(0.5, 0.999)),
        min_size=1,
        max_size=120,
    ),
    st.sampled_from([0.5, 0.65, 0.8, 0.95]),
)
def test_nothing_is_spared_that_was_not_surely_right_often_enough(outcomes: list[Outcome], threshold: float) -> None:
    found = heard(outcomes, threshold)
    if found is None:
        assert not any(votes for votes, _, _ in outcomes)
        return
    for name, one in found.noes.items():
        if name in found.votes.weights:
            assert one.said >= LEAST
            assert wilson(one.spared_right, one.spared)[0] >= threshold
    assert all(math.isfinite(weight) for weight in found.votes.weights.values())
    assert found.noes[ANY].said == sum(found.noes[name].said for name in VOTES)


def test_calibration_learns_them_beside_the_score_and_of_nothing_else() -> None:
    random = Random(7)
    neutral = Scoring(Weights(0.0, {"gap": 1.0}), Weights(0.0, {"gap": 1.0}))

    def label(said: bool) -> Label:
        gap = random.uniform(-3, 3)
        right = random.random() < 1 / (1 + math.exp(-gap))
        votes = NO[CHOICE] if said and gap > 0.7 else {}
        return Label({"gap": gap, "echo": 0.0}, right, votes)

    known = [label(said=True) for _ in range(400)]
    found = calibrate(known, neutral, 0.65, "model 1")
    assert found.heard is not None
    assert found.heard.votes.weights[ANY] == pytest.approx(0.0, abs=0.6)  # it says no at random
    scoring = found.over(neutral)
    assert scoring is not None
    assert scoring.votes == found.heard.votes
    assert found.as_json()["votes"]["asked"] == found.heard.asked

    without = calibrate([Label(one.features, one.right) for one in known], neutral, 0.65)
    assert without.heard is None
    assert without.as_json()["votes"] is None
    assert (without.scoring, without.before, without.after) == (found.scoring, found.before, found.after)
    assert without.over(neutral) == without.scoring
