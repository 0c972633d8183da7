"""What of the log is still to be shipped, batch by batch, in the order of the files."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from resuelve.telemetry.logs.files import day_of, files
from resuelve.telemetry.logs.shipping.gone import Gone, Seen
from resuelve.telemetry.logs.shipping.places import Places, head_within

MOST_LINES = 500
MOST_BYTES = 512 * 1024
_STALE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines that stand one after the other in a file.

    Attributes:
        ends: where each ends in the file, in bytes.
        head: by which the file is recognised, as it was when the lines were read.
    """

    file: Path
    lines: tuple[bytes, ...]
    ends: tuple[int, ...]
    head: str

    def part(self, first: int, count: int) -> Batch:
        """So many of its lines, from one on."""
        return replace(self, lines=self.lines[first:][:count], ends=self.ends[first:][:count])


class Backlog:
    """The files of a log's folder behind their remembered places.

    Args:
        days: how long files are kept; 0 for ever. Of older ones whoever removes them tells what was lost.
    """

    def __init__(self, folder: Path, places: Places, *, days: int = 0, now: Callable[[], float] = time.time) -> None:
        self._folder, self._places, self._days, self._now = folder, places, days, now
        self._seen = Seen(places.offset)
        self._gone: list[Gone] = []

    def next(self) -> Batch | None:
        """The next batch; None when nothing is whole yet."""
        present = files(self._folder)
        self._gone += [one for one in self._seen.look(present) if not self._outdated(one.name)]
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
        end = batch.ends[-1]
        self._seen.shipped(batch.file.name, batch.head, end, len(batch.lines), sum(map(len, batch.lines)))
        self._places.keep(batch.file, end, batch.head)

    def behind(self, batch: Batch, which: int) -> Batch | None:
        """A single line behind a batch of one line, the first for 1; None when there are not so many."""
        for file in files(self._folder):
            if file.name < batch.file.name:
                continue
            with suppress(OSError):
                more = self._of(file, file.stat().st_size, over=False)
                count = len(more.lines) if more else 0
                first = which if file == batch.file else which - 1
                if more and first < count:
                    return more.part(first, 1)
                which = first - count + 1
        return None

    def gone(self) -> list[Gone]:
        """What somebody took away before it was shipped, since this was last asked."""
        gone, self._gone = self._gone, []
        return gone

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

    def _outdated(self, name: str) -> bool:
        day = day_of(Path(name))
        today = datetime.fromtimestamp(self._now(), UTC).date()
        return bool(self._days and day and day < today - timedelta(days=self._days))

    def _of(self, file: Path, size: int, over: bool) -> Batch | None:
        """The next lines of a file. Half a line is waited for, unless nobody writes there any more (`over`)."""
        with file.open("rb") as opened:  # somebody may put another file in its place meanwhile
            head = head_within(opened)
            start = self._places.offset(file, head)
            if start > size:  # it was cut: what stands there now is new
                start = 0
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
        return Batch(file, tuple(lines), tuple(ends), head)


def pending(folder: Path) -> int:
    """Bytes of a folder's log that are still to be shipped; 0 where they cannot be counted."""
    with suppress(OSError):
        return Backlog(folder, Places(folder)).pending()
    return 0


def _lines(data: bytes) -> list[bytes]:
    """The lines with their ends; only the sign for a new line ends one."""
    pieces = data.split(b"\n")
    return [piece + b"\n" for piece in pieces[:-1]] + ([pieces[-1]] if pieces[-1] else [])
