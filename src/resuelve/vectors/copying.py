"""Bringing the files of a generation into another folder: as hard links where they may be shared, else as copies.

Where hard links are not to be had, everything is copied whole.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from resuelve.domain.errors import IndexDamaged
from resuelve.vectors.intake import REBUILD
from resuelve.vectors.storage import Mark, mark, storage_errors

_CHUNK = 2**20

Shared = Callable[[str, Path], bool]
"""Whether the file of this name at this place may be shared as a hard link."""


def bring(source: Path, target: Path, files: Mapping[str, Mark], shared: Shared, *, durable: bool = False) -> None:
    """Link or copy these files of `source` into `target`.

    Args:
        durable: the copies are on the disk when this returns.

    Raises:
        IndexDamaged: a file is missing or is not what was built.
        VectorIndexError: the disk refuses.
    """
    with storage_errors("the index cannot be copied", target):
        for name, expected in files.items():
            original, copy = source / name, target / name
            # The engine maps the files and trusts them: one that is too short would kill the process.
            if not original.is_file() or mark(original) != expected:
                raise IndexDamaged("a file of the index is missing or damaged", where=str(original), remedy=REBUILD)
            copy.parent.mkdir(parents=True, exist_ok=True)
            if not (shared(name, original) and _link(original, copy)):
                _copy_sparse(original, copy, expected.size, durable=durable)


def occupied(path: Path) -> int:
    """Bytes that a file takes on the disk; its holes take none."""
    return path.stat().st_blocks * 512


def _link(source: Path, target: Path) -> bool:
    if not os.access(source, os.W_OK):
        return False  # another user's: the engine opens for writing even what it only reads
    try:
        os.link(source, target)
    except OSError as error:
        # Another file system, one without hard links, too many of them, or files of another user.
        if error.errno in (errno.EXDEV, errno.EPERM, errno.EACCES, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS):
            return False
        raise
    return True


def _copy_sparse(source: Path, target: Path, size: int, *, durable: bool) -> None:
    """Copy a file without its holes: the engine's files are mostly holes when an index is small."""
    with source.open("rb", buffering=0) as reader, target.open("wb", buffering=0) as writer:
        os.ftruncate(writer.fileno(), size)
        _copy_data(reader.fileno(), writer.fileno(), size)
        if durable:
            os.fsync(writer.fileno())


def _copy_data(reader: int, writer: int, size: int) -> None:
    position = 0
    while position < size:
        try:
            position = os.lseek(reader, position, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # nothing but a hole up to the end
                return
            raise
        end = os.lseek(reader, position, os.SEEK_HOLE)
        while position < end:
            data = os.pread(reader, min(_CHUNK, end - position), position)
            if not data:
                return
            position += os.pwrite(writer, data, position)
