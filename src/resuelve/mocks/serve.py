"""Run both mock services: in background threads, or until they are told to stop."""

from __future__ import annotations

import logging
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import TracebackType

import uvicorn
from starlette.applications import Starlette

from resuelve.domain.errors import SettingsError
from resuelve.domain.message import message, system_said
from resuelve.mocks import gestor, sistema
from resuelve.mocks.faults import Faults
from resuelve.mocks.ledger import Ledger
from resuelve.mocks.world import World, load_world

_HOST = "127.0.0.1"
_START_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Running:
    """Both services, up and answering.

    Attributes:
        ledger: the changes made through the ticket manager.
        checks: the checks that the business system was asked for.
        faults: shared by both services.
    """

    gestor_url: str
    sistema_url: str
    ledger: Ledger
    checks: Ledger
    faults: Faults
    _servers: tuple[_Background, ...]

    def stop(self) -> None:
        """Stop both; calls that hang are broken off."""
        for server in self._servers:
            server.ask_to_stop()
        for server in self._servers:
            server.join()

    def __enter__(self) -> Running:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(
    gestor_port: int = 0,
    sistema_port: int = 0,
    *,
    world: World | None = None,
    ledger_file: Path | None = None,
    host: str = _HOST,
    gestor_address: str = "",
    today: Callable[[], date] = date.today,
) -> Running:
    """Start both services in background threads and return when they answer.

    Args:
        gestor_port, sistema_port: 0 for a free one.
        world: the demo world when None.
        ledger_file: JSONL file to which every change is appended.
        host: address of this machine to listen on.
        gestor_address: where others reach the ticket manager, if not where it listens; attachments are named there.

    Raises:
        SettingsError: a port is taken, or the world cannot be read.
    """
    world = world or load_world(today=today)
    ledger, checks, faults = Ledger(ledger_file), Ledger(), Faults()
    with_gestor, with_sistema = _listen(host, gestor_port), _listen(host, sistema_port)
    gestor_url, sistema_url = _url(with_gestor), _url(with_sistema)
    world = world.with_attachments_at(gestor_address.rstrip("/") or gestor_url)
    servers = (
        _Background(gestor.create_app(world, ledger, faults), with_gestor),
        _Background(sistema.create_app(world, checks, faults, today=today), with_sistema),
    )
    for server in servers:
        server.wait_until_up()
    return Running(gestor_url, sistema_url, ledger, checks, faults, servers)


def serve_forever(
    gestor_port: int = 3000,
    sistema_port: int = 3001,
    *,
    world: World | None = None,
    ledger_file: Path | None = None,
    host: str = _HOST,
    gestor_address: str = "",
    on_ready: Callable[[Running], None] = lambda _: None,
) -> None:
    """Start both services and stay until the process is interrupted or told to end; from the main thread only."""
    told = threading.Event()
    before = {kind: signal.signal(kind, lambda *_: told.set()) for kind in (signal.SIGINT, signal.SIGTERM)}
    try:
        with start(
            gestor_port, sistema_port, world=world, ledger_file=ledger_file, host=host, gestor_address=gestor_address
        ) as running:
            on_ready(running)
            while not told.wait(1.0):
                pass
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)


class _Background:
    """A server in a thread of its own."""

    def __init__(self, app: Starlette, listening: socket.socket) -> None:
        config = uvicorn.Config(
            app,
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=1,
        )
        # A broken connection is a fault that was asked for: uvicorn's complaint about it is no news.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        self._server = uvicorn.Server(config)
        self._listening = listening
        self._thread = threading.Thread(target=self._server.run, args=([listening],), daemon=True)
        self._thread.start()

    def wait_until_up(self) -> None:
        give_up = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > give_up:
                raise SettingsError("a mock service did not start", where=_url(self._listening), remedy="see the log")
            time.sleep(0.005)

    def ask_to_stop(self) -> None:
        self._server.should_exit = True
        self._server.force_exit = True

    def join(self) -> None:
        self._thread.join(timeout=5.0)
        self._listening.close()


def _listen(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise SettingsError(
            message("the port is not free: {why}", why=system_said(error)),
            where=f"{host}:{port}",
            remedy="name another port, or 0",
        ) from error
    return listening


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{host}:{port}"
