"""A critic learned from a team's own history: logistic models over the named features, by scikit-learn.

For tickets in the dictionary's language and for others there is a model each. What is tried: the teacher's log-odds,
stretched; corrected by a weight for each feature; and by weights that change twice along each feature (linear splines;
Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, 2nd ed., section 5.2). Corrections are
regularised, in several strengths. Of each way the strength is taken that foretells best what it was not fitted on (five
folds of whole incidents, mean log loss), and a less simple way only where it does so by more than one standard error
(the same, section 7.10). What is taken is calibrated by what it said of the folds that it had not seen (Platt,
"Probabilistic outputs for support vector machines", 1999, section 2.2). All of this happens within the older part of
the history; the newest is only for the test (`standing`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import numpy.typing as npt

from resuelve.replay.calibrate import LEAST_OF_EACH, Calibration
from resuelve.replay.metrics import Flags, Floats, chances
from resuelve.resolution.score import FEATURES, Bend, Scoring, Weights
from resuelve.telemetry.logs import log
from resuelve.training.examples import JudgedChoice, newest_incidents
from resuelve.training.standing import Standing, critic_standing, log_losses, looks_before

Places = npt.NDArray[np.int64]
_STRENGTHS = (0.003, 0.03, 0.3, 3.0)
"""Inverse of the regularisation, per standard deviation of each term."""

_KNOTS = (1 / 3, 2 / 3)
"""Shares of the examples that lie below where weights change."""

_FREEDOM = 10.0
"""How much more lightly the teacher's log-odds are held than corrections, in standard deviations."""

_FOR_WEIGHTS, _FOR_BENDS = 100, 200
"""Outcomes of a model without which no weights are learned, and without which they do not change along a feature."""

_FOLDS = 5
_FLATTEST = 0.1
_STEPS = 2_000


@dataclass(frozen=True, slots=True)
class CriticLesson:
    """What came of it.

    Attributes:
        outcomes, right: how many are known, and how many of them were right choices.
        learned, held_out: how many of them were for learning, and for the test.
        ways: by model, how it was made; empty where that of before stays.
        scoring, standing, until: None where nothing was learned; until: the day of the newest for the test.
    """

    outcomes: int
    right: int
    learned: int = 0
    held_out: int = 0
    ways: tuple[tuple[str, str], ...] = ()
    scoring: Scoring | None = None
    standing: Standing | None = None
    until: date | None = None

    @property
    def missing(self) -> int:
        """How many more outcomes are needed at least; 0 when there are enough."""
        return Calibration(self.outcomes, self.right).missing


def learn_critic(examples: Sequence[JudgedChoice], teacher: Scoring, looked: Sequence[date] = ()) -> CriticLesson:
    """Learn from the older incidents, and judge by the newest.

    Args:
        examples: oldest first.
        teacher: the models in force.
        looked: see `standing.looks_before`.
    """
    found = CriticLesson(len(examples), sum(one.right for one in examples))
    if found.missing:
        return found
    held = newest_incidents(examples)
    older = [one for one in examples if one.incident not in held]
    newest = [one for one in examples if one.incident in held]
    found = replace(found, learned=len(older), held_out=len(newest))
    scoring, ways = fitted(older, teacher)
    log.info("training.ended", role="critic", examples=len(older), held_out=len(newest), learned=bool(ways))
    if not ways:
        return found
    standing = critic_standing(newest, teacher, scoring, looks=looks_before(newest, looked))
    return replace(found, ways=ways, scoring=scoring, standing=standing, until=newest[-1].day)


def fitted(examples: Sequence[JudgedChoice], teacher: Scoring) -> tuple[Scoring, tuple[tuple[str, str], ...]]:
    """The models, and how each was made; one of which too little is known stays the teacher's."""
    models, ways = {}, []
    for name, prior in (("words", teacher.words), ("no_words", teacher.no_words)):
        own = [one for one in examples if ("echo" in one.features) == (name == "words")]
        models[name] = prior
        if min(len({one.incident for one in own if one.right is kind}) for kind in (True, False)) >= LEAST_OF_EACH:
            models[name], way = _best(own, prior)
            ways.append((name, way))
    return Scoring(models["words"], models["no_words"]), tuple(ways)


@dataclass(frozen=True, slots=True)
class Way:
    """Terms that are added up, each with a weight of its own.

    Attributes:
        terms: each a model by itself, so that their weighted sum is one.
        free: so many of the first terms are hardly regularised.
        strengths: inverses of the regularisation that are tried.
    """

    name: str
    terms: tuple[Weights, ...]
    free: int = 0
    strengths: tuple[float, ...] = _STRENGTHS

    def fit(self, examples: Sequence[JudgedChoice], strength: float) -> Weights:
        """The weighted sum; examples of both kinds."""
        intercept, weights = weighed(self.design(examples), _right(examples), strength, self.free)
        return summed(intercept, weights.tolist(), self.terms)

    def design(self, examples: Sequence[JudgedChoice]) -> Floats:
        """A row an example, a column a term."""
        return np.asarray([[term.odds(one.features) for term in self.terms] for one in examples], dtype=np.float64)


