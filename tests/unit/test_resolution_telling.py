"""Which lines of an attachment tell what happened, and which tickets only point at theirs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.incident import Incident
from resuelve.readers import Document, Passage
from resuelve.resolution.attachments import Attached
from resuelve.resolution.identify import identify
from resuelve.resolution.read import Reading, read
from resuelve.resolution.telling import own_words, says_much, telling_lines
from resuelve.resolution.words import Lexicon

LEXICON = Lexicon(
    (
        "Al adjuntar la factura del reembolso el archivo supera los 10 MB permitidos",
        "La pasarela de pago da error con cualquier tarjeta",
        "Cambiar la dirección postal de la póliza de hogar",
    )
)
MENU = "Inicio\nAyuda y contacto\nMi perfil\nPolítica de cookies\n"


def reading_of(*texts: str) -> Reading:
    documents = (Document("a.png", "png", (Passage("OCR", text),)) for text in texts)
    attached = tuple(Attached("history[0]", "a.png", document) for document in documents)
    return replace(read(Incident("INC1", description="Va captura"), label="[SPAI]"), attached=attached)


def told(*texts: str) -> str:
    reading = reading_of(*texts)
    return "\n".join(query.text for query in telling_lines(reading, identify(reading), LEXICON))


def test_lines_about_a_failure_come_before_menus() -> None:
    text = told(MENU * 20 + "Se ha producido un error\nEl archivo supera los 10 MB\n" + MENU * 20)
    assert "Se ha producido un error. El archivo supera los 10 MB" in text


def test_a_screen_without_a_failure_tells_by_the_words_of_the_dictionary() -> None:
    assert "Factura del reembolso" in told("Menú principal\nFactura del reembolso\nSalir ahora")


@pytest.mark.parametrize("text", [MENU, "", "Sonríe, te quiero mucho\nFeliz cumpleaños", "12345 67890"])
def test_what_tells_nothing_is_no_query(text: str) -> None:
    assert told(text) == ""


def test_no_identifier_is_searched_for() -> None:
    text = told("Error en el pago con tarjeta\nNIF: 99999970H\nPóliza: HOG-2026-000201-CD")
    assert "99999970" not in text and "000201" not in text
    assert "pago con tarjeta" in text


FOOT = "Aviso legal · Política de privacidad · Protección de datos\n© 2026 Seguros Inventados\nSolo usamos cookies"
BAR = "Inicio | Mi póliza de hogar | Factura del reembolso\nInicio Seguros Recibos Siniestros Ayuda\nAceptar Cancelar"


@pytest.mark.parametrize("furniture", [FOOT, BAR])
def test_what_stands_on_every_page_never_counts(furniture: str) -> None:
    assert told(furniture) == ""
    text = told(f"{furniture}\nEl archivo supera los 10 MB\n{furniture}")
    assert text == "El archivo supera los 10 MB"


def test_a_failure_is_no_footer_whatever_it_speaks_of() -> None:
    assert "privacidad" in told("Error: acepte la política de privacidad\nLa pasarela de pago no responde")


def test_the_title_of_the_screen_says_where() -> None:
    assert told("9:41\nTarjeta\nHa ocurrido un error\nPrueba mañana").startswith("Tarjeta. Ha ocurrido un error")


@given(st.lists(st.text(max_size=400), max_size=6))
def test_a_query_is_short_whatever_is_attached(texts: list[str]) -> None:
    assert len(told(*texts)) <= 240


@pytest.mark.parametrize(
    ("text", "much"),
    [
        ("Buenas, me sale lo de la captura y no sé qué hacer. Gracias.", False),
        ("Adjunto pantallazo", False),
        ("¿Para cuándo estará?", False),
        ("Quiero cambiar la dirección postal de mi póliza, va captura", True),
        ("La pasarela de pago no coge mi tarjeta", True),
        ("The coffee machine on the second floor keeps spilling water over the papers of my neighbour Ann", True),
    ],
)
def test_tickets_that_only_point(text: str, much: bool) -> None:
    assert says_much(own_words(text), LEXICON) is much
