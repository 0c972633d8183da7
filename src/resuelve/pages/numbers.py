"""Numbers, durations and shares as a reader of the language writes them."""

from __future__ import annotations

_DAYS_FROM = 72


def number(value: float, language: str, digits: int = 0) -> str:
    """``1,234.5``, in Spanish ``1234,5`` and ``12.345,6`` (a thousand has no point there)."""
    text = f"{value:,.{digits}f}"
    if language != "es":
        return text
    text = text.translate(str.maketrans(",.", ".,"))
    return text.replace(".", "", 1) if abs(value) < 10_000 else text


def duration(hours: float, language: str) -> str:
    """Hours, from three days on days."""
    if hours < _DAYS_FROM:
        return f"{number(hours, language, 1 if hours < 10 else 0)} h"
    return f"{number(hours / 24, language, 1 if hours < 240 else 0)} d"


def percent(share: float | None, language: str, digits: int = 0) -> str:
    """A share of 0 to 1; a dash for none."""
    if share is None:
        return "—"
    text = number(100 * share, language, digits)
    return f"{text} %" if language == "es" else f"{text}%"
