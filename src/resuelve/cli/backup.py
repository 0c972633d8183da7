"""`resuelve backup …` and `resuelve restore`: commands and options. Light: what they do is imported when called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from resuelve.cli.options import FAILED, AsJson, Workspace, told

backup = typer.Typer(help=told("backup.help"), invoke_without_command=True, rich_markup_mode=None)

PassphraseFile = Annotated[
    Path | None, typer.Option("--passphrase-file", metavar="FILE", help=told("backup.passphrase_file.help"))
]
To = Annotated[Path | None, typer.Option("--to", metavar="FOLDER", help=told("backup.to.help"))]


@backup.callback()
def make(
    context: typer.Context,
    encrypt: Annotated[bool, typer.Option("--encrypt", help=told("backup.encrypt.help"))] = False,
    keep: Annotated[int | None, typer.Option("--keep", min=0, help=told("backup.keep.help"))] = None,
    to: To = None,
    passphrase_file: PassphraseFile = None,
    workspace: Workspace = None,
) -> None:
    """Make a backup."""
    if context.invoked_subcommand:
        return
    from resuelve.cli.backup_made import run_backup
    from resuelve.cli.surroundings import settings_for

    run_backup(settings_for(workspace), encrypt=encrypt, keep=keep, to=to, passphrase_file=passphrase_file)


@backup.command("list", help=told("backup.list.help"))
def list_backups(to: To = None, workspace: Workspace = None, json: AsJson = False) -> None:
    """List the backups."""
    from resuelve.cli.backup_made import show_backups
    from resuelve.cli.surroundings import settings_for

    show_backups(settings_for(workspace, occupy=False), to, as_json=json)


@backup.command("verify", help=told("backup.verify.help"))
def verify(
    file: Annotated[Path, typer.Argument(help=told("backup.file.help"))],
    passphrase_file: PassphraseFile = None,
    workspace: Workspace = None,
) -> None:
    """Read a backup from beginning to end."""
    from resuelve.cli.backup_made import run_verify
    from resuelve.cli.surroundings import settings_for

    run_verify(settings_for(workspace, occupy=False), file, passphrase_file)


def restore(
    file: Annotated[Path, typer.Argument(help=told("backup.restore.file"))],
    yes: Annotated[bool, typer.Option("--yes", help=told("backup.yes.help"))] = False,
    wait: Annotated[float, typer.Option("--wait", min=0, metavar="SECONDS", help=told("backup.wait.help"))] = 60.0,
    passphrase_file: PassphraseFile = None,
    workspace: Workspace = None,
) -> None:
    """Put a backup into the workspace."""
    from resuelve.cli.backup_restored import run_restore
    from resuelve.cli.surroundings import settings_for

    settings = settings_for(workspace, occupy=False, logs=True)
    if not run_restore(settings, file, yes=yes, wait=wait, passphrase_file=passphrase_file):
        raise typer.Exit(FAILED)
