"""Metrics served to a Prometheus that fetches them, by a thread of its own."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from socketserver import TCPServer, ThreadingMixIn
from threading import Lock, Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.metrics_core import Metric


class OneAtATime(CollectorRegistry):
    """A registry for several who fetch at once: OpenTelemetry's reader gives one of them everything twice, and another
    nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self._turn = Lock()

    def collect(self) -> Iterable[Metric]:
        """See `CollectorRegistry.collect`."""
        with self._turn:
            return [*super().collect()]


class Served:
    """Serves a registry until `close`.

    Raises:
        OSError: the port is taken, or the address is not of this machine.
        UnicodeError: the address is none.
    """

    def __init__(self, registry: CollectorRegistry, host: str, port: int) -> None:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        self._server = _Server(family, address[:2])
        self._server.set_app(make_wsgi_app(registry))
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    @property
    def port(self) -> int:
        return self._server.server_port

    def close(self) -> None:
        """Answer nobody any more; within 0.1 s."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def __init__(self, family: int, address: Any) -> None:
        self.address_family = family
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind; the library's way asks for the machine's whole name too, and that may take as long as it wants."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]  # of two families
        self.setup_environ()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever fetched has gone; that is nobody's concern here."""


class _Handler(WSGIRequestHandler):
    timeout = 10
    """Seconds that a client may keep silent."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
