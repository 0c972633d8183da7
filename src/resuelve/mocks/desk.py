"""The state of the mock ticket manager: which incidents are open and closed, and what an action does to one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from resuelve.mocks.world import Json, World

AUTHOR = "Resuelve"
"""Who signs the history entries of changes that come through the API."""

_CLOSED_STATES = ("resuelta", "cerrada")
_REQUIRED = {"resolver": "notasResolucion", "reasignar": "buzonDestino", "en_espera": "", "pendiente_implantar": ""}


class Refusal(Exception):
    """A call that the manager refuses, with its status and reason."""

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        self.reason = reason
        super().__init__(reason)


class Desk:
    """The incidents. Used by one event loop only.

    Args:
        now: local time with a zone, for the dates of history entries.
    """

    def __init__(self, world: World, now: Callable[[], datetime]) -> None:
        self._world = world
        self._now = now
        self.reset()

    def reset(self) -> None:
        """Back to the world as it was loaded."""
        self._open = {code: i for i in self._world.open_incidents if (code := _code(i))}
        self._closed = {code: i for i in self._world.closed_incidents if (code := _code(i))}
        # What has no code is listed as it is: a real manager may answer such things too.
        self._odd = [_serialised(entry) for entry in self._world.open_incidents if not _code(entry)]
        # Every listing is a join of incidents serialised once; a change costs one incident, not all.
        self._written: dict[str, bytes] = {}

    def open_list(self, queue: str | None) -> bytes:
        """The open incidents as a JSON array; of one mailbox, or of all when `queue` is None or empty."""
        if not queue:
            return _array([*self._all(self._open), *self._odd])
        return _array(self._all({code: i for code, i in self._open.items() if _field(i, "buzon") == queue}))

    def closed_list(self) -> bytes:
        """The closed incidents as a JSON array."""
        return _array(self._all(self._closed))

    def change(self, code: str, body: object) -> bytes:
        """Carry out an action of the contract.

        Raises:
            Refusal: unknown or closed incident, unknown action, missing field.
        """
        incident = self._open.get(code)
        if incident is None:
            if code in self._closed:
                raise Refusal(409, f"La incidencia {code} ya está cerrada")
            raise Refusal(404, f"Incidencia {code} no encontrada")
        if not isinstance(body, dict):
            raise Refusal(400, "El cuerpo debe ser un objeto JSON")
        action = _text(body, "action")
        if action not in _REQUIRED:
            raise Refusal(400, f"Acción desconocida: {action[:40]}" if action else "Falta el campo action")
        if (field := _REQUIRED[action]) and not _text(body, field).strip():
            raise Refusal(400, f"Falta el campo {field}")
        changed = self._acted(incident, action, body)
        return self._put(changed)

    def touch(self, fields: Json) -> bytes:
        """Add an incident or change one as a person would: fields are replaced, ``comentario`` is appended.

        Raises:
            Refusal: there is no codIncidencia.
        """
        code = str(fields.get("codIncidencia") or "")
        if not code:
            raise Refusal(400, "Falta el campo codIncidencia")
        incident = self._open.get(code) or self._closed.get(code) or {"historial": []}
        comment, author = fields.get("comentario"), fields.get("autor") or "Una persona"
        incident = incident | {key: value for key, value in fields.items() if key not in ("comentario", "autor")}
        if comment:
            incident = self._with_entry(incident, Autor=author, detalle=comment, estado=_field(incident, "estado"))
        return self._put(incident)

    def _put(self, incident: Json) -> bytes:
        code = _code(incident)
        closed = _field(incident, "estado").casefold() in _CLOSED_STATES
        right, wrong = (self._closed, self._open) if closed else (self._open, self._closed)
        wrong.pop(code, None)
        right[code] = incident
        self._written[code] = _serialised(incident)
        return self._written[code]

    def _acted(self, incident: Json, action: str, body: Json) -> Json:
        detail = _text(body, "detalle") or None
        match action:
            case "resolver":
                notes, state = _text(body, "notasResolucion"), "Resuelta"
                entry = {"CodigoResolucion": "RESUELTO", "NotasResolucion": notes, "detalle": detail}
            case "reasignar":
                state = "En curso"
                entry = {"buzonAsignado": _text(body, "buzonDestino"), "detalle": detail}
            case "en_espera":
                state, entry = "En espera", {"detalle": detail}
            case _:
                state, entry = "Pendiente implantar", {"detalle": detail}
        changed = self._with_entry(incident, Autor=AUTHOR, estado=state, **entry)
        return {**changed, "buzon": changed["historial"][-1]["buzonAsignado"], "estado": state}

    def _with_entry(self, incident: Json, **fields: Any) -> Json:
        queue = incident.get("buzon")
        entry = {
            "Fecha": _date(self._now()),
            "Autor": "",
            "CodigoResolucion": None,
            "NotasResolucion": None,
            "buzonComentario": queue,
            "buzonAsignado": queue,
            "estado": "",
            "detalle": None,
        }
        history = incident.get("historial")
        return {**incident, "historial": [*(history if isinstance(history, list) else []), entry | fields]}

    def _all(self, incidents: Mapping[str, Json]) -> list[bytes]:
        for code in incidents.keys() - self._written.keys():
            self._written[code] = _serialised(incidents[code])
        return [self._written[code] for code in incidents]


def _array(items: Iterable[bytes]) -> bytes:
    return b"[" + b",".join(items) + b"]"


def _serialised(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


def _code(incident: object) -> str:
    return str(incident.get("codIncidencia") or "") if isinstance(incident, dict) else ""


def _field(incident: Json, key: str) -> str:
    return str(incident.get(key) or "")


def _text(body: Json, key: str) -> str:
    value = body.get(key)
    return value if isinstance(value, str) else ""


def _date(now: datetime) -> str:
    zones = {timedelta(hours=1): "CET", timedelta(hours=2): "CEST"}
    zone = zones.get(now.utcoffset() or timedelta())
    local = now if zone else now.astimezone(UTC)
    return f"{local:%d/%m/%Y %H:%M:%S} {zone or 'UTC'}"
