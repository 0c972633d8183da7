"""What of the log is still to be shipped, batch by batch, in the order of the files."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from resuelve.telemetry.logs.files import files
from resuelve.telemetry.logs.shipping.places import Places

MOST_LINES = 500
MOST_BYTES = 512 * 1024
_STALE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines that stand one after the other in a file.

    Attributes:
        ends: where each ends in the file, in bytes.
    """

    file: Path
    lines: tuple[bytes, ...]
    ends: tuple[int, ...]

    def half(self) -> Batch:
        """Its first half; at least a line."""
        count = max(1, len(self.lines) // 2)
        return Batch(self.file, self.lines[:count], self.ends[:count])


class Backlog:
    """The files of a log's folder behind their remembered places."""

    def __init__(self, folder: Path, places: Places, *, now: Callable[[], float] = time.time) -> None:
        self._folder, self._places, self._now = folder, places, now

    def next(self) -> Batch | None:
        """The next batch; None when nothing is whole yet."""
        present = files(self._folder)
        for file in present:
            try:
                status = file.stat()
                if status.st_size != self._places.roughly(file.name):
                    over = file != present[-1] and self._now() - status.st_mtime > _STALE_SECONDS
                    if batch := self._of(file, status.st_size, over):
                        return batch
            except OSError:  # removed, or not ours to read: the others go on
                continue
        return None

    def shipped(self, batch: Batch) -> None:
        """The batch is where it belongs, or will never be. Raises OSError."""
        self._places.keep(batch.file, batch.ends[-1])

    def pending(self) -> int:
        """Bytes that are still to be shipped."""
        total = 0
        for file in files(self._folder):
            try:
                size = file.stat().st_size
            except OSError:
                continue
            done = self._places.roughly(file.name)
            total += size - done if size >= done else size
        return total

    def unshipped_lines(self, file: Path) -> int:
        """Lines of a file that were not shipped."""
        try:
            with file.open("rb") as opened:
                opened.seek(self._places.offset(file))
                return sum(chunk.count(b"\n") for chunk in iter(lambda: opened.read(MOST_BYTES), b""))
        except OSError:
            return 0

    def _of(self, file: Path, size: int, over: bool) -> Batch | None:
        """The next lines of a file. Half a line is waited for, unless nobody writes there any more (`over`)."""
        start = self._places.offset(file)
        if start > size:  # it was cut: what stands there now is new
            start = 0
        with file.open("rb") as opened:
            opened.seek(start)
            data = opened.read(MOST_BYTES)
        if not data:
            return None
        whole = data.rfind(b"\n") + 1
        if not whole:
            if len(data) < MOST_BYTES and not over:
                return None
            whole = len(data)
        lines, ends, at = [], [], start
        for line in _lines(data[:whole]):
            at += len(line)
            lines.append(line)
            ends.append(at)
            if len(lines) == MOST_LINES:
                break
        return Batch(file, tuple(lines), tuple(ends))


def pending(folder: Path) -> int:
    """Bytes of a folder's log that are still to be shipped; 0 where they cannot be counted."""
    with suppress(OSError):
        return Backlog(folder, Places(folder)).pending()
    return 0


def _lines(data: bytes) -> list[bytes]:
    """The lines with their ends; only the sign for a new line ends one."""
    pieces = data.split(b"\n")
    return [piece + b"\n" for piece in pieces[:-1]] + ([pieces[-1]] if pieces[-1] else [])
