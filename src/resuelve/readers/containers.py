"""The lists of contents of ZIP and OLE files, read without expanding anything and without trusting a number in them."""

from __future__ import annotations

import struct
from collections.abc import Iterator

MOST_ENTRIES = 10_000
"""Members of an archive beyond which nothing of it is read."""

_END, _ENTRY = b"PK\x05\x06", b"PK\x01\x02"
_END_SIZE, _ENTRY_SIZE, _LONGEST_COMMENT = 22, 46, 65_535
_WHOLE = 0xFFFFFFFF

_DIRECTORY_ENTRY, _MOST_SECTORS, _LAST_SECTOR = 128, 4096, 0xFFFFFFFA
_NOBODY = 0xFFFFFFFF


def zip_names(data: bytes, most: int) -> tuple[str, ...] | None:
    """The names in the directory of a ZIP, `most` + 1 at most; None when it has no directory."""
    end = data.rfind(_END, max(0, len(data) - _END_SIZE - _LONGEST_COMMENT))
    if end < 0 or end + _END_SIZE > len(data):
        return None
    size, start = struct.unpack_from("<II", data, end + 12)
    at = start if _WHOLE not in (size, start) else data.find(_ENTRY)
    if data[at : at + 4] != _ENTRY:  # what was put before the archive moves everything
        at = end - size
    names: list[str] = []
    while at >= 0 and at + _ENTRY_SIZE <= end and data[at : at + 4] == _ENTRY and len(names) <= most:
        flags = struct.unpack_from("<H", data, at + 8)[0]
        length, extra, comment = struct.unpack_from("<HHH", data, at + 28)
        raw = data[at + _ENTRY_SIZE : at + _ENTRY_SIZE + length]
        names.append(raw.decode("utf-8" if flags & 0x800 else "cp437", "replace"))
        at += _ENTRY_SIZE + length + extra + comment
    return tuple(names)


def ole_entries(data: bytes) -> frozenset[str]:
    """The names of what stands at the top of an OLE file.

    Raises:
        ValueError: its directory cannot be followed.
        struct.error: it ends too early.
    """
    shift = struct.unpack_from("<H", data, 30)[0]
    if shift not in (9, 12):
        raise ValueError("a sector of a size that there is not")
    directory = b"".join(_sectors(data, 1 << shift))
    entries = [directory[at : at + _DIRECTORY_ENTRY] for at in range(0, len(directory), _DIRECTORY_ENTRY)]
    if not entries:
        raise ValueError("no directory")
    names, seen = set(), set()
    waiting = [struct.unpack_from("<I", entries[0], 76)[0]]
    while waiting:  # the entries of a folder are a tree of brothers
        number = waiting.pop()
        if number in seen or number >= len(entries):
            continue
        seen.add(number)
        entry = entries[number]
        names.add(entry[: max(0, min(64, struct.unpack_from("<H", entry, 64)[0]) - 2)].decode("utf-16-le", "replace"))
        waiting += struct.unpack_from("<II", entry, 68)
    return frozenset(names)


def _sectors(data: bytes, size: int) -> Iterator[bytes]:
    """The sectors of the directory, in their order."""
    tables = struct.unpack_from("<109I", data, 76)
    number = struct.unpack_from("<I", data, 48)[0]
    seen: set[int] = set()
    while number < _LAST_SECTOR and number not in seen and len(seen) < _MOST_SECTORS:
        seen.add(number)
        at = (number + 1) * size
        sector = data[at : at + size]
        if len(sector) < size:
            raise ValueError("the directory goes beyond the file")
        yield sector
        table, place = divmod(number, size // 4)
        if table >= len(tables) or tables[table] == _NOBODY:
            return
        number = struct.unpack_from("<I", data, (tables[table] + 1) * size + 4 * place)[0]
