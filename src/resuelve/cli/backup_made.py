"""Making, listing and verifying backups on the command line."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.table import Table
from rich.text import Text

from resuelve import wiring
from resuelve.backup.encryption import SHORTEST_PASSPHRASE
from resuelve.backup.make import make_backup
from resuelve.backup.rotate import backups_in, rotate
from resuelve.backup.verify import label_of
from resuelve.backup.verify import verify as verify_file
from resuelve.cli.surroundings import harmless, now, terminal
from resuelve.domain.errors import SettingsError
from resuelve.domain.message import message
from resuelve.settings import Settings
from resuelve.texts import say

_MOST_SHOWN = 20


def run_backup(
    settings: Settings, *, encrypt: bool, keep: int | None, to: Path | None, passphrase_file: Path | None
) -> None:
    """Make a backup, read it again, and let old ones go.

    Raises:
        ResuelveError: it could not be made; no file is left. Or an old one could not be removed.
    """
    console, language = terminal(), settings.language
    passphrase = _required(passphrase_of(settings, passphrase_file)) if encrypt else None
    folder = to or wiring.workspace(settings).backups
    made = make_backup(wiring.backup_source(settings), folder, at=now(), version=_version(), passphrase=passphrase)
    files, size = len(made.manifest.members), size_text(made.size)
    console.print(say("backup.made", language, path=made.path, files=files, size=size), markup=False)
    if made.no_index:
        console.print(say("backup.no_index", language, error=made.no_index), style="yellow", markup=False)
    for name in made.left_out[:_MOST_SHOWN]:
        console.print(say("backup.left_out", language, name=name), style="yellow", markup=False)
    for path in rotate(folder, settings.backup_keep if keep is None else keep, label_of(made.path)):
        console.print(say("backup.removed", language, path=path), markup=False)


def show_backups(settings: Settings, folder: Path | None, *, as_json: bool) -> None:
    """The backups in a folder, newest first.

    Raises:
        BackupError: the folder cannot be read.
    """
    labels = backups_in(folder or wiring.workspace(settings).backups)
    language = settings.language
    if as_json:
        content = [
            {
                "file": str(one.path),
                "created": one.created.isoformat(),
                "bytes": one.size,
                "encrypted": one.encrypted,
                "workspace": one.workspace,
            }
            for one in labels
        ]
        print(harmless(json.dumps(content, ensure_ascii=False, indent=1)))  # noqa: T201 - for other programs
        return
    if not labels:
        terminal().print(say("backup.none", language), markup=False)
        return
    table = Table(box=None, pad_edge=False)
    for column in ("file", "created", "size", "encrypted"):
        table.add_column(say(f"backup.column.{column}", language), overflow="fold")
    for one in labels:
        encrypted = say("backup.yes", language) if one.encrypted else ""
        created = f"{one.created.astimezone():%d/%m/%Y %H:%M:%S}"
        table.add_row(Text(str(one.path)), Text(created), Text(size_text(one.size)), Text(encrypted))
    terminal().print(table)


def run_verify(settings: Settings, file: Path, passphrase_file: Path | None) -> None:
    """Read a backup from beginning to end.

    Raises:
        BackupRefused: with the reason for which it cannot be restored.
    """
    manifest = verify_file(file, passphrase_of(settings, passphrase_file))
    terminal().print(
        say(
            "backup.sound",
            settings.language,
            path=file,
            files=len(manifest.members),
            size=size_text(manifest.size),
            created=f"{manifest.created.astimezone():%d/%m/%Y %H:%M:%S}",
            version=manifest.version,
        ),
        markup=False,
    )


def passphrase_of(settings: Settings, file: Path | None) -> str:
    """The passphrase: the first line of a file, or the setting; empty when there is none.

    Raises:
        SettingsError: the file cannot be read.
    """
    if file is None:
        return settings.backup_passphrase.get_secret_value()
    try:
        return file.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        why = "not UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise SettingsError(
            message("the passphrase cannot be read ({why})", why=why),
            where=str(file),
            remedy="check the path and the permissions",
        ) from error


def _version() -> str:
    try:
        return version("resuelve")
    except PackageNotFoundError:  # run from its sources
        return "?"


def _required(passphrase: str) -> str:
    if not passphrase:
        raise SettingsError(
            "there is no passphrase to encrypt with",
            where="RESUELVE_BACKUP_PASSPHRASE",
            remedy=message(
                "set it (at least {least} characters), or name a file with --passphrase-file", least=SHORTEST_PASSPHRASE
            ),
        )
    return passphrase


def size_text(size: int) -> str:
    """Bytes for people: ``589 kB``, ``2.3 MB``."""
    value, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} {unit}" if value >= 10 or unit == "B" else f"{value:.1f} {unit}"
