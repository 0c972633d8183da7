"""An order of candidates learned from a team's own history, by scikit-learn.

From each ticket the differences between the candidate that was right and those that were not; logistic regression on
them without an intercept, so that what is learned is a weight for each value (the pairwise way: Herbrich, Graepel and
Obermayer, "Large margin rank boundaries for ordinal regression", 2000; Joachims, "Optimizing search engines using
clickthrough data", 2002). Every ticket weighs the same. How strongly it is regularised is chosen by five folds of
tickets within the older part of the history; the newest is only for the test (`standing`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from resuelve.replay.calibrate import LEAST, LEAST_OF_EACH
from resuelve.replay.metrics import Floats
from resuelve.resolution.order import PLACES, Order
from resuelve.training.critic import Places
from resuelve.training.examples import Aside, JudgedRanking, JudgedRow, Rankings, newest_incidents
from resuelve.training.standing import Standing, order_standing

_STRENGTHS = (0.003, 0.03, 0.3, 3.0)
_FOLDS = 5
_STEPS = 2_000
_SMALL = 1e-9


@dataclass(frozen=True, slots=True)
class OrderLesson:
    """What came of it.

    Attributes:
        tickets: of which the right row is known, among others; misplaced: those whose first row was not right.
        learned, held_out: how many tickets were for learning, and for the test.
        aside: see `Rankings.aside`.
        order, standing: None where nothing was learned.
    """

    tickets: int
    misplaced: int
    learned: int = 0
    held_out: int = 0
    aside: Mapping[Aside, int] = field(default_factory=dict)
    order: Order | None = None
    standing: Standing | None = None

    @property
    def missing(self) -> int:
        """How many more tickets are needed at least; 0 when there are enough."""
        return max(LEAST - self.tickets, LEAST_OF_EACH - self.misplaced, 0)


def learn_order(examples: Rankings, teacher: Order | None) -> OrderLesson:
    """Learn from the older tickets, and judge by the newest.

    Args:
        teacher: the learned order in force; None where it is that of `rerank` itself. Then tickets that a learned one
            had ordered are set aside, for nobody knows how they would have been ordered without.
    """
    tickets = [one for one in examples.kept if teacher or not one.learned]
    left_out = len(examples.kept) - len(tickets)
    aside = {**examples.aside, Aside.OTHER_ORDER: left_out} if left_out else examples.aside
    misplaced = sum(not _first(one, teacher).right for one in tickets)
    found = OrderLesson(len(tickets), misplaced, aside=aside)
    if found.missing:
        return found
    held = newest_incidents(tickets)
    older = [one for one in tickets if one.incident not in held]
    newest = [one for one in tickets if one.incident in held]
    order = fitted(older)
    before, after = ([_first(one, which).right for one in newest] for which in (teacher, order))
    standing = order_standing(before, after)
    return replace(found, learned=len(older), held_out=len(newest), order=order, standing=standing)


def fitted(tickets: Sequence[JudgedRanking]) -> Order:
    """The order that puts right rows before others; at least as many tickets as folds."""
    known = set().union(*(_shared(one) for one in tickets))
    names = [name for name in PLACES if name in known]
    pairs = _Pairs.of(tickets, names)
    best = min(_STRENGTHS, key=pairs.unseen_loss)
    return Order(dict(zip(names, pairs.fit(best).tolist(), strict=True)))


def _shared(ticket: JudgedRanking) -> set[str]:
    """What all of its candidates have. In tickets of another language nobody has what shared words tell."""
    return set(PLACES).intersection(*(one.values for one in ticket.candidates))


def _first(ticket: JudgedRanking, order: Order | None) -> JudgedRow:
    return max(ticket.candidates, key=lambda one: order.score(one.values)) if order else ticket.candidates[0]


@dataclass(frozen=True, slots=True)
class _Pairs:
    """A row a pair: what the right one has more than the other.

    Attributes:
        of_ticket: the number of each pair's ticket.
        weights: the same sum for each ticket.
    """

    more: Floats
    of_ticket: Places
    weights: Floats

    @classmethod
    def of(cls, tickets: Sequence[JudgedRanking], names: Sequence[str]) -> _Pairs:
        more, places, weights = [], [], []
        for place, ticket in enumerate(tickets):
            shared = _shared(ticket)
            right, others = ([one for one in ticket.candidates if one.right is kind] for kind in (True, False))
            for pair in ((good, other) for good in right for other in others):
                more.append(_difference(pair[0].values, pair[1].values, names, shared))
                places.append(place)
                weights.append(1.0 / (len(right) * len(others)))
        return cls(np.asarray(more), np.asarray(places, dtype=np.int64), np.asarray(weights))

    def fit(self, strength: float) -> Floats:
        """A weight for each value."""
        from sklearn.linear_model import LogisticRegression

        spread = self.more.std(axis=0)
        spread = np.where(spread > _SMALL, spread, 1.0)
        both = np.concatenate([self.more, -self.more]) / spread
        kinds = np.repeat([True, False], len(self.more))
        model = LogisticRegression(C=strength, fit_intercept=False, max_iter=_STEPS)
        model.fit(both, kinds, sample_weight=np.concatenate([self.weights, self.weights]) / 2)
        found: Floats = model.coef_[0] / spread
        return found

    def unseen_loss(self, strength: float) -> float:
        """Of the pairs of each fold, by weights that have not seen its tickets."""
        total = 0.0
        for fold in range(_FOLDS):
            out = self.of_ticket % _FOLDS == fold
            weights = _Pairs(self.more[~out], self.of_ticket[~out], self.weights[~out]).fit(strength)
            total += float(np.logaddexp(0.0, -(self.more[out] @ weights)) @ self.weights[out])
        return total


def _difference(
    one: Mapping[str, float], other: Mapping[str, float], names: Sequence[str], shared: Collection[str]
) -> list[float]:
    return [one[name] - other[name] if name in shared else 0.0 for name in names]
