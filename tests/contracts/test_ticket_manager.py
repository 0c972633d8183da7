"""The contract of `TicketManager`, run against every adapter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import pytest

from resuelve.domain.decision import Close, Hold, Reassign, TicketAction
from resuelve.domain.errors import Rejected, TicketNotFound, TicketRefused
from resuelve.domain.incident import Incident
from resuelve.mocks.serve import Running, start
from resuelve.mocks.world import World
from resuelve.tickets import TicketManager, texts_of
from resuelve.tickets.gestor import GestorClient
from resuelve.tickets.memory import ADDRESS, MemoryTicketManager
from resuelve.tickets.wire import incident_from
from tests.mock_control import control

ODD_CODE = "INC/9 ñ?#%2F"


def _entry(code: str, queue: str = "GR_A", **fields: Any) -> dict[str, Any]:
    return {
        "codIncidencia": code,
        "buzon": queue,
        "titulo": f"Título de {code}",
        "solicitante": "Una persona",
        "estado": "En curso",
        "apertura": "01/09/2026 10:00:00 CEST",
        "prioridad": "3 - Media",
        "descripcion": "No funciona",
        "historial": [],
    } | fields


OPEN = [
    _entry("INC1", historial=[{"Fecha": "02/09/2026 08:00:00 CEST", "Autor": "Ana", "detalle": "Sigue igual"}]),
    _entry("INC2", "GR_B", descripcion=None),
    _entry(ODD_CODE, "GR_B"),
]
CLOSED = [_entry("INC7", estado="Resuelta", historial=[{"Autor": "Eva", "NotasResolucion": "Hecho"}])]


class Harness(Protocol):
    """A manager and the other side of it."""

    @property
    def manager(self) -> TicketManager: ...

    def done(self) -> list[tuple[str, str]]:
        """Code and kind of every change that was carried out, in order."""
        ...

    def touch(self, incident: Incident) -> None:
        """A person writes a new title on it."""
        ...

    def own_address(self, name: str) -> str:
        """The address of an attachment."""
        ...


@dataclass
class _Memory:
    manager: MemoryTicketManager

    def done(self) -> list[tuple[str, str]]:
        return [(entry.code, type(entry.action).__name__) for entry in self.manager.ledger]

    def touch(self, incident: Incident) -> None:
        self.manager.touch(incident)

    def own_address(self, name: str) -> str:
        return ADDRESS + name


@dataclass
class _Gestor:
    manager: GestorClient
    running: Running

    def done(self) -> list[tuple[str, str]]:
        kinds = {"resolver": "Close", "en_espera": "Hold", "reasignar": "Reassign"}
        return [(entry["incident"], kinds[entry["action"]]) for entry in self.running.ledger.entries()]

    def touch(self, incident: Incident) -> None:
        body = {"codIncidencia": incident.code, "titulo": incident.title}
        control(self.running.gestor_url, "incidents", body)

    def own_address(self, name: str) -> str:
        return f"{self.running.gestor_url}/api/adjuntos/{name}"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("adjuntos")
    (folder / "a.png").write_bytes(b"0123456789")
    with start(world=World(tuple(OPEN), tuple(CLOSED), {}, Path(folder))) as services:
        yield services


def _incidents(entries: list[dict[str, Any]]) -> list[Incident]:
    incidents = [incident_from(entry, "test") for entry in entries]
    assert not any(isinstance(i, Rejected) for i in incidents)
    return [i for i in incidents if isinstance(i, Incident)]


@pytest.fixture(params=["memory", "gestor"])
def desk(request: pytest.FixtureRequest, running: Running) -> Iterator[Harness]:
    if request.param == "memory":
        attachments = {"a.png": b"0123456789"}
        yield _Memory(MemoryTicketManager(_incidents(OPEN), _incidents(CLOSED), attachments=attachments))
        return
    control(running.gestor_url, "reset")
    client = GestorClient(running.gestor_url, timeout=5.0, attempts=2)
    yield _Gestor(client, running)
    client.close()


def _current(desk: Harness, code: str, max_age: float = 0.0) -> Incident:
    incident = desk.manager.current(code, max_age=max_age)
    assert incident is not None
    return incident


def test_is_a_ticket_manager(desk: Harness) -> None:
    assert isinstance(desk.manager, TicketManager)


def test_lists_what_is_open(desk: Harness) -> None:
    listing = desk.manager.open_incidents()
    assert [i.code for i in listing.incidents] == ["INC1", "INC2", ODD_CODE]
    assert listing.rejected == ()
    assert listing.incidents[0].history[0].detail == "Sigue igual"
    assert listing.incidents[1].description == ""


def test_lists_one_mailbox(desk: Harness) -> None:
    assert [i.code for i in desk.manager.open_incidents("GR_B").incidents] == ["INC2", ODD_CODE]
    assert desk.manager.open_incidents("GR_NADIE").incidents == ()


def test_lists_what_is_closed(desk: Harness) -> None:
    (incident,) = desk.manager.closed_incidents().incidents
    assert incident.code == "INC7"
    assert incident.history[-1].resolution_notes == "Hecho"


@pytest.mark.parametrize("code", ["INC1", "INC7", ODD_CODE])
def test_current_finds_open_and_closed(desk: Harness, code: str) -> None:
    assert _current(desk, code).code == code


def test_current_of_an_unknown_incident_is_none(desk: Harness) -> None:
    assert desk.manager.current("INC999") is None


def test_close_moves_the_incident_and_leaves_the_text(desk: Harness) -> None:
    changed = desk.manager.apply("INC1", Close('[SPAI] Resuelto así: ¡ñ!\n"fin"'))
    assert changed.history[-1].resolution_notes == '[SPAI] Resuelto así: ¡ñ!\n"fin"'
    assert changed.history[-1].author == "Resuelve"
    assert changed.history[-1].at is not None
    assert len(changed.history) == 2
    assert "INC1" not in [i.code for i in desk.manager.open_incidents().incidents]
    assert "INC1" in [i.code for i in desk.manager.closed_incidents().incidents]
    assert desk.done() == [("INC1", "Close")]


def test_hold_keeps_the_incident_open(desk: Harness) -> None:
    changed = desk.manager.apply("INC2", Hold("[SPAI] ¿Qué póliza?"))
    assert (changed.state, changed.queue) == ("En espera", "GR_B")
    assert changed.history[-1].detail == "[SPAI] ¿Qué póliza?"
    assert changed.history[-1].state == "En espera"
    assert _current(desk, "INC2") == changed
    assert desk.done() == [("INC2", "Hold")]


def test_reassign_changes_the_mailbox(desk: Harness) -> None:
    changed = desk.manager.apply("INC2", Reassign("GR_C", "[SPAI] Es suyo"))
    assert changed.queue == "GR_C"
    assert (changed.history[-1].queue_from, changed.history[-1].queue_to) == ("GR_B", "GR_C")
    assert [i.code for i in desk.manager.open_incidents("GR_C").incidents] == ["INC2"]
    assert desk.done() == [("INC2", "Reassign")]


@pytest.mark.parametrize("max_age", [0.0, 3600.0])
@pytest.mark.parametrize("action", [Close("texto"), Hold("texto"), Reassign("GR_C", "texto")])
def test_its_own_change_is_seen_whatever_the_age_allowed(desk: Harness, action: TicketAction, max_age: float) -> None:
    before = _current(desk, "INC1", max_age)
    changed = desk.manager.apply("INC1", action)
    after = _current(desk, "INC1", max_age)
    assert after == changed
    assert after.revision != before.revision
    assert "texto" in list(texts_of(after))


def test_what_a_person_writes_is_seen_at_once(desk: Harness) -> None:
    before = _current(desk, "INC1")
    desk.touch(replace(before, title="Otra cosa"))
    assert _current(desk, "INC1").title == "Otra cosa"
    assert _current(desk, "INC1").revision != before.revision


def test_a_code_with_odd_characters_can_be_changed(desk: Harness) -> None:
    assert desk.manager.apply(ODD_CODE, Hold("¿?")).code == ODD_CODE
    assert desk.done() == [(ODD_CODE, "Hold")]


@pytest.mark.parametrize("action", [Close("a"), Hold("a"), Reassign("GR_C", "a")])
def test_an_unknown_incident_is_not_found(desk: Harness, action: TicketAction) -> None:
    with pytest.raises(TicketNotFound):
        desk.manager.apply("INC999", action)
    assert desk.done() == []


@pytest.mark.parametrize("action", [Close(" "), Reassign("", "texto")])
def test_a_missing_field_is_refused(desk: Harness, action: TicketAction) -> None:
    with pytest.raises(TicketRefused):
        desk.manager.apply("INC1", action)
    assert desk.done() == []
    assert _current(desk, "INC1").queue == "GR_A"


def test_a_closed_incident_is_not_changed_again(desk: Harness) -> None:
    desk.manager.apply("INC1", Close("una vez"))
    with pytest.raises(TicketRefused):
        desk.manager.apply("INC1", Close("otra vez"))
    assert desk.done() == [("INC1", "Close")]


def test_attachment(desk: Harness) -> None:
    address = desk.own_address("a.png")
    assert desk.manager.attachment(address, limit=10) == b"0123456789"
    with pytest.raises(TicketRefused, match="larger"):
        desk.manager.attachment(address, limit=9)
    with pytest.raises(TicketNotFound):
        desk.manager.attachment(desk.own_address("nada.png"), limit=10)


def test_attachments_of_other_hosts_are_refused(desk: Harness) -> None:
    for address in (
        "http://otro.test/api/adjuntos/a.png",
        "file:///etc/hostname",
        "",
        "http://[",
        "http://127.0.0.1:1/",
    ):
        with pytest.raises((TicketRefused, TicketNotFound)):
            desk.manager.attachment(address, limit=10)
