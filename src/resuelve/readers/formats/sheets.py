"""Tables: Excel workbooks, sheet by sheet, and CSV. Each row is a line that says what each of its values is."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice

from resuelve.readers.encodings import decoded
from resuelve.readers.formats.scope import Found, Scope
from resuelve.readers.port import Obstacle, Passage, Unread
from resuelve.readers.rows import COLUMNS, Lines

_SEPARATORS = ";\t,|"
_FIRST_ROWS = 20


def read(data: bytes, scope: Scope) -> Found:
    """The rows of a CSV, or those of the sheets of a workbook with their names as places."""
    if data.startswith(b"PK"):
        from resuelve.readers.office.workbook import read_workbook

        yield from read_workbook(data, scope)
    else:
        yield from _csv(data, scope)


def _csv(data: bytes, scope: Scope) -> Found:
    text = decoded(data)
    if text is None:
        yield Obstacle("", Unread.UNKNOWN_KIND)
        return
    lines, broken = Lines(scope.limits.characters), False
    separator, start = _separator(text.lstrip("\ufeff"))
    try:
        for row in csv.reader(io.StringIO(text.lstrip("\ufeff")[start:], newline=""), delimiter=separator):
            lines.add(row[:COLUMNS])
            if lines.full:
                break
    except csv.Error:
        broken = True
    if said := lines.text():
        yield Passage("", said)
    if lines.full:
        yield Obstacle("", Unread.TOO_LONG, str(scope.limits.characters))
    if broken:
        yield Obstacle("", Unread.DAMAGED)


def _separator(text: str) -> tuple[str, int]:
    """What parts the cells, and where the table begins: Excel may say it in a line of its own."""
    first, end, _ = text[:100].partition("\n")
    if end and first.lower().startswith("sep=") and len(first.rstrip("\r")) == len("sep=;"):
        return first[4], len(first) + 1
    return max(_SEPARATORS, key=lambda one: _columns(text[:20_000], one)), 0


def _columns(text: str, separator: str) -> tuple[int, int]:
    """How many of the first rows have as many cells as most of them, and how many that are; none for one column."""
    try:
        rows = list(islice(_filled(csv.reader(io.StringIO(text, newline=""), delimiter=separator)), _FIRST_ROWS))
    except csv.Error:
        return 0, 0
    counts = [len(row) for row in rows]
    usual = max(set(counts), key=counts.count, default=1)
    return (counts.count(usual), usual) if usual > 1 else (0, 0)


def _filled(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    return (row for row in rows if any(row))
