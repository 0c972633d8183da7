"""Mining: closed incidents, our own runs and the dictionary, put beside each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from resuelve.domain.errors import Rejected
from resuelve.domain.incident import Incident
from resuelve.journal import Journal
from resuelve.knowledge.mining.answers import with_answers
from resuelve.knowledge.mining.asked import POSSIBLE, SURE, Asked, Fit, Past, look
from resuelve.knowledge.mining.clusters import ANSWERED, ASKED, centred, clusters
from resuelve.knowledge.mining.gaps import HandedOver, handed_over
from resuelve.knowledge.mining.problems import Problem, differs, summarise
from resuelve.knowledge.mining.rejections import RejectedRow, rejected_rows
from resuelve.knowledge.mining.rows import RowCare, care
from resuelve.knowledge.past import Lesson, lesson_of
from resuelve.knowledge.people import People, own_words
from resuelve.resolution.knowledge import Knowledge
from resuelve.resolution.trace import plain
from resuelve.telemetry.logs import log

Progress = Callable[[str, int, int], None]
"""Told what is being done (``closed`` or ``handed_over``) and how many of how many are done."""

_LOWERED = {Fit.KNOWN: Fit.UNSURE, Fit.UNSURE: Fit.NEW}


@dataclass(frozen=True, slots=True)
class Sources:
    """What is mined.

    Attributes:
        closed: closed incidents.
        open: open ones, for the texts of those that were handed over.
        rejected: the files of rejections.
        label: by which Resuelve's own messages are recognised.
    """

    closed: Sequence[Incident]
    open: Sequence[Incident]
    journal: Journal
    rejected: Sequence[Path]
    label: str


@dataclass(frozen=True, slots=True)
class Mined:
    """What was found.

    Attributes:
        fits: closed incidents by `Fit`.
        alone: incidents without a sure row that resemble no other, or too few.
        problems: clusters of closed incidents that no row covers for certain, the costliest first.
        handed_over: incidents that people got from our runs for lack of a row; `now_known` of them have one by now.
        gaps: clusters of the others.
        unread: lines and files that could not be read.
    """

    incidents: int
    first: date | None
    last: date | None
    fits: dict[str, int]
    alone: int
    problems: tuple[Problem, ...]
    rows: RowCare
    handed_over: int
    now_known: int
    gaps: tuple[Problem, ...]
    rejected: tuple[RejectedRow, ...]
    unread: tuple[Rejected, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain JSON, with the figures by which it was decided."""
        found: dict[str, Any] = plain(self)
        return {**found, "figures": {"sure": SURE, "possible": POSSIBLE, "asked": ASKED, "answered": ANSWERED}}


def mine(sources: Sources, knowledge: Knowledge, *, at_least: int = 2, progress: Progress = lambda *_: None) -> Mined:
    """Look at everything.

    Args:
        at_least: incidents that make a problem worth naming.

    Raises:
        ModelUnavailable, VectorIndexError, JournalError: one of the sources cannot be used.
    """
    lessons = [lesson_of(incident, label=sources.label) for incident in sources.closed]
    handed = handed_over(sources.journal, [*sources.closed, *sources.open])
    people = People([*sources.closed, *sources.open], own_words(knowledge.problems))
    past = look(
        [lesson.asked for lesson in lessons],
        knowledge,
        people,
        label=sources.label,
        progress=lambda done, total: progress("closed", done, total),
    )
    past = _judged(past, lessons, knowledge)
    gaps = look(
        [_as_asked(one, sources.label) for one in handed],
        knowledge,
        people,
        label=sources.label,
        progress=lambda done, total: progress("handed_over", done, total),
    )
    problems, alone = _problems(past, lessons, knowledge, people, at_least)
    found, _ = _problems(gaps, [None] * len(handed), knowledge, people, at_least)
    rejected, unread = rejected_rows(sources.rejected)
    log.info("mining.ended", tickets=len(lessons), found=len(problems), alone=alone, handed_over=len(handed))
    if unread:
        log.warning("mining.unread", count=len(unread))
    days = [lesson.incident.opened.date() for lesson in lessons if lesson.incident.opened]
    return Mined(
        incidents=len(lessons),
        first=min(days, default=None),
        last=max(days, default=None),
        fits=_count(past.asked),
        alone=alone,
        problems=problems,
        rows=care(knowledge.problems, knowledge.lexicon, past.asked, lessons),
        handed_over=len(handed),
        now_known=_count(gaps.asked)[Fit.KNOWN],
        gaps=found,
        rejected=tuple(row for row in rejected if row.incidents >= at_least),
        unread=unread,
    )


def _judged(past: Past, lessons: Sequence[Lesson], knowledge: Knowledge) -> Past:
    """What the team did speaks too: where a row would have done something else, the incident is less sure to be its."""
    judged = []
    for one, lesson in zip(past.asked, lessons, strict=True):
        problem = knowledge.problems.get(one.problem)
        if problem is not None and differs(lesson, problem):
            one = replace(one, fit=_LOWERED.get(one.fit, one.fit), otherwise=True)  # noqa: PLW2901
        judged.append(one)
    return Past(tuple(judged), past.vectors)


def _problems(
    past: Past, lessons: Sequence[Lesson | None], knowledge: Knowledge, people: People, at_least: int
) -> tuple[tuple[Problem, ...], int]:
    """The clusters of what no row covers for certain, and how many incidents are in none that is large enough."""
    rest = [row for row, one in enumerate(past.asked) if one.fit in (Fit.UNSURE, Fit.NEW)]
    if not rest:
        return (), 0
    middle = centred(past.vectors, knowledge.index.background())
    answers = [lesson.answer if lesson else "" for lesson in lessons]
    vectors, distance = (with_answers(middle, answers), ANSWERED) if any(answers) else (middle, ASKED)
    groups = [[rest[at] for at in group] for group in clusters(vectors[rest], distance)]
    large = [group for group in groups if len(group) >= at_least]
    return summarise(large, past, vectors, lessons, people), len(rest) - sum(map(len, large))


def _as_asked(one: HandedOver, label: str) -> Incident:
    """As it stood before anybody answered, where its history tells."""
    incident = one.incident
    return incident if not incident.history else lesson_of(incident, label=label).asked


def _count(asked: Sequence[Asked]) -> dict[str, int]:
    counted = Counter(one.fit for one in asked)
    return {fit.value: counted[fit] for fit in Fit}
