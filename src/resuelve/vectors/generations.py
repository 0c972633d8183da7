"""The folder in which the generations of an index live, whatever engine wrote them.

    folder/CURRENT                  the id of the current generation, replaced atomically
    folder/build.lock               held by the one process that builds
    folder/generations/<id>/        one generation; nothing in it changes once it has been published
        manifest.json               what it was built from and with, and the mark of every file
        ids                         the ids of its entries
        shard/…                     the engine's files
    folder/openings/…               see `openings`

Whoever opens a generation holds a shared lock on its manifest until the opening no longer needs it; a builder
removes an old generation only under the exclusive lock. Locks are BSD locks (flock): the system drops them when
their process dies.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from resuelve import durable
from resuelve.domain.errors import IndexDamaged, IndexMissing, VectorIndexError
from resuelve.domain.message import message, system_said
from resuelve.vectors.copying import bring
from resuelve.vectors.intake import REBUILD
from resuelve.vectors.manifest import Manifest, read_ids
from resuelve.vectors.storage import storage_errors

_T = TypeVar("_T")
_ID = re.compile(r"[0-9a-f]{32}")
_POLL_SECONDS = 0.05
_ATTEMPTS = 5


class Generations:
    """The generations of one index folder, of which one is current."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._root = folder / "generations"
        self._pointer = folder / "CURRENT"

    def manifest(self) -> Manifest | None:
        """The manifest of the current generation; None when there is none."""
        return self._read(lambda current: Manifest.read(current / "manifest.json"))

    def ids(self) -> Sequence[str]:
        """The ids of the current generation's entries; none when there is none."""
        return self._read(ids_of) or ()

    def _read(self, read: Callable[[Path], _T]) -> _T | None:
        for _ in range(_ATTEMPTS):
            current = self._current()
            if current is None:
                return None
            with suppress(FileNotFoundError):  # replaced between the two reads
                return read(current)
        raise self._vanished()

    @contextmanager
    def held(self) -> Iterator[tuple[Path, Manifest]]:
        """The folder of the current generation and its manifest; it is not removed inside the block."""
        for _ in range(_ATTEMPTS):
            current = self._current()
            if current is None:
                raise IndexMissing("no index has been built", where=str(self._folder), remedy=REBUILD)
            descriptor = _lock_shared(current / "manifest.json")
            if descriptor is None:
                continue
            try:
                yield current, Manifest.read(current / "manifest.json")
                return
            finally:
                os.close(descriptor)
        raise self._vanished()

    @contextmanager
    def building(self, wait: float) -> Iterator[Path]:
        """A new folder to build in, under the builders' lock; removed again unless it was published.

        Raises:
            VectorIndexError: another process still builds after `wait` seconds.
        """
        with storage_errors("the index cannot be built", self._folder):
            self._root.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._folder / "build.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            self._wait_for_lock(descriptor, wait)
            with storage_errors("the index cannot be built", self._folder):
                self._remove_unused()  # what builders that died left behind
                staged = self._root / uuid.uuid4().hex
                (staged / "shard").mkdir(parents=True)
            try:
                yield staged
            finally:
                self._remove_unused()
        finally:
            os.close(descriptor)

    def publish(self, staged: Path, manifest: Manifest) -> None:
        """Make the generation built in `staged` the current one, in one step."""
        with storage_errors("the index cannot be written", self._folder):
            manifest.write(staged / "manifest.json")
            durable.sync_folder(self._root)
            durable.replace(self._pointer, f"{staged.name}\n".encode("ascii"))

    def adopt(self, generation: Path, manifest: Manifest) -> None:
        """Make a generation of another folder the current one here; the files are shared, as neither changes them.

        Raises:
            IndexDamaged: a file is missing or is not what was built.
            VectorIndexError: the disk refuses.
        """
        own = self._root / generation.name
        bring(generation / "shard", own / "shard", manifest.files, lambda *_: True)
        bring(generation, own, {"ids": manifest.ids}, lambda *_: True)
        self.publish(own, manifest)

    def _current(self) -> Path | None:
        try:
            name = self._pointer.read_text("ascii").strip()
        except FileNotFoundError:
            return None
        except UnicodeDecodeError:
            name = ""
        except OSError as error:
            raise VectorIndexError(
                message("the index cannot be read: {why}", why=system_said(error)), where=str(self._pointer)
            ) from error
        if not _ID.fullmatch(name):
            raise IndexDamaged("the pointer to the index is damaged", where=str(self._pointer), remedy=REBUILD)
        return self._root / name

    def _remove_unused(self) -> None:
        """Remove every generation but the current one; one that is just being opened is left to the next builder."""
        with suppress(OSError, VectorIndexError):  # when the pointer cannot be read, nothing is known to be unused
            current = self._current()
            for generation in self._root.iterdir():
                if generation != current:
                    _remove(generation)

    def _wait_for_lock(self, descriptor: int, wait: float) -> None:
        deadline = time.monotonic() + wait
        while True:
            try:
                return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise VectorIndexError(
                        "another process is building the index",
                        where=str(self._folder),
                        remedy="wait until it has finished and try again",
                    ) from None
            time.sleep(_POLL_SECONDS)

    def _vanished(self) -> IndexDamaged:
        return IndexDamaged("the current generation of the index is missing", where=str(self._root), remedy=REBUILD)


def ids_of(generation: Path) -> Sequence[str]:
    """The ids of a generation's entries, in order.

    Raises:
        FileNotFoundError: the generation is not there (any more).
        IndexMismatch, IndexDamaged: it cannot be trusted.
        VectorIndexError: it cannot be read.
    """
    manifest = Manifest.read(generation / "manifest.json")
    try:
        return read_ids(generation / "ids", manifest.ids)
    except FileNotFoundError:
        if (generation / "manifest.json").exists():
            raise IndexDamaged(
                "the list of entries of the index is missing", where=str(generation), remedy=REBUILD
            ) from None
        raise


def _lock_shared(path: Path) -> int | None:
    """A descriptor with a shared lock on the file; None when the file is not there (any more)."""
    with storage_errors("the index cannot be read", path):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            if os.fstat(descriptor).st_nlink:  # 0: removed while we waited for the lock
                return descriptor
        except OSError:
            os.close(descriptor)
            raise
        os.close(descriptor)
        return None


def _remove(generation: Path) -> None:
    with suppress(OSError):  # it cannot be removed now; the next builder tries again
        try:
            descriptor = os.open(generation / "manifest.json", os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return shutil.rmtree(generation)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(generation)
        finally:
            os.close(descriptor)
