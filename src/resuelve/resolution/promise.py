"""A ticket that waits for a fix was told which, and a day. Nobody is left waiting when that day no longer holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from resuelve.domain.known_error import KnownError
from resuelve.resolution.read import Reading
from resuelve.texts import say

_ANSWER = "correctives.answer"
_FORMATS = {"es": "%d/%m/%Y", "en": "%Y-%m-%d"}
"""In English 05/06 is a day of May to some and of June to others."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What a ticket was told: the id of a fix, and the day on which it is expected."""

    fix: str
    day: date


def told(problem: KnownError, language: str) -> str:
    """What a requester of this language is told: the row's own text, as people wrote it; of a fix its day."""
    if problem.fix and problem.fix.expected:
        return promise(Promise(problem.id, problem.fix.expected), language)
    return problem.solution


def promise(made: Promise, language: str) -> str:
    """The text of a promise."""
    return say(_ANSWER, language, id=made.fix, date=made.day.strftime(_FORMATS[language]))


def promised(reading: Reading) -> Promise | None:
    """What our last message promised, when it told the ticket to wait for a fix; None otherwise."""
    text = reading.attempts[-1].text if reading.attempts else ""
    for language, pattern in _PATTERNS.items():
        if match := pattern.match(text):
            try:
                day = datetime.strptime(match["date"], _FORMATS[language]).date()  # noqa: DTZ007 - a day has no zone
            except ValueError:
                return None
            return Promise(match["id"], day)
    return None


def holds(made: Promise, problems: Mapping[str, KnownError], today: date) -> bool:
    """True while the day that a ticket was told lies ahead, and the fix still names it."""
    problem = problems.get(made.fix)
    return made.day >= today and problem is not None and problem.fix is not None and problem.fix.expected == made.day


def _pattern(language: str) -> re.Pattern[str]:
    text = re.escape(say(_ANSWER, language, id="ID", date="DATE"))
    return re.compile(text.replace("ID", "(?P<id>.+?)", 1).replace("DATE", "(?P<date>[-/0-9]{10})", 1))


_PATTERNS = {language: _pattern(language) for language in _FORMATS}
