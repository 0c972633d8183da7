"""Lines of a picture in the order in which a person reads them.

What stands side by side is either one row (a label and its value, the cells of a table) or two columns, each read from
its top to its bottom. Rows of the two sides that lie level speak for the first, unless both sides are prose.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from resuelve.readers.ocr import Line

_GUTTER = 1.5
_PROSE = 25
_LEVEL = 0.6
_PARAGRAPH = 0.9


def arranged(lines: Sequence[Line]) -> str:
    """The text: rows as lines, blocks parted by an empty line, cells of a row by two blanks."""
    if not lines:
        return ""
    height = median(line.height for line in lines)
    text: list[str] = []
    waiting: list[tuple[list[Line], str]] = [(list(lines), "")]
    while waiting:  # no recursion: a picture may have a thousand rows
        part, before = waiting.pop()
        rows = _rows(part)
        if len(rows) == 1:
            text.append(before + _row(rows[0], height))
            continue
        upper, lower, gap = _halves(rows)
        left, right, gutter = _columns(part, height)
        if gutter > gap:
            waiting += [(right, "\n\n"), (left, before)]
        else:
            waiting += [(lower, "\n\n" if gap > _PARAGRAPH * height else "\n"), (upper, before)]
    return "".join(text)


def _rows(lines: Sequence[Line]) -> list[list[Line]]:
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.middle):
        if rows and _beside(rows[-1][-1], line):
            rows[-1].append(line)
        else:
            rows.append([line])
    return rows


def _beside(one: Line, other: Line) -> bool:
    shared = min(one.bottom, other.bottom) - max(one.top, other.top)
    return shared > 0.5 * min(one.height, other.height) and min(one.right, other.right) - max(
        one.left, other.left
    ) < 0.5 * min(one.right - one.left, other.right - other.left)


def _row(lines: Sequence[Line], height: float) -> str:
    ordered = sorted(lines, key=lambda line: line.left)
    text = ordered[0].text.strip()
    for before, line in pairwise(ordered):
        text += (" " if line.left - before.right < height else "  ") + line.text.strip()
    return text


def _columns(lines: Sequence[Line], height: float) -> tuple[list[Line], list[Line], float]:
    """What lies left and right of the widest gutter that parts columns, and its width; minus infinity without one."""
    ordered = sorted(lines, key=lambda line: line.left)
    gutters, right = [], ordered[0].right
    for place, line in enumerate(ordered[1:], 1):
        if line.left - right > _GUTTER * height:
            gutters.append((line.left - right, place))
        right = max(right, line.right)
    for width, place in sorted(gutters, reverse=True):
        if _are_columns(ordered[:place], ordered[place:]):
            return ordered[:place], ordered[place:], width
    return [], [], float("-inf")


def _are_columns(left: Sequence[Line], right: Sequence[Line]) -> bool:
    if min(len(_rows(left)), len(_rows(right))) < 2:
        return False
    if all(median(len(line.text) for line in side) >= _PROSE for side in (left, right)):
        return True
    fewer, more = sorted((left, right), key=len)
    level = sum(any(abs(line.middle - other.middle) < 0.35 * line.height for other in more) for line in fewer)
    return level < _LEVEL * len(fewer)


def _halves(rows: Sequence[Sequence[Line]]) -> tuple[list[Line], list[Line], float]:
    """Cut at the widest gap between two rows."""
    bottom, widest, place = max(line.bottom for line in rows[0]), float("-inf"), 1
    for number, row in enumerate(rows[1:], 1):
        gap = min(line.top for line in row) - bottom
        if gap > widest:
            widest, place = gap, number
        bottom = max(bottom, *(line.bottom for line in row))
    return [one for row in rows[:place] for one in row], [one for row in rows[place:] for one in row], widest
