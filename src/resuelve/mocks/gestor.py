"""The mock ticket manager (`gestor de incidencias`), to the letter of the outside contract."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from resuelve.mocks.control import body_of, control_routes
from resuelve.mocks.desk import Desk, Refusal
from resuelve.mocks.faults import CONTROL, Faults, FaultyApp
from resuelve.mocks.ledger import Ledger
from resuelve.mocks.world import World


def _local_now() -> datetime:
    return datetime.now().astimezone()


def create_app(world: World, ledger: Ledger, faults: Faults, *, now: Callable[[], datetime] = _local_now) -> Starlette:
    """The application.

    Args:
        ledger: gets every change that was carried out, before it is answered.
        now: local time with a zone, for the dates of history entries.
    """
    desk = Desk(world, now)

    async def open_incidents(request: Request) -> Response:
        return _json(desk.open_list(request.query_params.get("buzon")))

    async def closed_incidents(_: Request) -> Response:
        return _json(desk.closed_list())

    async def change(request: Request) -> Response:
        code, body = request.path_params["code"], await body_of(request)
        try:
            answer = desk.change(code, body)
        except Refusal as refusal:
            return JSONResponse({"error": refusal.reason}, refusal.status)
        if isinstance(body, dict):
            ledger.add(code, body["action"], body)
        return _json(answer)

    async def attachment(request: Request) -> Response:
        name = request.path_params["file"]
        file = world.attachments / name if world.attachments else None
        if file is None or name.startswith(".") or "\\" in name or not file.is_file():
            return JSONResponse({"error": f"Adjunto {name[:100]} no encontrado"}, 404)
        return FileResponse(file)

    async def touch(request: Request) -> Response:
        fields = await body_of(request)
        try:
            return _json(desk.touch(fields if isinstance(fields, dict) else {}))
        except Refusal as refusal:
            return JSONResponse({"error": refusal.reason}, refusal.status)

    routes = [
        Route("/api/incidencias", open_incidents),
        Route("/api/incidencias/cerradas", closed_incidents),
        Route("/api/incidencias/{code:path}", change, methods=["PATCH"]),
        Route("/api/adjuntos/{file}", attachment),
        Route(f"{CONTROL}incidents", touch, methods=["POST"]),
        *control_routes(ledger, faults, desk.reset),
    ]
    return Starlette(routes=routes, middleware=[Middleware(FaultyApp, faults=faults)])


def _json(content: bytes) -> Response:
    return Response(content, media_type="application/json")
