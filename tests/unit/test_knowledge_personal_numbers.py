"""Numbers of people that only their check digits, or the word before them, tell."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.es import ccc

from resuelve.knowledge.anonymous import Anonymous
from resuelve.knowledge.personal_numbers import without_personal_numbers

CARD, ACCOUNT, SOCIAL = "5555555555554444", "21000418450200051332", "281234567840"
MAIL, BIRTH, PLATE, PASSPORT = "persona@example.com", "01/01/1970", "0000 BBB", "AAA000000"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Pago con 4111 1111 1111 1111 12/27.", f"Pago con {CARD} 12/27."),
        ("Tarjeta:4111-1111-1111-1111", f"Tarjeta:{CARD}"),
        ("4111111111111111", CARD),
        ("Amex 3782 822463 10005", f"Amex {CARD}"),
        ("Cuenta 2100 0418 45 0200051332, ya", f"Cuenta {ACCOUNT}, ya"),
        ("CCC 1234-1234-16-1234567890", f"CCC {ACCOUNT}"),
        ("12341234161234567890", ACCOUNT),
        ("1234 1234 1612 3456 7890", ACCOUNT),
        ("NAF 28/12345678/40", f"NAF {SOCIAL}"),
        ("es 28 12345678 40 y", f"es {SOCIAL} y"),
        ("n.º de la Seguridad Social: 080000000199", f"n.º de la Seguridad Social: {SOCIAL}"),
        ("Pasaporte n.º PAB123456 caducado", f"Pasaporte n.º {PASSPORT} caducado"),
        ("my passport number is 12AB34567", f"my passport number is {PASSPORT}"),
        ("nacido en Madrid el 3/5/1980", f"nacido en Madrid el {BIRTH}"),
        ("Fecha de nacimiento:\n03-05-80", f"Fecha de nacimiento:\n{BIRTH}"),
        ("nací el 3 de mayo de 1980, creo", f"nací el {BIRTH}, creo"),
        ("F. nac. 1980-05-03", f"F. nac. {BIRTH}"),
        ("born on May 3, 1980", f"born on {BIRTH}"),
        ("date of birth: 3rd of May 1980", f"date of birth: {BIRTH}"),
        ("El coche 1234 BCD", f"El coche {PLATE}"),
        ("matrícula 1234bcd", f"matrícula {PLATE}"),
        ("MATRÍCULA M-1234-AB", f"MATRÍCULA {PLATE}"),
        ("se dio 1234-BCD de alta", f"se dio {PLATE} de alta"),
        ("juan.perez (arroba) gmail.com", MAIL),
        ("a juan.perez arroba gmail punto com, gracias", f"a {MAIL}, gracias"),
        ("juan.perez [at] gmail [dot] com", MAIL),
        ("juan.perez @ gmail.com", MAIL),
    ],
)
def test_what_is_somebodys_becomes_a_sample(text: str, left: str) -> None:
    assert without_personal_numbers(text) == left
    assert without_personal_numbers(left) == left


@pytest.mark.parametrize(
    "text",
    [
        "Pago con 4111 1111 1111 1112",
        "0000 0000 0000 0000",
        "2100 0418 46 0200051332",
        "El IBAN es ES91 2100 0418 4502 0005 1332",
        "ES9121000418450200051332",
        "28/12345678/41",
        "El pasaporte no se lee, error 500",
        "Alta el 3/5/2024",
        "Adjunto el 2024 PDF y el 2023 XML",
        "Sale ERR-1234 y HTTP 500",
        "Se cortó a las 10:15 del 12/05/2024",
        "look at example.com",
        "Va a la página de inicio @ las diez",
        "",
    ],
)
def test_what_is_nobodys_stays(text: str) -> None:
    assert without_personal_numbers(text) == text


@given(st.integers(1, 10**8 - 1), st.integers(0, 10**10 - 1))
def test_every_account_is_told(bank: int, number: int) -> None:
    whole = f"{bank:08}00{number:010}"
    check = ccc.calc_check_digits(whole)
    assert without_personal_numbers(f"{whole[:4]} {whole[4:8]} {check} {whole[10:]}") == ACCOUNT


def test_long_rows_of_signs_cost_no_more_than_reading_them() -> None:
    begun = process_time()
    for piece in ("1", "1 ", "a.", "nacido ", "pasaporte n n ", "coche ", "a arroba ", "a@ ", "- ", "28/"):
        without_personal_numbers((piece * 20_000)[:20_000])
    assert process_time() - begun < 5


def test_they_go_from_the_texts_of_tickets() -> None:
    anonymous = Anonymous()
    text = "Pago con 4111 1111 1111 1111 desde ES80 2310 0001 1800 0001 2345, nacido el 3/5/1980"
    anonymous.learn("INC1", [], [text])
    assert anonymous.text(text, "INC1") == f"Pago con {CARD} desde ES9121000418450200051332, nacido el {BIRTH}"


@pytest.mark.parametrize(
    "login", ["jperez01", "jperez", "jpgomez", "JPEREZ", "juanperez", "perezj", "juanp_2", "gomez.juan"]
)
def test_logins_made_of_a_name_go(login: str) -> None:
    anonymous = Anonymous()
    anonymous.learn("INC1", ["Juan Pérez Gómez"], ["Hola"])
    left = anonymous.text(f"el usuario {login} no entra", "INC2", ["Ana Ruiz"])
    assert left.startswith(("el usuario Fulano", "el usuario Zutano.Fulano")), left
    assert "gom" not in left.lower()
    assert "per" not in left.lower()


def test_a_word_that_might_be_a_short_login_stays_with_others() -> None:
    anonymous = Anonymous(frozenset({"costales"}))
    for name in ("Carlos Osta", "Clara Ostales"):
        anonymous.learn("INC1", [name], ["Hola"])
    assert anonymous.text("costa, costales", "INC2", ["Ana Ruiz"]) == "costa, costales"
    assert anonymous.text("costa7 costa", "INC1", ["Carlos Osta"]) == "Fulano7 Fulano"
