"""How far each file of the log has been shipped, remembered beside the log."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from resuelve import durable

NAME = "shipped.json"
_HEAD = 4096


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a file was shipped.

    Attributes:
        offset: bytes that were shipped.
        head: hash of the file's first line, by which another file of the same name is recognised.
    """

    offset: int
    head: str


class Places:
    """The remembered places of a log's folder. Only who holds the lock of shipping keeps new ones.

    Attributes:
        instance: a number of this log, by which it is told from others where it is looked at; not that of a machine.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._reached: dict[str, Reached] = {}
        self.instance = ""
        self.load()

    def load(self) -> None:
        """Read what was remembered. What cannot be read is as if nothing was: lines come twice, and none is lost."""
        try:
            kept = json.loads(self._path.read_bytes())
            files = kept["files"]
            reached = {str(name): _reached(one) for name, one in files.items()}
            folder = self._path.parent
            self._reached = {name: one for name, one in reached.items() if one.head == head_of(folder / name)}
            self.instance = str(kept["instance"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self._reached, self.instance = {}, ""
        self.instance = self.instance[:32] or secrets.token_hex(8)

    def offset(self, file: Path, head: str | None = None) -> int:
        """How many bytes of a file were shipped; 0 where it is not the file that was, by its head."""
        reached = self._reached.get(file.name)
        return reached.offset if reached and reached.head == (head_of(file) if head is None else head) else 0

    def roughly(self, name: str) -> int:
        """The remembered offset, without a look at the file."""
        reached = self._reached.get(name)
        return reached.offset if reached else 0

    def keep(self, file: Path, offset: int, head: str) -> None:
        """Remember a file's place, on the disk, if the file still has this head; files that are gone are forgotten.

        Raises OSError.
        """
        reached = {name: one for name, one in self._reached.items() if (file.parent / name).exists()}
        if head in ("", now := head_of(file)):  # before its first line was whole it had none
            reached[file.name] = Reached(offset, now)
        else:
            reached.pop(file.name, None)
        self._reached = reached
        files = {name: {"offset": one.offset, "head": one.head} for name, one in sorted(reached.items())}
        text = json.dumps({"instance": self.instance, "files": files}, indent=1)
        durable.replace(self._path, text.encode() + b"\n")


def head_of(file: Path) -> str:
    """Hash of a file's first line, of what stands within its first bytes; empty when the line is not whole."""
    try:
        with file.open("rb") as opened:
            return head_within(opened)
    except OSError:
        return ""


def head_within(opened: BinaryIO) -> str:
    """See `head_of`; of an open file at its beginning. Raises OSError."""
    line, end, _ = opened.read(_HEAD).partition(b"\n")
    return hashlib.sha256(line).hexdigest()[:16] if end or len(line) == _HEAD else ""


def _reached(value: Any) -> Reached:
    offset, head = value["offset"], value["head"]
    if not isinstance(offset, int) or offset < 0 or not isinstance(head, str):
        raise ValueError(value)
    return Reached(offset, head)
