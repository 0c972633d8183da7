"""The threshold that keeps a risk: its tail, its guarantee in the long run, and what it tells where it finds none."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.decision import Doubt
from resuelve.domain.incident import Incident
from resuelve.replay.metrics import Flags, Floats
from resuelve.replay.predict import Prediction
from resuelve.replay.risk import Found, at_most, guarantees, lowest_threshold
from resuelve.replay.sets import LabelledCase, Split


def found(scores: Floats, right: Flags, risk: float = 0.05, confidence: float = 0.9) -> Found:
    return lowest_threshold(scores, right, risk=risk, confidence=confidence)


@given(st.integers(1, 40), st.integers(0, 40), st.integers(1, 99))
def test_the_tail_is_the_binomial_one(answered: int, wrong: int, percent: int) -> None:
    wrong, risk = min(wrong, answered), Fraction(percent, 100)
    exact = sum(comb(answered, k) * risk**k * (1 - risk) ** (answered - k) for k in range(wrong + 1))
    assert at_most(wrong, answered, percent / 100) == pytest.approx(float(exact), rel=1e-9)


def test_as_many_right_ones_as_prove_it_and_no_fewer() -> None:
    scores = np.linspace(0.5, 1.0, 45)
    right = np.ones(45, dtype=np.bool_)
    assert found(scores, right) == Found(0.5, 45, 0, 0)
    assert found(scores[1:], right[1:]) == Found(None, 44, 0, 1)
    assert found(np.empty(0), np.empty(0, dtype=np.bool_)) == Found(None, 0, 0, 45)


def test_too_many_mistakes_are_cured_by_no_number() -> None:
    right = np.tile([True, False], 500)
    assert found(np.full(1000, 0.7), right).more is None


def test_with_as_many_more_as_it_asks_for_it_is_enough() -> None:
    right = np.ones(200, dtype=np.bool_)
    right[::33] = False  # 7 of 200
    few = found(np.full(200, 0.7), right)
    assert few.threshold is None
    assert few.more is not None
    total = 200 + few.more
    wrong = int(np.ceil(7 / 200 * total))
    assert at_most(wrong, total, 0.05) <= 0.1 < at_most(wrong, total - few.more // 2, 0.05)


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=300), st.randoms())
def test_the_order_of_the_cases_plays_no_part_and_equal_scores_stay_together(
    cases: list[tuple[int, bool]], random: object
) -> None:
    def of(some: list[tuple[int, bool]]) -> Found:
        return found(
            np.asarray([score / 20 for score, _ in some], dtype=np.float64),
            np.asarray([good for _, good in some], dtype=np.bool_),
            0.2,
        )

    here = of(cases)
    shuffled = [*cases]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert of(shuffled) == here
    if here.threshold is not None:
        at = [good for score, good in cases if score / 20 >= here.threshold]
        assert (len(at), at.count(False)) == (here.answered, here.wrong)
        assert here.wrong <= 0.2 * here.answered


@pytest.mark.parametrize(("risk", "confidence"), [(0.05, 0.9), (0.1, 0.8), (0.08, 0.95)])
def test_in_the_long_run_it_keeps_what_it_promises(risk: float, confidence: float) -> None:
    """Wrong answers thin out as the score rises: how often is the true risk above the promised one?"""
    random = np.random.default_rng(7)
    broken = used = 0
    for _ in range(150):
        scores = random.random(800)
        right = random.random(800) >= 0.4 * (1 - scores) ** 1.5
        threshold = found(scores, right, risk, confidence).threshold
        if threshold is None:
            continue
        used += 1
        # the mean of 0.4 (1 - s) ** 1.5 over the scores from the threshold on
        true = 0.4 * (1 - threshold) ** 1.5 / 2.5
        broken += true > risk
    assert used > 50
    assert broken / 150 <= 1 - confidence


def prediction(word: str, number: int, *, right: bool, split: Split) -> Prediction:
    case = LabelledCase(
        f"{split}{number}", split, Incident(f"INC{number}"), frozenset({"A"}) if right else frozenset({"B"}), ()
    )
    return Prediction(case, ("A",), 0.9, 0.9, True, False, True, Doubt.NONE, 0, 0, word)


def test_each_word_of_the_dictionary_stands_for_itself() -> None:
    cases = [prediction("cierre", n, right=True, split=Split.CALIBRATION) for n in range(60)]
    cases += [prediction("api|x", n, right=True, split=Split.CALIBRATION) for n in range(60, 70)]
    test = [prediction("cierre", n, right=n > 2, split=Split.TEST) for n in range(20)]
    every, agent, close = guarantees(cases, test, risk=0.05, confidence=0.9)
    assert [one.word for one in (every, agent, close)] == ["", "api|x", "cierre"]
    assert (close.found.threshold, close.cases, close.labels) == (0.9, 60, 0)
    assert (close.achieved.answered, close.achieved.right, close.achieved.cases) == (20, 17, 20)
    assert (agent.found.threshold, agent.found.more, agent.labels) == (None, 35, 245)
    assert every.found.answered == 70
    assert close.as_json()["test"] == {"answered": 20, "right": 17, "coverage": 1.0, "precision": 0.85}
