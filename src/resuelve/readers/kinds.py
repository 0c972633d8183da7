"""What a file is: told by its bytes, never by its name.

The name only chooses among the kinds of text, which look alike: a log, a CSV, a message, a page.
"""

from __future__ import annotations

import csv
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from resuelve.readers.containers import MOST_ENTRIES, ole_entries, zip_names
from resuelve.readers.encodings import decoded
from resuelve.readers.port import Unread

KINDS = (
    *("png", "jpeg", "webp", "gif", "bmp", "tiff"),
    *("pdf", "docx", "xlsx", "csv", "html", "eml", "msg", "zip", "text"),
)

_PICTURES: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "png"),
    (re.compile(rb"\xff\xd8\xff"), "jpeg"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "webp"),
    (re.compile(rb"GIF8[79]a"), "gif"),
    (re.compile(rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\x00\x00\x00", re.DOTALL), "bmp"),
    (re.compile(rb"II[\x2a\x2b]\x00|MM\x00[\x2a\x2b]"), "tiff"),
)
_KNOWN_BY_NAME: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb".{4}ftyp(?:heic|heix|mif1|msf1|hevc)", re.DOTALL), "heic"),
    (re.compile(rb".{4}ftypavif", re.DOTALL), "avif"),
    (re.compile(rb".{4}ftyp", re.DOTALL), "mp4"),
    (re.compile(rb"\x1a\x45\xdf\xa3"), "mkv"),
    (re.compile(rb"RIFF....AVI ", re.DOTALL), "avi"),
    (re.compile(rb"Rar!\x1a\x07"), "rar"),
    (re.compile(rb"7z\xbc\xaf\x27\x1c"), "7z"),
    (re.compile(rb"\x1f\x8b\x08"), "gz"),
    (re.compile(rb"BZh[1-9]"), "bz2"),
    (re.compile(rb"\xfd7zXZ\x00"), "xz"),
    (re.compile(rb"\{\\rtf"), "rtf"),
    (re.compile(rb"%!PS"), "ps"),
    (re.compile(rb"MZ.{58}", re.DOTALL), "exe"),
    (re.compile(rb"\x7fELF"), "elf"),
    (re.compile(rb"ID3|OggS|\xff[\xf2\xf3\xfb]"), "audio"),
)
"""What nobody here reads, so that a person may be told what it was."""

_PDF = re.compile(rb"(?:\A|[\s\0])%PDF-\d\.\d")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLD_OFFICE = {"WordDocument": "doc", "Workbook": "xls", "Book": "xls", "PowerPoint Document": "ppt"}
_FOREIGN_PARTS = (
    ("xl/workbook.bin", "xlsb"),
    ("ppt/", "pptx"),
    ("visio/", "vsdx"),
    ("content.xml", "odf"),
)
_PAGE = re.compile(
    r"\s*(?:<\?xml[^>]{0,200}>\s*|<!--.{0,2000}?-->\s*){0,5}<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_HEADER = re.compile(r"([A-Za-z][A-Za-z0-9-]{1,60}):")
_HEADERS_OF_MAIL = frozenset(
    "from to cc subject date mime-version received message-id return-path content-type delivered-to reply-to".split()
)
_HEADERS_OF_MACHINES = frozenset("mime-version received message-id return-path delivered-to".split())
_SHORTEST, _FIRST_LINES = 2, 20
_BEFORE_PDF = 1024


@dataclass(frozen=True, slots=True)
class Told:
    """What a file is.

    Attributes:
        kind: one of `KINDS`; empty when none of them.
        why: why it cannot be read, where that is seen from outside; None for a kind.
        detail: what else it is, as the ending that such files have: ``doc``, ``rar``.
    """

    kind: str
    why: Unread | None = None
    detail: str = ""


def kind_of(data: bytes, name: str = "") -> str:
    """One of `KINDS`; empty when the file is none of them."""
    return told(data, name).kind


def told(data: bytes, name: str = "") -> Told:
    """What the file is, and if it is nothing that is read here, why."""
    if not data:
        return Told("", Unread.EMPTY)
    for pattern, kind in _PICTURES:
        if pattern.match(data):
            return Told(kind)
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip(data)
    if data.startswith(_OLE):
        return _ole(data)
    for pattern, what in _KNOWN_BY_NAME:
        if pattern.match(data):
            return Told("", Unread.UNKNOWN_KIND, what)
    if _PDF.search(data[:_BEFORE_PDF]) and b"obj" in data:
        return Told("pdf")
    text = decoded(data)
    if text is None:
        return Told("", Unread.UNKNOWN_KIND)
    return Told(_kind_of_text(text, name)) if text.strip() else Told("", Unread.EMPTY)


def _zip(data: bytes) -> Told:
    """An Office file is a ZIP with parts of certain names; their content is not looked at here."""
    names = zip_names(data, MOST_ENTRIES) or ()
    if "[Content_Types].xml" in names or "mimetype" in names:
        for start, what in _FOREIGN_PARTS:
            if any(one.startswith(start) for one in names):
                return Told("", Unread.UNKNOWN_KIND, what)
        for start, kind in (("word/", "docx"), ("xl/", "xlsx")):
            if any(one.startswith(start) for one in names):
                return Told(kind)
    return Told("zip")


def _ole(data: bytes) -> Told:
    try:
        entries = ole_entries(data)
    except (struct.error, ValueError):
        return Told("", Unread.DAMAGED)
    if "__properties_version1.0" in entries:
        return Told("msg")
    if "EncryptedPackage" in entries:
        return Told("", Unread.ENCRYPTED)
    old = next((what for entry, what in _OLD_OFFICE.items() if entry in entries), "")
    return Told("", Unread.UNKNOWN_KIND, old)


def _kind_of_text(text: str, name: str) -> str:
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if _PAGE.match(text) or (ending in ("html", "htm", "xhtml") and text.lstrip().startswith("<")):
        return "html"
    if _is_mail(text, named=ending == "eml"):
        return "eml"
    if ending in ("csv", "tsv"):
        return "csv" if _is_table(text, columns=2, rows=1) else "text"
    return "csv" if not ending and _is_table(text, columns=3, rows=3) else "text"


def _is_mail(text: str, *, named: bool) -> bool:
    """It begins with header lines, among them some that a person would not write."""
    found: set[str] = set()
    for line in islice(text.lstrip("\n\r").splitlines(), 200):
        if not line.strip():
            break
        if line[0] in " \t" and found:
            continue
        header = _HEADER.match(line)
        if not header:
            return False
        found.add(header[1].lower())
    known = found & _HEADERS_OF_MAIL
    return len(known) >= (1 if named else 3) and (named or bool(found & _HEADERS_OF_MACHINES))


def _is_table(text: str, *, columns: int, rows: int) -> bool:
    """The first lines have the same number of cells, with one of the usual separators."""
    lines = [line[:2000] for line in islice(text.lstrip("\ufeff").splitlines(), _FIRST_LINES) if line.strip()]
    return any(_cells(lines, separator, columns, rows) for separator in ";\t,|")


def _cells(lines: Sequence[str], separator: str, columns: int, rows: int) -> bool:
    try:
        counts = [len(row) for row in csv.reader(lines, delimiter=separator)]
    except csv.Error:
        return False
    # A quoted cell may break the last of the lines that are looked at.
    whole = counts[:-1] if len(counts) > _SHORTEST else counts
    return len(counts) >= rows and min(counts[:1], default=0) >= columns and len(set(whole)) == 1
