"""Whether what was trained searches as well as its teacher: held-out history, put to the index of the workspace."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from resuelve import wiring
from resuelve.domain.errors import ResuelveError
from resuelve.models import Prompt
from resuelve.pages.numbers import number, percent
from resuelve.resolution.knowledge import Knowledge
from resuelve.resolution.prompts import prompt
from resuelve.resolution.reformulate import Query
from resuelve.resolution.retrieve import retrieve
from resuelve.settings import Settings
from resuelve.texts import say, translated
from resuelve.training.conversations import Conversation, together
from resuelve.training.language import ROLE
from resuelve.training.searches import LEAST, MARGIN, USABLE, Comparison, Restated, compare
from resuelve.training.speaking import Speech
from resuelve.wiring.speaking import searched_with, speech

_MOST = 300
"""Calls that the student answers for the test; a small model takes seconds for each."""

Progress = Callable[[int, int], None]
_Asked = tuple[str, Conversation, str]


@dataclass(frozen=True, slots=True)
class Judged:
    """What the test found; `why` it could not be made, in words for a person, where it could not."""

    comparison: Comparison
    why: str = ""

    @property
    def passed(self) -> bool:
        """Whether the student may take the role."""
        return not self.why and self.comparison.passed


def judge(settings: Settings, held: Sequence[Conversation], files: Path, progress: Progress) -> Judged:
    """Let the student answer held-out prompts as it would in use, and search with its words and with its teacher's.

    Args:
        held: history that the student has not learned from.
        files: of the student; it answers in a process of its own, with the time limit that holds in use.
    """
    nothing = compare((), lambda _: ())
    asked = list(_asked(held))
    if few := _too_few(asked):
        return few
    try:
        with (
            wiring.knowledge_for(settings, wiring.known_problems(settings), wiring.embedder(settings)) as knowledge,
            closing(speech(files, settings.model_timeout)) as student,
        ):
            known = [one for one in asked if one[1].row in knowledge.problems][:_MOST]
            if few := _too_few(known):
                return few
            both = []
            for done, (incident, one, teacher) in enumerate(known, 1):
                both.append(_answered(incident, one, teacher, student))
                progress(done, len(known))
            return Judged(compare(both, lambda text: _found(text, knowledge)))
    except ResuelveError as error:
        return Judged(nothing, translated(error, settings.language))


def told(judged: Judged, language: str) -> Iterable[str]:
    """What is said of it, a line each."""
    one = judged.comparison
    if judged.why:
        yield say("finetune.not_searched", language, why=judged.why)
    elif one.missing:
        slots = {"count": one.tickets, "least": LEAST, "missing": one.missing}
        yield say("finetune.too_few_searched", language, **slots)
    else:
        figures = {name: number(getattr(one, name), language, 3) for name in ("teachers", "students", "loss", "limit")}
        usable, seconds = percent(one.usable, language, 1), number(one.seconds, language, 1)
        count = number(one.tickets, language)
        yield say("finetune.searched", language, count=count, usable=usable, seconds=seconds, **figures)
        key = "finetune.passed" if one.passed else "finetune.not_passed"
        yield say(key, language, margin=number(MARGIN, language, 2), usable=percent(USABLE, language, 0))


def _too_few(asked: Sequence[_Asked]) -> Judged | None:
    """The verdict where nothing could be shown: nobody is asked in vain."""
    if len({incident for incident, *_ in asked}) >= LEAST:
        return None
    return Judged(compare([Restated(incident, one.row, "", "") for incident, one, _ in asked], lambda _: ()))


def _asked(held: Sequence[Conversation]) -> Iterable[_Asked]:
    """Calls that can be judged, with their ticket and the teacher's words, in an order that chance would give.

    Those of this role in today's wording, with a known right row, whose teacher gave an answer that can be used.
    """
    system, tickets = prompt(ROLE, ticket="").system, together(held)
    for one in sorted(held, key=lambda one: hashlib.sha256(one.group.encode()).hexdigest()):
        if one.row and len(one.asked) == 2 and one.asked[0] == ("system", system):
            teacher = searched_with(one.answer)
            if teacher is not None:
                yield tickets[one.group], one, teacher


def _answered(incident: str, one: Conversation, teacher: str, student: Speech) -> Restated:
    began = time.perf_counter()
    (_, system), (_, user) = one.asked
    said = student.answer(Prompt(ROLE, "", system, user))
    seconds = time.perf_counter() - began
    return Restated(incident, one.row, teacher, searched_with(said[0]) if said else None, seconds)


def _found(text: str, knowledge: Knowledge) -> list[str]:
    found = retrieve(
        [Query(text, "model", 1.0)],
        embedder=knowledge.embedder,
        index=knowledge.index,
        problems=knowledge.problems,
    )
    return [one.problem.id for one in found.candidates]
