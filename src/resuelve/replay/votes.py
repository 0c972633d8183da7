"""What the votes of a language model are worth, learned from outcomes on which it was asked.

The score of such an outcome is known, and so is the model's no. What a no adds to the log-odds of the score is fitted
for each question by itself: a logistic regression with the score as its offset and nothing but an
intercept (Hosmer, Lemeshow and Sturdivant, Applied Logistic Regression, 3rd ed., 2013, chapter 2), with the nearly flat
prior that intercepts have in `replay.calibrate`. A model is only asked about what would be acted on, so this is about
tickets with a score from the threshold on.

What comes out is used only where it was shown on outcomes that it was not fitted on: of those that would be acted on in
spite of the no, surely enough are right (the lower end of the 95 % interval of their share reaches the threshold).
Otherwise a no stays what it was, and takes the row away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from resuelve.replay.metrics import Flags, Floats, chances
from resuelve.resolution.shares import wilson
from resuelve.resolution.votes import ABSOLUTE, VOTES, Votes, against, log_odds

LEAST = 20
"""Noes without which nothing is learned of them; as of each of the two scores, see `replay.calibrate`."""

_FOLDS = 5
_FREE = 0.01
_WIDEST = 30.0
_HALVINGS = 60
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Noes:
    """The noes to one question.

    Attributes:
        said, right: outcomes with such a no, and how many of them were right all the same.
        spared, spared_right: those that would have been acted on in spite of it, by a weight that had not seen them.
    """

    said: int
    right: int
    spared: int = 0
    spared_right: int = 0

    def as_json(self) -> dict[str, int]:
        """For reports."""
        return {"said": self.said, "right": self.right, "spared": self.spared, "spared_right": self.spared_right}


@dataclass(frozen=True, slots=True)
class Heard:
    """What outcomes say of a model's votes.

    Attributes:
        asked: outcomes on which it was asked.
        right: how many of these were right.
        noes: by vote.
        votes: what may be used of it.
        threshold: the one that it is for, 0 to 100.
        unasked: outcomes that the score would act on and of which no vote is known; where there are any, nothing may be
            used.
    """

    asked: int
    right: int
    noes: Mapping[str, Noes] = field(default_factory=dict)
    votes: Votes = ABSOLUTE
    threshold: float = 100.0
    unasked: int = 0

    @property
    def certain_from(self) -> float | None:
        """The score from which on the model is not asked any more; None where it always is."""
        return self.votes.certain_from(self.threshold)

    def as_json(self) -> dict[str, Any]:
        """For reports."""
        certain = self.certain_from
        return {
            "asked": self.asked,
            "right": self.right,
            "unasked": self.unasked,
            "noes": {name: one.as_json() for name, one in self.noes.items()},
            "weights": dict(self.votes.weights),
            "certain_from": None if certain is None else round(certain, 2),
        }


def hear(
    votes: Sequence[Mapping[str, float]],
    right: Flags,
    held_out: Floats,
    scores: Floats,
    threshold: float,
    speaker: str,
) -> Heard | None:
    """What these outcomes say; None where a model was asked about none of them.

    Args:
        votes: of each outcome; empty where the model was not asked. In an order that does not depend on the outcomes.
        held_out: the chance of each by the score, from weights that have not seen it, 0 to 1.
        scores: the same from the weights that will be used.
        threshold: the chance from which on choices are acted on, 0 to 1; of several the lowest.
        speaker: whose votes they are; see `resolution.votes.speaker_of`.
    """
    asked = np.asarray([bool(one) for one in votes], dtype=np.bool_)
    if not asked.any():
        return None
    said = [against(one) for one in votes]
    noes: dict[str, Noes] = {}
    weights: dict[str, float] = {}
    for name in VOTES:
        these = np.asarray([one == name for one in said], dtype=np.bool_)
        counted = noes[name] = _tried(right[these], held_out[these], threshold)
        if counted.spared and wilson(counted.spared_right, counted.spared)[0] >= threshold:
            weights[name] = round(_weight(right[these], _odds(scores[these])), _DIGITS)
    points = round(100 * threshold, _DIGITS)  # as it was set: only the very same one will do
    found = Votes(speaker, points, weights) if weights else ABSOLUTE
    return Heard(int(asked.sum()), int(right[asked].sum()), noes, found, points)


def _tried(right: Flags, held_out: Floats, threshold: float) -> Noes:
    found = Noes(len(right), int(right.sum()))
    if found.said < LEAST:
        return found
    odds, left = _odds(held_out), np.zeros(len(right))
    for fold in range(_FOLDS):
        rest = np.arange(len(right)) % _FOLDS != fold
        left[~rest] = chances(odds[~rest] + _weight(right[rest], odds[rest]))
    spared = np.minimum(left, held_out) >= threshold
    return Noes(found.said, found.right, int(spared.sum()), int(right[spared].sum()))


def _weight(right: Flags, odds: Floats) -> float:
    """The number with the highest posterior that is added to all log-odds: where the slope of its cost is 0, halved."""
    low, high = -_WIDEST, _WIDEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        slope = float((chances(odds + middle) - right).sum()) + _FREE * middle
        low, high = (low, middle) if slope > 0 else (middle, high)
    return (low + high) / 2


def _odds(scores: Floats) -> Floats:
    return np.asarray([log_odds(100 * one) for one in scores.tolist()], dtype=np.float64)
