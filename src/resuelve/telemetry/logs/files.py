"""The log on the disk: a file a day, to which several processes append."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import RLock

_NAME = re.compile(r"resuelve-(\d{8})\.jsonl")
_LOOK_SECONDS = 1.0
"""How often it is looked whether somebody has moved the file away."""

Trouble = Callable[[OSError | None, int], None]
"""Told that nothing can be written, once, or (None) that it can be again, with the lines that were lost meanwhile."""


def files(folder: Path) -> list[Path]:
    """The files of the log, the oldest first; none when the folder cannot be read."""
    try:
        return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    except OSError:
        return []


def day_of(file: Path) -> date | None:
    """The day of a file of the log; None for any other."""
    named = _NAME.fullmatch(file.name)
    try:
        return datetime.strptime(named[1], "%Y%m%d").replace(tzinfo=UTC).date() if named else None
    except ValueError:
        return None


def outdated(folder: Path, days: int, today: date) -> list[Path]:
    """The files that are older than `days`; none for 0.

    Their age is counted to the newest file before today's: a clock that jumps ahead makes none of them old.
    """
    known = [(file, day) for file in files(folder) if (day := day_of(file))]
    before = [day for _, day in known if day < today]
    if not days or not before:
        return []
    first = min(today, max(before) + timedelta(days=1)) - timedelta(days=days)
    return [file for file, day in known if day < first]


class DayFiles:
    """Appends lines to the file of the day. Safe from several threads and processes; never raises.

    A line is one `write` to a file that was opened for appending, so that lines of several processes do not mix. The
    folder is made, in a folder that is there.

    Args:
        trouble: see `Trouble`; called from the thread that writes.
        on_day: told when the file of another day was opened.
    """

    def __init__(
        self,
        folder: Path,
        *,
        trouble: Trouble = lambda *_: None,
        on_day: Callable[[date], None] = lambda _: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._trouble, self._on_day, self._now = trouble, on_day, now
        self._lock = RLock()  # what the garbage collector warns of while a line is written is a line too
        self._open: int | None = None
        self._day: date | None = None
        self._broken = False
        self._looked = 0.0
        self._lost = 0

    @property
    def lost(self) -> int:
        """Lines that could not be written and have not been told."""
        return self._lost

    def write(self, line: bytes) -> None:
        """Append a line, which ends with its sign."""
        news: list[Callable[[], None]] = []
        with self._lock:
            try:
                descriptor = self._descriptor(news)
                data = b"\n" + line if self._broken else line
                self._broken = os.write(descriptor, data) < len(data)  # a full disk may take a part
                if self._broken:
                    raise OSError(28, "No space left on device")
            except OSError as error:
                self._close()
                if not self._folder.parent.is_dir():  # nobody's workspace: a log alone makes none
                    return
                self._lost += 1
                if self._lost == 1:
                    news = [lambda told=error: self._trouble(told, 0)]  # type: ignore[misc]
            else:
                if self._lost:
                    news.append(lambda lost=self._lost: self._trouble(None, lost))  # type: ignore[misc]
                    self._lost = 0
        for tell in news:  # outside the lock: who is told may log
            with suppress(OSError, ValueError):  # nor may whoever cannot hear it stop the work
                tell()

    def close(self) -> None:
        """Close the file; a further line opens it again."""
        with self._lock:
            self._close()

    def _descriptor(self, news: list[Callable[[], None]]) -> int:
        at = self._now()
        today = datetime.fromtimestamp(at, UTC).date()
        if self._open is not None and (today != self._day or self._gone(at)):
            self._close()
        if self._open is None:
            self._folder.mkdir(exist_ok=True)
            path = self._path(today)
            self._open = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
            self._broken = _ends_within_a_line(self._open)
            self._looked = at
            if today != self._day:
                self._day = today
                news.append(lambda: self._on_day(today))
        return self._open

    def _path(self, day: date) -> Path:
        return self._folder / f"resuelve-{day:%Y%m%d}.jsonl"

    def _gone(self, at: float) -> bool:
        """Somebody has moved or removed the file: what is written to it now, nobody would find."""
        if self._open is None or self._day is None or 0 <= at - self._looked < _LOOK_SECONDS:
            return False
        self._looked = at
        try:
            return not os.path.samestat(os.fstat(self._open), self._path(self._day).stat())
        except OSError:
            return True

    def _close(self) -> None:
        if self._open is not None:
            with suppress(OSError):
                os.close(self._open)
        self._open = None


def _ends_within_a_line(descriptor: int) -> bool:
    size = os.fstat(descriptor).st_size
    return size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
