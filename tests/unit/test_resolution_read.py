"""What people wrote, what Resuelve wrote, and whose turn it is."""

from __future__ import annotations

import pytest

from resuelve.domain.incident import HistoryEntry, Incident
from resuelve.resolution.read import Attempt, own_message, read, says_over

LABEL = "[SPAI] "


def note(detail: str = "", *, author: str = "Agente", state: str = "En curso", notes: str = "") -> HistoryEntry:
    return HistoryEntry(author=author, detail=detail, state=state, resolution_notes=notes)


def ticket(*history: HistoryEntry, state: str = "En curso", description: str = "No puedo entrar") -> Incident:
    return Incident("INC1", title="Acceso", requester="Ana", state=state, description=description, history=history)


def test_parts_have_their_place_and_empty_ones_are_left_out() -> None:
    reading = read(ticket(note("uno", notes=" "), note(notes="dos")), label=LABEL)
    assert [(part.source, part.text) for part in reading.parts] == [
        ("title", "Acceso"),
        ("description", "No puedo entrar"),
        ("history[0].detail", "uno"),
        ("history[1].notes", "dos"),
    ]
    assert [part.text for part in reading.comments] == ["uno", "dos"]
    assert reading.text_of("title") == "Acceso"
    assert reading.text_of("history[0].notes") == ""
    assert reading.text == "Acceso\nNo puedo entrar\nuno\ndos"


def test_our_own_messages_are_attempts_and_no_parts() -> None:
    reading = read(
        ticket(
            note("[SPAI] ¿Cuál es su póliza?", state="En espera"),
            note("es la 12345"),
            note(notes="  [SPAI] Arreglado. (ref. R-1)", state="Resuelta"),
            note("sigue igual"),
        ),
        label=LABEL,
    )
    assert reading.attempts == (Attempt("¿Cuál es su póliza?", True), Attempt("Arreglado. (ref. R-1)", False))
    assert [part.text for part in reading.comments] == ["es la 12345", "sigue igual"]
    assert not reading.waiting


@pytest.mark.parametrize("text", ["SPAI dice", "no [SPAI] al principio", "", "[spai] otro"])
def test_what_does_not_begin_with_the_label_is_a_persons(text: str) -> None:
    assert own_message(note(text), LABEL) is None


def test_a_blank_label_makes_no_message_ours() -> None:
    assert own_message(note("hola"), "  ") is None


@pytest.mark.parametrize(
    ("history", "state", "waiting"),
    [
        ((), "En curso", False),
        ((note("[SPAI] ¿Póliza?", state="En espera"),), "En espera", True),
        ((note("[SPAI] ¿Póliza?", state="En espera"), note("12345", author="Ana")), "En espera", False),
        ((note("¿Qué navegador usa?", state="En espera"),), "En espera", True),
        ((note("¿Qué navegador usa?", state="En Espera"),), "en espera", True),
        ((note("¿Qué navegador usa?", state="En espera"),), "En curso", False),
        ((note("Lo miro", state="En espera"),), "En espera", False),
        ((note("¿Hay novedades?", author="ana", state="En espera"),), "En espera", False),
    ],
)
def test_whose_turn_it_is(history: tuple[HistoryEntry, ...], state: str, waiting: bool) -> None:
    assert read(ticket(*history, state=state), label=LABEL).waiting is waiting


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I cannot sign in to the portal and it is urgent", "en"),
        ("No puedo entrar en el portal desde ayer", "es"),
        ("12345", "es"),
        ("", "es"),
    ],
)
def test_the_language_of_the_requester(text: str, language: str) -> None:
    assert read(Incident("INC1", description=text), label=LABEL).language == language


def test_attachments_that_are_not_read_are_told() -> None:
    incident = Incident(
        "INC1", attachments=("http://a/1.png",), history=(HistoryEntry(attachments=("http://a/2.png",)),)
    )
    assert read(incident, label=LABEL).unread == (
        ("incident · 1.png", "switched_off"),
        ("history[0] · 2.png", "switched_off"),
    )


@pytest.mark.parametrize(
    ("state", "over"),
    [
        ("Cerrada", True),
        ("RESUELTO", True),
        ("cancelada", True),
        ("Canceled", True),
        ("6 - Resuelta", True),
        ("Cerrada (pendiente de valorar)", True),
        ("Closed / resolved", True),
        ("Finalizáda", True),
        ("En curso", False),
        ("En espera", False),
        ("Reabierta (estaba resuelta)", False),
        ("No resuelta", False),
        ("Pendiente de ser cerrada", False),
        ("Unresolved", False),
        ("Cerrando", False),
        ("", False),
    ],
)
def test_a_ticket_whose_state_says_that_it_is_over(state: str, over: bool) -> None:
    assert says_over(ticket(state=state)) is over
