"""What each mailbox is for, learned from the incidents that were filed in it."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from resuelve.domain.known_error import KnownError
from resuelve.knowledge.mining.asked import Past
from resuelve.knowledge.past import Lesson

_DOUBTS = (1e6, 30.0, 10.0, 3.0, 1.0)
"""Incidents for which the whole past stands in beside those of a mailbox; with the first, mailboxes tell nothing."""

_LEAST = 1e-6
"""A share of which a logarithm can be taken."""


class Mailboxes:
    """Which components the incidents of each mailbox are about, as far as what was asked tells.

    Two components have problems that sound alike, and people write to the mailbox of the one that they have before
    them. What a mailbox is for is learned from the past, for its name may say nothing. At some desks mailboxes tell
    nothing at all: how far they are believed is what foretells the incidents of this past best, each from the others
    (the strength of a Dirichlet prior, by leave-one-out likelihood).

    Args:
        lessons: one an incident of `past`.
    """

    def __init__(self, past: Past, lessons: Sequence[Lesson], problems: Mapping[str, KnownError]) -> None:
        self._queues = [lesson.asked.queue for lesson in lessons]
        near = (problems.get(one.problem) for one in past.asked)
        self._own = [
            (row.component, one.score / 100) if row else ("", 0.0) for one, row in zip(past.asked, near, strict=True)
        ]
        self._rows = Counter(problem.component for problem in problems.values())
        self._everywhere: defaultdict[str, float] = defaultdict(float)
        self._here: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
        for queue, (component, share) in zip(self._queues, self._own, strict=True):
            self._everywhere[component] += share
            self._here[queue][component] += share
        self._doubt = max(_DOUBTS, key=self._foretold)

    def filed(self, at: int, component: str) -> float:
        """Log ratio of the component's share in the mailbox of an incident, which does not count itself, to its share
        everywhere.
        """
        return self._ratio(at, component, self._doubt)

    def _foretold(self, doubt: float) -> float:
        """The mean that the mailboxes add to the log-likelihood of the incidents' components."""
        return sum(share * self._ratio(at, component, doubt) for at, (component, share) in enumerate(self._own))

    def _ratio(self, at: int, component: str, doubt: float) -> float:
        own, share = self._own[at]
        itself = share if own == component else 0.0
        rows = self._rows[component] / max(1, self._rows.total())
        usual = (self._everywhere[component] - itself + rows) / (sum(self._everywhere.values()) - share + 1)
        here = self._here[self._queues[at]]
        often = (here[component] - itself + doubt * usual) / (sum(here.values()) - share + doubt)
        return math.log(max(often, _LEAST) / max(usual, _LEAST))
