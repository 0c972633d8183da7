"""The versions of the dictionary on the disk: a line of JSON each, with what changed in the bytes of the file.

A line holds the bytes that were removed and inserted between what both states have in common at their beginning and
end (deflated, base64), so that from any state every other one can be had, forwards and backwards. The first line
inserts the whole file. Each line carries the SHA-256 of the file before and after it, and a checksum of itself.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from resuelve import durable
from resuelve.domain.errors import DictionaryError
from resuelve.domain.message import Message, message
from resuelve.knowledge.difference import ChangeKind
from resuelve.knowledge.narrow import common_end, common_start

FORMAT = 1
_REMEDY = "move that folder aside; history then begins anew, and the dictionary itself is not touched"


class VersionKind(StrEnum):
    """How a version came about."""

    FOUND = "found"
    """The file as it was when its history began."""
    EDIT = "edit"
    UNDO = "undo"
    OUTSIDE = "outside"
    """Somebody saved the file with another program."""


@dataclass(frozen=True, slots=True)
class Touched:
    """One row that a version changed: which problem's, and marks of its state before and after (empty: no row)."""

    kind: ChangeKind
    problem: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Version:
    """One state of the dictionary.

    Attributes:
        number: 1, 2, 3…
        at: when it was made; of one made outside, when the file was saved.
        who, why: as given; empty for one made outside.
        changes: the rows that differ from the version before.
        undoes: the version that it takes back; 0 for none.
        reverts: of one made outside, the versions made by commands whose rows it brought back to what they were.
    """

    number: int
    at: datetime
    who: str
    why: str
    kind: VersionKind
    changes: tuple[Touched, ...] = ()
    undoes: int = 0
    reverts: tuple[int, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """The problems whose rows differ, each once."""
        return tuple(dict.fromkeys(change.problem for change in self.changes if change.problem))


@dataclass(frozen=True, slots=True)
class Delta:
    """From one state of the file to the next: at `start`, `removed` gives way to `inserted`."""

    start: int
    removed: bytes
    inserted: bytes

    @classmethod
    def between(cls, before: bytes, after: bytes) -> Delta:
        """The shortest one."""
        start = common_start(before, after)
        end = common_end(before, after, start)
        return cls(start, before[start : len(before) - end], after[start : len(after) - end])

    def forward(self, data: bytes) -> bytes:
        return data[: self.start] + self.inserted + data[self.start + len(self.removed) :]

    def backward(self, data: bytes) -> bytes:
        return data[: self.start] + self.removed + data[self.start + len(self.inserted) :]


@dataclass(frozen=True, slots=True)
class Entry:
    """A version with its delta, and the hashes of the file before and after it."""

    version: Version
    delta: Delta
    before: str
    after: str


def file_hash(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


class VersionLog:
    """The file of versions. Whoever reads or writes it holds the dictionary's lock."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> list[Entry]:
        """All versions, oldest first. What a crash left behind of a last line is cut off.

        Raises:
            DictionaryError: the file is damaged.
            OSError: it cannot be read.
        """
        if not self.path.exists():
            return []
        data = self.path.read_bytes()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            durable.shorten(self.path, whole)
        entries: list[Entry] = []
        for number, line in enumerate(data[:whole].splitlines(), 1):
            entry = self._parsed(number, line)
            if entry.version.number != number or (entries and entries[-1].after != entry.before):
                self.refuse(message("line {number} does not follow the one before", number=number))
            entries.append(entry)
        return entries

    def append(self, entry: Entry) -> int:
        """Add a version; it is on the disk when this returns. Gives the size before. Raises OSError."""
        size = self.path.stat().st_size if self.path.exists() else 0
        durable.append(self.path, _line(entry))
        return size

    def refuse(self, what: Message) -> None:
        """Raise the DictionaryError of a damaged file."""
        raise DictionaryError(
            message("the versions of the dictionary are damaged: {what}", what=what),
            where=str(self.path),
            remedy=_REMEDY,
        )

    def _parsed(self, number: int, line: bytes) -> Entry:
        try:
            content = json.loads(line)
            check = content.pop("check")
            if content["format"] == FORMAT and check == _check(content):
                return _entry(content)
        except (ValueError, KeyError, TypeError, AttributeError, zlib.error, RecursionError):
            pass
        self.refuse(message("line {number} cannot be read", number=number))
        raise AssertionError


def content_of(entries: Sequence[Entry]) -> bytes:
    """The file as of the last of these versions, from nothing but them."""
    data = b""
    for entry in entries:
        data = entry.delta.forward(data)
    return data


def _line(entry: Entry) -> bytes:
    version, delta = entry.version, entry.delta
    content = {
        "format": FORMAT,
        "number": version.number,
        "at": version.at.isoformat(),
        "who": version.who,
        "why": version.why,
        "kind": str(version.kind),
        "undoes": version.undoes,
        "reverts": version.reverts,
        "changes": [[str(one.kind), one.problem, one.before, one.after] for one in version.changes],
        "start": delta.start,
        "removed": _packed(delta.removed),
        "inserted": _packed(delta.inserted),
        "before": entry.before,
        "after": entry.after,
    }
    return _dump({**content, "check": _check(content)}) + b"\n"


def _entry(content: Mapping[str, Any]) -> Entry:
    version = Version(
        number=int(content["number"]),
        at=datetime.fromisoformat(content["at"]),
        who=str(content["who"]),
        why=str(content["why"]),
        kind=VersionKind(content["kind"]),
        changes=tuple(Touched(ChangeKind(kind), *map(str, rest)) for kind, *rest in content["changes"]),
        undoes=int(content["undoes"]),
        reverts=tuple(map(int, content["reverts"])),
    )
    delta = Delta(int(content["start"]), _unpacked(content["removed"]), _unpacked(content["inserted"]))
    return Entry(version, delta, str(content["before"]), str(content["after"]))


def _check(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(_dump(content)).hexdigest()[:16]


def _dump(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def _packed(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data)).decode("ascii") if data else ""


def _unpacked(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text, validate=True)) if text else b""
