"""What changed over time, from the summary of runs: the automatic rate, and what became of incidents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from resuelve.pages.charts import Column, Point, column_chart, round_steps, share_chart
from resuelve.pages.days import day_told, moment_told, month_told
from resuelve.pages.numbers import number, percent
from resuelve.pages.pictures import Bar
from resuelve.texts import say

GROUPS: Mapping[str, Sequence[str]] = {
    "known": ("closed",),
    "plain": ("reassigned",),
    "asked": ("held",),
    "unsure": ("handed_off",),
    "silent": ("waiting", "superseded", "paused", "shadowed"),
    "new": ("failed", "unknown"),
}
"""Outcomes by colour; one that is none of ours is among `silent`."""

_TOPS = ((0.1, 5), (0.2, 4), (0.25, 5), (0.5, 5), (0.75, 3), (1.0, 4))
"""Shares at which the axis may end, and into how many parts it is divided, so that a tick has no decimals."""


def rate_over_time(over_time: Mapping[str, Any], language: str) -> str:
    """The automatic rate as a line; empty where nothing was handled."""
    periods = over_time["periods"]
    rates = [one["automatic_rate"] for one in periods if one["automatic_rate"] is not None]
    if not rates:
        return ""
    top, parts = next(one for one in _TOPS if one[0] >= min(1.0, max(rates)))
    points = [
        Point(
            _label(one, over_time["by"], language),
            one["automatic_rate"],
            percent(one["automatic_rate"], language),
            _counted(one, over_time["by"], language),
        )
        for one in periods
    ]
    ticks = [(top * part / parts, percent(top * part / parts, language)) for part in range(parts + 1)]
    return share_chart(points, say("report.page.rate", language), ticks)


def outcomes_over_time(over_time: Mapping[str, Any], language: str) -> str:
    """What became of incidents, as columns; empty where nothing was handled."""
    periods = over_time["periods"]
    largest = max((one["handled"] for one in periods), default=0)
    if not largest:
        return ""
    columns = [
        Column(_label(one, over_time["by"], language), _parts(one, over_time["by"], language)) for one in periods
    ]
    ticks = [(float(step), number(step, language)) for step in round_steps(largest)]
    return column_chart(columns, say("report.page.outcomes", language), ticks)


def _parts(period: Mapping[str, Any], by: str, language: str) -> list[Bar]:
    outcomes = dict(period["outcomes"])
    sums = {kind: sum(outcomes.pop(name, 0) for name in names) for kind, names in GROUPS.items()}
    sums["silent"] += sum(outcomes.values())
    when = _label(period, by, language)
    found = []
    for kind, count in sums.items():
        name = say(f"report.group.{kind}", language)
        found.append(Bar(name, count, f"{when} · {name}: {number(count, language)}", kind))
    return found


def _counted(period: Mapping[str, Any], by: str, language: str) -> str:
    return say(
        "report.counted",
        language,
        when=_label(period, by, language),
        executed=number(period["executed"], language),
        handled=number(period["handled"], language),
        rate=percent(period["automatic_rate"], language, 1),
    )


def _label(period: Mapping[str, Any], by: str, language: str) -> str:
    if by == "run":
        return moment_told(period["from"], language, year=False)
    return (month_told if by == "month" else day_told)(period["from"], language)
