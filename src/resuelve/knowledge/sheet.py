"""The dictionary's file as a sheet: a change rewrites the records that it means, and no other byte of the file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from pathlib import Path
from typing import NoReturn

from resuelve.domain.errors import DictionaryError
from resuelve.domain.message import message
from resuelve.knowledge.catalogue import (
    COLUMN_NAMES,
    Catalogue,
    Columns,
    catalogue_of,
    clean,
    columns_of,
    field_of,
    plain,
)
from resuelve.knowledge.table import Encoding, Line, decode, separator_of, split

_ENDING = re.compile(r"(?:\r\n|\n|\r)\Z")
_HABIT_ROWS = 100
"""So many rows show whether a file's author quotes every cell."""


class Quoting(Enum):
    """Which cells a file's author puts in quotes."""

    NEEDED = "needed"
    FILLED = "filled"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One state of the file.

    Attributes:
        where: the file, for messages.
        data: its bytes.
        text: its text, without the mark of the encoding.
        header: the record that names the columns.
        rows: every other record, those that cannot be read among them.
    """

    where: str
    data: bytes
    text: str
    encoding: Encoding
    separator: str
    header: Line
    rows: tuple[Line, ...]
    columns: Columns

    @classmethod
    def parse(cls, data: bytes, where: str) -> Sheet:
        """Read the bytes of a dictionary.

        Raises:
            DictionaryError: they are no text, or have no usable header.
        """
        return cls._of(where, data, *decode(data, where))

    @classmethod
    def parse_text(cls, text: str, where: str) -> Sheet:
        """The same of a text that is no file; it is only to be read.

        Raises:
            DictionaryError: it has no usable header.
        """
        return cls._of(where, b"", text, Encoding("utf-8"))

    @classmethod
    def _of(cls, where: str, data: bytes, text: str, encoding: Encoding) -> Sheet:
        records = split(text)
        header = next(records, Line(1, ()))
        columns = columns_of(where, header if header.cells else None)
        return cls(where, data, text, encoding, separator_of(text), header, tuple(records), columns)

    def catalogue(self) -> Catalogue:
        """The known errors that stand in it."""
        return catalogue_of(Path(self.where).name, self.columns, self.rows)

    def fields(self, row: Line) -> dict[str, str]:
        """The filled cells of a record by the name of their column, however the header spells it."""
        if row.problem:
            return {"": self.text[row.start : row.end]}
        found: dict[str, str] = {}
        for at, cell in enumerate(map(clean, row.cells)):
            if cell:
                name = contract_name(self.columns.names[at]) if at < len(self.columns.names) else ""
                found[name if name and name not in found else f"#{at + 1}"] = cell
        return found

    def place(self, name: str) -> int | None:
        """The place of the column of that name, in whatever spelling; None when there is none."""
        return place_of(name, self.columns)

    def rewritten(
        self,
        changed: Mapping[int, Sequence[str] | None],
        added: Mapping[int, Sequence[Sequence[str]]],
        new_columns: Sequence[str] = (),
    ) -> Sheet:
        """This sheet with some records changed, in the habits of its file.

        Args:
            changed: the new cells of a row, by its place in `rows`; None removes it.
            added: new rows, by the place of the row behind which they come; -1 is the header.
            new_columns: names that the header gets at its end.

        Raises:
            DictionaryError: the file cannot carry the texts, or would not be read back the same.
        """
        self._check_lossless()
        writing = _Writing(self)
        text = writing.text(changed, added, new_columns)
        try:
            data = self.encoding.encode(text)
        except UnicodeEncodeError as error:
            self._refuse_characters(text[error.start : error.end])
        expected = [tuple(self.header.cells) + tuple(new_columns), *_expected(self.rows, changed, added)]
        try:
            sheet = Sheet.parse(data, self.where)
        except DictionaryError:
            self._refuse_ambiguous()
        found = [tuple(row.cells) for row in (sheet.header, *sheet.rows)]
        if found != expected:
            self._refuse_ambiguous()
        return sheet

    def _check_lossless(self) -> None:
        try:
            same = self.encoding.encode(self.text) == self.data
        except UnicodeEncodeError:
            same = False
        if not same:
            raise DictionaryError(
                "has bytes that are no text in its encoding, and would lose them by a change",
                where=self.where,
                remedy="open it in a spreadsheet, look for �, and save it as CSV (UTF-8)",
            )

    def _refuse_characters(self, characters: str) -> NoReturn:
        shown = " ".join(f"U+{ord(char):04X}" for char in dict.fromkeys(characters))
        if any("\ud800" <= char <= "\udfff" for char in characters):
            raise DictionaryError(
                message("the new text has half a character ({shown})", shown=shown),
                where=self.where,
                remedy="write it anew",
            )
        raise DictionaryError(
            message(
                "it is saved as {codec}, which has no «{characters}» ({shown})",
                codec=self.encoding.codec,
                characters=characters[:10],
                shown=shown,
            ),
            where=self.where,
            remedy="save it once as CSV (UTF-8) with a spreadsheet, or write the text without that character",
        )

    def _refuse_ambiguous(self) -> NoReturn:
        broken = next((row for row in self.rows if row.problem), None)
        raise DictionaryError(
            "with this change the file would not be read back as it was meant",
            where=f"{self.where}:{broken.number}" if broken else self.where,
            remedy="mend the line that cannot be read first: is a quote not closed?"
            if broken
            else message(
                "save it once as CSV (UTF-8) with a spreadsheet; now it is {codec}", codec=self.encoding.codec
            ),
        )


def contract_name(name: str) -> str:
    """How the contract spells this column; a column that it does not know gets its plain name."""
    return COLUMN_NAMES.get(field_of(name)) or plain(name)


def place_of(name: str, columns: Columns) -> int | None:
    """The place of the column of that name, in whatever spelling; None when there is none."""
    if (place := columns.fields.get(field_of(name))) is not None:
        return place
    return columns.names.index(plain(name)) if plain(name) in columns.names else None


def _expected(
    rows: Sequence[Line],
    changed: Mapping[int, Sequence[str] | None],
    added: Mapping[int, Sequence[Sequence[str]]],
) -> Iterator[tuple[str, ...]]:
    yield from map(tuple, added.get(-1, ()))
    for at, row in enumerate(rows):
        cells = changed.get(at, row.cells)
        if cells is not None:
            yield tuple(cells)
        yield from map(tuple, added.get(at, ()))


class _Writing:
    """Writes records as the author of a sheet does."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._cell = re.compile(rf'"(?:[^"]|"")*"|[^{re.escape(sheet.separator)}]*')
        self._must_quote = re.compile(rf'["\r\n{re.escape(sheet.separator)}]')
        ending = _ENDING.search(self._source(sheet.header))
        self._ending = ending[0] if ending else "\n"
        self._quoting = self._habit()

    def text(
        self,
        changed: Mapping[int, Sequence[str] | None],
        added: Mapping[int, Sequence[Sequence[str]]],
        new_columns: Sequence[str],
    ) -> str:
        sheet, pieces, position = self._sheet, list[str](), 0
        for at, line in enumerate((sheet.header, *sheet.rows), -1):
            pieces.append(sheet.text[position : line.start])
            position = line.end
            if at < 0 and new_columns:
                pieces.append(self._changed(line, (*line.cells, *new_columns)))
            elif at not in changed:
                pieces.append(self._source(line) if at not in added else self._ended(line))
            elif (cells := changed[at]) is not None:
                pieces.append(self._changed(line, cells))
            pieces += [self._record(cells) for cells in added.get(at, ())]
        text = "".join([*pieces, sheet.text[position:]])
        if _ENDING.search(sheet.text):
            return text
        return _ENDING.sub("", text)  # its author ends the file without a line ending

    def _source(self, line: Line) -> str:
        return self._sheet.text[line.start : line.end]

    def _ended(self, line: Line) -> str:
        source = self._source(line)
        return source if _ENDING.search(source) else source + self._ending

    def _changed(self, line: Line, cells: Sequence[str]) -> str:
        """The record with other cells; those that stay the same keep their very characters."""
        source = self._ended(line)
        ending = _ENDING.search(source)
        kept = self._cells(line)
        written = [
            kept[at] if at < len(kept) and at < len(line.cells) and line.cells[at] == cell else self._quoted(cell)
            for at, cell in enumerate(cells)
        ]
        return self._sheet.separator.join(written) + (ending[0] if ending else self._ending)

    def _cells(self, line: Line) -> list[str]:
        """The cells of a record as they are written; none when it is written in a way not foreseen here."""
        source = _ENDING.sub("", self._source(line))
        found, position = [], 0
        while match := self._cell.match(source, position):
            found.append(match[0])
            position = match.end() + 1
            if position > len(source):
                break
            if source[match.end()] != self._sheet.separator:
                return []
        return found if len(found) == len(line.cells) else []

    def _record(self, cells: Sequence[str]) -> str:
        return self._sheet.separator.join(map(self._quoted, cells)) + self._ending

    def _quoted(self, cell: str) -> str:
        habit = self._quoting
        if habit is Quoting.ALL or (habit is Quoting.FILLED and cell) or self._must_quote.search(cell):
            return '"' + cell.replace('"', '""') + '"'
        return cell

    def _habit(self) -> Quoting:
        """Seen in the first rows; a file of which no cell is filled without quotes has the habit of quoting."""
        readable = (line for line in (self._sheet.header, *self._sheet.rows) if not line.problem)
        empty_bare = False
        for line in islice(readable, _HABIT_ROWS):
            for cell in self._cells(line):
                if cell and not cell.startswith('"'):
                    return Quoting.NEEDED
                empty_bare = empty_bare or not cell
        return Quoting.FILLED if empty_bare else Quoting.ALL
