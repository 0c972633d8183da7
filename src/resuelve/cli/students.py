"""`resuelve train critic`, `rerank`, `encoder`, `promote` and the others: their options, and nothing heavy."""

from __future__ import annotations

from typing import Annotated

import typer

from resuelve.cli.options import AsJson, Workspace, told

DryRun = Annotated[bool, typer.Option("--dry-run", help=told("students.dry_run.help"))]
NoMlflow = Annotated[bool, typer.Option("--no-mlflow", help=told("finetune.no_mlflow.help"))]
Role = Annotated[str, typer.Argument(metavar="ROLE", help=told("students.role.help"))]
Number = Annotated[int | None, typer.Argument(metavar="N", min=1, help=told("students.number.help"))]


def critic(
    workspace: Workspace = None, dry_run: DryRun = False, json: AsJson = False, no_mlflow: NoMlflow = False
) -> None:
    """Learn the critic from history and outcomes."""
    from resuelve.cli.surroundings import settings_for
    from resuelve.cli.teaching import teach_critic

    teach_critic(settings_for(workspace), dry_run=dry_run, as_json=json, mlflow=not no_mlflow)


def rerank(
    workspace: Workspace = None, dry_run: DryRun = False, json: AsJson = False, no_mlflow: NoMlflow = False
) -> None:
    """Learn the order of candidates from history and outcomes."""
    from resuelve.cli.surroundings import settings_for
    from resuelve.cli.teaching import teach_rerank

    teach_rerank(settings_for(workspace), dry_run=dry_run, as_json=json, mlflow=not no_mlflow)


def encoder(
    workspace: Workspace = None,
    dry_run: DryRun = False,
    json: AsJson = False,
    no_mlflow: NoMlflow = False,
) -> None:
    """Tune the encoder to the dictionary."""
    from resuelve.cli.encoder_tuned import run_encoder
    from resuelve.cli.surroundings import settings_for

    run_encoder(settings_for(workspace), dry_run=dry_run, as_json=json, mlflow=not no_mlflow)


def promote(role: Role, number: Number = None, workspace: Workspace = None) -> None:
    """Take a version into use."""
    from resuelve.cli.promoting import run_promote
    from resuelve.cli.surroundings import settings_for

    run_promote(settings_for(workspace), role, number)


def demote(role: Role, workspace: Workspace = None) -> None:
    """Go back to what was in use before."""
    from resuelve.cli.promoting import run_demote
    from resuelve.cli.surroundings import settings_for

    run_demote(settings_for(workspace), role)


def list_versions(workspace: Workspace = None, json: AsJson = False) -> None:
    """List every version."""
    from resuelve.cli.promoting import run_list
    from resuelve.cli.surroundings import settings_for

    run_list(settings_for(workspace), as_json=json)


def show(role: Role, number: Number = None, workspace: Workspace = None, json: AsJson = False) -> None:
    """Show what is known of a version."""
    from resuelve.cli.promoting import run_show
    from resuelve.cli.surroundings import settings_for

    run_show(settings_for(workspace), role, number, as_json=json)
