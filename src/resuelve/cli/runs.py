"""`resuelve runs`: commands and options. Light: what they do is imported when called."""

from __future__ import annotations

from typing import Annotated

import typer

from resuelve.cli.options import AsJson, Workspace, told

runs = typer.Typer(help=told("runs.help"), no_args_is_help=True, rich_markup_mode=None)
Name = Annotated[str, typer.Argument(metavar="RUN", help=told("runs.run.help"))]


@runs.command("list", help=told("runs.list.help"))
def list_runs(
    workspace: Workspace = None,
    most: Annotated[int, typer.Option("--most", min=1, max=1000, help=told("runs.most.help"))] = 20,
    json: AsJson = False,
) -> None:
    """Show the newest runs."""
    from resuelve.cli.runs_shown import show_runs
    from resuelve.cli.surroundings import settings_for

    show_runs(settings_for(workspace, occupy=False), most, as_json=json)


@runs.command("compare", help=told("runs.compare.help"))
def compare(first: Name, second: Name, workspace: Workspace = None, json: AsJson = False) -> None:
    """Show in what two runs differ."""
    from resuelve.cli.runs_shown import show_difference
    from resuelve.cli.surroundings import settings_for

    show_difference(settings_for(workspace, occupy=False), first, second, as_json=json)