def weighed(design: Floats, right: Flags, strength: float, free: int = 0) -> tuple[float, Floats]:
    """Intercept and weights of regularised logistic regression, the regularisation per standard deviation of a term."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(design)
    freedom = np.where(np.arange(design.shape[1]) < free, _FREEDOM, 1.0)
    logistic = LogisticRegression(C=strength, max_iter=_STEPS).fit(scaler.transform(design) * freedom, right)
    weights: Floats = logistic.coef_[0] * freedom / scaler.scale_
    return float(logistic.intercept_[0] - weights @ scaler.mean_), weights


def summed(intercept: float, weights: Sequence[float], terms: Sequence[Weights]) -> Weights:
    """One model that adds up others, each with its weight."""
    by_feature: dict[str, float] = {}
    bends: list[Bend] = []
    for weight, term in zip(weights, terms, strict=True):
        intercept += weight * term.intercept
        for name, value in term.by_feature.items():
            by_feature[name] = by_feature.get(name, 0.0) + weight * value
        bends += [Bend(one.feature, one.knot, weight * one.slope) for one in term.bends]
    return Weights(intercept, by_feature, tuple(bends))


def ways_for(examples: Sequence[JudgedChoice], prior: Weights) -> list[Way]:
    """What so many outcomes can carry, the simplest first. Only the features are looked at, not how it came out."""
    names = [name for name in FEATURES if name in examples[0].features]
    straight = tuple(Weights(0.0, {name: 1.0}) for name in names)
    bent = tuple(Weights(0.0, {}, (Bend(name, knot, 1.0),)) for name in names for knot in _knots(examples, name))
    before = (prior,) if prior.by_feature or prior.bends else ()
    found = [Way("stretched", before, 1, _STRENGTHS[-1:])] if before else []
    if len(examples) >= _FOR_WEIGHTS or not found:
        found.append(Way("linear", (*before, *straight), len(before)))
    if len(examples) >= _FOR_BENDS and bent:
        found.append(Way("bent", (*before, *straight, *bent), len(before)))
    return found


def _knots(examples: Sequence[JudgedChoice], name: str) -> list[float]:
    """Inside the values of a feature; none for one that has but a few."""
    values = np.asarray([one.features[name] for one in examples], dtype=np.float64)
    knots = sorted({float(np.quantile(values, share)) for share in _KNOTS})
    return [one for one in knots if values.min() < one < values.max()] if np.unique(values).size > _FOLDS else []


def _best(examples: Sequence[JudgedChoice], prior: Weights) -> tuple[Weights, str]:
    right = _right(examples)
    folds = _folds(examples, right)
    tried = [_Tried.best(way, examples, right, folds) for way in ways_for(examples, prior)]
    best = tried[0]
    for one in tried[1:]:
        if one.surely_better(best):
            best = one
    shift, factor = _stretch(best.odds, right)
    return summed(shift, [factor], [best.way.fit(examples, best.strength)]), best.way.name


_Fold = tuple[Places, Places]


@dataclass(frozen=True, slots=True)
class _Tried:
    """A way in its best strength.

    Attributes:
        odds: the log-odds of each example, by a model that has not seen its incident; losses: what that costs.
    """

    way: Way
    strength: float
    odds: Floats
    losses: Floats

    @classmethod
    def best(cls, way: Way, examples: Sequence[JudgedChoice], right: Flags, folds: Sequence[_Fold]) -> _Tried:
        """Of all strengths."""
        design, found = way.design(examples), []
        for strength in way.strengths:
            odds = _unseen(design, right, strength, way.free, folds)
            found.append(cls(way, strength, odds, log_losses(chances(odds), right)))
        return min(found, key=lambda one: float(one.losses.mean()))

    def surely_better(self, simpler: _Tried) -> bool:
        """By more than one standard error of the difference."""
        gains = simpler.losses - self.losses
        return bool(gains.mean() > gains.std(ddof=1) / np.sqrt(len(gains)))


def _folds(examples: Sequence[JudgedChoice], right: Flags) -> list[_Fold]:
    """What is learned from, and what is not, by place; incidents are whole."""
    from sklearn.model_selection import StratifiedGroupKFold

    return list(StratifiedGroupKFold(_FOLDS).split(right, right, groups=[one.incident for one in examples]))


def _unseen(design: Floats, right: Flags, strength: float, free: int, folds: Sequence[_Fold]) -> Floats:
    found = np.zeros(len(design))
    for rest, fold in folds:
        intercept, weights = weighed(design[rest], right[rest], strength, free)
        found[fold] = intercept + design[fold] @ weights
    return found


def _stretch(odds: Floats, right: Flags) -> tuple[float, float]:
    """Shift and factor of the log-odds with which they foretell best; never so flat that their order is lost.

    Each outcome counts a little as its opposite, as Platt has it, or else few outcomes would make the score certain.
    """
    from sklearn.linear_model import LogisticRegression

    good, bad = int(right.sum()), int((~right).sum())
    target = np.where(right, (good + 1) / (good + 2), 1 / (bad + 2))
    twice, kinds = np.concatenate([odds, odds])[:, np.newaxis], np.repeat([True, False], odds.size)
    weights = np.concatenate([target, 1.0 - target])
    model = LogisticRegression(C=np.inf, max_iter=_STEPS).fit(twice, kinds, sample_weight=weights)
    return float(model.intercept_[0]), max(_FLATTEST, float(model.coef_[0, 0]))


def _right(examples: Sequence[JudgedChoice]) -> Flags:
    return np.asarray([one.right for one in examples], dtype=np.bool_)
