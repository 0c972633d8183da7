"""`resuelve report`: its options. Light: what it does is imported when it is called."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from resuelve.cli.options import INCOMPLETE, Workspace, at_least_one, told

_DAYS = ("%Y-%m-%d", "%d/%m/%Y")


def _day(text: str) -> date:
    """A day as the options take it."""
    for form in _DAYS:
        with suppress(ValueError):
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
    raise typer.BadParameter(told("report.day"))


def report(
    files: Annotated[list[Path] | None, typer.Argument(metavar="[FILE]...", help=told("report.files.help"))] = None,
    last: Annotated[int | None, typer.Option("--last", callback=at_least_one, help=told("report.last.help"))] = None,
    since: Annotated[
        date | None, typer.Option("--since", parser=_day, metavar="DAY", help=told("report.since.help"))
    ] = None,
    until: Annotated[
        date | None, typer.Option("--until", parser=_day, metavar="DAY", help=told("report.until.help"))
    ] = None,
    workspace: Workspace = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="OUT", help=told("report.html.help"))] = None,
    json: Annotated[Path | None, typer.Option("--json", metavar="OUT", help=told("report.json.help"))] = None,
) -> None:
    """Turn reports into a page."""
    if since and until and since > until:
        raise typer.BadParameter(told("report.dates"), param_hint="--since")
    from resuelve.cli.outputs import Outputs
    from resuelve.cli.reporting import run_report
    from resuelve.cli.surroundings import settings_for
    from resuelve.reports.sources import Period

    period = Period(since, until, last)
    settings = settings_for(workspace, occupy=not files or html is None)
    if not run_report(settings, files or [], period, Outputs(html, json)):
        raise typer.Exit(INCOMPLETE)
