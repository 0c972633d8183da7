"""The page of `resuelve mine`: its report, as plain JSON, with pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from resuelve.pages.doubts import doubt_in_words
from resuelve.pages.numbers import duration, number, percent
from resuelve.pages.page import render
from resuelve.pages.pictures import Bar, bars, interval, sparkline, stacked
from resuelve.texts import say

_CHARTED, _CARDS, _LISTED = 15, 40, 60
"""Problems in the overview, problems told one by one, rows in a list; all of them stand in the JSON report."""

_WORDS = (
    "automatic answer closest cost_chart done examples gaps gaps_intro how_read hours_median hours_sum incidents known "
    "more new nothing overview perhaps period problems problems_intro rows rows_intro silent source times unsure "
    "contradictions duplicates unused reopened otherwise unusable rejected row other likeness share advice doubt "
    "reopened_column made dictionary unread printed uncovered"
).split()


def mined_page(report: Mapping[str, Any], *, language: str) -> str:
    """The report of a mining (`Mined.as_json` with its head) as one self-contained HTML page."""
    words = {name: say(f"mine.page.{name}", language) for name in _WORDS}
    problems = [_problem(one, f"p{n}", report, language, words) for n, one in enumerate(report["problems"], 1)]
    gaps = [_problem(one, f"g{n}", report, language, words) for n, one in enumerate(report["gaps"], 1)]
    values = {
        "w": words,
        "report": report,
        "n": lambda value: number(value, language),
        "percent": lambda value: percent(value, language),
        "fits": _fits(report["fits"], language, words),
        "fits_picture": stacked(_fits(report["fits"], language, words), words["overview"]),
        "cost_picture": _cost(problems, language, words["cost_chart"]),
        "problems": problems[:_CARDS],
        "more_problems": max(0, len(problems) - _CARDS),
        "gaps_picture": _counts(gaps, language, words["gaps"]),
        "gaps": gaps[:_CARDS],
        "more_gaps": max(0, len(gaps) - _CARDS),
        "reopened": [_reopened(one, language) for one in report["rows"]["reopened"][:_LISTED]],
        "listed": _LISTED,
        "doubt": lambda name: doubt_in_words(name, language),
        "summary": _summary(report, language),
    }
    return render("mined.html", values, language=language, title=say("mine.page.title", language))


def _summary(report: Mapping[str, Any], language: str) -> str:
    fits = report["fits"]
    covered = sum(one["incidents"] for one in report["problems"])
    return say(
        "mine.page.summary",
        language,
        incidents=number(report["incidents"], language),
        known=percent(fits["known"] / max(1, report["incidents"]), language),
        problems=number(len(report["problems"]), language),
        covered=number(covered, language),
        first=report["first"] or "—",
        last=report["last"] or "—",
    )


def _fits(fits: Mapping[str, int], language: str, words: Mapping[str, str]) -> list[Bar]:
    return [Bar(words[name], count, number(count, language), name) for name, count in fits.items()]


def _problem(
    one: Mapping[str, Any], place: str, report: Mapping[str, Any], language: str, words: Mapping[str, str]
) -> dict[str, Any]:
    timeline = one["timeline"]
    median = one["hours_median"]
    return {
        **one,
        "place": place,
        "name": " · ".join(one["words"]) or one["title"],
        "cost_shown": duration(one["cost"], language),
        "sum_shown": duration(one["hours"], language) if one["timed"] else "—",
        "median_shown": duration(median, language) if median is not None else "—",
        "reopened_shown": percent(one["reopened"] / one["incidents"], language),
        "row_shown": percent(one["row_share"], language),
        "row_description": report["descriptions"].get(one["row"], ""),
        "spark": sparkline(timeline["counts"], words["period"]) if timeline else "",
    }


def _cost(problems: Sequence[Mapping[str, Any]], language: str, title: str) -> str:
    rows = [
        Bar(
            one["title"] or one["name"],
            one["cost"],
            f"{one['cost_shown']} · {number(one['incidents'], language)}",
            "unsure" if one["perhaps_covered"] else "new",
            one["place"] if at < _CARDS else "",
        )
        for at, one in enumerate(problems[:_CHARTED])
    ]
    return bars(rows, title) if rows else ""


def _counts(gaps: Sequence[Mapping[str, Any]], language: str, title: str) -> str:
    rows = [
        Bar(one["title"] or one["name"], one["incidents"], number(one["incidents"], language), "new", one["place"])
        for one in gaps[:_CHARTED]
    ]
    return bars(rows, title) if rows else ""


def _reopened(one: Mapping[str, Any], language: str) -> dict[str, Any]:
    shown = f"{percent(one['share'], language)} ({percent(one['low'], language)}–{percent(one['high'], language)})"
    return {**one, "shown": shown, "picture": interval(one["low"], one["share"], one["high"], shown)}
