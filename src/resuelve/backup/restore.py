"""Put a backup, or what an earlier restore set aside, into a workspace: whole, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from resuelve.backup import contents
from resuelve.backup.manifest import Manifest
from resuelve.backup.occupancy import alone
from resuelve.backup.swap import Swap, remove_empty
from resuelve.backup.verify import unpack
from resuelve.domain.errors import BackupError
from resuelve.domain.message import message, system_said
from resuelve.telemetry.logs import log


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did.

    Attributes:
        kept: the folder of what was there before; None when nothing was.
        manifest: of the backup; None when what was set aside was put back.
    """

    kept: Path | None
    manifest: Manifest | None


def restore(root: Path, backup: Path, *, passphrase: str | None, at: datetime, wait: float) -> Restored:
    """Put a backup into the workspace, which need not exist. Verify it before, so that nothing is touched in vain.

    Raises:
        BackupRefused: the file is not a backup that can be restored; nothing was changed.
        WorkspaceBusy: others still work in the workspace after `wait` seconds; nothing was changed.
        BackupError: it cannot be unpacked or put in place; everything is as it was.
    """
    with alone(root, wait=wait):
        swap = Swap(root)
        try:
            new = swap.begin()
            _require_one_disk(root)
            manifest = unpack(backup, passphrase, new)
        except BaseException:
            swap.abandon()
            raise
        about = {"backup": backup.name, "created": manifest.created.isoformat(timespec="seconds")}
        done = Restored(_swapped(swap, root, new, at, about), manifest)
        log.info("backup.restored", file=backup.name, created=about["created"])
        return done


def put_back(root: Path, kept: Path, *, at: datetime, wait: float) -> Restored:
    """Undo a restore: put back what it set aside, and set aside what is there now.

    Raises:
        BackupError: that folder is none that a restore of this workspace left, or it cannot be put in place.
        WorkspaceBusy: see `restore`.
    """
    folder = (root / contents.STATE / contents.KEPT).resolve()
    if kept.resolve().parent != folder or not contents.places(kept):
        remedy = message("name a backup, or a folder in {folder}", folder=folder)
        raise BackupError("this is nothing that a restore has set aside here", where=str(kept), remedy=remedy)
    with alone(root, wait=wait):
        source = root / contents.STATE / contents.KEPT / kept.name
        done = Restored(_swapped(Swap(root), root, source, at, {"put_back": kept.name}), None)
        remove_empty(source)
        log.info("backup.put_back", file=kept.name)
        return done


def _swapped(swap: Swap, root: Path, new: Path, at: datetime, about: dict[str, Any]) -> Path | None:
    old = contents.places(root)
    marker = {"restored": at.isoformat(timespec="seconds"), **about}
    try:
        kept = swap.commit(new, contents.places(new), old, at, marker)
    except OSError as error:
        raise BackupError(
            message("it cannot be put in place ({why})", why=system_said(error)),
            where=str(error.filename or root),
            remedy="mend that and run any command: it brings the restore to its end, or back",
        ) from error
    if old:
        return kept
    remove_empty(kept)
    return None


def _require_one_disk(root: Path) -> None:
    """Renames cannot leave a disk; better said before than half-way."""
    if root.stat().st_dev != (root / contents.STATE).stat().st_dev:
        raise BackupError(
            "the workspace and its .resuelve lie on two disks, so that it cannot be restored in one step",
            where=str(root),
            remedy="restore into another folder and move it",
        )
