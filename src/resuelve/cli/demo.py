"""`resuelve demo`: the whole product on an invented insurer's help desk, with nothing but this machine."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

from resuelve.cli.index import run_index
from resuelve.cli.run import run_command
from resuelve.cli.surroundings import settings_for, terminal
from resuelve.domain.errors import WorkspaceError
from resuelve.domain.message import message, system_said
from resuelve.mocks.serve import start
from resuelve.texts import say

_MARK = ".resuelve-demo"
_FILES = ("PROBLEMAS_GLOBALES.csv", "CORRECTIVOS_ABIERTOS.csv", "PRUEBAS_PROBLEMAS.jsonl")


def run_demo(workspace: Path, *, limit: int = 0) -> None:
    """Start the mock services, index the demo dictionary, resolve what is open, stop the services.

    The services begin afresh each time, so the demo's own journal and history do too; the index stays.

    Raises:
        WorkspaceError: the folder holds something else, or cannot be written.
    """
    console = terminal()
    _prepare(workspace)
    with start() as services:
        settings = settings_for(
            workspace,
            occupy=False,
            logs=True,
            environment="EMBEBIDO",
            ticket_manager_url=services.gestor_url,
            business_system_url=services.sistema_url,
        )
        text = say("cli.demo.started", settings.language, gestor=services.gestor_url, sistema=services.sistema_url)
        console.print(text, markup=False)
        run_index(settings, console=console)
        run_command(settings, queue="", incident="", limit=limit, shadow=False, watch=False, console=console)
    console.print(say("cli.demo.ended", settings.language), markup=False)


def _prepare(workspace: Path) -> None:
    """A folder of the demo's own, with its dictionary and its regression tickets. Anything else is left alone."""
    mark = workspace / _MARK
    try:
        if workspace.exists() and any(workspace.iterdir()) and not mark.exists():
            raise WorkspaceError(
                "the folder is not empty and not the demo's",
                where=str(workspace),
                remedy="name another with --workspace",
            )
        workspace.mkdir(parents=True, exist_ok=True)
        mark.touch()
        for old in (*(workspace / ".resuelve").glob("journal.db*"), *workspace.glob("historico/historico.db*")):
            old.unlink()
        for name in _FILES:
            with resources.as_file(resources.files("resuelve.mocks").joinpath("demo_world", name)) as path:
                shutil.copyfile(path, workspace / name)
    except OSError as error:
        raise WorkspaceError(
            message("the demo's folder cannot be written ({why})", why=system_said(error)),
            where=str(workspace),
            remedy="name another folder with --workspace",
        ) from error
