"""Changing files so that a crash or a power cut at any moment leaves the old content or the new one."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from resuelve.domain.errors import WorkspaceBusy, WorkspaceError
from resuelve.domain.message import message, system_said


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """A place in which a refusal of the disk is told to whoever asked for the file. Raises WorkspaceError."""
    try:
        yield
    except OSError as error:
        raise WorkspaceError(
            message("cannot be written ({why})", why=system_said(error)),
            where=str(path),
            remedy="check folder, space and permissions",
        ) from error


_POLL = 0.02
"""Seconds between two looks at a lock that somebody else holds."""


@contextmanager
def alone(lock: Path, *, seconds: float) -> Iterator[None]:
    """One process, and one thread of it, at a time; the system gives the lock back however its owner ends.

    Args:
        lock: a file that holds nothing; it and its folder are made, and it stays.
        seconds: the longest wait for whoever has the lock.

    Raises:
        WorkspaceError: the file cannot be written.
        WorkspaceBusy: another process still has the lock when the wait is over.
    """
    with writing(lock):
        lock.parent.mkdir(parents=True, exist_ok=True)
        file = lock.open("w")
    with file:
        until = time.monotonic() + seconds
        while not _taken(file.fileno(), lock):
            if time.monotonic() >= until:
                raise WorkspaceBusy(
                    message("another process works here, and has not ended in {seconds} s", seconds=f"{seconds:g}"),
                    where=str(lock.parent),
                    remedy="wait until that has finished, then try again",
                )
            time.sleep(_POLL)
        yield


def _taken(descriptor: int, lock: Path) -> bool:
    with writing(lock):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def replace(path: Path, data: bytes) -> None:
    """Give a file another content in one step. Raises OSError."""
    publish(staged(path, data), path)


def staged(path: Path, data: bytes) -> Path:
    """Write the new content of a file aside, on the disk, with its permissions and, if we may, its owner.

    Raises OSError.
    """
    aside = aside_of(path)
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        with suppress(FileNotFoundError):
            status = path.stat()
            os.fchmod(descriptor, status.st_mode & 0o7777)
            if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
                with suppress(OSError):
                    os.fchown(descriptor, status.st_uid, status.st_gid)
        _write_all(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return aside


def publish(aside: Path, path: Path) -> None:
    """Put what was staged in its place. Raises OSError."""
    aside.replace(path)
    sync_folder(path.parent)


def aside_of(path: Path) -> Path:
    """Where the new content of a file is staged."""
    return path.with_name(f".{path.name}.new")


def append(path: Path, data: bytes) -> None:
    """Add to the end of a file; on the disk when this returns. Raises OSError, and then nothing was added."""
    new = not path.exists()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
    try:
        size = os.fstat(descriptor).st_size
        try:
            _write_all(descriptor, data)
            os.fsync(descriptor)
        except OSError:
            with suppress(OSError):
                os.ftruncate(descriptor, size)  # a full disk may have taken a part
            raise
    finally:
        os.close(descriptor)
    if new:
        sync_folder(path.parent)


def shorten(path: Path, size: int) -> None:
    """Cut a file to its first `size` bytes. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.ftruncate(descriptor, size)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make new names in a folder outlast a power failure. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
