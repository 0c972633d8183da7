"""Two states of a large file differ in a few records: finding those without reading the others.

A record is read from where it begins, and what comes of it depends on nothing before. So records that both states have
in common at their beginning need only be counted, and as soon as a record begins, in both, where the rest is the same,
the rest is the same records.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import AnyStr

from resuelve.knowledge.table import LARGEST_CELL, lines_of, separator_of

_FURTHER = (0, 2**12, 2**16, 2**20)
"""So many characters behind the difference the next record may begin; a cell may have many lines."""


def common_start(one: AnyStr, other: AnyStr) -> int:
    """How much at the beginning is the same; by halves, each compared once."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def common_end(one: AnyStr, other: AnyStr, start: int = 0) -> int:
    """How much at the end is the same, of what comes after `start`."""
    low, high = 0, min(len(one), len(other)) - start
    while low < high:
        middle = (low + high + 1) // 2
        if one[len(one) - middle : len(one) - low] == other[len(other) - middle : len(other) - low]:
            low = middle
        else:
            high = middle - 1
    return low


def narrowed(before: str, after: str) -> Iterator[tuple[str, str]]:
    """Shorter and shorter known texts to compare instead: the header and the records in which both may differ.

    A pair may be compared instead of the whole texts if every record in it can be read. Otherwise the next pair, which
    is longer, may do; there are a few.
    """
    start = common_start(before, after)
    header, first = _records(before[: before.rfind("\n", 0, start) + 1], separator_of(before))
    if not header:
        return
    same = len(before) - common_end(before, after, first)
    for further in _FURTHER:
        stop = before.find("\n", same + further) + 1 or len(before)
        rest = len(before) - stop
        yield before[:header] + before[first:stop], after[:header] + after[first : len(after) - rest]
        if not rest:
            return


def _records(text: str, separator: str) -> tuple[int, int]:
    """Where the first record that is not empty ends, and where the last whole one does, up to one that is not whole."""
    lines = lines_of(text)
    reader = csv.reader(lines, delimiter=separator, strict=True)
    csv.field_size_limit(LARGEST_CELL)
    header = whole = 0
    try:
        for cells in reader:
            whole = reader.line_num
            if not header and "".join(cells).strip():
                header = whole
    except csv.Error:
        pass
    return sum(map(len, lines[:header])), sum(map(len, lines[:whole]))
