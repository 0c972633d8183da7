"""What every command needs first: settings, a terminal, a name for the run."""

from __future__ import annotations

import atexit
import re
import secrets
import sys
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path

from pydantic_settings import SettingsError as UnreadableSetting
from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.segment import Segment

from resuelve.backup.occupancy import occupied
from resuelve.cli import current
from resuelve.domain.errors import SettingsError
from resuelve.domain.message import message
from resuelve.settings import Settings, load, misspelt, name_of
from resuelve.texts import say

_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What a terminal obeys instead of showing it: control characters, and those that turn the direction of writing."""


def settings_for(
    workspace: Path | None = None, *, occupy: bool = True, logs: bool | None = None, **overrides: object
) -> Settings:
    """The settings, with the workspace of the command line, which nobody restores until the process ends.

    From here on the command's log is written.

    Args:
        occupy: False for a command that occupies the workspace itself, or that needs to be alone in it.
        logs: whether the command has a log; as `occupy` when None.

    Raises:
        SettingsError: one of them is wrong.
        WorkspaceBusy: the workspace is being restored.
        BackupError: a restore that was broken off cannot be finished.
    """
    settings = _loaded(workspace, overrides)
    if occupy:
        _until_the_end.enter_context(occupied(settings.workspace))
    if occupy if logs is None else logs:
        _log(settings)
    return settings


def _log(settings: Settings) -> None:
    """Begin the log of the command, which ends with it. Whoever calls us as a library has none."""
    context = current.context()
    if context is None or _LOGGED in context.meta:
        return
    from resuelve.wiring.logged import logged

    context.meta[_LOGGED] = True
    context.with_resource(logged(settings, current.command(context), warn))


def _loaded(workspace: Path | None, overrides: Mapping[str, object]) -> Settings:
    try:
        return load(**overrides, **({"workspace": workspace} if workspace else {}))
    except UnreadableSetting as error:  # what should be JSON is none: this comes before any field is looked at
        named = re.search(r'field "(\w+)"', str(error))
        name = name_of(named[1]) if named else message("a setting")
        raise SettingsError(
            message("{name} cannot be read as JSON", name=name),
            where="settings",
            remedy=message("write {name} as JSON", name=name),
        ) from error


def said_of_names(language: str) -> list[str]:
    """A line for each name in the environment that looks like a setting and is none."""
    return [say("cli.misspelt", language, name=harmless(name), near=near) for name, near in misspelt()]


def harmless(text: str) -> str:
    """A text that a terminal only shows: tickets, models and servers may have put commands into theirs."""
    return _COMMANDS.sub("\ufffd", text)


_LOGGED = "resuelve.logged"
"""Among what a command's context holds: its log has begun."""

_until_the_end = ExitStack()
atexit.register(_until_the_end.close)


class _Terminal(Console):
    """A console whose texts command nothing; its own colours do."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=harmless(segment.text))


def terminal(*, errors: bool = False) -> Console:
    """A console; texts from tickets must be printed with `markup=False` or as `Text`."""
    return _Terminal(stderr=errors, highlight=False, width=None if sys.stdout.isatty() else 140)


def warn(line: str) -> None:
    """Tell on the error output what stops nothing, nor does an error output that takes nothing."""
    with suppress(OSError, ValueError):  # a full disk, a pipe that nobody reads, a stream that was closed
        terminal(errors=True).print(f"resuelve: {line}", style="yellow", markup=False, soft_wrap=True)


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
