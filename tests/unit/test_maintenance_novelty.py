"""How an incident stands to the rows: what speaks for a row, and what tells nothing."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.incident import HistoryEntry, Incident
from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.knowledge.index import build_index
from resuelve.knowledge.maintenance.mailboxes import Mailboxes
from resuelve.knowledge.maintenance.novelty import ANSWERED, SILENT, Novelty, probability
from resuelve.knowledge.mining.asked import Asked, Fit, Past, look
from resuelve.knowledge.past import Lesson, lesson_of
from resuelve.knowledge.people import People
from resuelve.models.hashing import HashEmbedder
from resuelve.resolution.knowledge import Knowledge
from resuelve.vectors.memory import MemoryStore

CLOSE = Prescription(ResolutionKind.CLOSE)
COLLECTORS = Prescription(ResolutionKind.REASSIGN, queue="GR_COBROS")
ROWS = {
    "R1": KnownError(
        "R1", "Recibos", ("El mismo recibo se ha cobrado dos veces",), "", "Devolver un cargo", COLLECTORS
    ),
    "R2": KnownError("R2", "Acceso", ("Ha olvidado la contraseña del portal",), "", "Pulse en recordar clave", CLOSE),
    "R3": KnownError("R3", "Acceso", ("No llega el mensaje con el código",), "", "Revisar la cola de envíos", CLOSE),
}
LABEL = "[SPAI] "


def closed(text: str, answer: str, *, queue: str = "Q", to: str = "") -> Incident:
    entry = HistoryEntry(
        author="Equipo",
        state="Resuelta",
        resolution_code="REASIGNADO" if to else "RESUELTO",
        resolution_notes=answer,
        queue_from=queue,
        queue_to=to,
    )
    return Incident(code="INC", queue=queue, title="Aviso", description=text, history=(entry,))


def rows_of(*incidents: Incident) -> list[dict[str, dict[str, float]]]:
    embedder, store = HashEmbedder(), MemoryStore()
    build_index(ROWS, embedder, store)
    knowledge = Knowledge.of(ROWS, store.open(), embedder)
    lessons = [lesson_of(one, label=LABEL) for one in incidents]
    past = look([one.asked for one in lessons], knowledge, People([], []), label=LABEL)
    return [dict(found) for found in Novelty(knowledge).rows(past, lessons)]


def past_of(*filed: tuple[str, str]) -> tuple[Past, list[Lesson]]:
    """Incidents by mailbox and nearest row."""
    asked = tuple(Asked("INC", "t", "t", "t", Fit.KNOWN, row, 90.0) for _, row in filed)
    lessons = [lesson_of(Incident("INC", queue=queue), label=LABEL) for queue, _ in filed]
    return Past(asked, np.zeros((len(filed), 3), dtype=np.float32)), lessons


def test_the_answer_tells_two_problems_apart_that_are_asked_for_in_the_same_words() -> None:
    text = "Me han cobrado el mismo recibo dos veces"
    like, other = rows_of(
        closed(text, "Dos cargos iguales: se ordena devolver uno de los cargos", to="GR_COBROS"),
        closed(text, "Instalada una impresora distinta y configurados sus cartuchos"),
    )
    assert like["R1"]["words"] > other["R1"]["words"]
    assert like["R1"]["unlike"] < other["R1"]["unlike"]
    assert (like["R1"]["otherwise"], other["R1"]["otherwise"]) == (0.0, 1.0)
    assert probability(like["R1"]) > probability(other["R1"])


def test_an_answer_that_says_nothing_rests_on_what_was_asked() -> None:
    (found,) = rows_of(closed("Ha olvidado la contraseña del portal de clientes", "ok"))
    assert set(found["R2"]) == set(SILENT)


def test_an_answer_in_another_language_is_judged_by_its_meaning_alone() -> None:
    text = "He olvidado la contraseña del portal"
    first, second = rows_of(
        closed(text, "I have told the customer to click on the link that is below the box"),
        closed(text, "We had to replace the whole printer and then all of it was working"),
    )
    for name in ("words", "unlike"):
        assert first["R2"][name] == second["R2"][name]
    assert set(ANSWERED) <= set(first["R2"])


def test_a_mailbox_speaks_for_its_component_and_against_others() -> None:
    filed = [("COBROS", "R1")] * 6 + [("WEB", "R2")] * 6
    mailboxes = Mailboxes(*past_of(*filed), ROWS)
    assert mailboxes.filed(0, "Recibos") > 0.3
    assert mailboxes.filed(0, "Acceso") < -0.3


@pytest.mark.parametrize(
    "filed",
    [
        [("UNO", "R1"), ("UNO", "R2")] * 6,
        [("A", "R1"), ("B", "R2"), ("A", "R2"), ("B", "R1")] * 4,
        [("A", "R1")],
        [("A", "")] * 3,
    ],
)
def test_mailboxes_that_tell_nothing_are_not_believed(filed: list[tuple[str, str]]) -> None:
    mailboxes = Mailboxes(*past_of(*filed), ROWS)
    assert max(abs(mailboxes.filed(at, name)) for at in range(len(filed)) for name in ("Recibos", "Acceso")) < 0.01


def test_an_incident_is_no_witness_for_itself() -> None:
    filed = [("A", "R1")] * 5 + [("B", "R2")] * 5 + [("C", "R1")]
    assert abs(Mailboxes(*past_of(*filed), ROWS).filed(10, "Recibos")) < 0.01


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from(["R1", "R2", "R3", ""])), min_size=1, max_size=20))
def test_a_mailbox_is_always_a_finite_number(filed: list[tuple[str, str]]) -> None:
    mailboxes = Mailboxes(*past_of(*filed), ROWS)
    values = [mailboxes.filed(at, name) for at in range(len(filed)) for name in ("Recibos", "Acceso", "otro")]
    assert all(math.isfinite(value) for value in values)


FEATURES = st.fixed_dictionaries({name: st.floats(0, 1) for name in ANSWERED})


@given(FEATURES, st.sampled_from(["closeness", "coverage", "words", "meaning", "filed"]))
def test_what_speaks_for_a_row_never_speaks_against_it(values: dict[str, float], name: str) -> None:
    assert 0 < probability(values) < 1
    assert probability(values | {name: values[name] + 1}) > probability(values)
    for against in ("unlike", "kin", "otherwise"):
        assert probability(values | {against: values[against] + 1}) < probability(values)


def test_what_resuelve_wrote_is_nothing_that_the_team_told() -> None:
    own = HistoryEntry(author="Resuelve", resolution_notes=f"{LABEL}Reinicie el equipo.", state="Resuelta")
    person = HistoryEntry(author="Equipo", resolution_notes="Cambiado el cable.", state="Resuelta")
    incident = replace(closed("No enciende", ""), history=(own, person))
    assert lesson_of(incident, label=LABEL).told == "Cambiado el cable."
