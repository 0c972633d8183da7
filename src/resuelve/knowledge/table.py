"""Reading a spreadsheet's CSV as people really save it: any usual encoding, separator and line ending."""

from __future__ import annotations

import csv
import io
import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

from resuelve.domain.errors import DictionaryError
from resuelve.domain.message import Message, message, system_said

_WIDE = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_SEPARATORS = (",", ";", "\t", "|")
LARGEST_CELL = 1_000_000
_SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How XLSX, ODS and XLS begin."""

_NULS = 20
"""A file of which more than one byte in so many is NUL is no text; a stray one costs nothing."""

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)?")

_BEHIND_A_QUOTE = re.compile("'(.)' expected after '(.)'")
"""What the CSV reader says of a text behind a closing quote."""


@dataclass(slots=True)  # not frozen, because a large file has many of them: that takes three times as long
class Line:
    """One record of the file.

    Attributes:
        number: the line on which it begins, 1 being the first of the file.
        cells: its cells; empty when it cannot be read, and then `problem` says why.
        start, end: where it stands in the text, in characters, with its line ending.
    """

    number: int
    cells: tuple[str, ...]
    problem: str = ""
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a text becomes the bytes of its file: Python's name of the codec, and the mark that stands before."""

    codec: str
    mark: bytes = b""

    def encode(self, text: str) -> bytes:
        """The bytes of the whole file. Raises UnicodeEncodeError when it cannot carry the text."""
        return self.mark + text.encode(self.codec)


def read_text(path: Path) -> str:
    """The text of a file saved as UTF-8 (with or without BOM), UTF-16 with BOM, Windows-1252 or Latin-1.

    Raises:
        DictionaryError: it is missing, unreadable or not a text.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DictionaryError(
            message("cannot be read ({why})", why=system_said(error)),
            where=str(path),
            remedy="check the path and the permissions",
        ) from error
    return decode(data, str(path))[0]


def decode(data: bytes, where: str) -> tuple[str, Encoding]:
    """The text of these bytes of the file `where`, and how it was encoded; see `read_text`."""
    if codec := _WIDE.get(data[:2]):
        return data[2:].decode(codec, errors="replace"), Encoding(codec, data[:2])
    if data.startswith(_SPREADSHEETS) or data[:4096].count(0) * _NULS > len(data[:4096]):
        raise DictionaryError("is not a text file", where=where, remedy="save it as CSV (UTF-8)")
    mark = BOM_UTF8 if data.startswith(BOM_UTF8) else b""
    for encoding in (Encoding("utf-8", mark), Encoding("cp1252")):
        try:
            return data[len(encoding.mark) :].decode(encoding.codec), encoding
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1"), Encoding("latin-1")


def split(text: str) -> Iterator[Line]:
    """The records of a CSV text, empty lines left out.

    A record that cannot be read (an unclosed quote, text behind a closing quote) costs its first line only: reading
    goes on with the next one, so that one stray quote does not swallow the rest of the file.
    """
    lines = lines_of(text)
    offsets = list(accumulate(map(len, lines), initial=0))
    separator = separator_of(text)
    csv.field_size_limit(LARGEST_CELL)
    position = 0
    while position < len(lines):
        reader = csv.reader(map(lines.__getitem__, range(position, len(lines))), delimiter=separator, strict=True)
        start = position
        try:
            for cells in reader:
                end = position + reader.line_num
                if "".join(cells).strip():
                    yield Line(start + 1, tuple(cells), "", offsets[start], offsets[end])
                start = end
            return
        except csv.Error as error:
            yield Line(start + 1, (), _said(error), start=offsets[start], end=offsets[start + 1])
            position = start + 1


def _said(error: csv.Error) -> Message:
    """What stands in the way, in words that are translated where it is one of the usual things."""
    if behind := _BEHIND_A_QUOTE.fullmatch(str(error)):
        return message("'{sign}' expected after '{quote}'", sign=behind[1], quote=behind[2])
    return message("unexpected end of data") if "end of data" in str(error) else Message.of(str(error))


def lines_of(text: str) -> list[str]:
    """The lines with their endings: those of a CSV, and not those of `str.splitlines`, as a form feed or U+2028."""
    if "\r" in text and text.count("\r") != text.count("\r\n"):
        return list(io.StringIO(text, newline=""))
    lines = [f"{line}\n" for line in text.split("\n")]  # the same in half the time
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def separator_of(text: str) -> str:
    """The separator that splits the header, which is the first line that is not empty, into most cells."""
    header = next((line[0] for line in _LINE.finditer(text) if line[0].strip()), "")
    counts = {candidate: _cells(header, candidate) for candidate in _SEPARATORS}
    return max(_SEPARATORS, key=lambda candidate: counts[candidate])


def _cells(header: str, separator: str) -> int:
    try:
        return len(next(csv.reader(io.StringIO(header), delimiter=separator), []))
    except csv.Error:
        return 0
