"""What the disk says, said so that the reader knows what to do."""

from __future__ import annotations

import errno
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from resuelve.domain.errors import VectorIndexError
from resuelve.domain.message import message, system_said

_CHECKED_BYTES = 2**20

_REMEDIES = {
    errno.EACCES: "give this user permission to write there",
    errno.EPERM: "give this user permission to write there",
    errno.EROFS: "use a workspace on a disk that can be written",
    errno.ENOSPC: "free some space on that disk",
    errno.EDQUOT: "free some space or raise the quota",
    errno.EMFILE: "raise the limit of open files",
    errno.ENOTDIR: "remove the file that stands where the folder belongs",
    errno.EEXIST: "remove the file that stands where the folder belongs",
}


@contextmanager
def storage_errors(what: str, where: Path) -> Iterator[None]:
    """Turn an OSError inside the block into a VectorIndexError with its remedy."""
    try:
        yield
    except OSError as error:
        raise VectorIndexError(
            message("{what}: {why}", what=message(what), why=system_said(error)),
            where=str(error.filename or where),
            remedy=_REMEDIES.get(error.errno or 0, "check that folder"),
        ) from error


def require_space(folder: Path, wanted: int) -> None:
    """Raise VectorIndexError unless `wanted` bytes are free.

    Asked beforehand because the engine writes through memory maps: on a full disk such a write does not fail, it
    kills the process (SIGBUS).
    """
    with storage_errors("the disk cannot be examined", folder):
        status = os.statvfs(folder)
    free = status.f_bavail * status.f_frsize
    if free < wanted:
        raise VectorIndexError(
            message("{wanted} MiB are needed and {free} are free", wanted=wanted // 2**20, free=free // 2**20),
            where=str(folder),
            remedy=_REMEDIES[errno.ENOSPC],
        )


class Mark(NamedTuple):
    """What a file is known again by: its size and, unless it is large, the CRC-32 of its content."""

    size: int
    crc: int | None


def mark(path: Path) -> Mark:
    """The mark of a file. Raises OSError."""
    size = path.stat().st_size
    return Mark(size, zlib.crc32(path.read_bytes()) if size <= _CHECKED_BYTES else None)
