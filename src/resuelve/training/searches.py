"""Whether a student's words find as well as its teacher's: what a reformulation is for is searching.

On held-out tickets whose right row is known, both sentences are searched with, and the place of the right row counts:
reciprocal rank, 1 for the first, 1/2 for the second, 0 for not found (Voorhees, "The TREC-8 question answering track
report", 1999). The loss is the teacher's less the student's, ticket by ticket.

The test is one of non-inferiority, one-sided and paired: the student passes when the upper 95 % limit of the mean loss,
by Student's t, is no more than `MARGIN` (Piaggio et al., "Reporting of noninferiority and equivalence randomized
trials", 2012). A worse student must be shown not to be, so that few tickets never speak for it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, stdev

LEAST = 20
"""Tickets below which nothing is shown."""

MARGIN = 0.02
"""Reciprocal rank that may be lost."""

USABLE = 0.95
"""Least share of the student's answers that fit the schema: of the others the teacher is asked, which costs time."""

_SURE = 0.95

Search = Callable[[str], Sequence[str]]
"""Ids of rows, the best first, for a text."""


@dataclass(frozen=True, slots=True)
class Restated:
    """One held-out ticket in the words of both.

    Attributes:
        row: the id of the row that was right.
        teacher, student: what is searched with; empty where that says nothing. The student's is None where its answer
            does not fit the schema: then the product searches with the teacher's.
        seconds: that the student took.
    """

    incident: str
    row: str
    teacher: str
    student: str | None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of the searches.

    Attributes:
        tickets: how many incidents were searched for.
        teachers, students: mean reciprocal rank.
        loss, limit: the mean loss and its upper 95 % limit; the limit is 1 where there are too few tickets.
        usable: share of the student's answers that fit the schema.
        seconds: mean of an answer.
    """

    tickets: int
    teachers: float
    students: float
    loss: float
    limit: float
    usable: float
    seconds: float

    @property
    def missing(self) -> int:
        """Tickets that lack for anything to be shown."""
        return max(0, LEAST - self.tickets)

    @property
    def passed(self) -> bool:
        """Whether the student was shown to be as good."""
        return not self.missing and self.limit <= MARGIN and self.usable >= USABLE

    def figures(self) -> Mapping[str, float]:
        """For the card of a version."""
        return {
            "searched": float(self.tickets),
            "searched_least": float(LEAST),
            "search_loss": self.loss,
            "search_loss_limit": self.limit,
            "search_margin": MARGIN,
            "usable": self.usable,
            "seconds_per_answer": self.seconds,
        }


def compare(some: Sequence[Restated], search: Search) -> Comparison:
    """Search with the words of both. Several calls of one incident count as one ticket, by their mean."""
    teachers: dict[str, list[float]] = defaultdict(list)
    students: dict[str, list[float]] = defaultdict(list)
    for one in some:
        theirs = _rank(one.teacher, one.row, search)
        teachers[one.incident].append(theirs)
        same = one.student is None or one.student == one.teacher
        students[one.incident].append(theirs if same else _rank(one.student or "", one.row, search))
    of_teachers = [fmean(ranks) for ranks in teachers.values()]
    of_students = [fmean(ranks) for ranks in students.values()]
    losses = [theirs - ours for theirs, ours in zip(of_teachers, of_students, strict=True)]
    return Comparison(
        tickets=len(losses),
        teachers=_mean(of_teachers),
        students=_mean(of_students),
        loss=_mean(losses),
        limit=upper_limit(losses),
        usable=_mean([float(one.student is not None) for one in some]),
        seconds=_mean([one.seconds for one in some]),
    )


def upper_limit(losses: Sequence[float]) -> float:
    """The upper 95 % limit of the mean loss, one-sided; 1, the greatest loss there is, where there are too few."""
    if len(losses) < LEAST:
        return 1.0
    return fmean(losses) + student_t(_SURE, len(losses) - 1) * stdev(losses) / math.sqrt(len(losses))


def student_t(share: float, freedom: int) -> float:
    """The quantile of Student's t, to three digits from ten degrees of freedom on.

    The expansion around the normal quantile of Abramowitz, Stegun, "Handbook of mathematical functions", 26.7.5.
    """
    z = NormalDist().inv_cdf(share)
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )


def _rank(text: str, row: str, search: Search) -> float:
    found = search(text) if text else ()
    return next((1 / place for place, one in enumerate(found, 1) if one == row), 0.0)


def _mean(values: Sequence[float]) -> float:
    return fmean(values) if values else 0.0
