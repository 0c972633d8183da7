"""What was mined, on a terminal: the top of each list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from resuelve.pages.doubts import doubt_in_words
from resuelve.pages.numbers import duration, number
from resuelve.texts import say

_TOP = 10
_COSTS = ("problem", "incidents", "median", "sum", "reopened", "done", "closest")


def print_mined(console: Console, report: Mapping[str, Any], language: str) -> None:
    """The report of a mining, as it is written to JSON, in short."""
    fits = {name: number(count, language) for name, count in report["fits"].items()}
    _say(
        console,
        "mine.totals",
        language,
        incidents=number(report["incidents"], language),
        first=report["first"] or "—",
        last=report["last"] or "—",
        **fits,
    )
    problems = report["problems"]
    covered = sum(one["incidents"] for one in problems)
    _say(console, "mine.problems", language, count=len(problems), incidents=covered, alone=report["alone"])
    _table(
        console,
        language,
        ("problem", "incidents", "median", "sum", "reopened", "done", "closest"),
        _costs(problems, language),
    )
    gaps, handed = report["gaps"], report["handed_over"]
    _say(console, "mine.gaps", language, handed=handed, known=report["now_known"], count=len(gaps))
    _table(console, language, ("problem", "incidents", "words", "closest"), _gaps(gaps, language))
    _say(console, "mine.rejected", language, count=len(report["rejected"]))
    _table(console, language, ("row", "incidents", "doubt", "advice"), _rejected(report, language))
    rows = report["rows"]
    _say(console, "mine.rows", language, **{name: len(found) for name, found in rows.items()})
    _table(console, language, ("row", "other"), _pairs(rows["contradictions"]))
    if report["unread"]:
        _say(console, "mine.unread", language, count=len(report["unread"]))


def _say(console: Console, key: str, language: str, **slots: object) -> None:
    console.print()
    console.print(say(key, language, **slots), style="bold", markup=False)


def _table(console: Console, language: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    lines = list(rows)
    if not lines:
        return
    table = Table(box=None, pad_edge=False, header_style="dim", expand=True)
    for name in columns:
        table.add_column(
            say(f"mine.column.{name}", language),
            justify="right" if name in ("incidents", "median", "sum", "reopened") else "left",
            no_wrap=True,
            overflow="ellipsis",
            ratio={
                "problem": 6,
                "words": 4,
                "done": 5,
                "row": 3,
                "other": 3,
                "closest": 2,
                "doubt": 3,
                "advice": 6,
            }.get(name),
        )
    for line in lines:
        table.add_row(*(Text(cell) for cell in line))
    console.print(table)


def _costs(problems: Sequence[Mapping[str, Any]], language: str) -> Iterable[Sequence[str]]:
    for one in problems[:_TOP]:
        yield (
            one["title"],
            number(one["incidents"], language),
            duration(one["hours_median"], language) if one["hours_median"] is not None else "—",
            duration(one["hours"], language) if one["timed"] else "—",
            str(one["reopened"]),
            ", ".join(_deed(deed) for deed in one["done"][:2]),
            _row(one, language),
        )


def _gaps(gaps: Sequence[Mapping[str, Any]], language: str) -> Iterable[Sequence[str]]:
    for one in gaps[:_TOP]:
        yield one["title"], number(one["incidents"], language), ", ".join(one["words"]), _row(one, language)


def _rejected(report: Mapping[str, Any], language: str) -> Iterable[Sequence[str]]:
    for one in report["rejected"][:_TOP]:
        doubts = ", ".join(f"{doubt_in_words(name, language)} {count}" for name, count in one["doubts"][:2])
        row = f"{one['row']} {report['descriptions'].get(one['row'], '')}".rstrip()
        yield row, number(one["incidents"], language), doubts, one["advice"]


def _pairs(pairs: Sequence[Mapping[str, Any]]) -> Iterable[Sequence[str]]:
    for one in pairs[: _TOP // 2]:
        yield (
            f"{one['row']} → {one['leads']}: {one['example']}",
            f"{one['other']} → {one['other_leads']}: {one['other_example']}",
        )


def _deed(deed: Mapping[str, Any]) -> str:
    where = f" → {deed['queue']}" if deed["queue"] else ""
    return f"{deed['resolution']}{where} {deed['incidents']}"


def _row(one: Mapping[str, Any], language: str) -> str:
    if not one["row"]:
        return "—"
    return say("mine.perhaps", language, row=one["row"]) if one["perhaps_covered"] else str(one["row"])
