"""The commands of the person who owns the dictionary. As light as `cli`: each imports what it needs when called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from resuelve.cli.dictionary import dictionary
from resuelve.cli.maintain import maintain
from resuelve.cli.options import FAILED, INCOMPLETE, AsJson, Workspace, told

owner = typer.Typer()
"""Its commands stand beside `run` and `index`, under no name of their own."""

owner.add_typer(dictionary, name="dictionary")

owner.add_typer(maintain, name="maintain")

check = typer.Typer(help=told("check.help"), invoke_without_command=True, rich_markup_mode=None)
owner.add_typer(check, name="check")
Problem = Annotated[str, typer.Option("--problem", help=told("check.problem.help"))]


@check.callback()
def check_all(
    context: typer.Context,
    problem: Problem = "",
    strict: Annotated[bool, typer.Option("--strict", help=told("check.strict.help"))] = False,
    workspace: Workspace = None,
    json: AsJson = False,
) -> None:
    """Run the regression tickets."""
    if context.invoked_subcommand:
        return
    from resuelve.cli.check import run_check
    from resuelve.cli.surroundings import settings_for

    if not run_check(settings_for(workspace), problem=problem, strict=strict, as_json=json):
        raise typer.Exit(INCOMPLETE)


@check.command("add", help=told("check.add.help"))
def check_add(
    incident: Annotated[str, typer.Argument(help=told("check.incident.help"))],
    problem: Annotated[str, typer.Option("--problem", help=told("check.add.problem"))],
    must_not: Annotated[bool, typer.Option("--not", help=told("check.not.help"))] = False,
    note: Annotated[str, typer.Option("--note", help=told("check.note.help"))] = "",
    workspace: Workspace = None,
) -> None:
    """Make an incident a regression ticket."""
    from resuelve.cli.check import add_ticket
    from resuelve.cli.surroundings import settings_for

    add_ticket(settings_for(workspace), incident, problem, must=not must_not, note=note)


@check.command("remove", help=told("check.remove.help"))
def check_remove(
    incident: Annotated[str, typer.Argument(help=told("check.incident.help"))],
    problem: Problem = "",
    workspace: Workspace = None,
) -> None:
    """Take a regression ticket out."""
    from resuelve.cli.check import remove_ticket
    from resuelve.cli.surroundings import settings_for

    if not remove_ticket(settings_for(workspace), incident, problem):
        raise typer.Exit(FAILED)


@owner.command(help=told("mine.help"))
def mine(
    workspace: Workspace = None,
    source: Annotated[Path | None, typer.Option("--from", metavar="FILE", help=told("mine.from.help"))] = None,
    at_least: Annotated[int, typer.Option("--at-least", min=2, help=told("mine.at_least.help"))] = 2,
) -> None:
    """Learn from closed incidents what the dictionary lacks."""
    from resuelve.cli.mine import run_mine
    from resuelve.cli.surroundings import settings_for

    run_mine(settings_for(workspace), source=source, at_least=at_least)
