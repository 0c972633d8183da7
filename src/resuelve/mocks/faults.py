"""Faults on request: what a real service does on a bad day, as ASGI middleware before a mock service."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTROL = "/__mock__/"
"""Paths of the mock's own controls, which never fail."""

_STATUSES = {
    "400": "Petición incorrecta",
    "403": "Acceso denegado",
    "404": "No encontrado",
    "409": "Conflicto: otra persona está modificando la incidencia",
    "conflict": "Conflicto: otra persona está modificando la incidencia",
    "429": "Demasiadas peticiones",
    "500": "Error interno",
    "502": "Pasarela incorrecta",
    "503": "Servicio no disponible",
}
KINDS = frozenset(_STATUSES) | {"timeout", "slow", "not_json", "drop", "drop_after_apply"}
"""A status; `timeout` never answers; `slow` waits and then answers as usual; `not_json` answers with a page; `drop`
breaks the connection before anything was done, `drop_after_apply` after it was done."""


@dataclass(slots=True)
class Fault:
    """A fault for the next `times` calls that match.

    Attributes:
        kind: one of `KINDS`.
        path: beginning of the path; all of it when `exact`.
        method: empty for any.
        seconds: how long `slow` waits.
        retry_after: seconds that a 429 asks for.
    """

    kind: str
    path: str = "/"
    method: str = ""
    times: int = 1
    seconds: float = 2.0
    retry_after: int = 1
    exact: bool = False

    def matches(self, method: str, path: str) -> bool:
        """True when this call is to fail."""
        right_path = path == self.path if self.exact else path.startswith(self.path)
        return self.times > 0 and right_path and self.method in ("", method)


class Faults:
    """The faults that are still to happen. Safe to share between threads and services."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Let a fault happen after those that are waiting."""
        with self._lock:
            self._faults.append(fault)

    def take(self, method: str, path: str) -> Fault | None:
        """The fault of this call, which counts as happened."""
        with self._lock:
            fault = next((f for f in self._faults if f.matches(method, path)), None)
            if fault:
                fault.times -= 1
                self._faults = [f for f in self._faults if f.times > 0]
            return fault

    def waiting(self) -> list[dict[str, Any]]:
        """The faults that have not happened yet."""
        with self._lock:
            return [{"kind": f.kind, "path": f.path, "method": f.method, "times": f.times} for f in self._faults]

    def clear(self) -> None:
        """No more faults."""
        with self._lock:
            self._faults.clear()


def fault_from(value: object) -> Fault:
    """A fault from JSON.

    Raises:
        ValueError: an unknown kind or field, or a wrong type.
    """
    if not isinstance(value, Mapping) or str(value.get("kind")) not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(sorted(KINDS))}")
    try:
        fault = Fault(**{**value, "kind": str(value["kind"])})
        return Fault(
            fault.kind,
            str(fault.path),
            str(fault.method).upper(),
            int(fault.times),
            float(fault.seconds),
            int(fault.retry_after),
            bool(fault.exact),
        )
    except TypeError as error:
        raise ValueError(str(error)) from error


class FaultyApp:
    """An application that fails as its `Faults` say."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or fail."""
        fault = None
        if scope["type"] == "http" and not scope["path"].startswith(CONTROL):
            fault = self._faults.take(scope["method"], scope["path"])
        if fault is None:
            await self._app(scope, receive, send)
        else:
            await self._fail(fault, scope, receive, send)

    async def _fail(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        match fault.kind:
            case "timeout":
                while (await receive())["type"] != "http.disconnect":
                    pass
            case "slow":
                await asyncio.sleep(fault.seconds)
                await self._app(scope, receive, send)
            case "drop":
                await _break(send)
            case "drop_after_apply":
                await self._app(scope, receive, _nowhere)
                await _break(send)
            case "not_json":
                page = "<html><body>Mantenimiento programado</body></html>"
                await PlainTextResponse(page, media_type="text/html")(scope, receive, send)
            case _:
                await _status(fault)(scope, receive, send)


def _status(fault: Fault) -> Response:
    status = 409 if fault.kind == "conflict" else int(fault.kind)
    headers = {"Retry-After": str(fault.retry_after)} if status == 429 else {}
    return JSONResponse({"error": _STATUSES[fault.kind]}, status, headers)


async def _nowhere(message: Message) -> None:
    """The answer that never arrives."""


async def _break(send: Send) -> None:
    # A body is announced and never sent: the server closes the connection in the middle of the answer.
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000000")]})
