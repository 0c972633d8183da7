"""Read a backup from its first byte to its last, and believe nothing that is not proved."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from resuelve.backup.archive import GZIP_MAGIC, OTHER, Pieces, Readable, read_archive, read_manifest
from resuelve.backup.contents import Kind
from resuelve.backup.databases import require_sound
from resuelve.backup.encryption import MAGIC, DecryptingReader, read_head
from resuelve.backup.manifest import Manifest
from resuelve.domain.errors import BackupError, BackupRefused
from resuelve.domain.message import message, system_said

_HOLE = 2**16
_EMPTY = bytes(_HOLE)
_SPARE = 2**24
"""Bytes that are left free beside what is unpacked."""


@dataclass(frozen=True, slots=True)
class Label:
    """What can be told of a backup without reading it whole, and without its passphrase."""

    path: Path
    created: datetime
    workspace: str
    encrypted: bool
    size: int


def label_of(path: Path) -> Label:
    """What a backup says about itself; its beginning is sound, nothing more is proved.

    Raises:
        BackupRefused: it is no backup.
    """
    with _opened(path) as (file, encrypted):
        size = path.stat().st_size
        if encrypted:
            head = read_head(file, str(path))
            return Label(path, head.created, head.workspace, True, size)
        manifest = read_manifest(file, str(path))
        return Label(path, manifest.created, manifest.workspace, False, size)


def verify(path: Path, passphrase: str | None, scratch: Path | None = None) -> Manifest:
    """Read everything, compare every hash, and have every database checked. Nothing is left behind.

    Args:
        scratch: where the databases are unpacked for that; the system's own place without it.

    Raises:
        BackupRefused: the file is not a backup that could be restored, with the reason.
        BackupError: it is encrypted and there is no passphrase, or the disk refuses.
    """
    with tempfile.TemporaryDirectory(prefix="resuelve-", dir=scratch) as folder:
        return unpack(path, passphrase, Path(folder), only=Kind.DATABASE)


def unpack(path: Path, passphrase: str | None, folder: Path, *, only: Kind | None = None) -> Manifest:
    """Read everything as `verify` does, and write the files into an empty folder, on the disk when this returns.

    Args:
        only: write files of this kind alone.

    Raises:
        BackupRefused, BackupError: as `verify`; what was written until then is for the caller to remove.
    """
    where = str(path)
    known = None
    with _opened(path) as (file, encrypted):
        try:
            members = read_archive(_plain(file, passphrase, where) if encrypted else file, where)
            for manifest, member, pieces in members:
                if known is None:
                    _require_space(folder, sum(one.size for one in manifest.members if only in (None, one.kind)))
                known = manifest
                if only is None or member.kind is only:
                    _write(folder / member.name, member.size, pieces)
                else:
                    for _ in pieces:
                        pass
                if member.kind is Kind.DATABASE:
                    require_sound(folder / member.name, member.name, where)
            if only is None:
                _sync(folder)
        except OSError as error:
            raise BackupError(
                message("it cannot be unpacked ({why})", why=system_said(error)),
                where=str(error.filename or folder),
                remedy="check space and permissions",
            ) from error
    if known is None:
        raise BackupRefused("it is empty", where=where, remedy=OTHER)
    return known


def _plain(file: Readable, passphrase: str | None, where: str) -> DecryptingReader:
    if not passphrase:
        raise BackupError(
            "it is encrypted, and no passphrase was given",
            where=where,
            remedy="set RESUELVE_BACKUP_PASSPHRASE, or name a file with --passphrase-file",
        )
    return DecryptingReader(file, passphrase, where)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Readable, bool]]:
    """The file, and whether it is encrypted."""
    try:
        file = path.open("rb")
        with file:
            begin = file.read(len(MAGIC))
            file.seek(0)
            if begin != MAGIC and not begin.startswith(GZIP_MAGIC):
                raise BackupRefused("it is not a backup of Resuelve", where=str(path), remedy=OTHER)
            yield file, begin == MAGIC
    except OSError as error:
        raise BackupError(
            message("it cannot be read ({why})", why=system_said(error)),
            where=str(path),
            remedy="check the path and the permissions",
        ) from error


def _write(path: Path, size: int, pieces: Pieces) -> None:
    """Write a new file; long stretches of zeros become holes. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        for data in pieces:
            if data == _EMPTY:
                file.seek(len(data), os.SEEK_CUR)
            else:
                file.write(data)
        file.truncate(size)
        file.flush()
        os.fsync(file.fileno())


def _require_space(folder: Path, needed: int) -> None:
    status = os.statvfs(folder)
    free = status.f_bavail * status.f_frsize
    if needed + _SPARE > free:
        raise BackupError(
            message("{needed} MiB are needed and {free} are free", needed=needed // 2**20, free=free // 2**20),
            where=str(folder),
            remedy="make room there",
        )


def _sync(folder: Path) -> None:
    for path in (folder, *(one for one in folder.rglob("*") if one.is_dir())):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
