"""`resuelve replay` and `resuelve calibrate`: their options. Light: what they do is imported when one is called."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from resuelve.cli.options import FAILED, AsJson, Rows, Workspace, at_least_one, named, told

Source = Annotated[Path | None, typer.Option("--from", metavar="FILE", help=told("mine.from.help"))]
Since = Annotated[
    datetime | None, typer.Option("--since", formats=["%Y-%m-%d", "%d/%m/%Y"], help=told("replay.since.help"))
]
Newest = Annotated[int | None, typer.Option("--limit", callback=at_least_one, help=told("replay.limit.help"))]


def replay(
    workspace: Workspace = None,
    source: Source = None,
    since: Since = None,
    limit: Newest = None,
    rows: Annotated[Rows, typer.Option("--rows", help=told("replay.rows.help"))] = Rows.THEN,
    other: Annotated[
        list[str] | None, typer.Option("--with", metavar="NAME=VALUE", help=told("replay.with.help"))
    ] = None,
    dictionary: Annotated[
        Path | None, typer.Option("--dictionary", metavar="FILE", help=told("replay.dictionary.help"))
    ] = None,
    against: Annotated[
        Path | None, typer.Option("--against", metavar="REPORT", help=told("replay.against.help"))
    ] = None,
    most_wrong: Annotated[
        float | None, typer.Option("--most-wrong", min=0, max=100, help=told("replay.most_wrong.help"))
    ] = None,
    least_automatic: Annotated[
        float | None, typer.Option("--least-automatic", min=0, max=100, help=told("replay.least_automatic.help"))
    ] = None,
    no_new_wrong: Annotated[bool, typer.Option("--no-new-wrong", help=told("replay.no_new_wrong.help"))] = False,
) -> None:
    """Decide past tickets again."""
    from resuelve.cli.past import Choice
    from resuelve.cli.replaying import Asked, run_replay
    from resuelve.cli.surroundings import settings_for
    from resuelve.replay.verdict import Limits

    if no_new_wrong and not (other or dictionary or against):
        raise typer.BadParameter(told("replay.needs_two"), param_hint="--no-new-wrong")
    if against and (other or dictionary):
        raise typer.BadParameter(told("replay.one_at_a_time"), param_hint="--against")
    asked = Asked(Choice(source, since.date() if since else None, limit or 0), rows, named(other), dictionary, against)
    if not run_replay(settings_for(workspace), asked, Limits(most_wrong, least_automatic, no_new_wrong)):
        raise typer.Exit(FAILED)


def calibrate(
    workspace: Workspace = None,
    source: Source = None,
    since: Since = None,
    limit: Newest = None,
    everything: Annotated[bool, typer.Option("--all", help=told("calibrate.all.help"))] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=told("calibrate.dry_run.help"))] = False,
    forget: Annotated[bool, typer.Option("--forget", help=told("calibrate.forget.help"))] = False,
    json: AsJson = False,
) -> None:
    """Learn from past tickets what the score is worth."""
    from resuelve.cli.calibrating import forget_all, run_calibrate
    from resuelve.cli.past import Choice
    from resuelve.cli.surroundings import settings_for

    settings = settings_for(workspace)
    if forget:
        forget_all(settings)
        return
    choice = Choice(source, since.date() if since else None, limit or 0)
    run_calibrate(settings, choice, everything=everything, dry_run=dry_run, as_json=json)
