"""The page of `resuelve replay`: its report, as plain JSON, with pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resuelve.pages.confidence import curve_picture, reliability_picture
from resuelve.pages.doubts import doubt_in_words
from resuelve.pages.numbers import number, percent
from resuelve.pages.page import render
from resuelve.pages.pictures import Bar, bars
from resuelve.texts import say

_TARGET = 0.95
_LISTED = 200
_WORDS = (
    "after automatic before by_component by_resolution component configuration curve curve_intro differences "
    "differences_intro doubts done effect handed_over how_read how_read_text incident missed no_row nothing "
    "precision reliability reliability_intro resolution right set_aside tickets untold wrong wrong_intro wrong_list"
).split()


def replayed_page(report: Mapping[str, Any], *, language: str) -> str:
    """A replay (as `resuelve replay` writes it to JSON) as a self-contained HTML page."""
    configurations = [_configuration(one, language) for one in report["configurations"]]
    values = {
        "w": {name: say(f"replay.page.{name}", language) for name in _WORDS},
        "report": report,
        "head": _head(report, language),
        "notes": _notes(report, language),
        "configurations": configurations,
        "totals": [{"name": one["name"], **one["totals"]} for one in configurations],
        "effects": _effects(report["comparison"], language),
        "told": lambda side: side_told(side, language),
        "effect_told": lambda effect: say(f"replay.effect.{effect}", language),
        "n": lambda value: number(value, language),
        "percent": lambda share: percent(share, language, 1),
        "listed": _LISTED,
    }
    return render("replayed.html", values, language=language, title=say("replay.page.title", language))


def side_told(side: Mapping[str, Any], language: str) -> str:
    """What one configuration does with a ticket, and what the past says of it, in a line."""
    row = side["row"] or "—"
    if not side["automatic"]:
        doubt, judged = doubt_in_words(side["doubt"], language), say(f"replay.handed.{side['judgement']}", language)
        return say("replay.handed_over", language, doubt=doubt, row=row, judged=judged)
    what = " ".join(part for part in (side["resolution"], side["queue"]) if part)
    confidence, judged = percent(side["confidence"], language), say(f"replay.judged.{side['judgement']}", language)
    return say("replay.acted", language, row=row, what=what, confidence=confidence, judged=judged)


def limit_told(one: Mapping[str, Any], language: str) -> str:
    """A limit that does not hold."""
    slots = {name: number(one[name], language, 1) for name in ("set", "found")}
    return say(f"replay.limit.{one['limit']}", language, **slots)


def _configuration(one: Mapping[str, Any], language: str) -> dict[str, Any]:
    reasons = [
        Bar(doubt_in_words(name, language), count, number(count, language), "unsure")
        for name, count in one["not_automatic"].items()
    ]
    return {
        **one,
        "curve_picture": curve_picture(one, language, target=_TARGET),
        "reliability_picture": reliability_picture(one, language),
        "reasons": bars(reasons, say("replay.page.doubts", language)) if reasons else "",
        "mistakes": [ticket for ticket in one["tickets"] if ticket["automatic"] and ticket["judgement"] == "wrong"],
    }


def _head(report: Mapping[str, Any], language: str) -> str:
    slots = {"first": report["first"] or "—", "last": report["last"] or "—"}
    return say("replay.head", language, tickets=number(report["tickets"], language), **slots)


def _notes(report: Mapping[str, Any], language: str) -> list[str]:
    """What a reader has to know before the figures."""
    notes = [say(f"replay.rows.{report['rows']}", language)]
    if report["before_history"]:
        count, since = number(report["before_history"], language), report["history_since"][:10]
        notes.append(say("replay.before_history", language, count=count, since=since))
    if learned := report["learned"]:
        slots = {"outcomes": number(learned["outcomes"], language), "made": learned["made"][:10]}
        notes.append(say("replay.learned", language, **slots))
    return [*notes, *(limit_told(one, language) for one in report["broken"])]


def _effects(comparison: Mapping[str, Any] | None, language: str) -> str:
    if not comparison:
        return ""
    counts = {name: number(count, language) for name, count in comparison["effects"].items()}
    return say("replay.differences", language, compared=number(comparison["compared"], language), **counts)
