"""`resuelve history`: commands and options. Light: what they do is imported when called."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from resuelve.cli.options import BAD_USE, AsJson, Workspace, told

history = typer.Typer(help=told("history.help"), no_args_is_help=True, rich_markup_mode=None)

_DAYS = ["%Y-%m-%d", "%d/%m/%Y"]


class Format(StrEnum):
    """The form of an export."""

    CSV = "csv"
    CHAT = "chat"


class Role(StrEnum):
    """Who was asked."""

    EMBED = "embed"
    REFORMULATE = "reformulate"
    RERANK = "rerank"
    DECIDE = "decide"
    CRITIQUE = "critique"
    DESCRIBE = "describe"


@history.command("show", help=told("history.show.help"))
def show(
    incident: Annotated[str, typer.Option("--incident", help=told("history.incident.help"))] = "",
    workspace: Workspace = None,
    json: AsJson = False,
) -> None:
    """Show what the history holds."""
    from resuelve.cli.history_shown import show_calls, show_figures
    from resuelve.cli.surroundings import settings_for

    settings = settings_for(workspace)
    if incident:
        show_calls(settings, incident, as_json=json)
    else:
        show_figures(settings, as_json=json)


@history.command("export", help=told("history.export.help"))
def export(
    form: Annotated[Format, typer.Option("--format", help=told("history.format.help"))] = Format.CSV,
    role: Annotated[Role | None, typer.Option("--role", help=told("history.role.help"))] = None,
    model: Annotated[str, typer.Option("--model", help=told("history.model.help"))] = "",
    since: Annotated[datetime | None, typer.Option("--since", formats=_DAYS, help=told("history.since.help"))] = None,
    out: Annotated[Path | None, typer.Option("--out", help=told("history.out.help"))] = None,
    personal: Annotated[bool, typer.Option("--with-personal-data", help=told("history.personal.help"))] = False,
    workspace: Workspace = None,
) -> None:
    """Write the history to files."""
    from resuelve.cli.history_exported import Wanted, export_history
    from resuelve.cli.surroundings import settings_for

    wanted = Wanted(form is Format.CHAT, role.value if role else "", model, since, out, personal)
    export_history(settings_for(workspace), wanted)


@history.command("outcomes", help=told("history.outcomes.help"))
def outcomes(
    source: Annotated[Path | None, typer.Option("--from", metavar="FILE", help=told("mine.from.help"))] = None,
    workspace: Workspace = None,
    json: AsJson = False,
) -> None:
    """Learn from closed incidents what was right."""
    from resuelve.cli.history_outcomes import learn_outcomes
    from resuelve.cli.surroundings import settings_for

    learn_outcomes(settings_for(workspace), source, as_json=json)


@history.command("forget", help=told("history.forget.help"))
def forget(
    before: Annotated[
        datetime | None, typer.Option("--before", formats=_DAYS, help=told("history.before.help"))
    ] = None,
    older_than: Annotated[
        int | None, typer.Option("--older-than", metavar="DAYS", min=0, max=36_500, help=told("history.older.help"))
    ] = None,
    workspace: Workspace = None,
) -> None:
    """Remove old calls."""
    if (before is None) is (older_than is None):
        typer.echo(told("history.forget.which"), err=True)
        raise typer.Exit(BAD_USE)
    from resuelve.cli.history_shown import forget_calls
    from resuelve.cli.surroundings import settings_for

    forget_calls(settings_for(workspace), before, older_than)
