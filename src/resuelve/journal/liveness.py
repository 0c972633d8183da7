"""Which processes on this machine are alive, told exactly and without a clock.

Every process holds a lock on a file of its own for as long as it lives. The system gives the lock back the moment the
process ends, however it ends, so that nobody has to wait for a missed heartbeat. On one machine only: workers on
several machines will need another `Liveness`.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from resuelve.domain.errors import JournalError
from resuelve.domain.message import message, system_said

_NAME = re.compile("[0-9]+-[0-9a-f]{1,12}")


class Liveness(Protocol):
    """Tells living owners of work from dead ones."""

    @property
    def name(self) -> str:
        """This owner's name, never used before or again."""
        ...

    def is_dead(self, name: str) -> bool:
        """True when the owner of that name lives no more; it never comes back."""
        ...

    def close(self) -> None:
        """This owner lives no more."""
        ...


class FileLocks:
    """`Liveness` by locks on files in a folder on a local disk.

    Attributes:
        name: this owner's name: its process number and a random part.

    Raises:
        JournalError: the folder cannot be written to.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.name, self._file = self._register()
        except OSError as error:
            remedy = "give yourself the right to write to this folder"
            raise JournalError(
                message("No lock can be made: {why}.", why=system_said(error)), where=str(folder), remedy=remedy
            ) from error
        _held.add(self)
        for path in folder.glob("*.lock"):
            self.is_dead(path.stem)  # sweeps away what the dead left behind

    def is_dead(self, name: str) -> bool:
        if not _NAME.fullmatch(name):
            return True  # nobody was ever given it; nor may it name a file elsewhere, which would be removed
        path = self._path(name)
        try:
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return True
        except OSError:
            return False  # in doubt it lives: work that waits is better than work done twice
        try:
            # Shared, so that two who ask at the same time do not take each other for the living owner.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            with suppress(OSError):
                path.unlink()
        except OSError:
            return False
        finally:
            os.close(file)
        return True

    def close(self) -> None:
        if self in _held:
            self._path(self.name).unlink(missing_ok=True)
            self.forsake()

    def forsake(self) -> None:
        """Let go of the file without ending the lock of whoever shares it: for a forked child."""
        _held.discard(self)
        os.close(self._file)

    def _register(self) -> tuple[str, int]:
        while True:
            name = f"{os.getpid()}-{secrets.token_hex(6)}"
            file = os.open(self._path(name), os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(file).st_nlink:
                    return name, file
            except BlockingIOError:
                pass  # somebody swept the folder between the two calls
            os.close(file)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.lock"


_held: weakref.WeakSet[FileLocks] = weakref.WeakSet()


def _forsake_in_child() -> None:
    # A forked child shares the lock and would keep its parent alive beyond death.
    for locks in list(_held):
        locks.forsake()


os.register_at_fork(after_in_child=_forsake_in_child)
