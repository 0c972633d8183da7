"""The world that the mock services play: open and closed incidents, policies and attachments, read from a folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

from resuelve.domain.errors import SettingsError
from resuelve.domain.message import message

Json = dict[str, Any]
"""A JSON object in the field names of the outside contract."""

# The second name of each is that of the shared evaluation set.
_OPEN = ("incidencias_abiertas.json", "incidents-open.json")
_CLOSED = ("incidencias_cerradas.json", "incidents-closed.json")
_POLICIES = ("polizas.json", "policies.json")
_ATTACHMENTS = ("adjuntos", "images")
_USUAL_ADDRESS = "http://localhost:3000/api/adjuntos/"


@dataclass(frozen=True, slots=True)
class World:
    """What the services know when they start.

    Attributes:
        open_incidents, closed_incidents: as the services list them; odd entries too, as a real manager may have.
        policies: by policy number.
        attachments: folder of the attachments; None when there are none.
    """

    open_incidents: tuple[Any, ...] = ()
    closed_incidents: tuple[Any, ...] = ()
    policies: dict[str, Json] | None = None
    attachments: Path | None = None

    def with_attachments_at(self, gestor_url: str) -> World:
        """The same world, its attachments addressed at this service instead of at the contract's usual address."""
        old, new = json.dumps(_USUAL_ADDRESS)[1:-1], json.dumps(f"{gestor_url}/api/adjuntos/")[1:-1]
        if old == new:
            return self

        def moved(incidents: tuple[Any, ...]) -> tuple[Any, ...]:
            return tuple(_with_moved_attachments(incident, old, new) for incident in incidents)

        return World(moved(self.open_incidents), moved(self.closed_incidents), self.policies, self.attachments)


def load_world(
    folder: Path | None = None,
    *,
    open_incidents: Path | None = None,
    closed_incidents: Path | None = None,
    policies: Path | None = None,
    attachments: Path | None = None,
    today: Callable[[], date] = date.today,
) -> World:
    """Read a world.

    Args:
        folder: holds ``incidencias_abiertas.json``, ``incidencias_cerradas.json``, ``polizas.json`` and ``adjuntos/``;
            only the first must be there. The demo world when nothing is named.
        open_incidents, closed_incidents, policies, attachments: single files, which go before those of the folder.
        today: a policy may have ``antiguedadDias`` N instead of ``fechaCreacion``: it becomes this day less N.

    Raises:
        SettingsError: a file is missing or is not what it should be.
    """
    if folder is None and open_incidents is None:
        folder = demo_folder()
    open_file = open_incidents or _inside(folder, _OPEN)
    if open_file is None:
        raise SettingsError("no open incidents", where=str(folder), remedy=message("put {name} there", name=_OPEN[0]))
    return World(
        tuple(_incidents(open_file)),
        tuple(_incidents(closed_incidents or _inside(folder, _CLOSED))),
        _policies(policies or _inside(folder, _POLICIES), today()),
        attachments or _inside(folder, _ATTACHMENTS),
    )


def demo_folder() -> Path:
    """The folder of the demo world that ships with the package."""
    return Path(str(resources.files("resuelve.mocks"))) / "demo_world"


def _inside(folder: Path | None, names: Iterable[str]) -> Path | None:
    if folder is None:
        return None
    return next((path for name in names if (path := folder / name).exists()), None)


def _incidents(file: Path | None) -> list[Any]:
    entries = _read(file) if file else []
    if not isinstance(entries, list):
        raise SettingsError("not a list of incidents", where=str(file), remedy="write a JSON array")
    return entries


def _policies(file: Path | None, today: date) -> dict[str, Json]:
    entries = _read(file) if file else []
    if isinstance(entries, dict):
        entries = [{"poliza": number, **policy} for number, policy in entries.items()]
    return {str(policy["poliza"]): _dated(policy, today) for policy in entries}


def _dated(policy: Json, today: date) -> Json:
    policy = dict(policy)
    if (age := policy.pop("antiguedadDias", None)) is not None:
        policy["fechaCreacion"] = f"{today - timedelta(days=int(age)):%d/%m/%Y}"
    return policy


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise SettingsError(
            message("cannot be read ({why})", why=error), where=str(file), remedy="mend the file"
        ) from error


def _with_moved_attachments(incident: Any, old: str, new: str) -> Any:
    def moved(holder: Any) -> Any:
        if not isinstance(holder, dict) or "adjuntos" not in holder:
            return holder
        return {**holder, "adjuntos": json.loads(json.dumps(holder["adjuntos"]).replace(old, new))}

    incident = moved(incident)
    if not isinstance(incident, dict) or not isinstance(incident.get("historial"), list):
        return incident
    return {**incident, "historial": [moved(entry) for entry in incident["historial"]]}
