"""A replay on a terminal: the figures side by side, by resolution and component, and what differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from resuelve.pages.doubts import doubt_in_words
from resuelve.pages.numbers import number, percent
from resuelve.pages.replayed import limit_told, side_told
from resuelve.texts import say

_TOP = 10
_DIFFERENCES = 20
_COLOURS = {"better": "green", "worse": "red", "untold": "yellow", "alike": "dim"}


def print_replayed(console: Console, report: Mapping[str, Any], language: str) -> None:
    """The report of a replay, as it is written to JSON, in short."""
    _print_head(console, report, language)
    _table(console, language, "configuration", [(one["name"], one["totals"]) for one in report["configurations"]])
    last = report["configurations"][-1]
    for name in ("resolution", "component"):
        groups = [(one["name"], one) for one in last[f"by_{name}"]]
        _table(console, language, name, groups[:_TOP])
    _print_reasons(console, last["not_automatic"], language)
    if report["comparison"]:
        _print_differences(console, report["comparison"], language)
    for one in report["broken"]:
        console.print(limit_told(one, language), style="bold red", markup=False)


def _print_head(console: Console, report: Mapping[str, Any], language: str) -> None:
    slots = {"first": report["first"] or "—", "last": report["last"] or "—"}
    console.print(say("replay.head", language, tickets=number(report["tickets"], language), **slots), style="bold")
    if report["before_history"]:
        since = report["history_since"][:10]
        count = number(report["before_history"], language)
        console.print(say("replay.before_history", language, count=count, since=since), style="yellow", markup=False)
    if learned := report["learned"]:
        slots = {"outcomes": number(learned["outcomes"], language), "made": learned["made"][:10]}
        console.print(say("replay.learned", language, **slots), style="yellow", markup=False)
    if report["set_aside"]:
        console.print(say("mine.unread", language, count=len(report["set_aside"])), style="yellow", markup=False)
    console.print()


def _table(console: Console, language: str, what: str, groups: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(say(f"replay.column.{what}", language), overflow="fold", max_width=44)
    for name in ("tickets", "automatic", "right", "wrong", "untold", "precision", "handed_over", "missed"):
        table.add_column(say(f"replay.column.{name}", language), justify="right")
    for name, totals in groups:
        precision = percent(totals["precision"], language, 1)
        if totals["precision"] is not None:
            precision += f" (≥ {percent(totals['precision_lower_95'], language, 1)})"
        counts = [number(totals[key], language) for key in ("right", "wrong", "untold")]
        table.add_row(
            Text(name or say("replay.no_row", language)),
            number(totals["tickets"], language),
            f"{number(totals['automatic'], language)} ({percent(totals['automatic_rate'], language, 1)})",
            *counts,
            precision,
            number(totals["handed_over"], language),
            number(totals["missed"], language),
        )
    console.print(table)
    console.print()


def _print_reasons(console: Console, reasons: Mapping[str, int], language: str) -> None:
    told = " · ".join(f"{doubt_in_words(name, language)}: {number(count, language)}" for name, count in reasons.items())
    if told:
        console.print(say("replay.reasons", language, reasons=told), markup=False)
        console.print()


def _print_differences(console: Console, comparison: Mapping[str, Any], language: str) -> None:
    counts = {name: number(count, language) for name, count in comparison["effects"].items()}
    compared = number(comparison["compared"], language)
    console.print(say("replay.differences", language, compared=compared, **counts), style="bold", markup=False)
    if not comparison["differences"]:
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("incident", "before", "after", "done", "effect"):
        table.add_column(say(f"replay.column.{name}", language), overflow="fold")
    for one in comparison["differences"][:_DIFFERENCES]:
        table.add_row(
            Text(f"{one['incident']} {one['title']}"),
            Text(side_told(one["before"], language)),
            Text(side_told(one["after"], language)),
            Text(" ".join(part for part in (one["done"], one["done_queue"]) if part)),
            Text(say(f"replay.effect.{one['effect']}", language), style=_COLOURS[one["effect"]]),
        )
    console.print(table)
    more = len(comparison["differences"]) - _DIFFERENCES
    if more > 0:
        console.print(say("replay.more", language, count=number(more, language)), style="dim", markup=False)
