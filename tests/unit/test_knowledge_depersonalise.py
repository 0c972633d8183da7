"""A ticket loses what says who, and keeps what it says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.identifier import IdentifierKind
from resuelve.domain.incident import HistoryEntry, Incident
from resuelve.knowledge.depersonalise import depersonalised
from resuelve.resolution.identify import identify, identify_text
from resuelve.resolution.read import read
from resuelve.resolution.reformulate import reformulate

VALID = (
    "99999919J",
    "X0000001R",
    "ES7620770024003102575766",
    "ana@example.org",
    "611 222 333",
    "https://example.org/a",
)


def ticket(text: str, requester: str = "Obdulia Fontaner", **fields: object) -> Incident:
    return replace(Incident("INC1", queue="GR", title="PDF", requester=requester, description=text), **fields)  # type: ignore[arg-type]


def text_of(text: str, requester: str = "Obdulia Fontaner", vocabulary: frozenset[str] = frozenset()) -> str:
    return depersonalised(ticket(text, requester), vocabulary=vocabulary).description


@pytest.mark.parametrize("value", [*VALID, "12345679A", "ES0020770024003102575766", "póliza 666000777-56447147-0"])
def test_an_identifier_becomes_another_of_its_kind(value: str) -> None:
    text = f"No me deja con {value}."
    (was,) = identify_text(text, "")
    (now,) = identify_text(text_of(text), "")
    assert (now.kind, now.valid) == (was.kind, was.valid)
    assert now.value != was.value
    assert was.raw not in text_of(text)


def test_an_identifier_goes_also_where_it_is_not_recognised() -> None:
    """With two digits too many it is no telephone number, and still somebody's."""
    assert text_of("Tel. 611222333. Repito: 61122233300") == "Tel. 612345678. Repito: 61234567800"
    history = (HistoryEntry(detail="Es el 99999919J"),)
    assert depersonalised(ticket("NIF99999919Jx", history=history)).description == "NIF12345678Zx"


def test_an_error_code_says_what_happened_and_stays() -> None:
    assert text_of("Da error 500 y sale ERR-4711.") == "Da error 500 y sale ERR-4711."


def test_a_policy_keeps_its_shape() -> None:
    assert text_of("Mi póliza POL007-FX-PROVISION.") == "Mi póliza POL123-FX-PROVISION."


@pytest.mark.parametrize(
    ("text", "requester", "left"),
    [
        ("Soy Obdulia Fontaner.", "Obdulia Fontaner", "Soy Fulano Mengano."),
        ("Firmado: OBDULIA FONTANER", "Obdulia Fontaner", "Firmado: Fulano Mengano"),
        ("La paciente es Fontáner, Obdulia.", "Obdulia Fontaner", "La paciente es Mengano, Fulano."),
        ("Llamó Obdulia, la obdulia del bar.", "Obdulia Fontaner", "Llamó Fulano, la obdulia del bar."),
        ("Recibo de la luz de Luz Paz.", "Luz Paz", "Recibo de la luz de Fulano Mengano."),
        ("Fontanería", "Obdulia Fontaner", "Fontanería"),
        ("El usuario ofontaner no entra.", "ofontaner", "El usuario Fulano no entra."),
        ("Nada que quitar.", "", "Nada que quitar."),
        ("Nada que quitar.", "¿?", "Nada que quitar."),
    ],
)
def test_the_requester_becomes_nobody(text: str, requester: str, left: str) -> None:
    assert text_of(text, requester) == left


def test_a_word_of_the_dictionary_stays() -> None:
    assert text_of("El Portal no abre.", "Portal de clientes") == "El Fulano no abre."
    assert text_of("El Portal no abre.", "Portal de clientes", frozenset({"porta", "clien"})) == "El Portal no abre."


def test_authors_and_attachments_go_and_stay_apart() -> None:
    history = (
        HistoryEntry(author="obdulia fontaner", detail="Adjunto. Obdulia", attachments=("http://x/obdulia.png",)),
        HistoryEntry(author="Reembolsos - Berta", resolution_notes="Escríbanos a ana@example.org"),
        HistoryEntry(detail="sin autor"),
    )
    found = depersonalised(ticket("x", history=history, attachments=("http://x/dni.png",)))
    assert found.requester == "Fulano Mengano"
    assert [entry.author for entry in found.history] == ["Fulano Mengano", "Equipo", ""]
    assert found.history[0].detail == "Adjunto. Fulano"
    assert found.history[1].resolution_notes == "Escríbanos a persona@example.com"
    assert not found.all_attachments()
    assert (found.code, found.queue, found.state) == ("INC1", "GR", "")


_WORDS = st.lists(
    st.sampled_from(
        [*VALID, "póliza", "777888999", "no", "guarda", "Obdulia", "FONTANER", "mi", "cuenta.", "¿y?", "\n"]
    ),
    max_size=12,
).map(" ".join)


@given(st.one_of(st.text(max_size=200), _WORDS), st.sampled_from(["Obdulia Fontaner", "", "Ñ", "a b c", "Ana\u0301"]))
def test_no_personal_identifier_is_left(text: str, requester: str) -> None:
    found = depersonalised(ticket(text, requester))
    for one in identify_text(text, ""):
        if one.kind not in (IdentifierKind.ERROR_CODE, IdentifierKind.POLICY):
            assert one.raw not in found.description or one.raw in ("", "persona@example.com")


@given(_WORDS)
def test_it_is_searched_for_with_the_same_words(text: str) -> None:
    nameless = text.replace("Obdulia", "").replace("FONTANER", "")

    def queries(incident: Incident) -> list[str]:
        reading = read(incident, label="[SPAI] ")
        return [query.text for query in reformulate(reading, identify(reading))]

    assert queries(ticket(nameless)) == queries(depersonalised(ticket(nameless)))
