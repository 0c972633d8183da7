"""Rows of a table as lines that read as text: what each value is, and the value."""

from __future__ import annotations

import re
from collections.abc import Sequence

COLUMNS = 100
"""Of a row; what lies beyond is not read."""

_LONGEST_NAME = 60
_NUMBER = re.compile(r"[-+]?[\d.,:/\s-]+[%€$]?")


class Lines:
    """The lines of one table, `room` characters at most.

    The first row that has names in two columns or more names them; what stands above it is a title.
    """

    def __init__(self, room: int) -> None:
        self._lines: list[str] = []
        self._names: Sequence[str] | None = None
        self._room = room

    @property
    def full(self) -> bool:
        """There was more than fits."""
        return self._room < 0

    @property
    def room(self) -> int:
        """Characters that still fit."""
        return max(self._room, 0)

    def text(self) -> str:
        """What was added so far."""
        return "\n".join(self._lines)

    def add(self, row: Sequence[str]) -> None:
        """A row, empty cells included."""
        cells = [" ".join(cell.split()) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if not cells or self.full:
            return
        if self._names is None and sum(map(bool, cells)) > 1:
            # Where the first row of a table is none of names, no row is.
            self._names = cells if _are_names(cells) else ()
            line = " | ".join(filter(None, cells))
        elif not self._names:
            line = " | ".join(filter(None, cells))
        else:
            names = [*self._names, *[""] * len(cells)]
            named = ((name, cell) for name, cell in zip(names, cells, strict=False) if cell)
            line = "; ".join(f"{name}: {cell}" if name else cell for name, cell in named)
        self._lines.append(line[: self._room])
        self._room -= len(line) + 1


def _are_names(cells: Sequence[str]) -> bool:
    """Words, each of them once, with hardly a gap between them."""
    names = [cell for cell in cells if cell]
    return (
        len(names) == len(set(names))
        and 2 * len(names) > len(cells)
        and all(len(name) <= _LONGEST_NAME and not _NUMBER.fullmatch(name) for name in names)
    )
