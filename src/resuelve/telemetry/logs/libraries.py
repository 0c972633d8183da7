"""What libraries say by Python's own logging and warnings, from WARNING on, in our log."""

from __future__ import annotations

import logging
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from resuelve.telemetry.logs.errors import short
from resuelve.telemetry.logs.log import log

MOST_A_MINUTE = 5
"""Lines of one kind that are written in a minute."""

_MOST_KINDS = 500


class Few:
    """Lets so many of a kind pass in a minute, and counts the others. Safe from several threads."""

    def __init__(self, most: int = MOST_A_MINUTE, now: Callable[[], float] = time.monotonic) -> None:
        self._most, self._now = most, now
        self._lock = threading.RLock()
        self._seen: dict[object, tuple[float, int, int]] = {}

    def __call__(self, kind: object) -> int | None:
        """How many of this kind were left out before this one; None when it is to be left out too."""
        with self._lock:
            at = self._now()
            if kind not in self._seen and len(self._seen) >= _MOST_KINDS:
                self._seen.clear()
            since, passed, left_out = self._seen.get(kind, (at, 0, 0))
            if at - since >= 60:
                since, passed = at, 0
            if passed >= self._most:
                self._seen[kind] = since, passed, left_out + 1
                return None
            self._seen[kind] = since, passed + 1, 0
            return left_out


class _Handler(logging.Handler):
    def __init__(self, few: Few) -> None:
        super().__init__(logging.WARNING)
        self._few = few
        self._here = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(self._here, "busy", False):  # what writing a line makes a library say
            return
        self._here.busy = True
        try:
            self._tell(record)
        except Exception:  # noqa: BLE001, S110 - as logging's own: what cannot be told does not stop whoever tells it
            pass
        finally:
            self._here.busy = False

    def _tell(self, record: logging.LogRecord) -> None:
        left_out = self._few((record.name, record.msg if record.args else record.lineno))
        if left_out is None:
            return
        fields: dict[str, object] = {"logger": record.name, "place": f"{short(record.pathname)}:{record.lineno}"}
        if record.args:  # its slots stay open; a sentence without slots was filled in by whoever logged it
            fields["message"] = str(record.msg)
        if left_out:
            fields["left_out"] = left_out
        if record.exc_info and record.exc_info[1]:
            fields["error"] = record.exc_info[1]
        if record.levelno >= logging.ERROR:
            log.error("library.failed", **fields)
        else:
            log.warning("library.warned", **fields)


@contextmanager
def heard(few: Few | None = None) -> Iterator[None]:
    """Inside the block, what libraries say is a line of the log; warnings are shown as before too."""
    few = few or Few()
    handler = _Handler(few)
    root = logging.getLogger()
    root.addHandler(handler)
    show = warnings.showwarning

    def warned(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> Any:
        left_out = few((category, filename, lineno))
        if left_out is not None:
            more = {"left_out": left_out} if left_out else {}
            where = f"{short(filename)}:{lineno}"
            log.warning("library.warned", logger=category.__name__, place=where, **more)
        return show(message, category, filename, lineno, file, line)

    warnings.showwarning = warned
    try:
        yield
    finally:
        root.removeHandler(handler)
        if warnings.showwarning is warned:
            warnings.showwarning = show
