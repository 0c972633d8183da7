"""Old backups go, so that the newest ones have room: only what is ours by name and by what it says of itself."""

from __future__ import annotations

import re
from pathlib import Path

from resuelve.backup.verify import Label, label_of
from resuelve.domain.errors import BackupError
from resuelve.domain.message import message, system_said

_NAME = re.compile(r"resuelve_[0-9]{8}_[0-9]{6}(?:_[0-9]+)?\.tar\.gz(?:\.enc)?")


def backups_in(folder: Path) -> list[Label]:
    """The backups in a folder, newest first; what only looks like one by its name is not among them.

    Raises:
        BackupError: the folder cannot be read.
    """
    try:
        names = [path for path in folder.iterdir() if _NAME.fullmatch(path.name)] if folder.is_dir() else []
    except OSError as error:
        raise BackupError(
            message("the backups cannot be listed ({why})", why=system_said(error)),
            where=str(folder),
            remedy="check the permissions",
        ) from error
    found = []
    for path in names:
        try:
            if path.is_file() and not path.is_symlink():
                found.append(label_of(path))
        except BackupError:
            continue  # whatever it is, it is not ours to judge, and least of all to remove
    return sorted(found, key=lambda label: (label.created, label.path.name), reverse=True)


def rotate(folder: Path, keep: int, newest: Label) -> list[Path]:
    """Remove all but the `keep` newest backups of the workspace that `newest`, just made and verified, is of.

    Args:
        keep: 0 keeps all.

    Returns:
        What was removed.

    Raises:
        BackupError: one cannot be removed; the newest are there.
    """
    own = [label.path for label in backups_in(folder) if label.workspace == newest.workspace]
    old = [path for path in own[keep:] if path != newest.path] if keep else []
    for path in old:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise BackupError(
                message("an old backup cannot be removed ({why})", why=system_said(error)),
                where=str(path),
                remedy="remove it by hand",
            ) from error
    return old
