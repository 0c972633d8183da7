"""Conditions of time: a row for «more than 15 days» is right only for a ticket that shows it.

Embeddings do not see the difference between «more than» and «less than», and words hardly do; so plain code compares
what the row demands with what the ticket says. Only time that has passed is understood («hace», «lleva», «since»),
not time that remains («faltan menos de 24 horas»).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from resuelve.domain.known_error import KnownError
from resuelve.resolution.words import fold

_WORDS = "un una uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince".split()
_NUMBERS = {word: max(1, at - 1) for at, word in enumerate(_WORDS)} | {
    **{word: at for at, word in enumerate("one two three four five six seven eight nine ten".split(), 1)},
    "a": 1,
    "an": 1,
    "veinte": 20,
    "treinta": 30,
    "twenty": 20,
    "thirty": 30,
    "couple": 2,
    "par": 2,
    "fifteen": 15,
    "fourteen": 14,
    "twelve": 12,
}
_UNITS = {"h": 1 / 24, "d": 1.0, "w": 7.0, "s": 7.0, "m": 30.0, "y": 365.0, "a": 365.0}
_WORKING = 7 / 5
"""Days of the calendar in a working day."""

_QUANTITY = (
    rf"(?P<number>\d{{1,4}}|{'|'.join(_NUMBERS)})\s+(?:of\s+|de\s+)?"
    r"(?P<unit>horas?|hours?|dias?|days?|semanas?|weeks?|mes(?:es)?|months?|anos?|years?)\b"
    r"(?P<working>\s+(?:laborables|habiles)|\s*working)?"
)
_PASSED = r"(?:hace|lleva[ns]?|llevo|llevamos|pasado|pasados|van|since|for|over|waiting|took|tarda)"
_CONDITION = re.compile(
    rf"\b(?P<before>{_PASSED})\b(?:\s+\w+){{0,3}}?\s+(?P<sense>mas|menos|more|less|fewer)\s+(?:de|than)\s+{_QUANTITY}"
)
_AGO = re.compile(
    rf"\b(?:desde\s+hace|hace|llevo|llevamos|llevan?|van\s+para|ya\s+van|for|over|waiting)\s+(?:ya\s+|casi\s+|unos\s+|unas\s+"
    rf"|mas\s+de\s+|more\s+than\s+|almost\s+|about\s+|the\s+last\s+|como\s+)?{_QUANTITY}"
)
_AGO_ENGLISH = re.compile(rf"\b{_QUANTITY}\s+ago\b")
_NAMED = (
    (re.compile(r"\b(?:esta\s+(?:manana|tarde|noche)|this\s+(?:morning|afternoon)|tonight)\b"), 0.0),
    (re.compile(r"\b(?:ayer|anoche|yesterday|last\s+night)\b"), 1.0),
    (re.compile(r"\b(?:anteayer|antes\s+de\s+ayer|the\s+day\s+before\s+yesterday)\b"), 2.0),
    (re.compile(r"\b(?:la\s+semana\s+pasada|last\s+week)\b"), 7.0),
    (re.compile(r"\b(?:el\s+mes\s+pasado|last\s+month)\b"), 30.0),
)
_MONTHS = {
    name: number
    for names in (
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "january february march april may june july august september october november december",
    )
    for number, name in enumerate(names.split(), 1)
}
_MONTH = "|".join(_MONTHS)
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


@dataclass(frozen=True, slots=True)
class Condition:
    """So many days must have passed at least (`more`), or at most."""

    more: bool
    days: float

    def allows(self, age: float) -> bool:
        """True when a matter of so many days meets it."""
        return age > self.days if self.more else age < self.days


def condition_of(text: str) -> Condition | None:
    """The condition of time that a row's description states; None when it states none."""
    match = _CONDITION.search(fold(text))
    return Condition(match["sense"] in ("mas", "more"), _days(match)) if match else None


def conditions(problem: KnownError) -> tuple[Condition, ...]:
    """The conditions of a row: those of its examples, if its own description states one."""
    if condition_of(problem.description) is None:
        return ()
    return tuple(one for one in map(condition_of, problem.examples) if one)


def meets(problem: KnownError, texts: Iterable[str], opened: datetime | None) -> bool:
    """True when the row states no condition of time, or the oldest time that the ticket speaks of meets it.

    The oldest is taken for when the matter began; later ones tell what was done about it («ayer llamé»).

    Args:
        opened: when the ticket was opened; without it no date in a text can be counted from.
    """
    demanded = conditions(problem)
    if not demanded:
        return True
    oldest = max((age for text in texts for age in ages(text, opened)), default=None)
    return oldest is not None and any(one.allows(oldest) for one in demanded)


def ages(text: str, opened: datetime | None) -> Iterator[float]:
    """How many days ago the things happened of which a text says when."""
    folded = fold(text)
    for pattern in (_AGO, _AGO_ENGLISH):
        yield from (_days(match) for match in pattern.finditer(folded))
    for pattern, days in _NAMED:
        if pattern.search(folded):
            yield days
    if opened is not None:
        found = (_age(match, opened.date()) for pattern in _DATES for match in pattern.finditer(folded))
        yield from (age for age in found if age is not None and 0 <= age <= _OLDEST)


def _days(match: re.Match[str]) -> float:
    number = float(match["number"]) if match["number"].isdigit() else float(_NUMBERS[match["number"]])
    days = number * _UNITS[match["unit"][0]]
    return days * _WORKING if match["working"] else days


def _age(match: re.Match[str], opened: date) -> float | None:
    parts = match.groupdict()
    month = int(parts["month"]) if parts["month"].isdigit() else _MONTHS[parts["month"]]
    year = int(parts["year"]) if parts.get("year") else opened.year
    try:
        day = date(year + 2000 if year < 100 else year, month, int(parts.get("day") or _EARLY))
        if not parts.get("year") and day > opened:
            day = day.replace(year=opened.year - 1)
    except ValueError:
        return None
    return float((opened - day).days)
