"""What lies ahead: conditions of time that remains in a row, and what a ticket says of it.

«Mañana» may be two hours away or two days less a minute, so every mention is a span, and a condition is met only by
spans that lie wholly within it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from resuelve.resolution.durations import MONTHS, QUANTITY, days_of
from resuelve.resolution.words import fold

_REMAINS = r"(?:faltan?|falten|quedan?|queden|restan?)"
_SENSE = r"(?P<sense>mas|menos|more|less|fewer)\s+(?:de|than)"
CONDITIONS = (
    re.compile(rf"\b{_REMAINS}\b(?:\s+\w+){{0,2}}?\s+{_SENSE}\s+{QUANTITY}"),
    re.compile(rf"\b{_SENSE}\s+{QUANTITY}\s+(?:de\s+antelacion|antes\s+de|before|left|away|ahead|remaining|to\s+go)\b"),
)
"""What a row demands, in folded text."""

_AHEAD = (
    re.compile(
        rf"\b(?:{_REMAINS}|dentro\s+de|es\s+en|in|within)\s+(?:ya\s+|solo\s+|only\s+|unos\s+|unas\s+|casi\s+|about\s+)?"
        rf"(?P<sense>menos\s+de\s+|mas\s+de\s+|less\s+than\s+|more\s+than\s+)?{QUANTITY}"
    ),
    re.compile(rf"\b(?P<sense>less\s+than\s+|more\s+than\s+)?{QUANTITY}\s+(?:from\s+now|left|to\s+go|away)\b"),
)
_NAMED = (
    (
        re.compile(r"\b(?:es|para|de|is|for)\s+(?:hoy|esta\s+tarde|esta\s+noche|today|tonight|this\s+afternoon)\b"),
        (0, 1),
    ),
    (re.compile(r"(?<!\bla )(?<!\besta )(?<!\bpasado )\bmanana\b(?!\s+del?\b)|(?<!after )\btomorrow\b"), (0, 2)),
    (re.compile(r"\b(?:pasado\s+manana|the\s+day\s+after\s+tomorrow)\b"), (1, 3)),
    (re.compile(r"\b(?:la\s+semana\s+que\s+viene|la\s+proxima\s+semana|next\s+week)\b"), (0, 14)),
    (re.compile(r"\b(?:el\s+mes\s+que\s+viene|el\s+proximo\s+mes|next\s+month)\b"), (0, 62)),
)
_MONTH = "|".join(MONTHS)
_DATES = (
    re.compile(
        rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:de\s+|of\s+)?(?P<month>{_MONTH})\b(?:\s+(?:de\s+|of\s+)?(?P<year>\d{{4}}))?"
    ),
    re.compile(rf"\b(?P<month>{_MONTH})\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(?P<year>\d{{4}}))?"),
    re.compile(r"\b(?P<day>\d{1,2})[/.-](?P<month>\d{1,2})(?:[/.-](?P<year>\d{4}|\d{2}))?\b"),
)

_LONG_PAST = 180
"""Days; a date without a year that is so long past is rather next year's."""


@dataclass(frozen=True, slots=True)
class Span:
    """At least so many days ahead, and at most."""

    least: float
    most: float


def spans(text: str, opened: datetime | None) -> Iterator[Span]:
    """How far ahead the things lie of which a text says when.

    Args:
        opened: when the ticket was opened; without it no date in a text can be counted to.
    """
    folded = fold(text)
    for pattern in _AHEAD:
        yield from (_span(match) for match in pattern.finditer(folded))
    for pattern, (least, most) in _NAMED:
        if pattern.search(folded):
            yield Span(least, most)
    if opened is not None:
        found = (_until(match, opened.date()) for pattern in _DATES for match in pattern.finditer(folded))
        yield from (Span(max(0.0, days - 1), days + 1) for days in found if days is not None and days >= 0)


def _span(match: re.Match[str]) -> Span:
    days = days_of(match)
    sense = match["sense"] or ""
    if sense.startswith(("menos", "less")):
        return Span(0, days)
    return Span(days, math.inf) if sense else Span(days, days)


def _until(match: re.Match[str], opened: date) -> float | None:
    """Days to a date; one without a year that is long past is next year's."""
    parts = match.groupdict()
    month = int(parts["month"]) if parts["month"].isdigit() else MONTHS[parts["month"]]
    year = int(parts["year"]) if parts["year"] else opened.year
    try:
        day = date(year + 2000 if year < 100 else year, month, int(parts["day"]))
        if not parts["year"] and (opened - day).days > _LONG_PAST:
            day = day.replace(year=opened.year + 1)
        return float((day - opened).days)
    except ValueError:
        return None
