"""Days and moments as a reader of the language writes them.

In English 05/06 is a day of May to some, of June to others: there the year comes first.
"""

from __future__ import annotations

from datetime import datetime

_DAY = {"es": "%d/%m/%Y", "en": "%Y-%m-%d"}
_MONTH = {"es": "%m/%Y", "en": "%Y-%m"}
_SHORT = {"es": "%d/%m", "en": "%m-%d"}


def day_told(text: str | None, language: str) -> str:
    """The day of a time or date that stands in JSON; as it stands where it is none; a dash for nothing."""
    return _told(text, _DAY[language])


def moment_told(text: str | None, language: str, *, year: bool = True) -> str:
    """A time that stands in JSON, to the minute."""
    return _told(text, f"{(_DAY if year else _SHORT)[language]} %H:%M")


def month_told(text: str | None, language: str) -> str:
    """The month of a date that stands in JSON."""
    return _told(text, _MONTH[language])


def _told(text: str | None, form: str) -> str:
    try:
        return datetime.fromisoformat(text or "").strftime(form)
    except ValueError:
        return text or "—"
