"""The threshold from which on at most so many answers are wrong, with a stated confidence; or what is missing for it.

"Learn then Test" (Angelopoulos, Bates, Candès, Jordan, Lei, "Learn then Test: calibrating predictive algorithms to
achieve risk control", 2021, arXiv:2110.01052): that a threshold's risk is too high is a hypothesis, and a threshold may
be used when its hypothesis is rejected with family-wise error at most `1 - confidence`. An answer is right or wrong, so
among the answers of a threshold the wrong ones are binomial, and their number gives an exact p-value. Thresholds are
tested in a fixed sequence, from the most careful on and up to the first that is not rejected (ibid.; Bauer, "Multiple
testing in clinical trials", 1991), from several starts that share the error evenly (Bonferroni). Where a sequence
starts is told by the confidences alone, never by what was right.

It holds for tickets like those it was found on, as the labels call them right; for others it says nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from resuelve.replay.metrics import Answered, Flags, Floats, by_confidence
from resuelve.replay.operations import Columns
from resuelve.replay.predict import Prediction

_MOST = 1_000_000
"""Answers beyond which it is not worth telling how many more are needed."""

_LOOKED_AT = 50
"""Thresholds that are looked at for the one that came nearest."""

_Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Found:
    """What the calibration cases allow.

    Attributes:
        threshold: the lowest confidence that may be used; None when none may.
        answered, wrong: calibration cases from it on; without it, those of the threshold that came nearest.
        more: how many more answers like these would be needed, 0 when it may be used; None when no number would do,
            because the share of wrong ones is too high.
    """

    threshold: float | None
    answered: int
    wrong: int
    more: int | None


@dataclass(frozen=True, slots=True)
class Guarantee:
    """What may be done by itself, for one word of the dictionary or (empty) for all together.

    Attributes:
        cases: calibration cases that may be answered at all.
        labels: how many more labelled cases are needed, of all kinds, for `Found.more` answers; None as there.
        achieved: what comes of the threshold on the test cases.
    """

    word: str
    cases: int
    found: Found
    labels: int | None
    achieved: Answered

    def as_json(self) -> dict[str, Any]:
        """For the report."""
        return {
            "resolution": self.word,
            "cases": self.cases,
            "threshold": self.found.threshold,
            "answered": self.found.answered,
            "wrong": self.found.wrong,
            "more_answers": self.found.more,
            "more_labels": self.labels,
            "test": {
                "answered": self.achieved.answered,
                "right": self.achieved.right,
                "coverage": self.achieved.coverage,
                "precision": self.achieved.precision,
            },
        }


def guarantees(
    calibration: Sequence[Prediction], test: Sequence[Prediction], *, risk: float, confidence: float
) -> tuple[Guarantee, ...]:
    """For all together, then for each word of the dictionary whose rows were chosen in the calibration cases.

    Each stands for itself: that all of them hold at once has a smaller confidence.

    Args:
        risk: the share of wrong ones among what is done by itself, above 0 and below 1.
        confidence: how sure that is to hold, above 0 and below 1.
    """
    words = sorted({one.word for one in calibration if one.may_act})
    return tuple(_guarantee(word, calibration, test, risk, confidence) for word in ("", *words))


def _guarantee(
    word: str, calibration: Sequence[Prediction], test: Sequence[Prediction], risk: float, confidence: float
) -> Guarantee:
    past, now = (Columns.of([one for one in part if word in ("", one.word)]) for part in (calibration, test))
    allowed = past.may_act
    found = lowest_threshold(past.confidence[allowed], past.right[allowed], risk=risk, confidence=confidence)
    labels = found.more
    if found.more and found.answered:
        labels = math.ceil(found.more * len(calibration) / found.answered)
    chosen = now.from_confidence(found.threshold)
    achieved = Answered(len(test), int(chosen.sum()), int((chosen & now.right).sum()))
    return Guarantee(word, int(allowed.sum()), found, labels, achieved)


def lowest_threshold(scores: Floats, right: Flags, *, risk: float, confidence: float) -> Found:
    """The lowest score from which on the share of wrong answers is at most `risk`, with this confidence.

    Args:
        scores: of the calibration cases that may be answered.
    """
    values, counts, hits = (part[::-1] for part in by_confidence(scores, right))
    answers: _Counts = np.cumsum(counts, dtype=np.int64)
    wrong: _Counts = np.cumsum(counts - hits, dtype=np.int64)
    error = 1 - confidence
    starts = _starts(int(scores.size), risk, error)
    allowed = [
        place
        for start in starts
        for place in _rejected(answers, wrong, int(np.searchsorted(answers, start)), risk, error / len(starts))
    ]
    if allowed:
        last = max(allowed)
        return Found(float(values[last]), int(answers[last]), int(wrong[last]), 0)
    return _nearest(answers, wrong, risk, error)


def _starts(cases: int, risk: float, error: float) -> list[int]:
    """Answers of the first threshold of each sequence: as few as can be enough, and twice as many each time."""
    number = max(1, int(math.log2(max(1.0, cases / _fewest(risk, error)))) + 1)
    first = _fewest(risk, error / number)
    return [first * 2**turn for turn in range(number)]


def _fewest(risk: float, error: float) -> int:
    """So many answers, all right, are just enough."""
    return math.ceil(math.log(error) / math.log1p(-risk))


def _rejected(answers: _Counts, wrong: _Counts, place: int, risk: float, error: float) -> list[int]:
    passed = []
    while place < len(answers) and at_most(int(wrong[place]), int(answers[place]), risk) <= error:
        passed.append(place)
        place += 1
    return passed


def _nearest(answers: _Counts, wrong: _Counts, risk: float, error: float) -> Found:
    """Where fewest more answers would do, if of those as many were wrong; of equally good ones the most careful."""
    best = Found(None, 0, 0, _fewest(risk, error))
    if not len(answers):
        return best
    places = np.unique(np.linspace(0, len(answers) - 1, _LOOKED_AT).round().astype(np.int64)).tolist()
    needed = [(_needed(int(answers[place]), int(wrong[place]), risk, error), place) for place in places]
    more, place = min(needed, key=lambda one: (math.inf if one[0] is None else one[0], one[1]))
    return Found(None, int(answers[place]), int(wrong[place]), more)


def _needed(answered: int, wrong: int, risk: float, error: float) -> int | None:
    """How many more answers, with the same share of wrong ones, would be enough; None when none would."""
    share = wrong / answered
    if share >= risk:
        return None
    low, high = answered, max(answered, _fewest(risk, error))
    while at_most(math.ceil(share * high), high, risk) > error:
        low, high = high, 2 * high
        if high > _MOST:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if at_most(math.ceil(share * middle), middle, risk) <= error else (middle, high)
    return max(1, high - answered)


def at_most(wrong: int, answered: int, risk: float) -> float:
    """The probability of at most so many wrong answers among these, when each is wrong with probability `risk`."""
    log_risk, log_right = math.log(risk), math.log1p(-risk)
    whole = math.lgamma(answered + 1)
    terms = (
        math.exp(whole - math.lgamma(k + 1) - math.lgamma(answered - k + 1) + k * log_risk + (answered - k) * log_right)
        for k in range(wrong + 1)
    )
    return min(1.0, math.fsum(terms))
