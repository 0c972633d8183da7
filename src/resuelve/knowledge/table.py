"""Reading a spreadsheet's CSV as people really save it: any usual encoding, separator and line ending."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from resuelve.domain.errors import DictionaryError

_ENCODINGS = ("utf-8-sig", "cp1252", "latin-1")
_SEPARATORS = (",", ";", "\t", "|")
_LARGEST_CELL = 1_000_000
_SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How XLSX, ODS and XLS begin."""

_NULS = 20
"""A file of which more than one byte in so many is NUL is no text; a stray one costs nothing."""


@dataclass(frozen=True, slots=True)
class Line:
    """One record of the file.

    Attributes:
        number: the line on which it begins, 1 being the first of the file.
        cells: its cells; empty when it cannot be read, and then `problem` says why.
    """

    number: int
    cells: tuple[str, ...]
    problem: str = ""


def read_text(path: Path) -> str:
    """The text of a file saved as UTF-8 (with or without BOM), UTF-16 with BOM, Windows-1252 or Latin-1.

    Raises:
        DictionaryError: it is missing, unreadable or not a text.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DictionaryError(
            f"cannot be read ({error.strerror})", where=str(path), remedy="check the path and the permissions"
        ) from error
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    if data.startswith(_SPREADSHEETS) or data[:4096].count(0) * _NULS > len(data[:4096]):
        raise DictionaryError("is not a text file", where=str(path), remedy="save it as CSV (UTF-8)")
    for encoding in _ENCODINGS[:-1]:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode(_ENCODINGS[-1])


def split(text: str) -> Iterator[Line]:
    """The records of a CSV text, empty lines left out.

    A record that cannot be read (an unclosed quote, text behind a closing quote) costs its first line only: reading
    goes on with the next one, so that one stray quote does not swallow the rest of the file.
    """
    # Unlike str.splitlines, this splits at the line ends of a CSV, and not at a form feed or U+2028 within a text.
    lines = list(io.StringIO(text, newline=""))
    separator = _separator(next((line for line in lines if line.strip()), ""))
    csv.field_size_limit(_LARGEST_CELL)
    position = 0
    while position < len(lines):
        reader = csv.reader(_from(lines, position), delimiter=separator, strict=True)
        start = position
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield Line(start + 1, tuple(cells))
                start = position + reader.line_num
            return
        except csv.Error as error:
            yield Line(start + 1, (), str(error))
            position = start + 1


def _from(lines: list[str], position: int) -> Iterator[str]:
    for index in range(position, len(lines)):
        yield lines[index]


def _separator(header: str) -> str:
    """The separator that splits the header into most cells."""
    counts = {candidate: _cells(header, candidate) for candidate in _SEPARATORS}
    return max(_SEPARATORS, key=lambda candidate: counts[candidate])


def _cells(header: str, separator: str) -> int:
    try:
        return len(next(csv.reader(io.StringIO(header), delimiter=separator), []))
    except csv.Error:
        return 0
