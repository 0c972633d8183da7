"""Processes that change the same files take turns."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from resuelve.domain.errors import DictionaryError

_POLL_SECONDS = 0.02


@contextmanager
def locked(path: Path, wait: float) -> Iterator[None]:
    """Hold the lock of this file, which is made when it is missing. The system drops it when the process dies.

    Raises:
        DictionaryError: another process still holds it after `wait` seconds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        deadline = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    remedy = "wait until it has finished and try again"
                    raise DictionaryError(
                        "another process is changing the dictionary", where=str(path), remedy=remedy
                    ) from None
            time.sleep(_POLL_SECONDS)
        yield
    finally:
        os.close(descriptor)
