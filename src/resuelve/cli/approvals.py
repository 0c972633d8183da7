"""`resuelve approvals`: commands and options. Light: what they do is imported when called."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from resuelve.cli.options import BAD_USE, FAILED, INCOMPLETE, AsJson, Queue, Workspace, told

approvals = typer.Typer(help=told("approvals.help"), invoke_without_command=True, rich_markup_mode=None)

Code = Annotated[str, typer.Argument(metavar="CODE", help=told("approvals.code"))]
Codes = Annotated[list[str], typer.Argument(metavar="CODE[=A-…]...", help=told("approvals.codes"))]
Mark = Annotated[str, typer.Option("--proposal", metavar="A-…", help=told("approvals.proposal"))]
Who = Annotated[str, typer.Option("--who", help=told("approvals.who"))]
Why = Annotated[str, typer.Option("--why", help=told("approvals.why"))]


@approvals.callback()
def show_all(context: typer.Context, queue: Queue = "", workspace: Workspace = None, json: AsJson = False) -> None:
    """List what waits for a person."""
    if context.invoked_subcommand:
        return
    from resuelve.cli.approvals_shown import show_waiting
    from resuelve.cli.surroundings import settings_for

    show_waiting(settings_for(workspace), queue, as_json=json)


@approvals.command("show", help=told("approvals.show.help"))
def show(code: Code, workspace: Workspace = None, json: AsJson = False) -> None:
    """Show what would be sent, and why."""
    from resuelve.cli.approvals_shown import show_one
    from resuelve.cli.surroundings import settings_for

    show_one(settings_for(workspace), code, as_json=json)


@approvals.command("accept", help=told("approvals.accept.help"))
def accept(
    codes: Codes,
    mark: Mark = "",
    who: Who = "",
    why: Why = "",
    workspace: Workspace = None,
    json: AsJson = False,
) -> None:
    """Say yes, and carry it out."""
    marks = _marks(codes, mark)
    unseen = [code for code, seen in marks.items() if not seen]
    if unseen and (json or not sys.stdin.isatty()):
        typer.echo(told("approvals.proposal.needed", codes=" ".join(unseen)), err=True)
        raise typer.Exit(BAD_USE)
    from resuelve.cli.approving import run_accept
    from resuelve.cli.surroundings import settings_for

    _end(*run_accept(settings_for(workspace), marks, who=who, why=why, as_json=json))


@approvals.command("refuse", help=told("approvals.refuse.help"))
def refuse(
    codes: Codes,
    why: Annotated[str, typer.Option("--why", help=told("approvals.refuse.why"))],
    mark: Mark = "",
    who: Who = "",
    workspace: Workspace = None,
) -> None:
    """Say no."""
    marks = _marks(codes, mark)
    if not why.strip():
        raise typer.BadParameter(told("approvals.refuse.why"), param_hint="--why")
    from resuelve.cli.approving import run_refuse
    from resuelve.cli.surroundings import settings_for

    _end(*run_refuse(settings_for(workspace), marks, who=who, why=why))


@approvals.command("ask", help=told("approvals.ask.help"))
def ask(code: Code, who: Who = "", workspace: Workspace = None, json: AsJson = False) -> None:
    """Let the agent be asked."""
    from resuelve.cli.approving import run_ask
    from resuelve.cli.surroundings import settings_for

    run_ask(settings_for(workspace), code, who=who, as_json=json)


@approvals.command("rows", help=told("approvals.rows.help"))
def rows(workspace: Workspace = None, json: AsJson = False) -> None:
    """Show the ladder."""
    from resuelve.cli.approvals_shown import show_ladder
    from resuelve.cli.surroundings import settings_for

    show_ladder(settings_for(workspace), as_json=json)


def _marks(codes: list[str], mark: str) -> dict[str, str]:
    """By code, the mark of the proposal that was seen; empty where none was given."""
    pairs = [one.partition("=") for one in codes]
    found = {code: given for code, _, given in pairs}
    if mark and len(found) > 1:
        typer.echo(told("approvals.proposal.one"), err=True)
        raise typer.Exit(BAD_USE)
    return dict.fromkeys(found, mark) if mark else found


def _end(done: int, left: int) -> None:
    """With the status that says whether all, some or nothing was done."""
    if left:
        raise typer.Exit(INCOMPLETE if done else FAILED)
