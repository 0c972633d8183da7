"""Taking back, row by row, what an older version changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from resuelve.domain.errors import DictionaryError, EditConflict
from resuelve.domain.message import message
from resuelve.knowledge.difference import ChangeKind, RowChange, mark, places_of
from resuelve.knowledge.sheet import Sheet


def reversed_changes(sheet: Sheet, changes: Sequence[RowChange]) -> Sheet:
    """The sheet with these changes taken back; rows that others have changed since are not overwritten.

    Raises:
        EditConflict: a row is no longer as these changes left it.
        DictionaryError: a line that cannot be read is among them.
    """
    places = places_of(sheet, [change.after for change in changes])
    changed: dict[int, list[str] | None] = {}
    added: defaultdict[int, list[list[str]]] = defaultdict(list)
    for change in changes:
        if "" in change.before or "" in change.after:
            raise DictionaryError(
                "a line that cannot be read was changed there, and only the newest version can give that back",
                where=sheet.where,
                remedy="undo the versions after it first, or mend the file with a spreadsheet",
            )
        if change.kind is ChangeKind.REMOVED:
            added[_behind(sheet, change.problem)].append(_cells(sheet, [], change))
            continue
        found = places.get(mark(change.after))
        if not found:
            raise _conflict(sheet, change)
        at = found.pop(0)
        changed[at] = None if change.kind is ChangeKind.ADDED else _cells(sheet, sheet.rows[at].cells, change)
    return sheet.rewritten(changed, added)


def _cells(sheet: Sheet, cells: Sequence[str], change: RowChange) -> list[str]:
    """These cells with the texts from before in the columns that the change touched."""
    written = [*cells]
    for name in change.columns:
        at = int(name[1:]) - 1 if name.startswith("#") else sheet.place(name)
        text = change.before.get(name, "")
        if at is None:
            if text:
                raise DictionaryError(
                    message("the column {name} is no longer there", name=name),
                    where=sheet.where,
                    remedy="put it back into the header",
                )
            continue
        written.extend("" for _ in range(at + 1 - len(written)))
        written[at] = text
    if not cells:
        written.extend("" for _ in range(len(sheet.columns.names) - len(written)))
    return written


def _behind(sheet: Sheet, problem: str) -> int:
    """The place behind which a row of this problem comes back: with its like, or at the end."""
    readable = [at for at, row in enumerate(sheet.rows) if not row.problem]
    alike = [at for at in readable if problem and sheet.fields(sheet.rows[at]).get("ID PROBLEMA") == problem]
    return (alike or readable or [-1])[-1]


def _conflict(sheet: Sheet, change: RowChange) -> EditConflict:
    name = change.problem or change.after.get("DESCRIPCION", "")[:60]
    now = [sheet.fields(row) for row in sheet.rows]
    current = next((row for row in now if change.problem and row.get("ID PROBLEMA") == change.problem), None)
    return EditConflict(
        message("{name} has been changed since", name=name),
        where=sheet.where,
        remedy="undo the later versions first, or change the row by hand",
        current=current,
    )
