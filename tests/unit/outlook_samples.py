"""Outlook messages as bytes: an OLE file of storages and streams, written by hand."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

Tree = Mapping[str, "bytes | Tree"]

_SECTOR, _FREE, _END, _FAT = 512, 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


@dataclass
class _Entry:
    name: str
    kind: int
    child: int = _FREE
    right: int = _FREE
    start: int = _END
    size: int = 0

    def bytes(self) -> bytes:
        name = self.name.encode("utf-16-le")
        head = name.ljust(64, b"\0") + struct.pack("<HBB", len(name) + 2, self.kind, 1)
        links = struct.pack("<III", _FREE, self.right, self.child)
        return head + links + bytes(36) + struct.pack("<IQ", self.start, self.size)


@dataclass
class _Ole:
    entries: list[_Entry] = field(default_factory=list)
    sectors: list[bytes] = field(default_factory=list)
    chain: list[int] = field(default_factory=list)

    def keep(self, data: bytes) -> int:
        """A stream in sectors of its own; gives the first."""
        first = len(self.sectors)
        pieces = [data[at : at + _SECTOR].ljust(_SECTOR, b"\0") for at in range(0, len(data), _SECTOR)]
        self.sectors += pieces
        self.chain += [*range(first + 1, first + len(pieces)), _END]
        return first

    def add(self, tree: Tree) -> int:
        """The entries of a storage, each the right brother of the one before; gives the first."""
        numbers = []
        for name, held in tree.items():
            entry = _Entry(name, 2 if isinstance(held, bytes) else 1)
            self.entries.append(entry)
            numbers.append(len(self.entries) - 1)
            if isinstance(held, bytes):
                # Below 4096 bytes a stream would lie in small sectors; a longer one needs none.
                entry.start, entry.size = self.keep(held.ljust(4096, b"\0")), max(len(held), 4096)
            else:
                entry.child = self.add(held)
        for one, following in pairwise(numbers):
            self.entries[one].right = following
        return numbers[0] if numbers else _FREE


def ole(tree: Tree) -> bytes:
    """An OLE file with these streams and storages; streams are filled up with zeros to 4096 bytes."""
    made = _Ole([_Entry("Root Entry", 5)])
    made.entries[0].child = made.add(tree)
    directory = made.keep(b"".join(entry.bytes() for entry in made.entries))
    tables = 1
    while tables * _SECTOR // 4 < len(made.sectors) + tables:
        tables += 1
    first = len(made.sectors)
    fat = [*made.chain, *[_FAT] * tables]
    fat += [_FREE] * (tables * _SECTOR // 4 - len(fat))
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(10)
    head += struct.pack("<IIIIIIII", tables, directory, 0, 4096, _END, 0, _END, 0)
    head += struct.pack("<109I", *[*range(first, first + tables), *[_FREE] * (109 - tables)])
    return head + b"".join(made.sectors) + struct.pack(f"<{len(fat)}I", *fat)


def properties(header: int, fixed: Mapping[tuple[int, int], int]) -> bytes:
    """A stream of properties of a fixed size."""
    return bytes(header) + b"".join(
        struct.pack("<HHIQ", kind, identifier, 6, value) for (identifier, kind), value in fixed.items()
    )


def wide(**texts: str) -> dict[str, bytes]:
    """Streams of texts by what they are: ``subject``, ``body``…"""
    numbers = {"subject": 0x0037, "body": 0x1000, "kind": 0x001A, "name": 0x3707, "short": 0x3704}
    return {f"__substg1.0_{numbers[name]:04X}001F": text.encode("utf-16-le") for name, text in texts.items()}
