"""The three questions of whoever runs it, answered from the summary: does it work, is it right, what does it cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from resuelve.pages.days import moment_told
from resuelve.pages.doubts import doubt_in_words
from resuelve.pages.numbers import number, percent
from resuelve.pages.stages import stage_in_words
from resuelve.texts import say

_FEW = 3


@dataclass(frozen=True, slots=True)
class Line:
    """A figure with its name.

    Attributes:
        bad: somebody should look at it.
        note: what stands below it.
    """

    name: str
    value: str
    bad: bool = False
    note: str = ""


def working_told(report: Mapping[str, Any], language: str) -> list[Line]:
    """Runs, the last one, what failed, what waits for somebody."""
    runs, newest, systems = report["runs"], report["newest"], report["failed_by_system"]
    if newest is None:
        return [_line("runs", number(0, language), language)]
    marks = [say(f"report.mark.{name}", language) for name in _marks(newest)]
    failed = " · ".join(f"{name}: {number(count, language)}" for name, count in list(systems.items())[:_FEW])
    kinds = say(
        "report.runs",
        language,
        live=number(runs["live"], language),
        shadow=number(runs["shadow"], language),
        broken_off=number(runs["broken_off"], language),
    )
    lines = [
        _line("runs", number(runs["count"], language), language, bad=bool(runs["broken_off"]), note=kinds),
        _line("last_run", moment_told(newest["started"], language), language, note=", ".join(marks)),
        _line("failed", number(sum(systems.values()), language), language, bad=bool(systems), note=failed),
        _count("aside", newest["set_aside_count"], language),
        _count("unknown", newest["unknown_count"], language),
    ]
    if newest["stopped"]:
        lines.append(_line("stopped", say("report.yes", language), language, bad=True, note=newest["stopped"]))
    return lines


def right_told(report: Mapping[str, Any], language: str) -> list[Line]:
    """What came back of what was done, what lasted where that is known, and what the critic refused."""
    came, refused = report["returned"], report["refused"]
    lines = [_line("changes", number(came["changes"], language), language)]
    if came["known"]:
        how = say(
            "report.came_back",
            language,
            reopened=number(came["reopened"], language),
            reported=number(came["reported"], language),
        )
        value = f"{number(came['came_back'], language)} ({percent(came['share'], language, 1)})"
        lines.append(_line("returned", value, language, bad=bool(came["came_back"]), note=how))
    else:
        lines.append(_line("returned", "—", language, note=say("report.page.returned_unknown", language)))
    if durable := report.get("durable"):
        lines.append(_durable(durable, language))
    pairs = say("report.in_incidents", language, count=number(refused["incidents"], language))
    reasons = " · ".join(filter(None, (pairs, _reasons(refused["by_reason"], language))))
    handed = report["handed_over"]
    lines += [
        _line("refused", number(refused["choices"], language), language, note=reasons),
        _line("handed", number(sum(handed.values()), language), language, note=_reasons(handed, language)),
    ]
    return lines


def _durable(record: Mapping[str, Any], language: str) -> Line:
    """The durable automatic rate, where enough days have passed for one."""
    rate = record["durable_rate"]
    note = say("report.durable", language, days=record["days"], lasting=record["lasting_days"])
    if rate is None:
        return _line("durable", "—", language, note=note)
    low, high = (percent(record[name], language, 1) for name in ("durable_rate_low", "durable_rate_high"))
    return _line("durable", f"{percent(rate, language, 1)} ({low}–{high})", language, note=note)


def cost_told(report: Mapping[str, Any], language: str) -> list[Line]:
    """Seconds an incident, where they go, calls and tokens of the language model."""
    cost = report["cost"]
    seconds, entries = cost["seconds_per_entry"], cost["entries"] or 1
    slowest = " · ".join(
        f"{stage_in_words(one['stage'], language)} {percent(one['share'], language)}" for one in cost["stages"][:_FEW]
    )
    tokens = say(
        "report.tokens",
        language,
        tokens_in=number(cost["tokens_in"], language),
        tokens_out=number(cost["tokens_out"], language),
    )
    return [
        _line("seconds", "—" if seconds is None else f"{number(seconds, language, 2)} s", language, note=slowest),
        _line("calls", number(cost["calls"], language), language, note=_per(cost["calls"] / entries, language)),
        _line("tokens", number(cost["tokens_in"] + cost["tokens_out"], language), language, note=tokens),
    ]


def _marks(run: Mapping[str, Any]) -> list[str]:
    return [name for name, there in (("shadow", run["mode"] == "shadow"), ("broken_off", run["broken_off"])) if there]


def _reasons(found: Mapping[str, int], language: str) -> str:
    return " · ".join(
        f"{doubt_in_words(name, language)}: {number(count, language)}" for name, count in list(found.items())[:_FEW]
    )


def _per(value: float, language: str) -> str:
    return say("report.per_incident", language, value=number(value, language, 2))


def _count(name: str, count: int, language: str) -> Line:
    return _line(name, number(count, language), language, bad=bool(count))


def _line(name: str, value: str, language: str, *, bad: bool = False, note: str = "") -> Line:
    return Line(say(f"report.figure.{name}", language), value, bad, note)
