"""Texts of many tickets lose what says who, and keep what they say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.knowledge.anonymous import Anonymous, small_words_of, words_of

OBDULIA = "Obdulia Fontaner"
DICTIONARY = frozenset(words_of("El portal de clientes no abre. Recibo de la luz."))


def knowing(*tickets: tuple[str, str, str], vocabulary: frozenset[str] = DICTIONARY) -> Anonymous:
    """Code, who wrote, and what."""
    anonymous = Anonymous(vocabulary)
    for code, who, text in tickets:
        anonymous.learn(code, [who], [text])
    return anonymous


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Soy Obdulia Fontaner.", "Soy Fulano Mengano."),
        ("FIRMADO: OBDULIA FONTANER", "FIRMADO: Fulano Mengano"),
        ("obdulia no puede entrar", "Fulano no puede entrar"),  # a shouting ticket is searched for in small letters
        ("Fontáner, Obdulia", "Mengano, Fulano"),
        ("Fontanería", "Fontanería"),
        ("El NIF es 99999919J.", "El NIF es 12345678Z."),
        ("Da error 500 y sale ERR-4711.", "Da error 500 y sale ERR-4711."),
        ("", ""),
    ],
)
def test_who_wrote_it_becomes_nobody(text: str, left: str) -> None:
    anonymous = knowing(("INC1", OBDULIA, text))
    assert anonymous.text(text, "INC1", [OBDULIA]) == left


def test_who_wrote_elsewhere_becomes_nobody_too() -> None:
    anonymous = knowing(("INC1", OBDULIA, "Hola"), ("INC2", "Ana Ruiz", "Llamó Obdulia"))
    assert (
        anonymous.text("Llamó Obdulia, la obdulia del bar", "INC2", ["Ana Ruiz"]) == "Llamó Fulano, la obdulia del bar"
    )


def test_a_word_of_the_dictionary_goes_with_the_whole_name_only() -> None:
    anonymous = knowing(("INC1", "Luz Paz", "Recibo de la luz"), ("INC2", "Portal de clientes", "El Portal no abre"))
    text = "La luz de Luz Paz, dice Luz"
    assert anonymous.text(text, "INC1", ["Luz Paz"]) == "La luz de Fulano Mengano, dice Fulano"
    assert anonymous.text(text, "INC3", ["Eva Sol"]) == "La luz de Fulano Mengano, dice Luz"
    assert anonymous.text("El Portal de clientes", "INC2", ["Portal de clientes"]) == "El Portal de clientes"


def test_how_often_a_name_is_written_small_says_nothing() -> None:
    """Neither by its owner, in two tickets of their own, nor by others, to somebody who wrote elsewhere."""
    juan = "Juan Pérez Gómez"
    anonymous = knowing(
        ("INC1", juan, "soy juan pérez, nada"),
        ("INC2", juan, "soy juan pérez, otra vez"),
        ("INC3", "Ana Ruiz", "gracias carlos"),
        ("INC4", "Eva Sol", "gracias carlos"),
        ("INC5", "Carlos Vega", "Hola"),
    )
    for code in ("INC1", "INC2"):
        assert anonymous.text("soy juan pérez, nada", code, [juan]) == "soy Fulano Mengano, nada"
    assert anonymous.text("Carlos no contesta", "INC3", ["Ana Ruiz"]) == "Fulano no contesta"
    assert anonymous.text("gracias carlos, gracias carlos vega", "INC5", ["Carlos Vega"]) == (
        "gracias Fulano, gracias Fulano Mengano"
    )


@pytest.mark.parametrize("said", ["juan pérez", "perez gomez", "juan gómez", "gómez, juan", "juan.perez", "juan_gomez"])
def test_two_parts_of_a_name_are_a_name_wherever_they_stand(said: str) -> None:
    anonymous = knowing(("INC1", "Juan Pérez Gómez", "Hola"))
    left = anonymous.text(f"lo dijo {said} ayer", "INC2", ["Ana Ruiz"])
    assert not {"juan", "perez", "gomez"} & {*words_of(left)}


def test_words_that_the_dictionary_writes_as_names_are_none_of_its_words() -> None:
    assert small_words_of("Avise a Carlos del Recibo, o al recibo") == ("a", "del", "o", "al", "recibo")


def test_an_identifier_of_a_ticket_goes_also_where_it_is_not_recognised() -> None:
    anonymous = knowing(("INC1", OBDULIA, "Es el 99999919J"))
    assert anonymous.text("NIF99999919Jx", "INC1") == "NIF12345678Zx"
    assert anonymous.text("NIF99999919Jx", "INC2") == "NIF99999919Jx"


def test_a_value_keeps_its_form() -> None:
    anonymous = knowing(("INC1", OBDULIA, "Hola"))
    value = {"text": ["Soy Obdulia", 3, None, True, 0.5], "state": "Obdulia", "Obdulia.pdf": {"x": "99999919J"}}
    assert anonymous.value(value, "INC1", [OBDULIA], ours={"state"}) == {
        "text": ["Soy Fulano", 3, None, True, 0.5],
        "state": "Obdulia",
        "Obdulia.pdf": {"x": "12345678Z"},
    }


def test_where_texts_stand_is_kept_but_for_the_names_of_files() -> None:
    anonymous = knowing(("INC1", "Detail Fontaner", "Hola"))
    value = {"texts": {"history[0].detail": "a", "title · Fontaner.pdf · page 1": "b"}, "Fontaner": {"Fontaner": "c"}}
    assert anonymous.value(value, "INC1", ["Detail Fontaner"], named_by_others={"texts"}) == {
        "texts": {"history[0].detail": "a", "title · Mengano.pdf · page 1": "b"},
        "Fontaner": {"Fontaner": "c"},
    }


def test_an_identifier_in_the_name_of_a_file_goes_from_all_texts() -> None:
    value = {"texts": {"title · 99999919J.pdf": "Es NIF99999919Jx"}}
    assert knowing().value(value, "INC1", [], named_by_others={"texts"}) == {
        "texts": {"title · 12345678Z.pdf": "Es NIF12345678Zx"}
    }


def test_who_wrote_becomes_nobody_also_where_the_ticket_was_not_learned() -> None:
    value = ["Soy Obdulia Fontaner, 99999919J"]
    assert knowing().value(value, "INC1", [OBDULIA]) == ["Soy Fulano Mengano, 12345678Z"]


def test_two_fields_that_told_no_more_than_who_stay_two() -> None:
    anonymous = knowing(("INC1", OBDULIA, "Hola"), ("INC2", "Obdula Fontan", "Hola"))
    value = {"texts": {"title · Obdulia.pdf": "a", "title · Obdula.pdf": "b", "title · Fulano.pdf": "c"}}
    left = anonymous.value(value, "INC1", [OBDULIA], named_by_others={"texts"})["texts"]
    assert [*left.values()] == ["a", "b", "c"]


NAMES = st.lists(
    st.sampled_from(["Obdulia", "Fontaner", "Núñez", "Aro", "Quilate"]), min_size=2, max_size=4, unique=True
)
TEXTS = st.text(st.sampled_from("ab ñ.\n,¿-_7\u0301\x00"), max_size=30)


@given(NAMES, TEXTS, TEXTS, st.booleans())
def test_no_part_of_a_name_is_left(parts: list[str], before: str, after: str, loud: bool) -> None:
    name = " ".join(parts)
    text = f"{before} {name.upper() if loud else name} {after}"
    left = knowing(("INC1", name, text)).text(text, "INC1", [name])
    assert not set(words_of(name)) & set(words_of(left))


@given(st.text(max_size=80))
def test_what_holds_nobody_stays(text: str) -> None:
    plain = "".join(sign for sign in text if not sign.isdigit() and sign not in "@:/.-+")
    assert words_of(knowing(("INC1", OBDULIA, plain)).text(plain, "INC1")) == words_of(plain)
