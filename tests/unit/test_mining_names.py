"""Names of clusters, and names of people that are to stand nowhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.incident import HistoryEntry, Incident
from resuelve.knowledge.mining.answers import with_answers
from resuelve.knowledge.mining.asked import shown_text
from resuelve.knowledge.mining.names import telling_words
from resuelve.knowledge.people import HIDDEN, People
from tests.unit.test_mining_clusters import units

PAST = (
    Incident("1", title="No va", description="La app no abre desde ayer.", requester="Obdulia Fontaner"),
    Incident("2", title="Excel", description="Descargo el Excel y sale vacío.", requester="Leandro Vegallana"),
    Incident("3", title="Excel", description="Abro el Excel de recibos y falta uno.", requester="Berta Canales"),
    Incident("4", title="Excel", description="Bajo el Excel y nada.", requester="Ciro Mansilla"),
    Incident(
        "5",
        description="la autorización no llega",
        requester="Daría Peralta",
        history=(HistoryEntry(author="Iker Robledal (Soporte)"),),
    ),
)
PEOPLE = People(PAST, ["Tarjeta sanitaria en la app", "Soporte"])


def test_what_stands_in_every_cluster_names_none() -> None:
    excel = ["El Excel de recibos sale con diez líneas", "exportar recibos a excel, faltan líneas"]
    card = ["La tarjeta sanitaria no llega con los recibos", "tarjeta sanitaria perdida, recibos"]
    first, second = telling_words([excel, card], ["los recibos no llegan"], count=2)
    assert set(first) == {"excel", "líneas"}
    assert set(second) == {"tarjeta", "sanitaria"}


def test_words_are_given_as_they_stand_most_often() -> None:
    texts = ["autorización caducada", "Autorización caducada", "autorizaciones caducadas"]
    assert set(telling_words([texts])[0]) == {"autorización", "caducada"}


def test_abbreviations_stay_in_capitals_and_numbers_are_no_words() -> None:
    assert telling_words([["el PDF 503 no abre", "PDF vacío 503"]])[0][0] == "PDF"
    assert all(not word.isdigit() for word in telling_words([["12345678 999", "12345678"]])[0])


@given(st.lists(st.lists(st.text(max_size=40), max_size=4), max_size=5))
def test_any_texts_can_be_named(clusters: list[list[str]]) -> None:
    named = telling_words(clusters)
    assert len(named) == len(clusters)
    assert all(len(words) <= 4 for words in named)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("El traumatólogo Dr. Silvano Peñafalsa ya no pasa consulta.", "El traumatólogo Dr. … ya no pasa consulta."),
        ("Silvano Peñafalsa ya no pasa consulta", "… ya no pasa consulta"),
        ("Hablé con Berta Canales de la tarjeta", "Hablé con … de la tarjeta"),
        ("Baja de Silvano de la Peña", "Baja de …"),
        ("me llamo Nicanor y la app no abre", "me llamo … y la app no abre"),
        ("Me atendió iker robledal", "Me atendió iker robledal"),  # in small letters only one's own name is known
        ("El Excel sale vacío", "El Excel sale vacío"),  # several people wrote it: a product
        ("El fichero PDF del IBAN", "El fichero PDF del IBAN"),
        ("No abre. La Tarjeta tampoco", "No abre. La Tarjeta tampoco"),  # a word of the dictionary
        ("I need it in English by March", "I need it in English by March"),
        ("NO ME ABRE LA PAGINA DE BERTA CANALES", "NO ME ABRE LA PAGINA DE …"),
        ("", ""),
    ],
)
def test_names_of_people_are_hidden(text: str, shown: str) -> None:
    assert PEOPLE.hide(text) == shown


def test_ones_own_name_goes_in_any_spelling() -> None:
    assert PEOPLE.hide("soy nicanor olmedo, la app no abre", "Nicanor Olmedo") == "soy …, la app no abre"


@given(st.text(max_size=200), st.text(max_size=30))
def test_any_text_can_be_shown(text: str, requester: str) -> None:
    shown = PEOPLE.hide(text, requester)
    assert len(shown) <= len(text) or HIDDEN in shown
    shown_text(text, PEOPLE, requester)


def test_an_answer_is_shown_without_identifiers() -> None:
    text = (
        "Buenos días, Obdulia. Escriba a obdulia.fontaner@example.com o al 612 345 678 con su NIF 99999999R. Un saludo"
    )
    shown = shown_text(text, PEOPLE, "Obdulia Fontaner")
    assert "@" not in shown
    assert "99999999R" not in shown
    assert "678" not in shown
    assert "Obdulia" not in shown


def test_answers_bring_together_what_was_asked_in_other_words() -> None:
    asked = units(3, 4, 64)
    answers = ["Se pide el duplicado al banco emisor", "El banco emisor manda un duplicado", "Reiniciada la línea", ""]
    vectors = with_answers(asked, answers)
    likeness = vectors @ vectors.T - 0.6 * (asked @ asked.T)
    assert likeness[0, 1] > 0.1 > abs(likeness[0, 2])
    assert abs(likeness[0, 3]) < 1e-5
    assert (vectors**2).sum(axis=1).max() <= 1 + 1e-5


def test_an_answer_that_says_little_counts_for_little() -> None:
    asked = units(3, 3, 64)
    little, much = with_answers(asked, ["ok", "ok", "x"]), with_answers(asked, ["Se borra la caché"] * 2 + ["x"])
    assert (little[0] @ little[1]) < (much[0] @ much[1])
