"""The command line. This module stays light: a command imports what it needs when it is called."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from resuelve.cli.approvals import approvals
from resuelve.cli.backup import backup, restore
from resuelve.cli.current import Commands
from resuelve.cli.history import history
from resuelve.cli.options import BAD_USE, FAILED, INCOMPLETE, AsJson, Limit, Queue, Workspace, told
from resuelve.cli.owner import owner
from resuelve.cli.replay import calibrate, replay
from resuelve.cli.report import report
from resuelve.cli.returned import returned
from resuelve.cli.runs import runs
from resuelve.cli.train import train
from resuelve.domain.errors import ExperimentError, ResuelveError, SettingsError

app = typer.Typer(
    name="resuelve",
    cls=Commands,
    help=told("cli.help"),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(owner)
app.add_typer(backup, name="backup")
app.add_typer(approvals, name="approvals")
app.add_typer(returned, name="returned")
app.add_typer(history, name="history")
app.add_typer(train, name="train")
app.add_typer(runs, name="runs")
app.command("replay", help=told("replay.help"))(replay)
app.command("report", help=told("report.help"))(report)
app.command("calibrate", help=told("calibrate.help"))(calibrate)
app.command("restore", help=told("backup.restore.help"))(restore)
_NEW_OBJECTS = 100_000
_STATUS = ((SettingsError, BAD_USE), (ExperimentError, INCOMPLETE))
"""How the process ends after an error; after any other with `FAILED`."""

Port = partial(typer.Option, min=0, max=65535)


@app.command(help=told("cli.demo.help"))
def demo(
    workspace: Workspace = None,
    limit: Limit = None,
) -> None:
    """Resolve the incidents of the demo world."""
    from resuelve.cli.demo import run_demo

    run_demo(workspace or Path("demo"), limit=limit or 0)


@app.command(help=told("cli.index.help"))
def index(
    workspace: Workspace = None, force: Annotated[bool, typer.Option("--force", help=told("cli.force.help"))] = False
) -> None:
    """Build or update the vector index."""
    from resuelve.cli.index import run_index
    from resuelve.cli.surroundings import settings_for

    run_index(settings_for(workspace), force=force)


@app.command(help=told("cli.run.help"))
def run(
    workspace: Workspace = None,
    queue: Queue = "",
    incident: Annotated[str, typer.Option("--incident", help=told("cli.incident.help"))] = "",
    limit: Limit = None,
    shadow: Annotated[bool, typer.Option("--shadow", help=told("cli.shadow.help"))] = False,
    watch: Annotated[bool, typer.Option("--watch", help=told("cli.watch.help"))] = False,
) -> None:
    """Resolve what is open."""
    from resuelve.cli.run import run_command
    from resuelve.cli.surroundings import settings_for

    settings = settings_for(workspace, occupy=False, logs=True)  # each round occupies it
    failed = run_command(
        settings, queue=queue or settings.queue, incident=incident, limit=limit or 0, shadow=shadow, watch=watch
    )
    if failed:
        raise typer.Exit(INCOMPLETE)


@app.command(help=told("cli.explain.help"))
def explain(
    incident: Annotated[str, typer.Argument(help=told("cli.explain.incident"))],
    workspace: Workspace = None,
    json: AsJson = False,
) -> None:
    """Show what every stage did with an incident."""
    from resuelve.cli.explain import run_explain
    from resuelve.cli.surroundings import settings_for

    run_explain(settings_for(workspace), incident, as_json=json)


@app.command(help=told("evaluate.help"))
def evaluate(  # noqa: PLR0913 - an option each
    sets: Annotated[list[Path], typer.Argument(metavar="SET...", help=told("evaluate.sets.help"))],
    kb: Annotated[Path | None, typer.Option("--kb", metavar="FILE", help=told("evaluate.kb.help"))] = None,
    json: Annotated[Path | None, typer.Option("--json", metavar="OUT", help=told("evaluate.json.help"))] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="OUT", help=told("evaluate.html.help"))] = None,
    target: Annotated[float, typer.Option("--target", min=0.5, max=0.999, help=told("evaluate.target.help"))] = 0.95,
    risk: Annotated[float, typer.Option("--risk", min=0.001, max=0.5, help=told("evaluate.risk.help"))] = 0.05,
    confidence: Annotated[
        float, typer.Option("--confidence", min=0.5, max=0.999, help=told("evaluate.confidence.help"))
    ] = 0.9,
    tune: Annotated[bool, typer.Option("--tune", help=told("evaluate.tune.help"))] = False,
    no_mlflow: Annotated[bool, typer.Option("--no-mlflow", help=told("evaluate.no_mlflow.help"))] = False,
) -> None:
    """Measure how good the decisions are."""
    from resuelve.cli.evaluate import run_evaluate
    from resuelve.cli.surroundings import settings_for
    from resuelve.replay.evaluate import Aim

    aim = Aim(target, risk, confidence)
    settings = settings_for(occupy=False)
    run_evaluate(settings, sets, kb=kb, aim=aim, json_file=json, html=html, mlflow=not no_mlflow, tune=tune)


@app.command("read", help=told("read.help"))
def read_files(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help=told("read.files.help"))],
    json: AsJson = False,
) -> None:
    """Read files as attachments are read."""
    from resuelve.cli.read import run_read
    from resuelve.cli.surroundings import settings_for

    if not run_read(settings_for(occupy=False), files, as_json=json):
        raise typer.Exit(FAILED)


@app.command(help=told("cli.doctor.help"))
def doctor(workspace: Workspace = None) -> None:
    """Check everything that a run needs."""
    from resuelve.cli.doctor import run_doctor
    from resuelve.cli.surroundings import settings_for

    if not run_doctor(settings_for(workspace)):
        raise typer.Exit(FAILED)


@app.command(help=told("cli.mocks.help"))
def mocks(
    world: Annotated[Path | None, typer.Option("--world", help=told("cli.mocks.world"))] = None,
    gestor_port: Annotated[int, typer.Option("--gestor-port", min=0, max=65535, help=told("cli.mocks.gestor"))] = 3000,
    sistema_port: Annotated[
        int, typer.Option("--sistema-port", min=0, max=65535, help=told("cli.mocks.sistema"))
    ] = 3001,
    ledger: Annotated[Path | None, typer.Option("--ledger", help=told("cli.mocks.ledger"))] = None,
    host: Annotated[str, typer.Option("--host", help=told("cli.mocks.host"))] = "127.0.0.1",
    gestor_address: Annotated[str, typer.Option("--gestor-address", help=told("cli.mocks.address"))] = "",
) -> None:
    """Serve the mock systems."""
    from resuelve.cli.mocks import run_mocks

    run_mocks(world, gestor_port, sistema_port, ledger, host, gestor_address)


def main() -> None:
    """Run the command line; an error of Resuelve's own is one message and an exit status, never a stack trace."""
    # A large dictionary is a million objects without a circle. Python would look for circles after every 700 of them.
    gc.set_threshold(_NEW_OBJECTS)
    try:
        app()
    except ResuelveError as error:
        from resuelve.cli.surroundings import harmless
        from resuelve.settings import language
        from resuelve.texts import translated

        print(f"resuelve: {harmless(translated(error, language()))}", file=sys.stderr)  # noqa: T201 - the terminal is the command line's voice
        sys.exit(next((status for kind, status in _STATUS if isinstance(error, kind)), FAILED))
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        _let_go_of_the_error_output()


def _let_go_of_the_error_output() -> None:
    """What it would not take is written once more when the process ends: that would fail too, and give it the status
    120 whatever came of the command.
    """
    try:
        sys.stderr.flush()
    except (OSError, ValueError):  # a full disk, a pipe that nobody reads, a stream that was closed
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
