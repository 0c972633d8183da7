"""The command line. This module stays light: a command imports what it needs when it is called."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from resuelve.domain.errors import ResuelveError, SettingsError
from resuelve.texts import say

LANGUAGE = "en" if os.environ.get("RESUELVE_LANGUAGE", "es").lower().startswith("en") else "es"

BAD_USE, FAILED, INCOMPLETE = 2, 1, 3
"""Exit statuses: wrong settings or arguments; nothing could be done; some incidents failed."""


def _help(key: str) -> str:
    return say(f"cli.{key}", LANGUAGE)


app = typer.Typer(
    name="resuelve",
    help=_help("help"),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Workspace = Annotated[Path | None, typer.Option("--workspace", "-w", help=_help("workspace.help"))]
Queue = Annotated[str, typer.Option("--queue", help=_help("queue.help"))]


@app.command(help=_help("demo.help"))
def demo(
    workspace: Workspace = None,
    limit: Annotated[int, typer.Option("--limit", min=0, help=_help("limit.help"))] = 0,
) -> None:
    """Resolve the incidents of the demo world."""
    from resuelve.cli.demo import run_demo

    run_demo(workspace or Path("demo"), limit=limit)


@app.command(help=_help("index.help"))
def index(
    workspace: Workspace = None, force: Annotated[bool, typer.Option("--force", help=_help("force.help"))] = False
) -> None:
    """Build or update the vector index."""
    from resuelve.cli.index import run_index
    from resuelve.cli.surroundings import settings_for

    run_index(settings_for(workspace), force=force)


@app.command(help=_help("run.help"))
def run(
    workspace: Workspace = None,
    queue: Queue = "",
    incident: Annotated[str, typer.Option("--incident", help=_help("incident.help"))] = "",
    limit: Annotated[int, typer.Option("--limit", min=0, help=_help("limit.help"))] = 0,
    shadow: Annotated[bool, typer.Option("--shadow", help=_help("shadow.help"))] = False,
    watch: Annotated[bool, typer.Option("--watch", help=_help("watch.help"))] = False,
) -> None:
    """Resolve what is open."""
    from resuelve.cli.run import run_command
    from resuelve.cli.surroundings import settings_for

    settings = settings_for(workspace)
    failed = run_command(
        settings, queue=queue or settings.queue, incident=incident, limit=limit, shadow=shadow, watch=watch
    )
    if failed:
        raise typer.Exit(INCOMPLETE)


@app.command(help=_help("explain.help"))
def explain(
    incident: Annotated[str, typer.Argument(help=_help("explain.incident"))],
    workspace: Workspace = None,
    json: Annotated[bool, typer.Option("--json", help=_help("json.help"))] = False,
) -> None:
    """Show what every stage did with an incident."""
    from resuelve.cli.explain import run_explain
    from resuelve.cli.surroundings import settings_for

    run_explain(settings_for(workspace), incident, as_json=json)


@app.command(help=_help("doctor.help"))
def doctor(workspace: Workspace = None) -> None:
    """Check everything that a run needs."""
    from resuelve.cli.doctor import run_doctor
    from resuelve.cli.surroundings import settings_for

    if not run_doctor(settings_for(workspace)):
        raise typer.Exit(FAILED)


@app.command(help=_help("mocks.help"))
def mocks(
    world: Annotated[Path | None, typer.Option("--world", help=_help("mocks.world"))] = None,
    gestor_port: Annotated[int, typer.Option("--gestor-port", min=0, max=65535, help=_help("mocks.gestor"))] = 3000,
    sistema_port: Annotated[int, typer.Option("--sistema-port", min=0, max=65535, help=_help("mocks.sistema"))] = 3001,
    ledger: Annotated[Path | None, typer.Option("--ledger", help=_help("mocks.ledger"))] = None,
) -> None:
    """Serve the mock systems."""
    from resuelve.cli.mocks import run_mocks

    run_mocks(world, gestor_port, sistema_port, ledger)


def main() -> None:
    """Run the command line; an error of Resuelve's own is one message and an exit status, never a stack trace."""
    try:
        app()
    except ResuelveError as error:
        from resuelve.cli.surroundings import harmless

        print(f"resuelve: {harmless(str(error))}", file=sys.stderr)  # noqa: T201 - the terminal is the command line's voice
        sys.exit(BAD_USE if isinstance(error, SettingsError) else FAILED)
    except KeyboardInterrupt:
        sys.exit(130)
