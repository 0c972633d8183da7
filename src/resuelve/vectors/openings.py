"""A private way to a generation for everyone who opens it.

The embedded engine wants a folder of its own: loading and closing a shard rewrites two small files, and all others
are opened for writing. It writes no data when it only searches, so the big files can be shared safely between
processes as hard links (measured and guarded by a test), while the small ones are copied. A private opening costs a
few hundred kilobytes of disk, milliseconds, and shares the page cache. Where hard links are not to be had, the files
are copied whole.

    openings/<id>        the private folder
    openings/<id>.lock   locked (flock) as long as its owner lives; an unlocked one belongs to a dead process
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from resuelve.domain.errors import VectorIndexError
from resuelve.vectors.intake import REBUILD
from resuelve.vectors.storage import Mark, mark, require_space, storage_errors

_LINK_FROM_BYTES = 2**20
_SPACE = 2**24
_CHUNK = 2**20
_ATTEMPTS = 5


class Opening:
    """A private folder with the files of a shard, the owner's until `close`."""

    def __init__(self, root: Path) -> None:
        self._owner = os.getpid()
        with storage_errors("the index cannot be opened", root):
            root.mkdir(parents=True, exist_ok=True)
        sweep(root)
        require_space(root, _SPACE)
        with storage_errors("the index cannot be opened", root):
            self._lock_path, self._descriptor = _claim(root)
            self.folder = self._lock_path.with_suffix("")

    def fill(self, shard: Path, files: Mapping[str, Mark]) -> None:
        """Link or copy the files of `shard`.

        Raises:
            VectorIndexError: a file is missing or is not what was built, or the disk refuses.
        """
        with storage_errors("the index cannot be opened", self.folder):
            for name, expected in files.items():
                source, target = shard / name, self.folder / name
                # The engine maps the files and trusts them: one that is too short would kill the process.
                if not source.is_file() or mark(source) != expected:
                    raise VectorIndexError(
                        "a file of the index is missing or damaged", where=str(source), remedy=REBUILD
                    )
                target.parent.mkdir(parents=True, exist_ok=True)
                if source.stat().st_blocks * 512 < _LINK_FROM_BYTES or not _link(source, target):
                    _copy_sparse(source, target, expected.size)

    @property
    def owned(self) -> bool:
        """False in a forked child: the folder is its parent's."""
        return self._owner == os.getpid()

    def close(self) -> None:
        """Remove the folder and let go of the lock; nothing happens the second time, or in a forked child."""
        if self._descriptor < 0 or not self.owned:
            return
        descriptor, self._descriptor = self._descriptor, -1
        shutil.rmtree(self.folder, ignore_errors=True)
        with suppress(OSError):
            self._lock_path.unlink()
        os.close(descriptor)


def sweep(root: Path) -> None:
    """Remove the openings of processes that died."""
    with suppress(OSError):  # cleaning is a courtesy: what stays is tried again by the next opener
        for lock in root.glob("*.lock"):
            with suppress(OSError):
                _remove_if_dead(lock)


def _remove_if_dead(lock: Path) -> None:
    descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # BlockingIOError while its owner lives
        shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
        if not lock.with_suffix("").exists():
            lock.unlink()
    finally:
        os.close(descriptor)


def _claim(root: Path) -> tuple[Path, int]:
    """Create and lock a lock file and its folder, in this order: a folder is never without a locked owner."""
    for _ in range(_ATTEMPTS):
        path = root / f"{uuid.uuid4().hex}.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(descriptor).st_nlink:
                path.with_suffix("").mkdir()
                return path, descriptor
        except BlockingIOError:
            pass  # somebody who sweeps caught the file between its creation and our lock
        except OSError:
            os.close(descriptor)
            raise
        os.close(descriptor)
    raise VectorIndexError("no private folder could be made", where=str(root), remedy="try again")


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


def _copy_sparse(source: Path, target: Path, size: int) -> None:
    """Copy a file without its holes: the engine's files are mostly holes when an index is small."""
    with source.open("rb", buffering=0) as reader, target.open("wb", buffering=0) as writer:
        os.ftruncate(writer.fileno(), size)
        position = 0
        while position < size:
            try:
                position = os.lseek(reader.fileno(), position, os.SEEK_DATA)
            except OSError as error:
                if error.errno == errno.ENXIO:  # nothing but a hole up to the end
                    return
                raise
            end = os.lseek(reader.fileno(), position, os.SEEK_HOLE)
            while position < end:
                data = os.pread(reader.fileno(), min(_CHUNK, end - position), position)
                if not data:
                    return
                position += os.pwrite(writer.fileno(), data, position)
