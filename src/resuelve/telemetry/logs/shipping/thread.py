"""The thread that ships. Of the processes that work in one workspace, one ships for all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from resuelve import durable
from resuelve.domain.errors import WorkspaceBusy, WorkspaceError
from resuelve.telemetry.logs.log import log
from resuelve.telemetry.logs.shipping.backlog import pending
from resuelve.telemetry.logs.shipping.shipper import IDLE_SECONDS, Shipper

LOCK = "shipping.lock"
_OTHERS_SECONDS = 5.0
"""How often it is looked whether who ships has ended."""

_NO_DISK_SECONDS, _NO_FOLDER_SECONDS = 30.0, 1.0
"""The folder comes with the first line."""

_BROKEN_SECONDS = 60.0


class Shipping:
    """Ships in a thread of its own until it is closed. A thread that hangs in a call dies with the process.

    Args:
        build: makes the shipper, once this process is the one that ships: it reads the places as they are then.

    Attributes:
        refused: lines that the server refused or threw away.
    """

    def __init__(
        self, folder: Path, build: Callable[[], Shipper], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder, self._build, self._clock = folder, build, clock
        self._closing = threading.Event()
        self._others = self._told = False
        self.refused = 0
        self._until = float("inf")
        self._thread = threading.Thread(target=self._work, name="resuelve-shipping", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self, timeout: float) -> int:
        """Try once more to ship what is there, and end: within `timeout` seconds, whatever the server does.

        Returns:
            The bytes that are left for whoever ships next; 0 when another process is shipping.
        """
        self._until = self._clock() + timeout
        self._closing.set()
        self._thread.join(max(0.0, timeout))
        return 0 if self._others else pending(self._folder)

    def _work(self) -> None:
        last = False
        while not last:
            last = self._closing.is_set()
            pause = _OTHERS_SECONDS
            try:
                with self._alone():
                    self._others = False
                    self._ship()
                    return
            except WorkspaceBusy:  # who has the lock ships our lines too
                self._others = True
            except (WorkspaceError, OSError):  # what cannot be remembered would be sent again and again
                pause = _NO_DISK_SECONDS if self._folder.is_dir() else _NO_FOLDER_SECONDS
            except Exception as error:  # noqa: BLE001 - the boundary of the thread: whatever it is, lines wait
                pause = _BROKEN_SECONDS
                if not self._told:
                    self._told = True
                    log.error("log.broken", error=error)
            if not last:
                self._closing.wait(pause)

    def _alone(self) -> AbstractContextManager[None]:
        """Raises WorkspaceError where there is no folder: the lock would make it."""
        with durable.writing(self._folder):
            self._folder.stat()
        return durable.alone(self._folder / LOCK, seconds=0)

    def _ship(self) -> None:
        """Until there is nothing more to do after closing has begun, or it did not work, or the time is over.

        Raises OSError: the place could not be remembered.
        """
        shipper, before = self._build(), self.refused
        while True:
            closing = self._closing.is_set()
            if closing and (self._clock() >= self._until or shipper.asked_to_wait):
                return
            pause = shipper.step()
            self.refused = before + shipper.refused
            if closing and (pause >= IDLE_SECONDS or shipper.failing):
                return
            if pause:
                self._closing.wait(pause)
