"""What was told or tried before a ticket was written."""

from __future__ import annotations

import pytest

from resuelve.domain.incident import Incident
from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.resolution.attempts import told_before, tried_in_vain
from resuelve.resolution.read import Reading, read

SOLUTION = "Cierre la sesión, borre la caché del navegador y reinstale la aplicación desde la tienda."


def reading(text: str) -> Reading:
    return read(Incident("INC1", description=text), label="[SPAI] ")


def row(kind: ResolutionKind = ResolutionKind.CLOSE) -> KnownError:
    return KnownError("A", "App", ("La app se cierra sola",), "Error", SOLUTION, Prescription(kind, queue="Q"))


@pytest.mark.parametrize(
    "text",
    [
        "Ya me habéis dicho que espere a julio",
        "Nos contestasteis por escrito en mayo",
        "Se nos dijo que quedaría resuelto",
        "Your colleague told me to wait",
    ],
)
def test_an_earlier_answer_is_heard(text: str) -> None:
    assert told_before(reading(text))


@pytest.mark.parametrize(
    "text",
    [
        "La tarjeta que me enviasteis no funciona",
        "La web me responde que el IBAN es incorrecto",
        "El médico me ha dicho que no hace falta",
    ],
)
def test_what_others_told_is_no_earlier_answer(text: str) -> None:
    assert told_before(reading(text)) == ""


def test_a_remedy_that_did_not_help() -> None:
    tried = reading("La app se cierra sola. Borré la caché y la reinstalé dos veces y sigue igual")
    assert tried_in_vain(row(), tried)
    assert not tried_in_vain(row(ResolutionKind.REASSIGN), tried)


def test_a_remedy_that_was_not_tried() -> None:
    assert not tried_in_vain(row(), reading("La app se cierra sola y sigue igual desde ayer"))
    assert not tried_in_vain(row(), reading("La app se cierra sola. ¿Borro la caché y la reinstalo?"))
