"""How well a resolution was documented."""

from __future__ import annotations

import pytest

from resuelve.domain.incident import HistoryEntry, Incident
from resuelve.knowledge.maintenance.grade import graded
from resuelve.knowledge.maintenance.proposal import Grade
from resuelve.knowledge.past import Lesson, lesson_of
from resuelve.texts import say

FULL = "Borrar la caché del navegador, cerrar todas las ventanas, entrar de nuevo con certificado y elegir el de firma"


def lesson(answer: str, *, queue: str = "", states: tuple[str, ...] = ("Resuelta",)) -> Lesson:
    entries = tuple(
        HistoryEntry(
            at=None,
            author="Equipo",
            state=state,
            resolution_code="REASIGNADO" if queue else "",
            resolution_notes=answer,
            queue_to=queue,
        )
        for state in states
    )
    return lesson_of(Incident(code="INC1", description="No puedo entrar", history=entries), label="[SPAI] ")


@pytest.mark.parametrize(
    ("lessons", "answer", "grade", "reasons"),
    [
        ([lesson(FULL), lesson(FULL)], FULL, Grade.GOOD, {"complete"}),
        ([lesson(FULL)], FULL, Grade.FAIR, {"single"}),
        ([lesson("ok"), lesson("ok")], "", Grade.POOR, {"no_answer"}),
        ([lesson("Solucionado"), lesson("Solucionado")], "Solucionado", Grade.POOR, {"short_answer"}),
        ([lesson(FULL), lesson(FULL, queue="GR_OTRO")], FULL, Grade.POOR, {"deeds_differ"}),
        (
            [lesson(FULL, states=("Resuelta", "En curso", "Resuelta"))] * 2,
            FULL,
            Grade.POOR,
            {"reopened"},
        ),
        ([lesson(FULL)] * 2, f"{FULL}. Se le explica al usuario", Grade.FAIR, {"for_colleagues"}),
    ],
)
def test_a_grade_says_why(lessons: list[Lesson], answer: str, grade: Grade, reasons: set[str]) -> None:
    found, why = graded(lessons, answer)
    assert (found, {one.rsplit(".", 1)[1] for one in why}) == (grade, reasons)
    assert all(say(one, language) for one in why for language in ("es", "en"))
