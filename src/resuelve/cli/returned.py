"""`resuelve returned`: commands and options. Light: what they do is imported when called."""

from __future__ import annotations

from typing import Annotated

import typer

from resuelve.cli.options import BAD_USE, AsJson, Workspace, told

returned = typer.Typer(help=told("breakers.help"), invoke_without_command=True, rich_markup_mode=None)


@returned.callback()
def show(context: typer.Context, workspace: Workspace = None, json: AsJson = False) -> None:
    """Show what came back."""
    if context.invoked_subcommand:
        return
    from resuelve.cli.returned_acts import show_returned
    from resuelve.cli.surroundings import settings_for

    show_returned(settings_for(workspace), as_json=json)


@returned.command("wrong", help=told("breakers.wrong.help"))
def wrong(
    incident: Annotated[str, typer.Argument(help=told("breakers.incident"))], workspace: Workspace = None
) -> None:
    """Say that what was done was wrong."""
    from resuelve.cli.returned_acts import report_wrong
    from resuelve.cli.surroundings import settings_for

    report_wrong(settings_for(workspace), incident)


@returned.command("seen", help=told("breakers.seen.help"))
def seen(
    incidents: Annotated[list[str] | None, typer.Argument(help=told("breakers.incident"))] = None,
    every: Annotated[bool, typer.Option("--all", help=told("breakers.seen.all"))] = False,
    workspace: Workspace = None,
) -> None:
    """Say that somebody has seen to it."""
    if bool(incidents) is every:
        typer.echo(told("breakers.seen.which"), err=True)
        raise typer.Exit(BAD_USE)
    from resuelve.cli.returned_acts import see_to
    from resuelve.cli.surroundings import settings_for

    see_to(settings_for(workspace), None if every else incidents)
