"""A sheet that is being edited: its rows by problem, what has been written into them, and whether that may stand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from resuelve.domain.errors import DictionaryError, EditConflict
from resuelve.domain.known_error import KnownError
from resuelve.domain.message import Message, message
from resuelve.knowledge.catalogue import COLUMN_NAMES, Columns, clean, field_of, group, plain, row_of
from resuelve.knowledge.sheet import Sheet, contract_name, place_of
from resuelve.knowledge.table import Line
from resuelve.resolution.report import is_formula


@dataclass(slots=True, eq=False)
class Row:
    """One record.

    Attributes:
        at: its place in the sheet's rows; of a new one, the place of the row behind which it comes (-1: the header).
        known: what it is read as, or why it cannot be used.
    """

    at: int
    number: int
    cells: list[str]
    known: KnownError | Message
    new: bool = False
    changed: bool = False
    dropped: bool = False


def clean_text(text: str) -> str:
    """A text as it will be read back from its cell."""
    return clean(text.replace("\r\n", "\n").replace("\r", "\n"))


def texts_of(problem: KnownError) -> dict[str, str]:
    """A problem's contents by column name."""
    return {
        "ID PROBLEMA": problem.id,
        "DESCRIPCION": problem.description,
        **shared_texts(problem),
        "RESOLUCION AUTOMÁTICA": problem.prescription.label,
        "BUZON REASIGNACION": problem.prescription.queue,
    }


def shared_texts(problem: KnownError) -> dict[str, str]:
    """What may stand in one row of a problem for all of them, by column name."""
    return {
        "COMPONENTE": problem.component,
        "TIPO INCIDENCIA": problem.kind,
        "SOLUCIÓN": problem.solution,
        "FECHA DE RESOLUCIÓN": problem.resolved_on,
    }


