"""A ticket that waits for a fix was told a day. Nobody is left waiting when that day no longer holds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime

from resuelve.domain.known_error import KnownError
from resuelve.resolution.read import Reading
from resuelve.texts import say

_ANSWER = "correctives.answer"
_FORMAT = "%d/%m/%Y"


def promise(day: date, language: str) -> str:
    """What a ticket is told that waits for a fix which is expected on this day."""
    return say(_ANSWER, language, date=day.strftime(_FORMAT))


def told(problem: KnownError, language: str) -> str:
    """What a requester of this language is told: the row's own text, as people wrote it; of a fix its day."""
    return promise(problem.fix.expected, language) if problem.fix and problem.fix.expected else problem.solution


def promised(reading: Reading) -> date | None:
    """The day that our last message named, when it told the ticket to wait for a fix; None otherwise."""
    text = reading.attempts[-1].text if reading.attempts else ""
    found = next((match for pattern in _PATTERNS if (match := pattern.match(text))), None)
    try:
        return datetime.strptime(found[1], _FORMAT).date() if found else None  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None


def holds(day: date, problems: Iterable[KnownError], today: date) -> bool:
    """True while a day that a ticket was told lies ahead, and a fix under way still names it."""
    return day >= today and any(problem.fix and problem.fix.expected == day for problem in problems)


def _pattern(language: str) -> re.Pattern[str]:
    before, after = say(_ANSWER, language, date="\0").split("\0")
    return re.compile(rf"{re.escape(before)}(\d\d/\d\d/\d{{4}}){re.escape(after)}")


_PATTERNS = tuple(_pattern(language) for language in ("es", "en"))
