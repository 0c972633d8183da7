"""Outlook messages (`.msg`): an OLE file of properties, taken apart into subject, date, text and attachments.

Of python-oxmsg only the tree of storages is used: its properties raise for a whole message when one of them has an
unknown code page or is cut off.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from olefile import OleFileIO
from oxmsg.storage import Storage

from resuelve.readers.charsets import text_in
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


def letter(data: bytes) -> Letter:
    """The message.

    Raises:
        OSError, ValueError, LookupError, struct.error, RecursionError: it is broken.
    """
    with OleFileIO(data) as ole:
        return _letter(Storage.from_ole(ole), _ROOT)


def _letter(storage: Storage, header: int) -> Letter:
    streams = {stream.name: stream.bytes_ for stream in storage.streams}
    plain = dict(_plain(streams.get("__properties_version1.0", b"")[header:]))
    page = _page(plain.get((_PAGE, _NUMBER)))
    found = Letter(
        " ".join(_text(streams, _SUBJECT, page).split()), _date(plain.get((_SENT, _TIME))), _text(streams, _BODY, page)
    )
    kind = _text(streams, _CLASS, page)
    if kind.startswith(_SEALED) and _SIGNED not in kind:
        found.obstacles.append(Obstacle("", Unread.ENCRYPTED))
        return found
    page_of_html = _page(plain.get((_WEB_PAGE, _NUMBER))) or page
    html = streams.get(_stream(_HTML, _BINARY), b"").rstrip(b"\0")
    found.html = (text_in(html, page_of_html) or _text(streams, _HTML, page)).encode("utf-8", "replace")
    if not found.plain.strip() and not found.html.strip() and _stream(_RTF, _BINARY) in streams:
        found.obstacles.append(Obstacle("", Unread.UNKNOWN_KIND, "rtf"))
    for number, attached in enumerate(storage.iter_attachment_storages(), 1):
        _attach(attached, number, page, found)
    return found


def _attach(storage: Storage, number: int, page: str, found: Letter) -> None:
    """A file, or a message within the message."""
    streams = {stream.name: stream.bytes_ for stream in storage.streams}
    name = next(filter(None, (_text(streams, one, page) for one in _NAMES)), f"part{number}")
    within = next((one for one in storage.storages if one.name == _MESSAGE_WITHIN), None)
    if within is not None:
        found.letters.append((name, _letter(within, _INNER)))
    elif content := streams.get(_stream(_DATA, _BINARY)):
        found.files.append((name, content))


def _plain(data: bytes) -> Iterator[tuple[tuple[int, int], int]]:
    """The properties of a fixed size, by identifier and type."""
    for at in range(0, len(data) - 15, 16):
        kind, identifier, _, value = struct.unpack_from("<HHIQ", data, at)
        yield (identifier, kind), value


def _stream(identifier: int, kind: int) -> str:
    return f"__substg1.0_{identifier:04X}{kind:04X}"


def _text(streams: dict[str, bytes], identifier: int, page: str) -> str:
    if wide := streams.get(_stream(identifier, _WIDE)):
        return wide.decode("utf-16-le", "replace").rstrip("\0")
    return text_in(streams.get(_stream(identifier, _NARROW), b"").rstrip(b"\0"), page or "cp1252")


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
