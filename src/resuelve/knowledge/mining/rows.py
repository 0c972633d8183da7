"""Which rows of the dictionary want care: contradictions, duplicates, unused, reopened, unusable."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from resuelve.domain.decision import Doubt
from resuelve.domain.known_error import KnownError
from resuelve.knowledge.catalogue import examples
from resuelve.knowledge.mining.asked import Asked, Fit
from resuelve.knowledge.past import Lesson
from resuelve.resolution.critique import unusable
from resuelve.resolution.rerank import consequence
from resuelve.resolution.shares import wilson
from resuelve.resolution.words import Lexicon, stems

_SAME = 0.8
"""Likeness from which on two rows with one consequence are the same row twice; below it they are two ways to say it."""

_MIGHT_BE = 0.5
"""Likeness, computed for all at once, below which two examples are not looked at; `Lexicon.nearly_same` decides."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two rows that say nearly the same.

    Attributes:
        likeness: of the two examples that resemble each other most, 0 to 1 (`Lexicon.likeness`).
        leads, other_leads: what each one prescribes.
    """

    row: str
    other: str
    example: str
    other_example: str
    likeness: float
    leads: str
    other_leads: str


@dataclass(frozen=True, slots=True)
class Reopened:
    """A row some of whose incidents were open again after their closure.

    Attributes:
        low, high: between these the true share lies, with 95 % confidence (Wilson, "Probable inference", 1927).
    """

    row: str
    description: str
    incidents: int
    reopened: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Told:
    """A row and what there is to say of it: how many incidents, or why its text cannot be sent."""

    row: str
    description: str
    incidents: int = 0
    doubt: Doubt = Doubt.NONE


@dataclass(frozen=True, slots=True)
class RowCare:
    """What the dictionary's owner should look at.

    Attributes:
        unused: no incident of this past was, or might have been, a case of them.
        otherwise: the team did something else than the row prescribes, for so many of its incidents.
    """

    contradictions: tuple[Pair, ...]
    duplicates: tuple[Pair, ...]
    unused: tuple[Told, ...]
    reopened: tuple[Reopened, ...]
    otherwise: tuple[Told, ...]
    unusable: tuple[Told, ...]


def care(
    problems: Mapping[str, KnownError], lexicon: Lexicon, asked: Sequence[Asked], lessons: Sequence[Lesson]
) -> RowCare:
    """Look at every row, by itself, beside the others and in this past (`lessons`: one an incident of `asked`)."""
    pairs = list(alike(problems, lexicon))
    contradictions = [pair for pair in pairs if not _together(pair, problems)]
    duplicates = [pair for pair in pairs if _together(pair, problems) and pair.likeness >= _SAME]
    used = {one.problem for one in asked if one.fit in (Fit.KNOWN, Fit.UNSURE)}
    doubts = ((problem, unusable(problem)) for problem in problems.values())
    return RowCare(
        contradictions=tuple(sorted(contradictions, key=_most_alike)),
        duplicates=tuple(sorted(duplicates, key=_most_alike)),
        unused=tuple(Told(one.id, one.description) for one in problems.values() if one.id not in used),
        reopened=_reopened(problems, asked, lessons),
        otherwise=_otherwise(problems, asked),
        unusable=tuple(Told(one.id, one.description, doubt=doubt) for one, doubt in doubts if doubt is not Doubt.NONE),
    )


def alike(problems: Mapping[str, KnownError], lexicon: Lexicon) -> Iterator[Pair]:
    """Every pair of rows of which an example of one says nearly the same as one of the other (`Lexicon.nearly_same`).

    Exact, and still quick for ten thousand examples: an example is compared only with those that share a word with it.
    """
    texts = [(problem, example) for problem, example in examples(problems)]
    words = [{stem: lexicon.telling(frozenset({stem})) ** 2 for stem in stems(text)} for _, text in texts]
    lengths = np.sqrt(np.array([sum(weights.values()) for weights in words]) + 1e-12)
    places: defaultdict[str, list[int]] = defaultdict(list)
    best: dict[tuple[str, str], tuple[float, int, int]] = {}
    for here, weights in enumerate(words):
        shared = np.zeros(here)
        for stem, weight in weights.items():
            shared[places[stem]] += weight
            places[stem].append(here)
        likeness = shared / (lengths[:here] * lengths[here])
        for there in map(int, np.flatnonzero(likeness > _MIGHT_BE)):
            (one, example), (other, text) = texts[there], texts[here]
            if one.id != other.id and lexicon.nearly_same(example, text):
                key = (one.id, other.id)
                best[key] = max(best.get(key, (0.0, 0, 0)), (float(likeness[there]), there, here))
    for closest, first, second in best.values():
        (one, example), (other, text) = texts[first], texts[second]
        yield Pair(one.id, other.id, example, text, closest, _leads(one), _leads(other))


def _most_alike(pair: Pair) -> tuple[float, str, str]:
    return -pair.likeness, pair.row, pair.other


def _together(pair: Pair, problems: Mapping[str, KnownError]) -> bool:
    return consequence(problems[pair.row]) == consequence(problems[pair.other])


def _leads(problem: KnownError) -> str:
    queue = problem.prescription.queue
    return f"{problem.prescription.label} → {queue}" if queue else problem.prescription.label


def _reopened(
    problems: Mapping[str, KnownError], asked: Sequence[Asked], lessons: Sequence[Lesson]
) -> tuple[Reopened, ...]:
    incidents = Counter(one.problem for one in asked if one.fit is Fit.KNOWN)
    again = Counter(
        one.problem for one, lesson in zip(asked, lessons, strict=True) if one.fit is Fit.KNOWN and lesson.reopened
    )
    found = []
    for row, count in again.items():
        low, high = wilson(count, incidents[row])
        description = problems[row].description
        found.append(Reopened(row, description, incidents[row], count, count / incidents[row], low, high))
    return tuple(sorted(found, key=lambda one: (-one.low, -one.reopened, one.row)))


def _otherwise(problems: Mapping[str, KnownError], asked: Sequence[Asked]) -> tuple[Told, ...]:
    """By the score alone; the deed is what this is about."""
    count = Counter(one.problem for one in asked if one.likely and one.otherwise)
    return tuple(Told(row, problems[row].description, number) for row, number in count.most_common())
