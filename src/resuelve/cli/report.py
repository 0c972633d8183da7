"""`resuelve report`: its options. Light: what it does is imported when it is called."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from resuelve.cli.options import INCOMPLETE, Workspace, at_least_one, told

_DAYS = ["%Y-%m-%d", "%d/%m/%Y"]


def report(
    files: Annotated[list[Path] | None, typer.Argument(metavar="[FILE]...", help=told("report.files.help"))] = None,
    last: Annotated[int | None, typer.Option("--last", callback=at_least_one, help=told("report.last.help"))] = None,
    since: Annotated[datetime | None, typer.Option("--since", formats=_DAYS, help=told("report.since.help"))] = None,
    until: Annotated[datetime | None, typer.Option("--until", formats=_DAYS, help=told("report.until.help"))] = None,
    workspace: Workspace = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="OUT", help=told("report.html.help"))] = None,
    json: Annotated[Path | None, typer.Option("--json", metavar="OUT", help=told("report.json.help"))] = None,
) -> None:
    """Turn reports into a page."""
    if since and until and since > until:
        raise typer.BadParameter(told("report.dates"), param_hint="--since")
    _apart(files or [], html, json)
    from resuelve.cli.reporting import Outputs, run_report
    from resuelve.cli.surroundings import settings_for
    from resuelve.reports.sources import Period

    period = Period(since.date() if since else None, until.date() if until else None, last)
    settings = settings_for(workspace, occupy=not files or html is None)
    if not run_report(settings, files or [], period, Outputs(html, json)):
        raise typer.Exit(INCOMPLETE)


def _apart(files: list[Path], html: Path | None, json: Path | None) -> None:
    """What is written must not take the place of what is read."""
    read = {file.resolve() for file in files}
    for name, out in (("--html", html), ("--json", json)):
        if out is None:
            continue
        if out.resolve() in read:
            raise typer.BadParameter(told("report.same_file"), param_hint=name)
        read.add(out.resolve())
