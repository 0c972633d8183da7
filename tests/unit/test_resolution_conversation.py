"""After which comments the first description no longer tells."""

from __future__ import annotations

import pytest

from resuelve.domain.incident import HistoryEntry, Incident
from resuelve.resolution.conversation import moved_on, much_new
from resuelve.resolution.read import Reading, read

TURNS = (
    "No cerrar: lo está llevando Arquitectura, van a subir el límite",
    "Estamos trabajando en ello, no cerrar todavía",
    "Me equivoqué, pesa 300 KB y da error con cualquier archivo",
    "Además me han cobrado dos veces el mismo recibo",
    "también tengo un problema con la tarjeta",
    "he probado también PDF y JPG y tampoco",
    "Ya me ha descargado bien, pueden cerrar",
    "Ya funciona, gracias",
    "Sigue igual",
    "Lo consulto con Comercial",
    "A la espera de su respuesta",
    "It works now, thanks",
    "I have tried that and it did not help",
    "We are looking into it, do not close",
    "Actually, it was the other policy",
)
STEADY = (
    "¿Alguna novedad? Gracias.",
    "Adjunto una captura de lo que me sale.",
    "Claro, perdonad. La póliza es la 7654321-1 y mi NIF 99999913F.",
    "Nos pasa también aquí con las guías de Soria y de Cádiz.",
    "Ha vuelto a llamar esta mañana, está bastante enfadado.",
    "Confirma que el pago está hecho y que no hay nada pendiente de firmar.",
    "Otros dos casos más, con operadores distintos.",
    "Any news? Kind regards",
)


def reading(comment: str, state: str = "En curso") -> Reading:
    entry = HistoryEntry(author="Obdulia", detail=comment)
    return read(
        Incident("INC1", title="Factura", description="No sube", state=state, history=(entry,)), label="[SPAI] "
    )


@pytest.mark.parametrize("comment", TURNS)
def test_a_turn_is_heard(comment: str) -> None:
    assert moved_on(reading(comment))


@pytest.mark.parametrize("comment", STEADY)
def test_a_remark_is_no_turn(comment: str) -> None:
    assert moved_on(reading(comment)) == ""


def test_the_first_description_is_no_comment() -> None:
    assert moved_on(read(Incident("INC1", description="Tampoco sube, ya lo he probado"), label="[SPAI] ")) == ""


def test_a_fix_that_is_under_way_is_somebody_s_work() -> None:
    assert moved_on(reading("Gracias", "Pendiente implantar")) == "Pendiente implantar"


@pytest.mark.parametrize(
    "description",
    [
        "La pasarela de pago da error con cualquier tarjeta. Ya está solucionado, ha sido nuestro cortafuegos.",
        "Caída de la tarjeta digital, nadie conseguía abrirla ayer. Hoy va, solo pregunto qué pasó.",
        "Error 500 en cualquier navegador. Era nuestro proxy. Pueden ignorarlo.",
        "Pedí la tarjeta hace un mes. Ya no la quiero, anulen el envío.",
        "Esto es una prueba del formulario, no hagan caso.",
        "Edito: hoy ya funciona, no hace falta que hagan nada.",
        "The video call got stuck. Turns out I had the wrong day, sorry.",
    ],
)
def test_a_ticket_may_take_itself_back(description: str) -> None:
    assert moved_on(read(Incident("INC1", title="Aviso", description=description), label="[SPAI] "))


def test_so_may_its_title() -> None:
    assert moved_on(read(Incident("INC1", title="SOLUCIONADO - factura", description="No sube"), label="[SPAI] "))


@pytest.mark.parametrize(
    "description",
    [
        "Ya no puedo entrar y tampoco me llega el SMS",
        "El médico ya no pasa consulta en esa calle",
        "Desde la actualización no funciona, y también falla en el móvil",
        "Ya funciona mal desde hace días",
        "Ahora va lento y se cierra",
    ],
)
def test_how_a_problem_is_told_takes_nothing_back(description: str) -> None:
    assert moved_on(read(Incident("INC1", title="Aviso", description=description), label="[SPAI] ")) == ""


@pytest.mark.parametrize(
    "text",
    [
        "El correo me llega enseguida, no es eso: el enlace dice que el usuario no existe",
        "La dirección sí se guarda. Lo que falla es el botón de enviar",
        "Quiero quitar la financiación, al revés de lo que pone el aviso",
        "¿Qué papeles hacen falta? Lo pregunto por ir sabiéndolo",
        "Quiero dejar constancia de lo bien que me atendieron",
        "Entré a la primera. Cierren esto",
    ],
)
def test_a_ticket_that_is_turned_round_or_only_asks(text: str) -> None:
    assert moved_on(read(Incident("INC1", description=text), label="[SPAI] "))


def test_a_reason_is_not_a_turn() -> None:
    text = "Sigue en provisión, por lo que no puede pedir autorizaciones. ¿Cuánto falta?"
    assert moved_on(read(Incident("INC1", description=text), label="[SPAI] ")) == ""


ROW = "No deja adjuntar la factura del reembolso porque el archivo pesa demasiado. Comprima el PDF y vuelva a enviarlo."


@pytest.mark.parametrize("comment", STEADY)
def test_a_remark_tells_nothing_much(comment: str) -> None:
    assert much_new(reading(comment), ROW) == ""


def test_a_comment_that_tells_much() -> None:
    comment = "Le llamo al móvil de la ficha y se queda a cuadros: lleva desde Semana Santa en un barco sin cobertura."
    assert much_new(reading(comment), ROW).startswith("Le llamo al móvil")


def test_a_comment_in_the_words_of_the_row_tells_nothing_new() -> None:
    comment = "El archivo de la factura pesa demasiado y el reembolso no deja adjuntarlo ni comprimido en PDF"
    assert much_new(reading(comment), ROW) == ""
