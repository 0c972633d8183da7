"""What every command needs first: settings, a terminal, a name for the run."""

from __future__ import annotations

import secrets
import sys
from datetime import datetime
from pathlib import Path

from pydantic_settings import SettingsError as UnreadableSetting
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from resuelve.domain.errors import SettingsError
from resuelve.settings import Settings, load


def settings_for(workspace: Path | None = None, **overrides: object) -> Settings:
    """The settings, with the workspace of the command line.

    Raises:
        SettingsError: one of them is wrong.
    """
    try:
        return load(**overrides, **({"workspace": workspace} if workspace else {}))
    except UnreadableSetting as error:  # what should be JSON is none: this comes before any field is looked at
        raise SettingsError(str(error), where="settings", remedy="write it as JSON") from error


def terminal(*, errors: bool = False) -> Console:
    """A console; texts from tickets must be printed with `markup=False` or as `Text`."""
    return Console(stderr=errors, highlight=False, width=None if sys.stdout.isatty() else 140)


def progress_bar(console: Console) -> Progress:
    """A bar with count and time; silent when nobody looks at it."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def now() -> datetime:
    """The local time with its zone."""
    return datetime.now().astimezone()


def run_name(at: datetime) -> str:
    """A name for a run that no other run has: ``20260131T101500-3f9a2c``."""
    return f"{at:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
