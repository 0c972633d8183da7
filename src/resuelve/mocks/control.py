"""The mock's own controls, outside the contract: what was done, let it fail, start again."""

from __future__ import annotations

import json
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from resuelve.mocks.faults import CONTROL, Faults, fault_from
from resuelve.mocks.ledger import Ledger


def control_routes(ledger: Ledger, faults: Faults, reset: Callable[[], None]) -> list[Route]:
    """``ledger``, ``faults`` and ``reset`` below ``/__mock__/``."""

    async def show_ledger(_: Request) -> Response:
        return JSONResponse(ledger.entries())

    async def show_faults(_: Request) -> Response:
        return JSONResponse(faults.waiting())

    async def add_fault(request: Request) -> Response:
        try:
            faults.add(fault_from(await body_of(request)))
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse(faults.waiting())

    async def start_again(_: Request) -> Response:
        reset()
        ledger.clear()
        faults.clear()
        return JSONResponse({})

    return [
        Route(f"{CONTROL}ledger", show_ledger),
        Route(f"{CONTROL}faults", show_faults),
        Route(f"{CONTROL}faults", add_fault, methods=["POST"]),
        Route(f"{CONTROL}reset", start_again, methods=["POST"]),
    ]


async def body_of(request: Request) -> object:
    """The JSON of a request; None when it is none."""
    try:
        body: object = json.loads(await request.body())
    except (ValueError, RecursionError):
        return None
    return body
