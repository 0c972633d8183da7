"""`resuelve restore`: verify, ask, put in place, say what comes next."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from resuelve import wiring
from resuelve.backup import contents
from resuelve.backup.manifest import Manifest
from resuelve.backup.restore import Restored, put_back, restore
from resuelve.backup.verify import verify
from resuelve.cli.backup_made import passphrase_of
from resuelve.cli.surroundings import now, terminal
from resuelve.domain.errors import BackupError
from resuelve.settings import Settings, name_of
from resuelve.texts import say


def run_restore(settings: Settings, file: Path, *, yes: bool, wait: float, passphrase_file: Path | None) -> bool:
    """Put a backup, or the folder that an earlier restore set aside, into the workspace.

    Returns:
        False when the person does not want to.

    Raises:
        ResuelveError: it cannot be restored; everything is as it was.
    """
    console, root = terminal(), wiring.workspace(settings).root
    if file.is_dir():
        if not _agreed(settings, root, None, yes=yes):
            return False
        _tell(console, settings, put_back(root, file, at=now(), wait=wait), root)
        return True
    passphrase = passphrase_of(settings, passphrase_file)
    manifest = verify(file, passphrase)  # before anything is asked or touched
    console.print(
        say("backup.restoring", settings.language, path=file, created=_moment(manifest.created)), markup=False
    )
    if not _agreed(settings, root, manifest, yes=yes):
        return False
    _tell(console, settings, restore(root, file, passphrase=passphrase, at=now(), wait=wait), root)
    return True


def _agreed(settings: Settings, root: Path, manifest: Manifest | None, *, yes: bool) -> bool:
    """Whether what is in the workspace may be set aside."""
    if not contents.places(root):
        return True
    language = settings.language
    if manifest is not None and _is_of_another(root, manifest):
        terminal().print(say("backup.another_workspace", language), style="yellow", markup=False)
    if yes:
        return True
    if not sys.stdin.isatty():
        raise BackupError("the workspace is not empty, and there is nobody to ask", where=str(root), remedy="say --yes")
    return typer.confirm(say("backup.confirm", language, path=root))


def _is_of_another(root: Path, manifest: Manifest) -> bool:
    try:
        own = (root / contents.STATE / contents.WORKSPACE_ID).read_text("ascii", "replace").strip()
    except OSError:
        return False
    return own != manifest.workspace


def _tell(console: Console, settings: Settings, done: Restored, root: Path) -> None:
    language = settings.language
    console.print(say("backup.restored", language, path=root), markup=False)
    if done.kept is not None:
        console.print(say("backup.kept", language, path=done.kept), markup=False)
    saved = _saved_settings(root)
    if saved:
        current = settings.shown()
        there = name_of("workspace")  # what it is called now, the command has just said
        differing = [name for name in saved if name in current and name != there and saved[name] != current[name]]
        for name in differing:
            text = say("backup.setting", language, name=name, then=_shown(saved[name]), now=_shown(current[name]))
            console.print(text, style="yellow", markup=False)
    console.print(say("backup.next", language), markup=False)


def _saved_settings(root: Path) -> dict[str, Any]:
    """The settings at the time of the backup; empty when they are not there or cannot be read."""
    try:
        content = json.loads((root / contents.SETTINGS).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:79]}…"


def _moment(at: datetime) -> str:
    return f"{at.astimezone():%d/%m/%Y %H:%M:%S}"
