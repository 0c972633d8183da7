"""`resuelve mocks`: a ticket manager and a business system to try things with."""

from __future__ import annotations

from pathlib import Path

from resuelve.cli.options import LANGUAGE
from resuelve.cli.surroundings import terminal
from resuelve.mocks.serve import Running, serve_forever
from resuelve.mocks.world import load_world
from resuelve.texts import say


def run_mocks(
    world: Path | None, gestor_port: int, sistema_port: int, ledger: Path | None, host: str, gestor_address: str
) -> None:
    """Serve until interrupted; port 0 takes a free one."""
    console = terminal()

    def ready(running: Running) -> None:
        console.print(
            say("cli.mocks.ready", LANGUAGE, gestor=running.gestor_url, sistema=running.sistema_url), markup=False
        )

    serve_forever(
        gestor_port,
        sistema_port,
        world=load_world(world),
        ledger_file=ledger,
        host=host,
        gestor_address=gestor_address,
        on_ready=ready,
    )
