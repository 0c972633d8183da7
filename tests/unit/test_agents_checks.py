"""What is wrong with an IBAN, a NIF, a NIE or a CIF, in words for the person who reads the ticket."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.es import iban as spanish_iban
from stdnum.es import nif

from resuelve.agents import AgentRequest
from resuelve.agents.checks import IbanCheck, TaxNumberCheck, iban_fault, tax_number_fault
from resuelve.domain.decision import AgentAnswer, Close, HandOff, Hold
from resuelve.domain.identifier import Identifier, IdentifierKind

RIGHT = "ES9700000431150007702913"
IBAN, NIF, CIF = IdentifierKind.IBAN, IdentifierKind.NIF, IdentifierKind.CIF
MASHED = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", max_size=34)


def found(kind: IdentifierKind, raw: str, value: str = "") -> Identifier:
    return Identifier(kind, value or "".join(c for c in raw.upper() if c.isalnum()), raw, "description", 0, len(raw))


def iban(*identifiers: Identifier, language: str = "es") -> AgentAnswer:
    return IbanCheck().answer(AgentRequest("comprobarIban", "INC1", identifiers, language))


def tax(*identifiers: Identifier, language: str = "es") -> AgentAnswer:
    return TaxNumberCheck().answer(AgentRequest("comprobarCIF", "INC1", identifiers, language))


def fault(result: tuple[str, dict[str, object]] | None) -> str:
    return result[0].rpartition(".")[2] if result else ""


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (RIGHT, ""),
        ("GB82WEST12345698765432", ""),
        ("ES10999903000100005532", "too_short"),
        ("ES9700000431150007702913X", "too_long"),
        ("ZZ9700000431150007702913", "country"),
        ("97ES00000431150007702913", "country"),
        ("", "country"),
        ("E", "country"),
        ("ES97000004311500077O2913", "characters"),
        ("ESA700000431150007702913", "characters"),
        ("ES9800000431150007702913", "check_digits"),
        ("ES9700000431150007702914", "both"),
        ("GB83WEST12345698765432", "check_digits"),
    ],
)
def test_why_an_iban_is_wrong(number: str, expected: str) -> None:
    assert fault(iban_fault(number)) == expected


def test_an_account_s_own_check_digits() -> None:
    # Right by ISO 7064, wrong by the rule of the Spanish account code (here the digits are 16 in the right one).
    assert fault(iban_fault("ES1512341234171234567890")) == "account"
    # A Belgian account has its own rule too.
    assert fault(iban_fault("BE41435411161156")) in ("account", "check_digits")


@given(MASHED | MASHED.map(lambda text: "ES" + text) | st.from_regex(r"ES\d{22}", fullmatch=True))
def test_a_spanish_iban_is_right_when_stdnum_says_so(number: str) -> None:
    if number.startswith("ES"):
        assert (iban_fault(number) is None) == spanish_iban.is_valid(number)
    else:
        iban_fault(number)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("99999901H", ""),
        ("X9999903D", ""),
        ("M1234567L", ""),
        ("J99216582", ""),
        ("99999901J", "letter"),
        ("X9999903X", "letter"),
        ("M1234567A", "letter"),
        ("B99999214", "cif_control"),
        ("99999901", "no_letter"),
        ("9999990H", "too_short"),
        ("1", "too_short"),
        ("", "too_short"),
        ("999999901H", "too_long"),
        ("999999011", "format_nif"),
        ("9999A901H", "format_nif"),
        ("X999990Z3", "format_nie"),
        ("K999A903D", "format_klm"),
        ("A99A99214", "format_cif"),
        ("A9999921Ñ", "cif_control"),
        ("I99999214", "first_letter"),
        ("O99999214", "first_letter"),
        ("1234567L", "leading_zero"),
    ],
)
def test_why_a_tax_number_is_wrong(number: str, expected: str) -> None:
    assert fault(tax_number_fault(number)) == expected


@given(MASHED | st.from_regex(r"\d{8}[A-Z]|[A-Z]\d{7}[0-9A-Z]", fullmatch=True))
def test_a_tax_number_is_right_when_stdnum_says_so(number: str) -> None:
    assert (tax_number_fault(number) is None) == (len(number) == 9 and nif.is_valid(number))


def test_the_answer_to_a_wrong_iban() -> None:
    answer = iban(found(IBAN, "ES66 9999 0001 4600 0000 030"))
    assert isinstance(answer, Close)
    assert "terminado en 0030 " in answer.text
    assert "tienen 24 caracteres y este tiene 23, así que faltan 1" in answer.text
    assert "ES669999" not in answer.text.replace(" ", "")


def test_words_after_an_iban_are_no_part_of_it() -> None:
    answer = iban(found(IBAN, "ES109999030001000055320 y"))
    assert isinstance(answer, Close)
    assert "este tiene 23" in answer.text
    assert "5320" in answer.text


def test_right_numbers_are_for_a_person() -> None:
    assert iban(found(IBAN, RIGHT)) == HandOff("El IBAN es correcto: el fallo está en otra parte")
    assert isinstance(tax(found(NIF, "99999915-D", "99999915D")), HandOff)


def test_none_is_asked_for() -> None:
    assert isinstance(iban(found(NIF, "99999901H")), Hold)
    assert isinstance(tax(found(IBAN, RIGHT)), Hold)


def test_several_wrong_ones_are_all_explained() -> None:
    answer = tax(found(CIF, "B-99999214", "B99999214"), found(NIF, "99999901J"))
    assert isinstance(answer, Close)
    assert "CIF terminado en 9214" in answer.text
    assert "NIF terminado en 901J" in answer.text
    assert answer.text.count("\n") == 2


def test_a_right_one_beside_a_wrong_one_is_for_a_person() -> None:
    """The clinic's number is right and the patient's is not: which of them does the form refuse?"""
    assert isinstance(tax(found(NIF, "99999914P"), found(CIF, "B-99999214", "B99999214")), HandOff)
    assert isinstance(iban(found(IBAN, RIGHT), found(IBAN, "ES66 9999 0001 4600 0000 030")), HandOff)


def test_the_right_letter_is_not_given_away() -> None:
    for language in ("es", "en"):
        answer = tax(found(NIF, "99999901J"), language=language)
        assert isinstance(answer, Close)
        assert "901H" not in answer.text
        assert "99999901" not in answer.text
        assert " H" not in answer.text


def test_a_nif_without_its_leading_zero() -> None:
    answer = tax(found(NIF, "1234567-L", "01234567L"))
    assert isinstance(answer, Close)
    assert "ceros a la izquierda" in answer.text


def test_a_vat_number_s_prefix_does_not_count() -> None:
    assert isinstance(tax(found(CIF, "ESJ99216582", "J99216582")), HandOff)


def test_in_english() -> None:
    answer = iban(found(IBAN, "ES98 0000 0431 1500 0770 2913"), language="en")
    assert isinstance(answer, Close)
    assert answer.text.startswith("We have checked the IBAN ending in 2913 and it is not right: the two check digits")


def test_of_a_short_number_less_than_half_is_shown() -> None:
    answer = iban(found(IBAN, "ES9712"))
    assert isinstance(answer, Close)
    assert "terminado en 712 " in answer.text
