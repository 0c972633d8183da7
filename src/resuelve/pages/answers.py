"""The three questions of whoever runs it, answered from the summary: does it work, is it right, what does it cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from resuelve.pages.counted import counted
from resuelve.pages.days import moment_told
from resuelve.pages.doubts import doubt_in_words
from resuelve.pages.lasted import durable_told
from resuelve.pages.numbers import number, percent
from resuelve.pages.stages import stage_in_words
from resuelve.pages.systems import system_in_words
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
    failed = " · ".join(
        f"{system_in_words(name, language)}: {number(count, language)}" for name, count in list(systems.items())[:_FEW]
    )
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
        *_left(report["now"], language),
    ]
    if newest["stopped"]:
        lines.append(_line("stopped", say("report.yes", language), language, bad=True, note=newest["stopped"]))
    return lines


def right_told(report: Mapping[str, Any], language: str) -> list[Line]:
    """What came back of what was done, what lasted where that is known, and what the critic refused."""
    came, refused = report["returned"], report["refused"]
    untouched = "" if report["runs"]["live"] else say("report.only_shadow", language)
    lines = [_line("changes", number(came["changes"], language), language, note=untouched)]
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
        value, note = durable_told(durable, language)
        lines.append(_line("durable", value, language, note=note))
    pairs = say("report.in_incidents", language, incidents=counted("incidents", refused["incidents"], language))
    reasons = " · ".join(filter(None, (pairs, _reasons(refused["by_reason"], language))))
    handed = report["handed_over"]
    lines += [
        _line("refused", number(refused["choices"], language), language, note=reasons),
        _line("handed", number(sum(handed.values()), language), language, note=_reasons(handed, language)),
    ]
    return lines


def cost_told(report: Mapping[str, Any], language: str) -> list[Line]:
    """Seconds an incident, where they go, calls and tokens of the language model."""
    cost = report["cost"]
    seconds, calls = cost["seconds_per_incident"], cost["calls_per_incident"]
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
        _line("calls", number(cost["calls"], language), language, note=_per(calls, language)),
        _line("tokens", number(cost["tokens_in"] + cost["tokens_out"], language), language, note=tokens),
    ]


def _marks(run: Mapping[str, Any]) -> list[str]:
    return [name for name, there in (("shadow", run["mode"] == "shadow"), ("broken_off", run["broken_off"])) if there]


def _reasons(found: Mapping[str, int], language: str) -> str:
    return " · ".join(
        f"{doubt_in_words(name, language)}: {number(count, language)}" for name, count in list(found.items())[:_FEW]
    )


def _per(value: float | None, language: str) -> str:
    return "" if value is None else say("report.per_incident", language, value=number(value, language, 2))


def _left(now: Mapping[str, Any] | None, language: str) -> list[Line]:
    """What is left for people: a dash where no run looked at everything, for a zero would say that nothing is."""
    if now is None:
        note = say("report.left_unknown", language)
        return [_line(name, "—", language, note=note) for name in ("aside", "unknown")]
    when = moment_told(now["started"], language)
    note = (
        say("report.left_in", language, when=when, queue=now["queue"])
        if now["queue"]
        else say("report.left", language, when=when)
    )
    return [
        _line(name, number(count, language), language, bad=bool(count), note=note)
        for name, count in (("aside", now["set_aside_count"]), ("unknown", now["unknown_count"]))
    ]


def _line(name: str, value: str, language: str, *, bad: bool = False, note: str = "") -> Line:
    return Line(say(f"report.figure.{name}", language), value, bad, note)
