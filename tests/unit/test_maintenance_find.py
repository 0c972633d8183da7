"""What becomes of closed incidents that teach nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from resuelve.domain.incident import HistoryEntry, Incident
from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.knowledge.index import build_index
from resuelve.knowledge.maintenance.find import Fate, Found, find_proposals
from resuelve.models.hashing import HashEmbedder
from resuelve.resolution.knowledge import Knowledge
from resuelve.vectors.memory import MemoryStore

LABEL = "[SPAI] "
ASKED = "No se imprime la etiqueta del paquete en la impresora del almacén"
SOLVED = "Cambiar el rollo de etiquetas de la impresora y calibrarla desde el panel"
ROWS = {
    "R1": KnownError("R1", "Almacén", (ASKED,), "Error", SOLVED, Prescription(ResolutionKind.CLOSE)),
    "R2": KnownError(
        "R2", "Web", ("La web tarda en abrir",), "", "Borrar la caché", Prescription(ResolutionKind.CLOSE)
    ),
    "R3": KnownError(
        "R3", "Web", ("La clave ha caducado",), "", "Pedir otra clave", Prescription(ResolutionKind.CLOSE)
    ),
}
"""A dictionary in which an incident of R1 is surely one."""


def entry(notes: str, *, author: str = "Equipo", state: str = "Resuelta") -> HistoryEntry:
    return HistoryEntry(author=author, resolution_code="RESUELTO", resolution_notes=notes, state=state)


def closed(*history: HistoryEntry, text: str = ASKED) -> Incident:
    return Incident("INC1", queue="GR", title="Etiqueta", description=text, requester="Eva Rosal Pino", history=history)


def found_in(*incidents: Incident) -> Found:
    embedder, store = HashEmbedder(), MemoryStore()
    build_index(ROWS, embedder, store)
    return find_proposals(incidents, Knowledge.of(ROWS, store.open(), embedder), label=LABEL)


OWN = entry(LABEL + SOLVED, author="Resuelve")
AGAIN = HistoryEntry(author="Eva Rosal Pino", detail="Sigue sin imprimirse", state="En curso")


@pytest.mark.parametrize(
    ("incident", "fate"),
    [
        (closed(entry(SOLVED)), Fate.COVERED),  # word for word the row's own example
        (closed(entry(SOLVED), AGAIN, entry(SOLVED)), Fate.OTHERWISE),
        (closed(entry("ok")), Fate.UNTOLD),
        (closed(OWN), Fate.OWN),
        (closed(OWN, entry("Verificado por el turno de tarde, todo correcto")), Fate.OWN),
        (closed(OWN, AGAIN, entry(SOLVED)), Fate.OWN),
        (closed(entry("Listo"), text="Quisiera comprar uniformes azules"), Fate.UNDOCUMENTED),
        (replace(closed(), title="", description=""), Fate.SILENT),
    ],
)
def test_what_teaches_nothing_is_counted_and_not_proposed(incident: Incident, fate: Fate) -> None:
    found = found_in(incident)
    assert [one.fate for one in found.fates] == [fate]
    assert found.proposals == ()
    assert found.counts[fate] == 1


def test_what_people_did_after_resuelve_was_wrong_may_be_new_and_is_theirs() -> None:
    theirs = "Encargados doce uniformes azules al proveedor textil, llegan el jueves al vestuario"
    asked = "Quisiera comprar uniformes azules para todo el personal nuevo"
    (proposal,) = found_in(closed(OWN, AGAIN, entry(theirs), text=asked)).proposals
    assert "uniformes" in proposal.solution
    assert "rollo" not in proposal.solution + "".join(one.answer for one in proposal.evidence)
    assert proposal.prescription.kind is ResolutionKind.CLOSE
    assert not proposal.evidence[0].reopened
