"""Make a backup while others work: put a copy of everything aside, pack it, read it again, and only then name it.

The dictionary is copied under the lock of those who edit it, together with its versions; databases by SQLite's own
backup; the index as its current generation, which never changes. The rest is copied until it was not changed meanwhile.
"""

from __future__ import annotations

import json
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from resuelve import durable
from resuelve.backup import contents
from resuelve.backup.archive import write_archive
from resuelve.backup.databases import copy_database
from resuelve.backup.encryption import EncryptingWriter
from resuelve.backup.manifest import Manifest, Member, of_folder
from resuelve.backup.verify import verify
from resuelve.domain.errors import BackupError, VectorIndexError
from resuelve.domain.message import message, system_said
from resuelve.telemetry.logs import log

_LOOKS = 5
_SQLITE = b"SQLite format 3\x00"
NAME = "resuelve_{at:%Y%m%d_%H%M%S}{again}.tar.gz{encrypted}"
PARTIAL = ".partial"


@dataclass(frozen=True, slots=True)
class Source:
    """The workspace to be saved.

    Attributes:
        held: inside its block no command changes the dictionary and its versions.
        index: brings the current index into an empty folder; False when there is none.
        settings: the settings, without secrets.
    """

    root: Path
    held: Callable[[], AbstractContextManager[None]]
    index: Callable[[Path], bool]
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made and read again.

    Attributes:
        size: bytes of the file.
        left_out: what lies in the workspace's folders and is not in it.
        no_index: why the index is not in it; empty when it is, or when there is none. It can be built anew.
    """

    path: Path
    manifest: Manifest
    size: int
    left_out: tuple[str, ...]
    no_index: str


def make_backup(source: Source, folder: Path, *, at: datetime, version: str, passphrase: str | None = None) -> Made:
    """Make a backup in `folder`, encrypted when there is a passphrase; at any failure no file is left.

    Raises:
        BackupError: something cannot be read or written, or what was written does not come back.
        DictionaryError: the dictionary cannot be read.
    """
    at = at.replace(microsecond=0)
    if not (source.root / contents.DICTIONARY).exists():
        remedy = "name the workspace with --workspace or RESUELVE_WORKSPACE"
        raise BackupError("there is no dictionary, so this is no workspace", where=str(source.root), remedy=remedy)
    with _disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        workspace = _workspace_id(source.root)
        with _aside(source.root) as staged:
            no_index = _collect(source, staged)
            manifest = of_folder(staged, version=version, created=at, workspace=workspace)
            for left in folder.glob(f".resuelve_{workspace}_*{PARTIAL}"):
                left.unlink(missing_ok=True)  # of a backup of this workspace that was killed
            partial = folder / f".resuelve_{workspace}_{uuid.uuid4().hex}{PARTIAL}"
            try:
                _write(partial, manifest, staged, passphrase)
                if verify(partial, passphrase, staged.parent) != manifest:
                    raise BackupError("what was written does not come back", where=str(folder), remedy="try again")
                size = partial.stat().st_size
                path = _named(partial, folder, at, encrypted=passphrase is not None)
            finally:
                partial.unlink(missing_ok=True)
            durable.sync_folder(folder)
    made = Made(path, manifest, size, tuple(contents.left_out(source.root)), no_index)
    log.info("backup.made", file=path.name, bytes=size, encrypted=passphrase is not None)
    if made.left_out or no_index:
        log.warning("backup.incomplete", file=path.name, count=len(made.left_out), index=not no_index)
    return made


def _collect(source: Source, staged: Path) -> str:
    """Copy everything; why there is no index, if there should be one."""
    no_index = ""
    with source.held():
        for name, file in contents.plain_files(source.root):
            if _edited(name):
                _copy(file, staged / name)
    try:
        source.index(_folder(staged / contents.INDEX))
    except VectorIndexError as error:
        shutil.rmtree(staged / contents.INDEX)
        no_index = error.what
    written = staged / contents.SETTINGS
    _folder(written.parent)
    written.write_text(json.dumps(dict(source.settings), ensure_ascii=False, indent=1), encoding="utf-8")
    # The databases last: what was done while the rest was copied is in the journal.
    for databases in (False, True):
        for name, file in contents.plain_files(source.root):
            with suppress(FileNotFoundError):  # removed meanwhile
                if not _edited(name) and _is_database(file) is databases:
                    (copy_database if databases else _copy)(file, _room(staged / name))
    return no_index


def _edited(name: str) -> bool:
    return name == contents.DICTIONARY or contents.place_of(name) == contents.VERSIONS


def _is_database(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(len(_SQLITE)) == _SQLITE


def _copy(source: Path, target: Path) -> None:
    _room(target)
    for _ in range(_LOOKS):
        before = source.stat()
        shutil.copyfile(source, target)
        after = source.stat()
        if (before.st_ino, before.st_size, before.st_mtime_ns) == (after.st_ino, after.st_size, after.st_mtime_ns):
            return
        time.sleep(0.05)
    raise BackupError("it is being written all the time", where=str(source), remedy="try again when it is quiet")


def _write(partial: Path, manifest: Manifest, staged: Path, passphrase: str | None) -> None:
    def opened(member: Member) -> Any:
        return (staged / member.name).open("rb")

    with partial.open("xb") as file:
        partial.chmod(0o600)  # it holds tickets
        if passphrase is None:
            write_archive(file, manifest, opened)
        else:
            sealed = EncryptingWriter(file, passphrase, created=manifest.created, workspace=manifest.workspace)
            write_archive(sealed, manifest, opened)
            sealed.finish()
        file.flush()
        os.fsync(file.fileno())


def _named(partial: Path, folder: Path, at: datetime, *, encrypted: bool) -> Path:
    """Give the file its name, and never that of another."""
    number = 1
    while True:
        again = f"_{number}" if number > 1 else ""
        path = folder / NAME.format(at=at, again=again, encrypted=".enc" if encrypted else "")
        try:
            path.hardlink_to(partial)
        except FileExistsError:
            number += 1
        except OSError:  # a disk without hard links
            if path.exists():
                number += 1
                continue
            partial.rename(path)
            return path
        else:
            return path


def _workspace_id(root: Path) -> str:
    path = root / contents.STATE / contents.WORKSPACE_ID
    _folder(path.parent)
    with suppress(FileExistsError), path.open("x", encoding="ascii") as file:
        file.write(uuid.uuid4().hex)
    found = path.read_text("ascii", "replace").strip()
    if len(found) != 32 or not set(found) <= set("0123456789abcdef"):
        raise BackupError("the name of the workspace is damaged", where=str(path), remedy="remove that file")
    return found


@contextmanager
def _aside(root: Path) -> Iterator[Path]:
    """An empty folder on the workspace's own disk; what a backup that died left is swept away."""
    aside = root / contents.STATE / contents.ASIDE
    _folder(aside)
    lock = os.open(aside / "backup.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        _take(lock, aside)
        for left in aside.glob("backup-*"):
            shutil.rmtree(left)
        staged = aside / f"backup-{uuid.uuid4().hex}"
        staged.mkdir()
        try:
            yield staged
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    finally:
        os.close(lock)


def _take(lock: int, aside: Path) -> None:
    import fcntl

    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BackupError(
            "another backup is being made", where=str(aside), remedy="wait until it has finished"
        ) from None


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


def _room(path: Path) -> Path:
    _folder(path.parent)
    return path


@contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BackupError(
            message("it cannot be made ({why})", why=system_said(error)),
            where=str(error.filename or folder),
            remedy="check space and permissions, or name another folder with --to",
        ) from error
