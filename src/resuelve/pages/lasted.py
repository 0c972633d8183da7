"""What lasted of what was done by itself, from its JSON: figures for the answers, and a section of the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resuelve.pages.counted import counted
from resuelve.pages.days import day_told
from resuelve.pages.numbers import number, percent
from resuelve.texts import say


def durable_told(record: Mapping[str, Any], language: str) -> tuple[str, str]:
    """The automatic rate of the window and what of it lasted; then which window that is, of how many.

    Both are of other days and other incidents than the rates of the runs beside them.
    """
    rate, days = record["durable_rate"], _days(record, language)
    if rate is None:
        return "—", say("report.durable.none", language, lasting=record["lasting_days"], **days)
    value = f"{percent(record['automatic_rate'], language, 1)} → {percent(rate, language, 1)}"
    low, high = (percent(record[name], language, 1) for name in ("durable_rate_low", "durable_rate_high"))
    decided = counted("decided", record["decided"], language)
    note = say("report.durable", language, decided=decided, lasting=record["lasting_days"], low=low, high=high, **days)
    return value, note


def lasted_told(record: Mapping[str, Any], language: str) -> dict[str, Any]:
    """The section: a sentence for all, tables by kind and by row, and what else is to be told.

    Returns:
        `lines`, sentences in order; `warnings`, those that somebody should look at; `kinds` and `rows`, each with its
        counts.
    """
    value, note = durable_told(record, language)
    lines = [f"{value}: {note}"] if record["durable_rate"] is not None else [note]
    lines += [_back(record, "report.lasted.back", language)] if record["acted"] else []
    lines += [_back(record["young"], "report.lasted.young", language)] if record["young"]["acted"] else []
    for name in ("unknown", "unfollowed"):
        lines += [counted(name, record[name], language)] if record[name] else []
    warnings: list[str] = []
    for line, bad in (_calibration(record["calibration"], language), _drift(record["input_drift"], language)):
        (warnings if bad else lines).extend([line] if line else [])
    return {"lines": lines, "warnings": warnings, "kinds": record["by_kind"], "rows": record["by_row"]}


def _days(period: Mapping[str, Any], language: str) -> dict[str, str]:
    return {name: day_told(period[name], language) for name in ("since", "until")}


def _back(period: Mapping[str, Any], key: str, language: str) -> str:
    stayed = period["not_back"] if "not_back" in period else period["lasted"]
    names = ("reopened", "reported", "moved")
    counts = {name: number(period[name], language) for name in names} | {"stayed": number(stayed, language)}
    return say(key, language, acted=counted("acted", period["acted"], language), **counts, **_days(period, language))


def _calibration(found: Mapping[str, Any], language: str) -> tuple[str, bool]:
    """What the critic promised, and whether more than by chance came otherwise."""
    if found["drift"] is None:
        return "", False
    points = {name: number(100 * found[name], language, 1) for name in ("drift", "low", "high")}
    shares = {name: percent(found[name], language, 1) for name in ("promised", "lasted")}
    line = say("report.lasted.calibration", language, cases=number(found["cases"], language), **points, **shares)
    return line, found["low"] > 0


def _drift(found: Mapping[str, Any], language: str) -> tuple[str, bool]:
    """Nothing is said of a difference that may be chance."""
    if found["index"] is None or found["index"] <= found["by_chance"]:
        return "", False
    index, chance = (number(found[name], language, 2) for name in ("index", "by_chance"))
    return say("report.lasted.drift", language, index=index, chance=chance), True
