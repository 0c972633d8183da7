"""The folder in which the generations of an index live, whatever engine wrote them.

    folder/CURRENT                  the id of the current generation, replaced atomically
    folder/build.lock               held by the one process that builds
    folder/generations/<id>/        one generation; nothing in it changes once it has been published
        manifest.json               what it was built from and with, and the mark of every file
        shard/…                     the engine's files
    folder/openings/…               see `openings`

Whoever opens a generation holds a shared lock on its manifest until the opening no longer needs it; a builder
removes an old generation only under the exclusive lock. Locks are BSD locks (flock): the system drops them when
their process dies.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from resuelve.domain.errors import IndexMismatch, IndexMissing, VectorIndexError
from resuelve.vectors.intake import REBUILD
from resuelve.vectors.port import IndexIdentity
from resuelve.vectors.storage import Mark, storage_errors

FORMAT = 1
"""Raised whenever the layout or the meaning of a generation changes."""

_ID = re.compile(r"[0-9a-f]{32}")
_POLL_SECONDS = 0.05
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is written beside a generation.

    Attributes:
        engine: name and version of the engine that wrote the files.
        average_length: BM25's average document length, in terms.
        background: ids of the entries whose vectors `VectorIndex.background` gives.
        files: the mark of every file, by its path inside ``shard``.
    """

    identity: IndexIdentity
    engine: str
    average_length: float
    background: tuple[str, ...]
    files: dict[str, Mark]

    def write(self, path: Path) -> None:
        content = {"format": FORMAT, **asdict(self)}
        _write_durably(path, json.dumps(content, indent=1, ensure_ascii=True))

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Raises FileNotFoundError, IndexMismatch or VectorIndexError."""
        try:
            content = json.loads(path.read_bytes())
            if content["format"] != FORMAT:
                raise IndexMismatch(
                    f"the index has format {content['format']!r}, this version of Resuelve reads {FORMAT}",
                    where=str(path),
                    remedy=REBUILD,
                )
            return _manifest(content)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise VectorIndexError(f"the index cannot be read: {error.strerror}", where=str(path)) from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise VectorIndexError("the manifest of the index is damaged", where=str(path), remedy=REBUILD) from error


def _manifest(content: dict[str, Any]) -> Manifest:
    identity = content["identity"]
    files = {str(name): Mark(*values) for name, values in content["files"].items()}
    if any(Path(name).is_absolute() or ".." in Path(name).parts for name in files):
        raise ValueError("a file outside the generation")
    return Manifest(
        identity=IndexIdentity(
            embedder=str(identity["embedder"]),
            dimension=int(identity["dimension"]),
            dictionary=str(identity["dictionary"]),
            entries=int(identity["entries"]),
            built_at=str(identity["built_at"]),
        ),
        engine=str(content["engine"]),
        average_length=float(content["average_length"]),
        background=tuple(str(entry_id) for entry_id in content["background"]),
        files=files,
    )


class Generations:
    """The generations of one index folder, of which one is current."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._root = folder / "generations"
        self._pointer = folder / "CURRENT"

    def manifest(self) -> Manifest | None:
        """The manifest of the current generation; None when there is none."""
        for _ in range(_ATTEMPTS):
            current = self._current()
            if current is None:
                return None
            with suppress(FileNotFoundError):  # replaced between the two reads
                return Manifest.read(current / "manifest.json")
        raise self._vanished()

    @contextmanager
    def held(self) -> Iterator[tuple[Path, Manifest]]:
        """The folder of the current generation's shard and its manifest; it is not removed inside the block."""
        for _ in range(_ATTEMPTS):
            current = self._current()
            if current is None:
                raise IndexMissing("no index has been built", where=str(self._folder), remedy=REBUILD)
            descriptor = _lock_shared(current / "manifest.json")
            if descriptor is None:
                continue
            try:
                yield current / "shard", Manifest.read(current / "manifest.json")
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
            _sync_folder(self._root)
            _write_durably(self._pointer, staged.name + "\n")

    def _current(self) -> Path | None:
        try:
            name = self._pointer.read_text("ascii").strip()
        except FileNotFoundError:
            return None
        except UnicodeDecodeError:
            name = ""
        except OSError as error:
            raise VectorIndexError(f"the index cannot be read: {error.strerror}", where=str(self._pointer)) from error
        if not _ID.fullmatch(name):
            raise VectorIndexError("the pointer to the index is damaged", where=str(self._pointer), remedy=REBUILD)
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

    def _vanished(self) -> VectorIndexError:
        return VectorIndexError("the current generation of the index is missing", where=str(self._root), remedy=REBUILD)


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


def _write_durably(path: Path, text: str) -> None:
    temporary = path.with_name(path.name + ".new")
    with temporary.open("w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
