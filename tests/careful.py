"""Reading a dictionary as plainly as it can be said; the product reads many rows at once, and gives the same."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace

from resuelve.domain.known_error import KnownError
from resuelve.domain.message import Message
from resuelve.knowledge.catalogue import Columns, row_of
from resuelve.knowledge.table import Line, separator_of

Record = tuple[int, tuple[str, ...], bool, int, int]
"""Number, cells, whether it cannot be read, start and end."""


def records(text: str) -> Iterator[Record]:
    """What `table.split` gives."""
    lines, line = list(io.StringIO(text, newline="")), 0
    csv.field_size_limit(1_000_000)
    while line < len(lines):
        reader = csv.reader(iter(lines[line:]), delimiter=separator_of(text), strict=True)
        try:
            cells, end = next(reader, []), line + reader.line_num
        except csv.Error:
            yield line + 1, (), True, *_place(lines, line, line + 1)
            line += 1
            continue
        if any(cell.strip() for cell in cells):
            yield line + 1, tuple(cells), False, *_place(lines, line, end)
        line = end


def _place(lines: Sequence[str], first: int, behind: int) -> tuple[int, int]:
    return sum(map(len, lines[:first])), sum(map(len, lines[:behind]))


def clean(cell: str) -> str:
    """What `catalogue.clean` gives: sign by sign."""
    return "".join(map(_shown, cell)).strip()


def _shown(char: str) -> str:
    category = unicodedata.category(char)
    if char in "\n\t\u200d" or category not in ("Cc", "Cf", "Cs", "Co", "Cn"):
        return char
    return "" if category == "Cf" else " "


def known(line: Line, columns: Columns) -> KnownError | Message:
    """What `catalogue.row_of` gives: that of the cells as they are when they are clean, each in its place."""
    names = tuple(columns.fields)
    cells = [clean(line.cells[at]) if at < len(line.cells) else "" for at in columns.fields.values()]
    rest = line.cells[len(columns.names) :]
    few = Columns({name: at for at, name in enumerate(names)}, names)
    return row_of(replace(line, cells=(*cells, *rest)), few)
