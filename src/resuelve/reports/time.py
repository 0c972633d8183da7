"""Stretches of time that a chart has a column for: each run, or days, weeks, months, as many as can be read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum

MOST = 62
"""Columns of one chart."""

_FEW_DAYS = 3
_YEARS = timedelta(days=730)


class Grain(StrEnum):
    """What a column stands for."""

    RUN = "run"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


def grain(moments: Sequence[datetime]) -> Grain:
    """Each run, where they lie within a few days and are not too many; else the shortest that makes few columns.

    A few that lie more than two years before all others, and farther from them than these reach, do not count: a
    machine that has just been started may have had no time yet.
    """
    if not moments:
        return Grain.DAY
    first, last = _first(moments).date(), max(moments).date()
    days = (last - first).days + 1
    if days <= _FEW_DAYS and len(moments) <= MOST:
        return Grain.RUN
    if days <= MOST:
        return Grain.DAY
    return Grain.WEEK if days <= 7 * (MOST - 1) else Grain.MONTH


def _first(moments: Sequence[datetime]) -> datetime:
    found = sorted(moments)
    for number in range(max(1, len(found) // 10), 0, -1):
        if number < len(found) and found[number] - found[number - 1] > max(_YEARS, found[-1] - found[number]):
            return found[number]
    return found[0]


def begin(at: datetime, by: Grain, run: str) -> str:
    """The stretch in which a moment lies: its first day, as ``2026-01-31``; of a run the moment and its name."""
    day = at.date()
    match by:
        case Grain.RUN:
            return f"{at.isoformat(timespec='minutes')} {run}"
        case Grain.DAY:
            return day.isoformat()
        case Grain.WEEK:
            return (day - timedelta(days=min(day.weekday(), day.toordinal() - 1))).isoformat()
        case Grain.MONTH:
            return day.replace(day=1).isoformat()


def stretches(found: Sequence[str], by: Grain) -> list[str]:
    """All stretches from the first to the last, also those in which nothing happened; the newest `MOST`."""
    if by is Grain.RUN or not found:
        return list(found)[-MOST:]
    told = [date.fromisoformat(max(found))]
    first = date.fromisoformat(min(found))
    while told[-1] > first and len(told) < MOST:
        told.append(_before(told[-1], by))
    return [day.isoformat() for day in reversed(told)]


def _before(day: date, by: Grain) -> date:
    if by is Grain.MONTH:
        return (day - timedelta(days=1)).replace(day=1)
    return day - timedelta(days=7 if by is Grain.WEEK else 1)