class Draft:
    """The rows of a sheet while edits are carried out on them."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._columns = sheet.columns
        self._new_columns: list[str] = []
        self._rows = [
            Row(at, line.number, list(line.cells), row_of(line, sheet.columns)) for at, line in enumerate(sheet.rows)
        ]
        readable = [row.at for row, line in zip(self._rows, sheet.rows, strict=True) if not line.problem]
        self._last = readable[-1] if readable else -1
        self._added: list[Row] = []
        self._of: defaultdict[str, list[Row]] = defaultdict(list)
        self._examples: dict[str, str] = {}
        for row in self._rows:
            if isinstance(row.known, KnownError):
                self._of[row.known.id].append(row)
                self._examples.setdefault(row.known.description, row.known.id)

    def rows_of(self, problem: str) -> Sequence[Row]:
        """The rows with that id, contradicting ones among them, in the order of the file."""
        return tuple(row for row in self._of.get(problem, ()) if not row.dropped)

    def problem(self, problem: str, *, gone: bool = False) -> KnownError:
        """The known error that its rows make now.

        Raises:
            EditConflict: there is none (any more, when `gone`).
            DictionaryError: there is none, or its rows contradict each other.
        """
        rows = [row.known for row in self.rows_of(problem) if isinstance(row.known, KnownError)]
        if not rows and gone:
            raise EditConflict(
                message("{problem} has been removed meanwhile", problem=problem),
                where=self._sheet.where,
                remedy="look again",
            )
        if not rows:
            self.refuse(
                message("there is no problem {problem}", problem=problem[:60]),
                "its id stands in ID PROBLEMA, and in every report",
            )
        problems, conflicts = group(self._sheet.where, rows)
        if conflicts:
            raise DictionaryError(conflicts[0].reason, where=conflicts[0].where, remedy="mend that row in the file")
        return problems[problem]

    def conflict(self, known: KnownError) -> NoReturn:
        """Raise the EditConflict that says how the problem is now."""
        raise EditConflict(
            message("{problem} has been changed meanwhile", problem=known.id),
            where=self._sheet.where,
            remedy="look at it again, then repeat the change",
            current=texts_of(known),
        )

    def texts(self, fields: Mapping[str, str]) -> dict[str, str]:
        """Texts as they will be read back, by the contract's names of their columns.

        Raises:
            DictionaryError: there is no such column.
        """
        for name in fields:
            if not field_of(name) and self.place(name) is None:
                known = ", ".join(COLUMN_NAMES.values())
                self.refuse(
                    message("there is no column {name}", name=name[:60]),
                    message("name one of {known}, or one that the file has", known=known),
                )
        return {contract_name(name): clean_text(text) for name, text in fields.items()}

    def refuse_formula(self, name: str, text: str) -> None:
        """Raise DictionaryError for a text that a spreadsheet would run or destroy; none is altered silently."""
        if is_formula(text):
            self.refuse(
                message(
                    "{name} begins with «{sign}», which a spreadsheet takes for a formula", name=name, sign=text[0]
                ),
                "begin it with a word or with «•»",
            )

    def require_new_example(self, text: str) -> None:
        """Raise DictionaryError when that very description exists: nobody could tell the two rows apart."""
        owner = self._examples.get(text)
        if owner is not None:
            self.refuse(
                message("«{text}» is already a description of {problem}", text=text[:60], problem=owner),
                message("change {problem} instead", problem=owner),
            )

    def refuse(self, what: str, remedy: str) -> NoReturn:
        """Raise DictionaryError."""
        raise DictionaryError(what, where=self._sheet.where, remedy=remedy)

    def place(self, name: str) -> int | None:
        """Where the column of that name is; None when there is none yet."""
        return place_of(name, self._columns)

    def text_of(self, row: Row, name: str) -> str:
        """What stands in that column."""
        at = self.place(name)
        return clean(row.cells[at]) if at is not None and at < len(row.cells) else ""

    def contract_texts(self, row: Row) -> dict[str, str]:
        """What stands in the columns that are read."""
        return {name: self.text_of(row, name) for name in COLUMN_NAMES.values()}

    def write(self, row: Row, name: str, text: str) -> None:
        """Put a text into that column, which the header gets when it has none; the row must be read again."""
        if self.text_of(row, name) == text:
            return
        at = self._place_made(name)
        row.cells.extend("" for _ in range(at + 1 - len(row.cells)))
        row.cells[at] = text
        row.changed = True

    def new_row(self, texts: Mapping[str, str]) -> Row:
        """A record with these texts, not yet in the sheet."""
        for name, text in texts.items():
            if text:
                self._place_made(name)
        row = Row(self._last, 0, [""] * len(self._columns.names), Message.of(""), new=True)
        for name, text in texts.items():
            self.write(row, name, text)
        self._read(row)
        return row

    def usable(self, row: Row) -> KnownError:
        """What the row is read as. Raises DictionaryError with the reason when it could not be used."""
        if isinstance(row.known, Message):
            self.refuse(message("the row could not be used: {why}", why=row.known), "correct that")
        return row.known

    def insert(self, row: Row, *, behind: Row | None) -> None:
        """Put a new row behind another one, or at the end."""
        if behind is not None:
            row.at = behind.at
        self._added.append(row)
        known = self.usable(self._read(row))
        self._of[known.id].append(row)
        self._examples.setdefault(known.description, known.id)

    def pinned(self, problem: str) -> Sequence[Row]:
        """The rows of a problem, with its id written into each."""
        rows = self.rows_of(problem)
        for row in rows:
            self.write(row, "ID PROBLEMA", problem)
        return rows

    def drop(self, row: Row) -> None:
        """Take a row out."""
        row.dropped = True
        if isinstance(row.known, KnownError):
            self._examples.pop(row.known.description, None)

    def reread(self, problem: str) -> None:
        """Read the rows of a problem again after writing. Raises DictionaryError when one cannot be used any more."""
        for row in self.rows_of(problem):
            if isinstance(row.known, KnownError):
                self._examples.pop(row.known.description, None)
            known = self.usable(self._read(row))
            self._examples[known.description] = known.id

    def finished(self) -> Sheet:
        """The sheet with everything that was done.

        Raises:
            DictionaryError: nothing was done, the file cannot carry it, or rows that were not meant would change.
        """
        changed = {row.at: None if row.dropped else row.cells for row in self._rows if row.changed or row.dropped}
        added: defaultdict[int, list[list[str]]] = defaultdict(list)
        for row in self._added:
            if not row.dropped:
                added[row.at].append(row.cells)
        if not changed and not added:
            self.refuse("nothing would change: all of it stands there already", "look at the problem first")
        self._check_others()
        return self._sheet.rewritten(changed, added, self._new_columns)

    def _check_others(self) -> None:
        """A new column may give a meaning to what stood beyond the header's last one."""
        for row in self._rows if self._new_columns else ():
            if row.changed or row.dropped:
                continue
            line = self._sheet.rows[row.at]
            known = row_of(line, self._columns)
            if known != row.known:
                name = known.id if isinstance(known, KnownError) else row.number
                self.refuse(
                    message("the change would also change {name}", name=name),
                    message("mend line {number} of the file first", number=row.number),
                )

    def _read(self, row: Row) -> Row:
        row.known = row_of(Line(row.number, tuple(row.cells)), self._columns)
        return row

    def _place_made(self, name: str) -> int:
        at = self.place(name)
        if at is None:
            at = len(self._columns.names)
            self._new_columns.append(name)
            names = (*self._columns.names, plain(name))
            self._columns = Columns({**self._columns.fields, field_of(name): at}, names)
        return at
