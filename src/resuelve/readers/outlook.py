"""Outlook messages (`.msg`): an OLE file of properties, taken apart into subject, date, text and attachments.

A stream is read when it is needed and never otherwise: a thousand of them may lie on the same bytes. Libraries made for
such messages read all of them at once, and give up the whole message for one property that is cut off.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from olefile import OleFileIO

from resuelve.readers.encodings import text_in
from resuelve.readers.letter import Letter
from resuelve.readers.port import Obstacle, Unread

_SUBJECT, _BODY, _HTML, _RTF, _SENT, _CLASS, _PAGE = 0x0037, 0x1000, 0x1013, 0x1009, 0x0039, 0x001A, 0x3FFD
_NAMES = (0x3707, 0x3704, 0x3001)
"""Of an attachment: its long name, its short one, the one that is shown."""

_DATA, _WEB_PAGE = 0x3701, 0x3FDE
_WIDE, _NARROW, _BINARY, _TIME, _NUMBER = 0x001F, 0x001E, 0x0102, 0x0040, 0x0003
_ROOT, _INNER = 32, 24
"""Bytes before the properties of a message, and of a message within one."""

_MESSAGE_WITHIN = "__substg1.0_3701000D"
_SEALED, _SIGNED = "IPM.Note.SMIME", "MultipartSigned"
_ZERO = datetime(1601, 1, 1, tzinfo=UTC)
_MOST_TICKS = 3_000_000_000_000_000_000


def letter(data: bytes, files: int, room: int) -> Letter:
    """The message, with `files` attachments and `room` bytes of them at most; one more shows that there are more.

    Raises:
        OSError, ValueError, LookupError, struct.error, RecursionError: it is broken.
    """
    with OleFileIO(data) as ole:
        paths = [tuple(path) for path in ole.listdir(streams=True, storages=True)]
        return _letter(_Storage(ole, paths, (), [room]), _ROOT, files)


@dataclass(frozen=True, slots=True)
class _Storage:
    """What is kept under one path of an OLE file."""

    ole: OleFileIO
    paths: Sequence[tuple[str, ...]]
    path: tuple[str, ...]
    room: list[int]
    """One number: the bytes that may still be read, by all storages of the file."""

    def stream(self, name: str) -> bytes:
        """The bytes of a stream, none when there is no such stream or no room for it."""
        path = (*self.path, name)
        if path not in self.paths:
            return b""
        with self.ole.openstream(list(path)) as stream:
            read: bytes = stream.read(self.room[0] + 1)
        self.room[0] -= len(read)
        return read if self.room[0] >= 0 else b""

    def below(self, start: str) -> list[_Storage]:
        """The storages in this one whose names begin so."""
        deep = len(self.path)
        found = [
            one
            for one in self.paths
            if len(one) == deep + 1 and one[:deep] == self.path and one[deep].startswith(start)
        ]
        return [
            _Storage(self.ole, [one for one in self.paths if one[: deep + 1] == path], path, self.room)
            for path in found
        ]


def _letter(storage: _Storage, header: int, files: int) -> Letter:
    plain = dict(_plain(storage.stream("__properties_version1.0")[header:]))
    page = _page(plain.get((_PAGE, _NUMBER)))
    subject = " ".join(_text(storage, _SUBJECT, page).split())
    found = Letter(subject, _date(plain.get((_SENT, _TIME))), _text(storage, _BODY, page))
    kind = _text(storage, _CLASS, page)
    if kind.startswith(_SEALED) and _SIGNED not in kind:
        found.obstacles.append(Obstacle("", Unread.ENCRYPTED))
        return found
    page_of_html = _page(plain.get((_WEB_PAGE, _NUMBER))) or page
    html = storage.stream(_stream(_HTML, _BINARY)).rstrip(b"\0")
    found.html = (text_in(html, page_of_html) or _text(storage, _HTML, page)).encode("utf-8", "replace")
    if not found.plain.strip() and not found.html.strip() and storage.stream(_stream(_RTF, _BINARY)):
        found.obstacles.append(Obstacle("", Unread.UNKNOWN_KIND, "rtf"))
    for number, attached in enumerate(storage.below("__attach_version1.0_#")[: files + 1], 1):
        _attach(attached, number, page, files, found)
    return found


def _attach(storage: _Storage, number: int, page: str, files: int, found: Letter) -> None:
    """A file, or a message within the message."""
    name = next(filter(None, (_text(storage, one, page) for one in _NAMES)), f"part{number}")
    within = storage.below(_MESSAGE_WITHIN)
    if within:
        found.letters.append((name, _letter(within[0], _INNER, files)))
    elif content := storage.stream(_stream(_DATA, _BINARY)):
        found.files.append((name, content))
    elif storage.room[0] < 0:
        found.obstacles.append(Obstacle(name, Unread.EXPANDS))


def _plain(data: bytes) -> Iterator[tuple[tuple[int, int], int]]:
    """The properties of a fixed size, by identifier and type."""
    for at in range(0, len(data) - 15, 16):
        kind, identifier, _, value = struct.unpack_from("<HHIQ", data, at)
        yield (identifier, kind), value


def _stream(identifier: int, kind: int) -> str:
    return f"__substg1.0_{identifier:04X}{kind:04X}"


def _text(storage: _Storage, identifier: int, page: str) -> str:
    if wide := storage.stream(_stream(identifier, _WIDE)):
        return wide.decode("utf-16-le", "replace").rstrip("\0")
    return text_in(storage.stream(_stream(identifier, _NARROW)).rstrip(b"\0"), page or "cp1252")


def _page(number: int | None) -> str:
    """The name of a code page; empty for none."""
    if number is None:
        return ""
    return {65001: "utf-8", 20127: "us-ascii", 28605: "iso-8859-15", 28591: "iso-8859-1"}.get(
        number & 0xFFFFFFFF, f"cp{number & 0xFFFF}"
    )


def _date(ticks: int | None) -> str:
    if ticks is None or not 0 < ticks < _MOST_TICKS:
        return ""
    return f"{_ZERO + timedelta(microseconds=ticks // 10):%Y-%m-%d %H:%M} UTC"
