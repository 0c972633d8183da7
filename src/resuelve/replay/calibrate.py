"""A score that means what it says: the probability that a choice is right, learned from outcomes that are known.

Two ways are tried. One learns the weights of all named features (`resolution.score`) by logistic regression with a
Gaussian prior around the weights that the product comes with: with few outcomes it stays near them, with many it says
what they say (maximum a posteriori; Bishop, Pattern Recognition and Machine Learning, 2006, sections 4.3.2 and 4.4;
Newton's method with step halving). The other, which fewer outcomes can carry, stretches and shifts the log-odds of
before, and leaves their order as it is (Platt, "Probabilistic outputs for support vector machines", 1999, section 2.2).

What comes out is used only where it foretells outcomes that it has not seen better than the weights of before do, by
more than one standard error of the difference (five folds; Hastie, Tibshirani and Friedman, The Elements of
Statistical Learning, 2nd ed., section 7.10); where it tells right from wrong as well as they do; and where it acts on
no more than they do, or on what is surely right often enough: the lower end of its 95 % interval reaches the threshold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from resuelve.replay import metrics
from resuelve.replay.metrics import Flags, Floats, chances
from resuelve.replay.votes import Heard, hear
from resuelve.resolution.score import FEATURES, Scoring, Weights
from resuelve.resolution.shares import wilson
from resuelve.resolution.votes import ABSOLUTE
from resuelve.telemetry.logs import log

LEAST = 50
"""Outcomes without which nothing is learned."""

LEAST_OF_EACH = 10
"""Right ones, and wrong ones, without which nothing is learned."""

_FOR_WEIGHTS = 100
"""Outcomes without which no weights are learned, only how far the score is to be stretched and shifted."""

_FOLDS = 5
_CERTAINTY = 1.0
"""Of the prior, in each weight per standard deviation of its feature: as in the fit of the shipped weights (C = 1)."""

_FREE = 0.01
"""The same for the intercept: how often choices are right differs from desk to desk."""

_SAME_ORDER = 0.01
"""AUROC that may be lost; folds that are fitted one by one shuffle the order a little."""

_FLATTEST = 0.1
"""The log-odds are not stretched by less, so that their order stays."""

_STEPS = 100
_SMALL = 1e-8
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Label:
    """A choice whose outcome is known.

    Attributes:
        features: see `resolution.score.features`.
        votes: see `resolution.votes.VOTES`; empty where no language model was asked.
        excused: that there are none says nothing: it gave no usable answer, or none would count.
    """

    features: Mapping[str, float]
    right: bool
    votes: Mapping[str, float] = field(default_factory=dict)
    excused: bool = False


@dataclass(frozen=True, slots=True)
class Quality:
    """How well scores foretell outcomes.

    Attributes:
        log_loss: mean, in nats; lower is better.
        ece: see `metrics.calibration_error`.
        auroc: of right choices against wrong ones.
        acted, acted_right: outcomes that would have been acted on, and how many of them rightly.
    """

    log_loss: float
    ece: float | None
    auroc: float | None
    acted: int
    acted_right: int

    def as_json(self) -> dict[str, Any]:
        """For reports."""
        return {
            "log_loss": round(self.log_loss, 4),
            "ece": None if self.ece is None else round(self.ece, 4),
            "auroc": None if self.auroc is None else round(self.auroc, 4),
            "acted": self.acted,
            "acted_right": self.acted_right,
        }


@dataclass(frozen=True, slots=True)
class Calibration:
    """What outcomes teach about the score.

    Attributes:
        outcomes, right: how many are known, and how many of them were right choices.
        scoring: what was learned; None where the weights of before stay.
        before, after: how well the weights of before, and those learned, foretell outcomes that were not learned from;
            None with too few.
        heard: what a language model's votes are worth beside that score; None where none was asked, or with too few.
    """

    outcomes: int
    right: int
    scoring: Scoring | None = None
    before: Quality | None = None
    after: Quality | None = None
    heard: Heard | None = None

    def over(self, before: Scoring) -> Scoring | None:
        """The score that holds from now on, with what was learned of votes; None where that of before stays."""
        if self.heard is None or not self.heard.votes.weights:
            return self.scoring
        return replace(self.scoring or before, votes=self.heard.votes)

    @property
    def missing(self) -> int:
        """How many more outcomes are needed at least; 0 when there are enough."""
        wrong = self.outcomes - self.right
        of_each = max(0, LEAST_OF_EACH - self.right) + max(0, LEAST_OF_EACH - wrong)
        return max(LEAST - self.outcomes, of_each, 0)

    def as_json(self) -> dict[str, Any]:
        """For reports."""
        return {
            "outcomes": self.outcomes,
            "right": self.right,
            "missing": self.missing,
            "learned": self.scoring is not None,
            "before": self.before.as_json() if self.before else None,
            "after": self.after.as_json() if self.after else None,
            "votes": self.heard.as_json() if self.heard else None,
        }


def calibrate(labels: Sequence[Label], scoring: Scoring, threshold: float, speaker: str = "") -> Calibration:
    """Learn from these outcomes, if they are enough and it is for the better.

    Args:
        labels: in an order that does not depend on their outcomes; every fifth makes a fold.
        scoring: the weights of before.
        threshold: the chance from which on choices are acted on, 0 to 1; of several the lowest.
        speaker: the language model whose votes the labels hold, if any; see `resolution.votes.speaker_of`.
    """
    right = np.asarray([one.right for one in labels], dtype=np.bool_)
    found = Calibration(len(labels), int(right.sum()))
    if found.missing:
        return _told(found)
    before = _chances(labels, scoring)
    ways = _ways(labels, scoring)
    tried = {way: _held_out(labels, scoring, way) for way in ways}
    by_loss = sorted(ways, key=lambda way: float(_losses(tried[way], right).mean()))
    words = np.asarray([scoring.of(one.features) is scoring.words for one in labels], dtype=np.bool_)
    usable = [
        way
        for way in by_loss
        if _better(before, tried[way], right, reordered=way is not ways[0])
        and all(_careful(before[kind], tried[way][kind], right[kind], threshold) for kind in (words, ~words))
    ]
    best = (usable or by_loss)[0]
    found = replace(
        found,
        before=_quality(before, right, threshold),
        after=_quality(tried[best], right, threshold),
        scoring=best(labels, scoring) if usable else None,
    )
    held_out, scores = tried[best] if usable else before, _chances(labels, found.scoring or scoring)
    heard = hear([one.votes for one in labels], right, held_out, scores, threshold, speaker)
    return _told(replace(found, heard=_covered(heard, labels, scores >= threshold)))


def _covered(heard: Heard | None, labels: Sequence[Label], acted: Flags) -> Heard | None:
    """Votes are given where the score that decided acts: nothing is known of those on what only another one acts on."""
    unasked = sum(acts and not (one.votes or one.excused) for one, acts in zip(labels, acted.tolist(), strict=True))
    return replace(heard, votes=ABSOLUTE, unasked=unasked) if heard and unasked else heard


def _told(found: Calibration) -> Calibration:
    log.info("calibration.ended", examples=found.outcomes, missing=found.missing, learned=found.scoring is not None)
    return found


_Way = Callable[[Sequence[Label], Scoring], Scoring]


def _ways(labels: Sequence[Label], scoring: Scoring) -> list[_Way]:
    """The ways that so many outcomes can carry: a stretch, and for a model with enough of them weights of its own.

    A model of which hardly any outcome is known stays as it is: what tickets in one language teach says nothing of
    those in another.
    """
    kinds = Counter(scoring.of(one.features) is scoring.words for one in labels)
    stretched = [kind for kind in (True, False) if kinds[kind] >= 2 * LEAST_OF_EACH]
    weighed = [kind for kind in (True, False) if kinds[kind] >= _FOR_WEIGHTS]

    def stretch(some: Sequence[Label], prior: Scoring) -> Scoring:
        return _stretched(some, prior, stretched)

    def weigh(some: Sequence[Label], prior: Scoring) -> Scoring:
        found = stretch(some, prior)
        for words in weighed:
            own = [one for one in some if (prior.of(one.features) is prior.words) is words]
            fitted = _fitted(own, prior.words if words else prior.no_words)
            found = replace(found, words=fitted) if words else replace(found, no_words=fitted)
        return found

    return [stretch, weigh] if weighed else [stretch]


def _better(before: Floats, after: Floats, right: Flags, *, reordered: bool) -> bool:
    gains = _losses(before, right) - _losses(after, right)
    if gains.mean() <= gains.std(ddof=1) / np.sqrt(len(gains)):
        return False
    if not reordered:
        return True
    was, now = (metrics.auroc(chance[right], chance[~right]) for chance in (before, after))
    return (now or 0.0) >= (was or 0.0) - _SAME_ORDER


def _careful(before: Floats, after: Floats, right: Flags, threshold: float) -> bool:
    """True when no more is acted on than before, or when what is acted on is surely right often enough."""
    acted = after >= threshold
    if int(acted.sum()) <= int((before >= threshold).sum()):
        return True
    return wilson(int(right[acted].sum()), int(acted.sum()))[0] >= threshold


def _held_out(labels: Sequence[Label], scoring: Scoring, way: _Way) -> Floats:
    """The probability of each outcome, by weights that have not seen it."""
    found = np.zeros(len(labels))
    for fold in range(_FOLDS):
        rest = [one for place, one in enumerate(labels) if place % _FOLDS != fold]
        found[fold::_FOLDS] = _chances(labels[fold::_FOLDS], way(rest, scoring))
    return found


def _stretched(labels: Sequence[Label], scoring: Scoring, kinds: Sequence[bool]) -> Scoring:
    """The weights of before, all multiplied by one number, and other intercepts.

    Args:
        kinds: the models that are moved, by their own outcomes: True for the one with words, False for the one without.
    """
    moved = [one for one in labels if (scoring.of(one.features) is scoring.words) in kinds]
    odds = [scoring.of(one.features).odds(one.features) for one in moved]
    design = np.column_stack([np.ones(len(moved)), odds])
    shift, factor = _newton(design, _right(moved), np.asarray([0.0, 1.0]), np.asarray([_FREE, _CERTAINTY])).tolist()
    factor = max(_FLATTEST, factor)
    words, no_words = (
        _moved(weights, shift, factor) if kind in kinds else weights
        for kind, weights in ((True, scoring.words), (False, scoring.no_words))
    )
    return Scoring(words, no_words)


def _moved(weights: Weights, shift: float, factor: float) -> Weights:
    by_feature = {name: round(factor * weight, _DIGITS) for name, weight in weights.by_feature.items()}
    return Weights(round(shift + factor * weights.intercept, _DIGITS), by_feature)


def _fitted(labels: Sequence[Label], prior: Weights) -> Weights:
    """The weights with the highest posterior."""
    names = [name for name in FEATURES if name in labels[0].features]
    values = np.asarray([[one.features[name] for name in names] for one in labels], dtype=np.float64)
    mean, spread = values.mean(axis=0), values.std(axis=0)
    spread = np.where(spread > _SMALL, spread, 1.0)
    middle = np.asarray([prior.by_feature.get(name, 0.0) for name in names])
    start = np.concatenate([[prior.intercept + middle @ mean], middle * spread])
    design = np.column_stack([np.ones(len(labels)), (values - mean) / spread])
    found = _newton(design, _right(labels), start, np.concatenate([[_FREE], np.full(len(names), _CERTAINTY)]))
    weights = found[1:] / spread
    return Weights(
        round(float(found[0] - weights @ mean), _DIGITS),
        {name: round(float(value), _DIGITS) for name, value in zip(names, weights, strict=True)},
    )


def _newton(design: Floats, right: Floats, start: Floats, certainty: Floats) -> Floats:
    """The minimum of the negative log posterior, which is convex; a step that does not lower it is halved."""

    def cost(weights: Floats) -> float:
        odds = design @ weights
        fit = np.logaddexp(0.0, odds).sum() - right @ odds
        return float(fit + certainty @ (weights - start) ** 2 / 2)

    weights = start
    for _ in range(_STEPS):
        chance = chances(design @ weights)
        slope = design.T @ (chance - right) + certainty * (weights - start)
        bend = design.T @ (design * (chance * (1.0 - chance))[:, np.newaxis]) + np.diag(certainty)
        step = np.linalg.solve(bend, slope)
        while cost(weights - step) > cost(weights) and float(np.abs(step).max()) > _SMALL:
            step = step / 2
        weights = weights - step
        if float(np.abs(step).max()) <= _SMALL:
            break
    return weights


def _chances(labels: Sequence[Label], scoring: Scoring) -> Floats:
    return np.asarray([scoring.score(one.features) / 100 for one in labels], dtype=np.float64)


def _right(labels: Sequence[Label]) -> Floats:
    return np.asarray([one.right for one in labels], dtype=np.float64)


def _losses(chance: Floats, right: Flags) -> Floats:
    """Of each outcome, in nats."""
    found: Floats = -np.log(np.clip(np.where(right, chance, 1.0 - chance), 1e-9, 1.0))
    return found


def _quality(chance: Floats, right: Flags, threshold: float) -> Quality:
    acted = chance >= threshold
    return Quality(
        acted=int(acted.sum()),
        acted_right=int(right[acted].sum()),
        log_loss=float(_losses(chance, right).mean()),
        ece=metrics.calibration_error(metrics.reliability(chance, right)),
        auroc=metrics.auroc(chance[right], chance[~right]),
    )
