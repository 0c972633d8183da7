"""What differs between two states of the dictionary, row by row; order, quoting and encoding do not count."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from resuelve.domain.errors import DictionaryError
from resuelve.domain.known_error import KnownError
from resuelve.knowledge.catalogue import clean, row_of
from resuelve.knowledge.narrow import narrowed
from resuelve.knowledge.sheet import Sheet
from resuelve.knowledge.table import Line, decode


class ChangeKind(StrEnum):
    """What became of a row."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row that differs.

    Attributes:
        problem: the id of its problem, after the change unless it was removed; empty for a row that cannot be used
            and names none.
        before, after: its filled cells by column name; empty where there is no row. A line that cannot be read stands
            under the empty name.
    """

    kind: ChangeKind
    problem: str
    before: Mapping[str, str]
    after: Mapping[str, str]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns whose texts differ, in the order in which they stand."""
        names = dict.fromkeys((*self.before, *self.after))
        return tuple(name for name in names if self.before.get(name, "") != self.after.get(name, ""))


@dataclass(frozen=True, slots=True)
class _Row:
    problem: str
    fields: Mapping[str, str]


def difference(before: bytes, after: bytes, where: str) -> tuple[RowChange, ...]:
    """The rows that differ between two states of the file; a state that is no dictionary has no rows."""
    return sheets_difference(*_sheets(before, after, where))


def sheets_difference(before: Sheet | None, after: Sheet | None) -> tuple[RowChange, ...]:
    """The same of two sheets; None has no rows."""
    old, new = _differing(before, after)
    common = Counter(_key(row) for row in old) & Counter(_key(row) for row in new)
    old, new = _without(old, common), _without(new, common)
    pairs: list[tuple[_Row, _Row]] = []
    for same in (_same_text, _same_problem, _same_description, _same_answer):
        old, new = _pair(old, new, same, pairs)
    changes = [RowChange(ChangeKind.CHANGED, two.problem, one.fields, two.fields) for one, two in pairs]
    changes += [RowChange(ChangeKind.REMOVED, row.problem, row.fields, {}) for row in old]
    changes += [RowChange(ChangeKind.ADDED, row.problem, {}, row.fields) for row in new]
    return tuple(changes)


def mark(fields: Mapping[str, str]) -> str:
    """By which a state of a row is known again (12 hex digits); empty for no row."""
    if not fields:
        return ""
    return hashlib.sha256(repr(sorted(fields.items())).encode("utf-8", "surrogatepass")).hexdigest()[:12]


def places_of(sheet: Sheet, wanted: Iterable[Mapping[str, str]]) -> dict[str, list[int]]:
    """Where rows with these contents stand in a sheet, by their `mark`."""
    descriptions = {fields.get("DESCRIPCION", "") for fields in wanted}
    column = sheet.columns.fields["description"]
    found: defaultdict[str, list[int]] = defaultdict(list)
    for at, line in enumerate(sheet.rows):
        text = clean(line.cells[column]) if column < len(line.cells) else ""
        if text in descriptions:
            found[mark(sheet.fields(line))].append(at)
    return found


def _sheets(before: bytes, after: bytes, where: str) -> tuple[Sheet | None, Sheet | None]:
    """Both states, or short ones with the same difference."""
    with suppress(DictionaryError):
        for one, other in narrowed(decode(before, where)[0], decode(after, where)[0]):
            short = Sheet.parse_text(one, where), Sheet.parse_text(other, where)
            if not any(line.problem for sheet in short for line in (sheet.header, *sheet.rows)):
                return short
    return _parsed(before, where), _parsed(after, where)


def _parsed(data: bytes, where: str) -> Sheet | None:
    try:
        return Sheet.parse(data, where)
    except DictionaryError:
        return None


def _differing(before: Sheet | None, after: Sheet | None) -> tuple[list[_Row], list[_Row]]:
    """The rows of both but for those at either end that are the same: most of a large dictionary."""
    old, new = (list(sheet.rows) if sheet else [] for sheet in (before, after))
    if before and after and before.columns == after.columns:
        start = _common(old, new)
        old, new = old[start:], new[start:]
        end = _common(old[::-1], new[::-1])
        old, new = old[: len(old) - end], new[: len(new) - end]
    return _rows(before, old), _rows(after, new)


def _common(one: list[Line], other: list[Line]) -> int:
    """How many readable lines at the beginning are the same."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a.cells != b.cells or a.problem or b.problem:
            break
        count += 1
    return count


def _rows(sheet: Sheet | None, lines: Iterable[Line]) -> list[_Row]:
    return [_Row(_problem(sheet, line), sheet.fields(line)) for line in lines] if sheet else []


def _problem(sheet: Sheet, line: Line) -> str:
    known = row_of(line, sheet.columns)
    return known.id if isinstance(known, KnownError) else sheet.fields(line).get("ID PROBLEMA", "")


def _key(row: _Row) -> Hashable:
    return tuple(sorted(row.fields.items()))


def _without(rows: Iterable[_Row], common: Counter[Hashable]) -> list[_Row]:
    left = Counter(common)
    kept = []
    for row in rows:
        if left[_key(row)] > 0:
            left[_key(row)] -= 1
        else:
            kept.append(row)
    return kept


def _pair(
    old: list[_Row], new: list[_Row], same: Callable[[_Row], str], pairs: list[tuple[_Row, _Row]]
) -> tuple[list[_Row], list[_Row]]:
    """Move the rows that have the same key into `pairs`, in their order; give back what is left."""
    waiting: defaultdict[str, list[_Row]] = defaultdict(list)
    for row in reversed(new):
        waiting[same(row)].append(row)
    left, taken = [], set[int]()
    for row in old:
        key = same(row)
        if key and waiting[key]:
            partner = waiting[key].pop()
            taken.add(id(partner))
            pairs.append((row, partner))
        else:
            left.append(row)
    return left, [row for row in new if id(row) not in taken]


def _same_text(row: _Row) -> str:
    return row.problem and f"{row.problem}\x1f{row.fields.get('DESCRIPCION', '')}"


def _same_problem(row: _Row) -> str:
    return row.problem


def _same_description(row: _Row) -> str:
    return row.fields.get("DESCRIPCION", "")


def _same_answer(row: _Row) -> str:
    return row.fields.get("SOLUCIÓN", "")
