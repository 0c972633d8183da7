"""A private way to a generation for everyone who opens it.

The embedded engine wants a folder of its own: loading and closing a shard rewrites two small files, and all others
are opened for writing. It writes no data when it only searches, so the big files can be shared safely between
processes as hard links (measured and guarded by a test), while the small ones are copied. A private opening costs a
few hundred kilobytes of disk, milliseconds, and shares the page cache.

    openings/<id>        the private folder
    openings/<id>.lock   locked (flock) as long as its owner lives; an unlocked one belongs to a dead process
"""

from __future__ import annotations

import fcntl
import os
import shutil
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from resuelve.domain.errors import VectorIndexError
from resuelve.vectors.copying import bring, occupied
from resuelve.vectors.storage import Mark, require_space, storage_errors

_LINK_FROM_BYTES = 2**20
_SPACE = 2**24
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
        bring(shard, self.folder, files, lambda _, path: occupied(path) >= _LINK_FROM_BYTES)

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
