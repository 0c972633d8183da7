"""Who works in a workspace: commands side by side, or one restore alone.

A command holds a shared lock on `.resuelve/workspace.lock` while it works; a restore holds it alone. The system drops a
lock when its process dies. The file holds a line for each who came and went, so that a restore that has to wait can say
for whom. Whoever comes after a restore that was broken off brings it to its end first.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from resuelve import durable
from resuelve.backup.contents import MARKER, STATE
from resuelve.backup.swap import Swap
from resuelve.domain.errors import WorkspaceBusy, WorkspaceError
from resuelve.domain.message import message, system_said

_POLL_SECONDS = 0.05
LOCK = "workspace.lock"
COMPARING = "compare.lock"


@contextmanager
def occupied(root: Path, *, wait: float = 60.0) -> Iterator[None]:
    """Work in the workspace inside the block, beside others; nobody restores it meanwhile.

    A workspace that is not there yet, or in which nothing may be written, needs no lock.

    Raises:
        WorkspaceBusy: it is still being restored after `wait` seconds.
        BackupError: a restore that was broken off cannot be finished.
        WorkspaceError: no lock can be had.
    """
    lock = _opened(root)
    if lock is None:
        yield
        return
    try:
        while True:
            if not _taken(lock, fcntl.LOCK_SH, wait):
                what = "the workspace is being restored"
                raise WorkspaceBusy(what, where=str(root), remedy="wait until that has finished, then try again")
            if not Swap(root).pending:
                break
            fcntl.flock(lock, fcntl.LOCK_UN)
            with alone(root, wait=wait):
                pass
        _note(lock, "+")
        try:
            yield
        finally:
            _note(lock, "-")
            _tidy(lock)
    finally:
        os.close(lock)


@contextmanager
def alone(root: Path, *, wait: float) -> Iterator[None]:
    """Be alone in the workspace inside the block; what a broken restore left is brought to its end first.

    Raises:
        WorkspaceBusy: others still work in it after `wait` seconds; it says which processes.
        BackupError: a restore that was broken off cannot be finished.
        WorkspaceError: no lock can be had.
    """
    try:
        (root / STATE).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(root, error) from error
    lock = _opened(root)
    if lock is None:
        raise WorkspaceError(
            "nothing may be written there", where=str(root / STATE), remedy="give yourself the right to write"
        )
    try:
        if not _taken(lock, fcntl.LOCK_EX, wait):
            who = ", ".join(map(str, _present(lock))) or "unknown"
            raise WorkspaceBusy(
                message("other processes work in it: {who}", who=who),
                where=str(root),
                remedy="stop them or wait for them, then try again (--wait SECONDS)",
            )
        Swap(root).recover()
        yield
    finally:
        os.close(lock)


@contextmanager
def uncompared(root: Path, *, wait: float = 300.0) -> Iterator[bool]:
    """Whether this process must compare a restored workspace with the ticket manager before it acts.

    One process at a time is inside the block with True; the others wait, and then find that it has been done. No run
    acts as long as the marker stands, so nobody can be carrying out what is being settled. The marker goes when the
    block ends without an error.

    Raises:
        WorkspaceBusy: another process still compares after `wait` seconds.
        WorkspaceError: the marker cannot be removed, or no lock can be had.
    """
    marker = root / STATE / MARKER
    if not marker.exists():
        yield False
        return
    try:
        lock = os.open(root / STATE / COMPARING, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise _unusable(root, error) from error
    try:
        if not _taken(lock, fcntl.LOCK_EX, wait):
            what = "another process is comparing the restored workspace with the ticket manager"
            raise WorkspaceBusy(what, where=str(root), remedy="wait until it has finished, then try again")
        must = marker.exists()
        yield must
        if must:
            _remove(marker)
    finally:
        os.close(lock)


def _remove(marker: Path) -> None:
    try:
        marker.unlink(missing_ok=True)
        durable.sync_folder(marker.parent)
    except OSError as error:
        raise WorkspaceError(
            message("the mark of a restored workspace cannot be removed ({why})", why=system_said(error)),
            where=str(marker),
            remedy="give yourself the right to write there",
        ) from error


def _opened(root: Path) -> int | None:
    path = root / STATE / LOCK
    for flags in (os.O_RDWR | os.O_CREAT | os.O_APPEND, os.O_RDONLY):
        try:
            return os.open(path, flags | os.O_CLOEXEC, 0o666)
        except (FileNotFoundError, NotADirectoryError):
            return None  # no workspace: whoever needs one says so
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise _unusable(root, error) from error
    return None


def _taken(lock: int, kind: int, wait: float) -> bool:
    until = time.monotonic() + wait
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
            return True
        if time.monotonic() >= until:
            return False
        time.sleep(_POLL_SECONDS)


def _note(lock: int, sign: str) -> None:
    with suppress(OSError):  # a full disk must not keep anybody from working
        os.write(lock, f"{sign}{os.getpid()}\n".encode("ascii"))


def _tidy(lock: int) -> None:
    """Empty the list when nobody else is there."""
    with suppress(OSError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(lock, 0)


def _present(lock: int) -> list[int]:
    """The processes that came, did not go, and live."""
    lines = os.pread(lock, 2**20, 0).decode("ascii", "replace").split()
    count: Counter[int] = Counter()
    for line in lines:
        if line[1:].isdecimal():
            count[int(line[1:])] += 1 if line.startswith("+") else -1
    return [process for process, times in count.items() if times > 0 and _lives(process)]


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return True


def _unusable(root: Path, error: OSError) -> WorkspaceError:
    return WorkspaceError(
        message("no lock can be had ({why})", why=system_said(error)),
        where=str(error.filename or root / STATE),
        remedy="check that folder and its permissions, or name another with --workspace",
    )
