"""The mock business system (`sistema`), to the letter of the outside contract."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from datetime import date, datetime

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from resuelve.mocks.control import body_of, control_routes
from resuelve.mocks.faults import Faults, FaultyApp
from resuelve.mocks.ledger import Ledger
from resuelve.mocks.world import Json, World

NORMAL_DAYS = 15
"""Days that a policy may normally be in provision."""

_FIELDS = ("poliza", "NIF", "nombre", "tarjeta", "fechaNacimiento", "estadoPoliza", "fechaCreacion", "motivoRechazo")


def create_app(world: World, ledger: Ledger, faults: Faults, *, today: Callable[[], date] = date.today) -> Starlette:
    """The application.

    Args:
        ledger: gets every check that was asked for, although a check changes nothing.
        today: the day by which a policy's time in provision is counted.
    """
    policies = world.policies or {}

    async def policy(request: Request) -> Response:
        number = request.path_params["poliza"]
        found = policies.get(number)
        if found is None:
            return JSONResponse({"error": f"Póliza {number[:100]} no encontrada"}, 404)
        return JSONResponse({field: found.get(field, "") for field in _FIELDS})

    async def check(request: Request) -> Response:
        body = await body_of(request)
        if not isinstance(body, dict):
            return _refused("El cuerpo debe ser un objeto JSON")
        if problem := _problem(body):
            return _refused(problem)
        number, code = body["poliza"], body["codSolucion"]
        ledger.add(number, code, body)
        return JSONResponse(_decide(policies.get(number), number, code, today()))

    routes = [
        Route("/api/poliza/{poliza:path}", policy),
        Route("/api/comprobacionPoliza", check, methods=["POST"]),
        *control_routes(ledger, faults, lambda: None),
    ]
    return Starlette(routes=routes, middleware=[Middleware(FaultyApp, faults=faults)])


def _refused(reason: str) -> Response:
    return JSONResponse({"error": reason}, 400)


def _problem(body: dict[str, object]) -> str:
    for field in ("poliza", "codSolucion", "strJson"):
        value = body.get(field)
        if not isinstance(value, str) or not value.strip():
            return f"Falta el campo {field}, o no es un texto"
    try:
        parameters = json.loads(str(body["strJson"]))
    except (ValueError, RecursionError):
        parameters = None
    return "" if isinstance(parameters, dict) else "El campo strJson no contiene un objeto JSON"


def _decide(policy: Json | None, number: str, code: str, today: date) -> Json:
    if policy is None:
        return _answer("manual", f"La póliza {number[:100]} no consta en el sistema.")
    state = " ".join(str(policy.get("estadoPoliza") or "").split())
    match code:
        case "fxprovicion":
            return _provision(policy, number, state, today)
        case "disconformidad":
            return _disagreement(policy, number, state)
        case _:
            return _answer("manual", f"El sistema no tiene ninguna comprobación «{code[:40]}».")


def _provision(policy: Json, number: str, state: str, today: date) -> Json:
    if _bare(state) != "en provision":
        return _answer("cierre", f"La póliza {number} ya está tramitada: su estado actual es «{state}».")
    days = _age(policy, today)
    if days is None:
        return _answer("manual", f"La póliza {number} está en provisión y no consta desde cuándo.")
    if days > NORMAL_DAYS:
        return _answer(
            "manual", f"La póliza {number} lleva {days} días en provisión, más de los {NORMAL_DAYS} normales."
        )
    return _answer(
        "cierre",
        f"La póliza {number} lleva {days} días en provisión, dentro del plazo normal de {NORMAL_DAYS} días. "
        "Cuando termine la tramitación quedará activa sin que tenga que hacer nada.",
    )


def _disagreement(policy: Json, number: str, state: str) -> Json:
    if _bare(state) != "rechazada":
        return _answer("cierre", f"La póliza {number} no está rechazada: su estado actual es «{state}».")
    reason = str(policy.get("motivoRechazo") or "no consta").strip().rstrip(".")
    return _answer(
        "cierre",
        f"La póliza {number} fue rechazada por este motivo: {reason}. Si puede subsanarlo, presente una solicitud "
        "nueva con la documentación corregida y volveremos a estudiarla.",
    )


def _answer(resolution: str, text: str) -> Json:
    return {"RESOLUCION AUTOMÁTICA": resolution, "BUZON REASIGNACION": "", "SOLUCIÓN": text}


def _age(policy: Json, today: date) -> int | None:
    try:
        created = datetime.strptime(str(policy.get("fechaCreacion")), "%d/%m/%Y").date()  # noqa: DTZ007 — a day only
    except ValueError:
        return None
    return (today - created).days


def _bare(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
