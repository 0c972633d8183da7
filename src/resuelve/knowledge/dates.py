"""Dates as people write them into a cell, to tell those that cannot be one. Nothing is decided by them."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

_NUMBERS = re.compile(r"(?:(\d{1,2})[/.\-])?(\d{1,2})[/.\-](\d{4}|\d{2})", re.ASCII)
_ISO = re.compile(r"(\d{4})[/.\-](\d{1,2})(?:[/.\-](\d{1,2}))?", re.ASCII)
_TIME = re.compile(r"[T\s,]+\d{1,2}:\d{2}.*\Z", re.ASCII | re.DOTALL)
_IN_WORDS = re.compile(
    r"(?:ene|feb|mar|abr|may|jun|jul|ago|sep|oct|nov|dic|jan|apr|aug|dec)[a-z]*\W+(?:de\W+|del\W+)?(?:\d{4}|\d{2})\b"
    r"|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\W+\d{1,2}\W+\d{4}",
    re.IGNORECASE | re.ASCII,
)
_YEAR = re.compile(r"(?:19|20)\d{2}", re.ASCII)


@lru_cache(maxsize=4096)  # many rows share their date
def is_date(text: str) -> bool:
    """True for a day, a month or a year that exists, with or without a time: ``03/02/2026``, ``mar-26``.

    A day that could also be read as month/day/year is not guessed at: it must exist as day/month/year.
    """
    day = _TIME.sub("", text.strip())
    if match := _NUMBERS.fullmatch(day):
        first, month, year = match.groups()
        return _exists(int(year) + (2000 if len(year) == 2 else 0), int(month), int(first or 1))
    if match := _ISO.fullmatch(day):
        return _exists(int(match[1]), int(match[2]), int(match[3] or 1))
    return bool(_YEAR.fullmatch(day) or _IN_WORDS.search(day))


def _exists(year: int, month: int, day: int) -> bool:
    try:
        return 1900 <= date(year, month, day).year <= 2200
    except ValueError:
        return False
