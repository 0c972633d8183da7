"""An order of candidates learned from a team's own history, by scikit-learn.

From each ticket the differences between the candidate that was right and those that were not and could come first (of
which nobody knows, plays no part); logistic
regression on them without an intercept, so that what is learned is a weight for each value (the pairwise way: Herbrich,
Graepel and Obermayer, "Large margin rank boundaries for ordinal regression", 2000; Joachims, "Optimizing search engines
using clickthrough data", 2002). The teacher's order is the beginning, and hardly regularised; corrections to it are, in
several strengths, of which five folds of tickets choose. Every ticket weighs the same. All of this happens within the
older part of the history; the newest is only for the test (`standing`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from resuelve.replay.calibrate import LEAST, LEAST_OF_EACH
from resuelve.replay.metrics import Floats
from resuelve.resolution.order import PLACES, Order
from resuelve.telemetry.logs import log
from resuelve.training.critic import Places
from resuelve.training.examples import JudgedRanking, JudgedRow, newest_incidents
from resuelve.training.standing import Standing, looks_before, order_standing

_STRENGTHS = (0.003, 0.03, 0.3, 3.0)
"""Inverse of the regularisation, per standard deviation of a difference."""

_FREEDOM = 10.0
"""How much more lightly the teacher's order is held than corrections, in standard deviations."""

_COULD_BE_FIRST = 3
"""Of the candidates known to be wrong, the first by the teacher's order; what lies behind is easily told apart."""

_FOLDS = 5
_STEPS = 2_000
_SMALL = 1e-9


@dataclass(frozen=True, slots=True)
class OrderLesson:
    """What came of it.

    Attributes:
        tickets: of which the right row is known, among others; misplaced: those whose first row was wrong.
        learned, held_out: how many tickets were for learning, and for the test.
        order, standing, until: None where nothing was learned; until: the day of the newest for the test.
    """

    tickets: int
    misplaced: int
    learned: int = 0
    held_out: int = 0
    order: Order | None = None
    standing: Standing | None = None
    until: date | None = None

    @property
    def missing(self) -> int:
        """How many more tickets are needed at least; 0 when there are enough."""
        return max(LEAST - self.tickets, LEAST_OF_EACH - self.misplaced, 0)


def learn_order(tickets: Sequence[JudgedRanking], teacher: Order, looked: Sequence[date] = ()) -> OrderLesson:
    """Learn from the older tickets, and judge by the newest.

    Args:
        tickets: oldest first.
        teacher: the order in force.
        looked: see `standing.looks_before`.
    """
    found = OrderLesson(len(tickets), sum(first(one, teacher).right is False for one in tickets))
    if found.missing:
        return found
    held = newest_incidents(tickets)
    older = [one for one in tickets if one.incident not in held]
    newest = [one for one in tickets if one.incident in held]
    order = fitted(older, teacher)
    before, after = ([first(one, which).right for one in newest] for which in (teacher, order))
    log.info("training.ended", role="rerank", examples=len(older), held_out=len(newest), learned=True)
    standing, until = order_standing(before, after, looks=looks_before(newest, looked)), newest[-1].day
    return replace(found, learned=len(older), held_out=len(newest), order=order, standing=standing, until=until)


def fitted(tickets: Sequence[JudgedRanking], teacher: Order) -> Order:
    """The order that puts right rows before others; at least as many tickets as folds."""
    known = set().union(*(_shared(one) for one in tickets))
    names = [name for name in PLACES if name in known]
    pairs = _Pairs.of(tickets, teacher, names)
    share, *corrections = pairs.fit(min(_STRENGTHS, key=pairs.unseen_loss)).tolist()
    by_value = {name: share * weight for name, weight in teacher.by_value.items()}
    for name, weight in zip(names, corrections, strict=True):
        by_value[name] = by_value.get(name, 0.0) + weight
    return Order(by_value)


def first(ticket: JudgedRanking, order: Order) -> JudgedRow:
    """The candidate that this order puts first."""
    return max(ticket.candidates, key=lambda one: order.score(one.values))


def _shared(ticket: JudgedRanking) -> set[str]:
    """What all of its candidates have. In tickets of another language nobody has what shared words tell."""
    return set(PLACES).intersection(*(one.values for one in ticket.candidates))


@dataclass(frozen=True, slots=True)
class _Pairs:
    """A row a pair: what the right one has more than the other, by the teacher's order and in each value.

    Attributes:
        of_ticket: the number of each pair's ticket.
        weights: the same sum for each ticket.
    """

    more: Floats
    of_ticket: Places
    weights: Floats

    @classmethod
    def of(cls, tickets: Sequence[JudgedRanking], teacher: Order, names: Sequence[str]) -> _Pairs:
        more, places, weights = [], [], []
        for place, ticket in enumerate(tickets):
            shared = _shared(ticket)
            usable = [name if name in shared else "" for name in names]
            values = {one.row: _values(one, teacher, usable) for one in ticket.candidates}
            by_teacher = sorted(ticket.candidates, key=lambda one: -teacher.score(one.values))
            right = [one for one in by_teacher if one.right]
            others = [one for one in by_teacher if one.right is False][:_COULD_BE_FIRST]
            more += [values[good.row] - values[other.row] for good in right for other in others]
            pairs = len(right) * len(others)
            places += [place] * pairs
            weights += [1.0 / pairs] * pairs
        return cls(np.asarray(more), np.asarray(places, dtype=np.int64), np.asarray(weights))

    def fit(self, strength: float) -> Floats:
        """A weight for the teacher's order, and one for each value."""
        from sklearn.linear_model import LogisticRegression

        spread = self.more.std(axis=0)
        scale = np.where(spread > _SMALL, spread, 1.0)
        scale[0] /= _FREEDOM
        both = np.concatenate([self.more, -self.more]) / scale
        kinds = np.repeat([True, False], len(self.more))
        model = LogisticRegression(C=strength, fit_intercept=False, max_iter=_STEPS)
        model.fit(both, kinds, sample_weight=np.concatenate([self.weights, self.weights]) / 2)
        found: Floats = model.coef_[0] / scale
        return found

    def unseen_loss(self, strength: float) -> float:
        """Of the pairs of each fold, by weights that have not seen its tickets."""
        total = 0.0
        for fold in range(_FOLDS):
            out = self.of_ticket % _FOLDS == fold
            weights = _Pairs(self.more[~out], self.of_ticket[~out], self.weights[~out]).fit(strength)
            total += float(np.logaddexp(0.0, -(self.more[out] @ weights)) @ self.weights[out])
        return total


def _values(one: JudgedRow, teacher: Order, names: Sequence[str]) -> Floats:
    """What the teacher's order makes of it, and each value; 0 for one without a name."""
    return np.asarray([teacher.score(one.values), *(one.values[name] if name else 0.0 for name in names)])
