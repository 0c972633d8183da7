"""What a cluster of incidents cost, how it was dealt with, and what it is called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from resuelve.domain.known_error import KnownError, ResolutionKind
from resuelve.knowledge.mining.asked import Asked, Fit, Past, shown_text
from resuelve.knowledge.mining.clusters import medoid
from resuelve.knowledge.mining.names import telling_words
from resuelve.knowledge.past import Lesson
from resuelve.knowledge.people import People
from resuelve.models import Vectors
from resuelve.resolution.words import stems

_EXAMPLES = 5
_ANSWERS = 200
"""Answers that are compared for the typical one; each with each."""

_PERIODS = 24


@dataclass(frozen=True, slots=True)
class Timeline:
    """How many incidents were opened in each period; all timelines of a report have the same periods."""

    start: date
    days: int
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Deed:
    """What was done, as a row would prescribe it, how often."""

    resolution: str
    queue: str
    incidents: int


@dataclass(frozen=True, slots=True)
class Problem:
    """Incidents that tell the same story.

    Attributes:
        words: the most telling ones, in order.
        title: of the incident in the middle of the cluster.
        cost: hours; the number of incidents times the median hours (that of all incidents where none of these has
            readable dates), so that one forgotten ticket does not decide the order.
        hours: the sum from opening to the last closing; `timed` says of how many incidents.
        row: the known problem that is nearest to most of them; empty when they have none in common.
        row_share: the share of the incidents to which it is nearest.
        perhaps_covered: True when half of the incidents might be cases of that row: it wants more examples, rather
            than a new row.
        automatic: of how many Resuelve had answered.
    """

    words: tuple[str, ...]
    title: str
    incidents: int
    codes: tuple[str, ...]
    cost: float
    hours: float
    hours_median: float | None
    timed: int
    reopened: int
    automatic: int
    answer: str
    done: tuple[Deed, ...]
    examples: tuple[str, ...]
    first: date | None
    last: date | None
    timeline: Timeline | None
    row: str
    row_share: float
    perhaps_covered: bool


def summarise(
    groups: Sequence[Sequence[int]], past: Past, vectors: Vectors, lessons: Sequence[Lesson | None], people: People
) -> tuple[Problem, ...]:
    """Each group as a `Problem`, the costliest first.

    Args:
        groups: rows of `past`.
        lessons: one a row; None where the incident is not closed.
    """
    inside = {row for group in groups for row in group}
    rest = [one.text for row, one in enumerate(past.asked) if row not in inside]
    words = telling_words([[past.asked[row].text for row in group] for group in groups], rest)
    usual = _median([lesson.hours for lesson in lessons if lesson and lesson.hours is not None])
    calendar = _calendar([lesson for lesson in lessons if lesson])
    found = [
        _problem(group, name, past, vectors, [lessons[row] for row in group], people, usual, calendar)
        for group, name in zip(groups, words, strict=True)
    ]
    return tuple(sorted(found, key=lambda one: (-one.cost, -one.incidents, one.title)))


def _problem(
    group: Sequence[int],
    words: tuple[str, ...],
    past: Past,
    vectors: Vectors,
    lessons: Sequence[Lesson | None],
    people: People,
    usual: float | None,
    calendar: tuple[date, int] | None,
) -> Problem:
    asked = [past.asked[row] for row in group]
    known = [lesson for lesson in lessons if lesson]
    hours = [lesson.hours for lesson in known if lesson.hours is not None]
    middle = _median(hours)
    days = sorted(lesson.incident.opened.date() for lesson in known if lesson.incident.opened)
    row, share, perhaps = _nearest_row(asked)
    return Problem(
        words=words,
        title=past.asked[medoid(vectors, group)].title,
        incidents=len(group),
        codes=tuple(one.code for one in asked),
        cost=len(group) * (middle if middle is not None else usual if usual is not None else 1.0),
        hours=sum(hours),
        hours_median=middle,
        timed=len(hours),
        reopened=sum(lesson.reopened for lesson in known),
        automatic=sum(lesson.automatic for lesson in known),
        answer=typical_answer(known, people),
        done=_deeds(known),
        examples=_examples(asked),
        first=days[0] if days else None,
        last=days[-1] if days else None,
        timeline=_timeline(days, calendar),
        row=row,
        row_share=share,
        perhaps_covered=perhaps,
    )


def typical_answer(lessons: Sequence[Lesson], people: People) -> str:
    """The answer that shares most words with the others, without identifiers and names; empty when there is none."""
    answers = [(lesson.answer, lesson.incident.requester) for lesson in lessons if lesson.answer][:_ANSWERS]
    if not answers:
        return ""
    said = [stems(answer) for answer, _ in answers]
    frequency = Counter(stem for one in said for stem in one)
    # Words that others use too, for the length of the answer: neither the longest text wins nor «ok».
    worth = [sum(frequency[stem] - 1 for stem in one) / (len(one) + 3) for one in said]
    best = max(range(len(answers)), key=lambda at: (worth[at], len(said[at]), -at))
    return shown_text(answers[best][0], people, answers[best][1])


def differs(lesson: Lesson, problem: KnownError) -> bool:
    """True when the team did something else than the row prescribes; an unclear deed and a `manual` row say nothing."""
    done, wanted = lesson.done, problem.prescription
    open_ends = (ResolutionKind.MANUAL, ResolutionKind.AGENT)
    if done.kind in open_ends or wanted.kind in open_ends:
        return False
    return (done.kind, done.queue.casefold()) != (wanted.kind, wanted.queue.casefold())


def _nearest_row(asked: Sequence[Asked]) -> tuple[str, float, bool]:
    rows = Counter(one.problem for one in asked if one.problem)
    if not rows:
        return "", 0.0, False
    row, count = rows.most_common(1)[0]
    if count < 2 or 2 * count < len(asked):
        return "", 0.0, False
    possible = sum(one.problem == row and one.fit is Fit.UNSURE and not one.otherwise for one in asked)
    return row, count / len(asked), 2 * possible >= len(asked)


def _deeds(lessons: Sequence[Lesson]) -> tuple[Deed, ...]:
    done = Counter((lesson.done.label, lesson.done.queue) for lesson in lessons)
    return tuple(Deed(label, queue, count) for (label, queue), count in done.most_common())


def _examples(asked: Sequence[Asked]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.title for one in asked if one.title))[:_EXAMPLES]


def _median(values: Sequence[float]) -> float | None:
    return median(values) if values else None


def _calendar(lessons: Sequence[Lesson]) -> tuple[date, int] | None:
    """First day and length in days of the periods of all timelines; None without a readable date."""
    days = [lesson.incident.opened.date() for lesson in lessons if lesson.incident.opened]
    if not days:
        return None
    return min(days), -(-((max(days) - min(days)).days + 1) // _PERIODS)


def _timeline(days: Sequence[date], calendar: tuple[date, int] | None) -> Timeline | None:
    if calendar is None or not days:
        return None
    start, length = calendar
    counts = Counter((day - start) // timedelta(days=length) for day in days)
    return Timeline(start, length, tuple(counts[period] for period in range(_PERIODS)))
