"""What past tickets say of a row."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.incident import HistoryEntry, Incident
from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.replay.witness import Judgement, Witness, lesson_for, states
from resuelve.resolution.merits import state_of

OPENED = datetime(2026, 2, 3, 10, 0, tzinfo=UTC)
ANSWER = "El archivo pesaba demasiado, se pide que lo comprima con el programa del portal."
CLOSE = KnownError(
    id="PDF",
    component="App",
    examples=("No sube el PDF",),
    kind="",
    solution="Comprima el archivo.",
    prescription=Prescription(ResolutionKind.CLOSE),
)
MOVE = replace(CLOSE, id="COBRO", prescription=Prescription(ResolutionKind.REASSIGN, queue="COBROS"))
AGENT = replace(CLOSE, id="IBAN", prescription=Prescription(ResolutionKind.AGENT, agent_code="comprobarIban"))
MANUAL = replace(CLOSE, id="RARO", prescription=Prescription(ResolutionKind.MANUAL))


def entry(hours: float, **fields: Any) -> HistoryEntry:
    return HistoryEntry(at=OPENED + timedelta(hours=hours), author="Equipo", **fields)


def closed(notes: str = ANSWER, hours: float = 2) -> HistoryEntry:
    return entry(hours, resolution_code="RESUELTO", resolution_notes=notes, state="Resuelta")


def moved(queue: str, notes: str = "") -> HistoryEntry:
    return entry(1, resolution_code="REASIGNADO", resolution_notes=notes, queue_to=queue, state="En curso")


def witness(*history: HistoryEntry, row: KnownError = CLOSE, known: float = 0.9) -> Witness:
    incident = Incident(
        "INC1", title="PDF", description="No sube.", opened=OPENED, requester="Obdulia", history=history
    )
    return Witness(lesson_for(incident, label="[SPAI] "), {state_of(row): known})


@pytest.mark.parametrize(
    ("known", "said"), [(0.9, Judgement.RIGHT), (0.7, Judgement.RIGHT), (0.6, Judgement.UNTOLD), (0.4, Judgement.WRONG)]
)
def test_the_answer_tells_how_likely_the_ticket_is_a_case_of_the_row(known: float, said: Judgement) -> None:
    assert witness(closed(), known=known).of_row(CLOSE) is said


def test_a_row_that_nothing_brings_into_question_is_wrong() -> None:
    assert witness(closed()).of_row(replace(CLOSE, id="OTRA")) is Judgement.WRONG


def test_another_deed_is_wrong_whatever_the_words() -> None:
    assert witness(moved("COBROS", ANSWER), known=0.99).of_row(CLOSE) is Judgement.WRONG
    assert witness(moved("OTROS", ANSWER), row=MOVE, known=0.99).of_row(MOVE) is Judgement.WRONG
    asked = entry(1, detail="api|otro devuelve que la cuenta es correcta y completa", state="Resuelta")
    assert witness(asked, row=AGENT, known=0.99).of_row(AGENT) is Judgement.WRONG


def test_an_answer_that_says_nothing_tells_nothing() -> None:
    assert witness(closed("ok"), known=0.99).of_row(CLOSE) is Judgement.UNTOLD
    assert witness(closed("ok"), known=0.01).of_row(CLOSE) is Judgement.UNTOLD


def test_the_mailbox_is_the_whole_of_a_reassignment() -> None:
    assert witness(moved("cobros"), row=MOVE, known=0.8).of_row(MOVE) is Judgement.RIGHT
    assert witness(moved("cobros"), row=MOVE, known=0.6).of_row(MOVE) is Judgement.UNTOLD


def test_what_did_not_last_was_wrong() -> None:
    again = replace(entry(9, detail="Sigue igual.", state="En curso"), author="Obdulia")
    assert witness(closed(), again, closed(hours=20)).of_row(CLOSE) is Judgement.WRONG
    assert witness(moved("COBROS"), closed("ok", 3), again, row=MOVE).of_row(MOVE) is Judgement.UNTOLD


def test_resuelve_is_no_witness_of_itself() -> None:
    own = entry(1, detail="[SPAI] Comprima el archivo. (ref. 1a2b3c4d)", state="Resuelta", resolution_code="RESUELTO")
    assert witness(own, known=0.99).of_row(CLOSE) is Judgement.UNTOLD


def own(hours: float = 1, text: str = "[SPAI] Comprima el archivo. (ref. R-1A2B3C4D5E)") -> HistoryEntry:
    return entry(hours, detail=text, state="Resuelta", resolution_code="RESUELTO")


def test_a_ticket_that_came_back_speaks_against_its_row_whoever_closed_it_then() -> None:
    again = replace(entry(2, detail="No me vale, sigue igual.", state="En curso"), author="Obdulia")
    one = witness(own(), again, closed(hours=5), known=0.9)
    assert one.of_row(CLOSE) is Judgement.WRONG
    assert one.lesson.asked.history == ()


def test_our_own_message_is_none_of_the_teams_under_another_label() -> None:
    assert witness(own(text=f"[OTRA] {ANSWER} (ref. R-1A2B3C4D5E)"), known=0.99).of_row(CLOSE) is Judgement.UNTOLD


def test_what_came_back_is_wrong_whatever_the_history_says() -> None:
    one = replace(witness(closed(), known=0.99), refuted=frozenset({state_of(CLOSE)}))
    assert one.of_row(CLOSE) is Judgement.WRONG


def test_what_an_agent_would_have_answered_nobody_knows() -> None:
    assert witness(closed(), row=AGENT, known=0.95).of_row(AGENT) is Judgement.UNTOLD
    assert witness(closed(), row=AGENT, known=0.2).of_row(AGENT) is Judgement.WRONG
    asked = entry(1, detail="api|comprobarIban devuelve que la cuenta es correcta y completa", state="Resuelta")
    assert witness(asked, row=AGENT, known=0.95).of_row(AGENT) is Judgement.RIGHT
    assert witness(asked, known=0.95).of_row(CLOSE) is Judgement.WRONG


def test_handing_over_was_right_where_no_row_would_have_been() -> None:
    rows = {one.id: one for one in (CLOSE, MOVE, MANUAL)}
    assert witness(closed(), known=0.9).of_handing_over(rows) is Judgement.WRONG
    assert witness(closed(), known=0.9).right_rows(rows) == {"PDF"}
    assert witness(closed(), known=0.6).of_handing_over(rows) is Judgement.UNTOLD
    assert witness(closed(), known=0.2).of_handing_over(rows) is Judgement.RIGHT
    assert witness(closed(), row=MANUAL, known=0.9).of_handing_over(rows) is Judgement.RIGHT


def test_a_row_is_one_state_as_long_as_its_texts_are() -> None:
    longer = replace(CLOSE, examples=(*CLOSE.examples, "El PDF da error al subir"))
    other = replace(CLOSE, solution="Envíelo por correo.")
    found = states([{"PDF": CLOSE}, {"PDF": longer}, {"PDF": other}])
    assert [len(one.examples) for one in found.values()] == [2, 1]
    assert [one.id for one in found.values()] == list(found) == [state_of(longer), state_of(other)]


@given(st.floats(0, 1), st.booleans(), st.sampled_from(["", "ok", ANSWER]))
def test_right_needs_likeness_and_a_deed(known: float, move: bool, answer: str) -> None:
    one = witness(moved("COBROS", answer) if move else closed(answer), known=known)
    if one.of_row(CLOSE) is Judgement.RIGHT:
        assert known >= 0.7
        assert not move
        assert answer == ANSWER
