"""How long ago things happened: conditions of time that has passed in a row, and what a ticket says of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime

from resuelve.resolution.durations import MONTHS, QUANTITY, days_of
from resuelve.resolution.words import fold

_PASSED = r"(?:hace|lleva[ns]?|llevo|llevamos|pasado|pasados|van|since|for|over|waiting|took|tarda)"
CONDITION = re.compile(
    rf"\b(?P<before>{_PASSED})\b(?:\s+\w+){{0,3}}?\s+(?P<sense>mas|menos|more|less|fewer)\s+(?:de|than)\s+{QUANTITY}"
)
"""What a row demands, in folded text."""

_AGO = re.compile(
    rf"\b(?:desde\s+hace|hace|llevo|llevamos|llevan?|van\s+para|ya\s+van|for|over|waiting)\s+(?:ya\s+|casi\s+|unos\s+|unas\s+"
    rf"|mas\s+de\s+|more\s+than\s+|almost\s+|about\s+|the\s+last\s+|como\s+)?{QUANTITY}"
)
_AGO_ENGLISH = re.compile(rf"\b{QUANTITY}\s+ago\b")
_NAMED = (
    (re.compile(r"\b(?:esta\s+(?:manana|tarde|noche)|this\s+(?:morning|afternoon)|tonight)\b"), 0.0),
    (re.compile(r"\b(?:ayer|anoche|yesterday|last\s+night)\b"), 1.0),
    (re.compile(r"\b(?:anteayer|antes\s+de\s+ayer|the\s+day\s+before\s+yesterday)\b"), 2.0),
    (re.compile(r"\b(?:la\s+semana\s+pasada|last\s+week)\b"), 7.0),
    (re.compile(r"\b(?:el\s+mes\s+pasado|last\s+month)\b"), 30.0),
)
_MONTH = "|".join(MONTHS)
_DATES = (
    re.compile(rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:de\s+|of\s+)?(?P<month>{_MONTH})\b"),
    re.compile(rf"\b(?P<month>{_MONTH})\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b"),
    re.compile(r"\b(?P<day>\d{1,2})[/.-](?P<month>\d{1,2})(?:[/.-](?P<year>\d{4}|\d{2}))?\b"),
    re.compile(rf"\b(?:primeros|principios|beginning|start)\s+(?:de|of)\s+(?P<month>{_MONTH})\b"),
)
_EARLY = 3
"""The day that «at the beginning of the month» stands for."""

_OLDEST = 730.0
"""Days; what is older is a date of birth or of a contract, not the age of a matter."""

_SOON = 60
"""Days; a date without a year that is so near ahead is an appointment, not something of last year."""


def ages(text: str, opened: datetime | None) -> Iterator[float]:
    """How many days ago the things happened of which a text says when."""
    folded = fold(text)
    for pattern in (_AGO, _AGO_ENGLISH):
        yield from (days_of(match) for match in pattern.finditer(folded))
    for pattern, days in _NAMED:
        if pattern.search(folded):
            yield days
    if opened is not None:
        found = (_age(match, opened.date()) for pattern in _DATES for match in pattern.finditer(folded))
        yield from (age for age in found if age is not None and 0 <= age <= _OLDEST)


def _age(match: re.Match[str], opened: date) -> float | None:
    parts = match.groupdict()
    month = int(parts["month"]) if parts["month"].isdigit() else MONTHS[parts["month"]]
    year = int(parts["year"]) if parts.get("year") else opened.year
    try:
        day = date(year + 2000 if year < 100 else year, month, int(parts.get("day") or _EARLY))
        if not parts.get("year") and (day - opened).days > _SOON:
            day = day.replace(year=opened.year - 1)
    except ValueError:
        return None
    return float((opened - day).days)
