"""What a closed incident teaches: what was asked, what was done, how it ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from resuelve.domain.incident import HistoryEntry, Incident
from resuelve.domain.known_error import ResolutionKind
from resuelve.knowledge.past import Lesson, lesson_of

OPENED = datetime(2026, 2, 3, 10, 0, tzinfo=UTC)
WHO = "Obdulia Fontaner"


def entry(hours: float = 1.0, author: str = "Equipo", **fields: Any) -> HistoryEntry:
    return HistoryEntry(at=OPENED + timedelta(hours=hours), author=author, **fields)


def closing(hours: float = 2.0, notes: str = "El archivo pesaba demasiado.", **fields: Any) -> HistoryEntry:
    return entry(hours, resolution_code="RESUELTO", resolution_notes=notes, state="Resuelta", **fields)


def lesson(*history: HistoryEntry, **fields: Any) -> Lesson:
    given = {"queue": "FINAL", "title": "PDF", "description": "No sube.", "opened": OPENED, "state": "Resuelta"}
    return lesson_of(Incident("INC1", requester=WHO, history=history, **{**given, **fields}), label="[SPAI] ")


def test_a_closure() -> None:
    one = lesson(closing(2.5))
    assert one.done.kind is ResolutionKind.CLOSE
    assert one.answer == "El archivo pesaba demasiado."
    assert one.hours == 2.5
    assert (one.reopened, one.automatic) == (False, False)


def test_asked_is_the_ticket_before_anybody_answered() -> None:
    added = entry(0.5, WHO, detail="Pesa 31 MB.", queue_from="PRIMERO")
    thanks = entry(9, WHO, detail="Gracias.", state="Cerrada")
    one = lesson(added, closing(queue_from="PRIMERO", queue_to="FINAL"), thanks)
    assert one.asked.history == (added,)
    assert one.asked.queue == "PRIMERO"
    assert one.asked.state == "En curso"
    assert one.asked.description == "No sube."


def test_the_first_deed_that_decides_counts() -> None:
    moved = entry(1, resolution_code="REASIGNADO", resolution_notes="Para Cobros.", queue_to="COBROS", state="En curso")
    assert (lesson(moved, closing()).done.label, lesson(moved, closing()).done.queue) == ("reasignacion", "COBROS")
    assert lesson(moved, closing()).answer == "Para Cobros."
    question = entry(1, detail="¿Puede enviar el volante?", state="En espera")
    held = lesson(question, entry(2, WHO, detail="Va adjunto.", state="En curso"), closing(3))
    assert (held.done.kind, held.answer) == (ResolutionKind.HOLD, "¿Puede enviar el volante?")


def test_a_mailbox_for_closed_tickets_is_no_reassignment() -> None:
    assert lesson(closing(queue_from="A", queue_to="CIERRE")).done.kind is ResolutionKind.CLOSE


def test_a_comment_of_the_team_decides_nothing() -> None:
    assert lesson(entry(1, detail="Lo miro.", state="En curso"), closing()).done.kind is ResolutionKind.CLOSE


@pytest.mark.parametrize("where", ["detail", "resolution_notes"])
def test_an_agent_that_was_named(where: str) -> None:
    done = lesson(entry(1, state="Resuelta", **{where: "Resuelto mediante api|comprobarIban."})).done
    assert done.label == "api|comprobarIban"


def test_without_a_word_nobody_knows_what_was_done() -> None:
    assert lesson().done.kind is ResolutionKind.MANUAL
    silent = lesson(entry(1, state="Cerrada"))
    assert (silent.done.kind, silent.answer) == (ResolutionKind.MANUAL, "")


def test_reopened_when_it_was_open_after_a_closure() -> None:
    again = entry(5, WHO, detail="Sigue igual.", state="En curso")
    assert lesson(closing(), again, closing(8, "Ahora sí.")).reopened
    assert lesson(closing(), again, closing(8)).hours == 8
    assert not lesson(closing(), entry(5, WHO, detail="Gracias.", state="Cerrada")).reopened


def test_resuelve_is_known_by_its_label() -> None:
    assert lesson(closing(notes="[SPAI] Buenos días. Divida el archivo.")).automatic


@pytest.mark.parametrize("opened", [None, OPENED.replace(tzinfo=None)], ids=["none", "without a zone"])
def test_no_duration_without_two_comparable_dates(opened: datetime | None) -> None:
    assert lesson(closing(), opened=opened).hours is None
