"""Identifiers, with their place, and placeholders, which are none."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.identifier import Identifier, IdentifierKind
from resuelve.domain.incident import HistoryEntry, Incident
from resuelve.resolution.identify import has_placeholder, identify, identify_text, placeholders
from resuelve.resolution.read import LONGEST_TEXT, read

K = IdentifierKind
IBAN = "ES91 2100 0418 4502 0005 1332"


def found(text: str) -> list[tuple[str, str]]:
    return [(one.kind.value, one.value) for one in identify_text(text, "description")]


def one(text: str) -> Identifier:
    (only,) = identify_text(text, "description")
    return only


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Póliza: 666000001-56447147-0.", K.POLICY, "666000001-56447147-0"),
        ("la 666000001-56447147-0 no sale", K.POLICY, "666000001-56447147-0"),
        ("mi póliza es 666000001-56447147-0", K.POLICY, "666000001-56447147-0"),
        ("MI POLIZA ES 666000001-56447147-0", K.POLICY, "666000001-56447147-0"),
        ("ba 666000001-56447147-0", K.POLICY, "666000001-56447147-0"),
        ("POL001-FX-PROVISION", K.POLICY, "POL001-FX-PROVISION"),
        ("Nº póliza: 12345678", K.POLICY, "12345678"),
        ("la póliza con nº 12345678", K.POLICY, "12345678"),
        ("póliza número 5544332", K.POLICY, "5544332"),
        ("PO: ab-12345", K.POLICY, "AB-12345"),
        ("my policy number is AB123456", K.POLICY, "AB123456"),
        ("póliza 612345678", K.POLICY, "612345678"),
        ("DNI 12345678Z", K.NIF, "12345678Z"),
        ("dni 12.345.678-z", K.NIF, "12345678Z"),
        ("NIF 1234567L", K.NIF, "01234567L"),
        ("póliza 12345678Z", K.NIF, "12345678Z"),
        ("NIE: X-1234567-L", K.NIE, "X1234567L"),
        ("CIF B12345674", K.CIF, "B12345674"),
        (f"cuenta {IBAN}", K.IBAN, "ES9121000418450200051332"),
        ("es91-2100-0418-4502-0005-1332", K.IBAN, "ES9121000418450200051332"),
        ("es 91 2100 0418 4502 0005 1332", K.IBAN, "ES9121000418450200051332"),
        ("GB29 NWBK 6016 1331 9268 19", K.IBAN, "GB29NWBK60161331926819"),
        ("MT84 MALT 0110 0001 2345 MTLC AST0 01S", K.IBAN, "MT84MALT011000012345MTLCAST001S"),
        ("escriba a Juan.Perez@Correo.ES.", K.EMAIL, "juan.perez@correo.es"),
        ("llame al (612 34 56 78)", K.PHONE, "+34612345678"),
        ("+34 912 345 678", K.PHONE, "+34912345678"),
        ("véase https://a.es/x?p=12345678Z.", K.URL, "https://a.es/x?p=12345678Z"),
        ("sale ORA-00942 al guardar", K.ERROR_CODE, "ORA-00942"),
        ("HTTP 500", K.ERROR_CODE, "500"),
        ("código de error: 1234", K.ERROR_CODE, "1234"),
        ("NullPointerException", K.ERROR_CODE, "NullPointerException"),
    ],
)
def test_kinds(text: str, kind: IdentifierKind, value: str) -> None:
    identifier = one(text)
    assert (identifier.kind, identifier.value) == (kind, value)
    assert identifier.valid, identifier.problem
    assert text[identifier.start : identifier.end] == identifier.raw


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("12345678A", K.NIF),
        ("X1234567A", K.NIE),
        ("B12345670", K.CIF),
        ("ES91 2100 0418 4502 0005 1333", K.IBAN),
        ("ES91 21OO 0418 4502 0005 1332", K.IBAN),
    ],
)
def test_a_number_that_fails_its_check_is_kept_and_marked(text: str, kind: IdentifierKind) -> None:
    identifier = one(f"me dice que {text} no vale")
    assert (identifier.kind, identifier.raw) == (kind, text)
    assert not identifier.valid
    assert identifier.problem


@pytest.mark.parametrize(
    "text",
    [
        "MOCK_NIF",
        "NIF: MOCK_NIF_1, póliza: MOCK_POLIZA",
        "Póliza: XXXX",
        "póliza xxxxx1234",
        "00000000T",
        "póliza número 00000000",
        "tel. ********12",
        "póliza 31/12/2024",
        "póliza de 2024",
        "la póliza de 12 345 678 901 euros",
        "son 3 de 12 345 678 901 casos",
        "recibo 2023-456-789",
        "",
    ],
)
def test_what_is_no_identifier(text: str) -> None:
    assert found(text) == []


def test_placeholders_have_their_place_and_make_a_text_unusable() -> None:
    assert [tuple(span) for span in placeholders("NIF MOCK_NIF y XXXX")] == [(4, 12), (15, 19)]
    assert has_placeholder("Su póliza XXXX está activa")
    assert has_placeholder("Estimado MOCK_NOMBRE")
    assert not has_placeholder("Su póliza está activa desde el 00000")


@pytest.mark.parametrize(
    ("text", "raw", "valid"),
    [
        ("IBAN ES91 2100 0418 4502 0005 13 y al darle a guardar", "ES91 2100 0418 4502 0005 13", False),
        ("IBAN ES91 2100 0418 4502 0005 1320 y al", "ES91 2100 0418 4502 0005 1320", False),
        ("IBAN ES91 2100 0418 4502 0005 13 AL GUARDAR", "ES91 2100 0418 4502 0005 13", False),
        ("AD48 0001 2030 2003 5910 01 gracias", "AD48 0001 2030 2003 5910 01", False),
        (f"{IBAN} y al darle", IBAN, True),
        (f"{IBAN}99 y", f"{IBAN}99", False),
        ("IBAN: ES 91 2100 0418 4502 0005 13", "ES 91 2100 0418 4502 0005 13", False),
    ],
)
def test_an_iban_does_not_swallow_the_words_behind_it(text: str, raw: str, valid: bool) -> None:
    identifier = one(text)
    assert (identifier.kind, identifier.raw, identifier.valid) == (K.IBAN, raw, valid)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "NIF 12345678Z y 87654321X, póliza 1234567 y llame al 612345678",
            [("nif", "12345678Z"), ("nif", "87654321X"), ("policy", "1234567"), ("phone", "+34612345678")],
        ),
        (
            "pólizas 123456789, 987654321 y la 555444333.",
            [("policy", v) for v in ("123456789", "987654321", "555444333")],
        ),
        ("póliza 123456789 y 12345678Z", [("policy", "123456789"), ("nif", "12345678Z")]),
        ("póliza 12345678 o 3 veces", [("policy", "12345678")]),
        ("tel 900 100 200, póliza 900100200", [("phone", "+34900100200"), ("policy", "900100200")]),
        ("a@b.es, c@d.es", [("email", "a@b.es"), ("email", "c@d.es")]),
    ],
)
def test_several(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


def test_every_part_of_a_ticket_is_searched() -> None:
    incident = Incident("INC1", title="12345678Z", description="nada", history=(HistoryEntry(detail="póliza 1234567"),))
    identifiers = identify(read(incident, label="[SPAI]"))
    assert [(i.source, i.value) for i in identifiers] == [("title", "12345678Z"), ("history[0].detail", "1234567")]


prose = st.text(alphabet=st.sampled_from("abc ñ.,;:\n()«»"), max_size=40).map(lambda text: f"{text} ")
known = st.sampled_from(
    [
        ("nif", "12345678Z"),
        ("nie", "X1234567L"),
        ("cif", "B12345674"),
        ("iban", IBAN),
        ("policy", "666000001-56447147-0"),
        ("policy", "POL001-FX-PROVISION"),
        ("email", "ana@correo.es"),
        ("url", "https://a.es/b"),
        ("error_code", "ORA-00942"),
    ]
)


@given(prose, st.lists(st.tuples(known, prose), max_size=4))
def test_offsets_are_exact_whatever_stands_around(before: str, pieces: list[tuple[tuple[str, str], str]]) -> None:
    text = before + "".join(f"{raw} {after}" for (_, raw), after in pieces)
    identifiers = list(identify_text(text, "title"))
    for identifier in identifiers:
        assert text[identifier.start : identifier.end] == identifier.raw
        assert identifier.source == "title"
    assert [(i.kind.value, i.raw) for i in identifiers] == [piece for piece, _ in pieces]


telling = st.sampled_from("0123456789ABXYZKES-. /:@+()#º \nxX*_") | st.characters()
pieces = st.sampled_from(
    ["póliza ", "ES91", "MOCK_", "+34 ", "error ", "http://", "@a.es", "12345678", "XXXX", "IBAN "]
)


@given(st.lists(pieces | st.text(alphabet=telling, max_size=12), max_size=12).map("".join))
def test_any_text_gives_spans_that_do_not_overlap(text: str) -> None:
    identifiers = list(identify_text(text, "title"))
    for identifier in identifiers:
        assert text[identifier.start : identifier.end] == identifier.raw != ""
    for left, right in pairwise(identifiers):
        assert left.end <= right.start
    for start, end in placeholders(text):
        assert all(i.end <= start or i.start >= end for i in identifiers)


@pytest.mark.parametrize(
    "unit",
    [
        "A-A-A-",
        "1 1 1 ",
        "Nº póliza: ",
        "1/",
        "ES12 ",
        "ES 12 ",
        "a@",
        "a.",
        "12.345.678",
        "X*",
        "póliza 1-",
        "A1-",
        "(",
        "\n",
    ],
)
def test_hostile_texts_are_read_to_their_limit(unit: str) -> None:
    text = unit * (3 * LONGEST_TEXT // len(unit))
    assert all(identifier.end <= LONGEST_TEXT for identifier in identify_text(text, "description"))


def test_the_evaluation_vectors(shared_data: Path) -> None:
    lines = (shared_data / "identifiers-es" / "vectors.jsonl").read_text(encoding="utf-8").splitlines()
    wrong = []
    for line in lines:
        vector = json.loads(line)
        seen = identify_text(f"Dato: {vector['value']} gracias", "description")
        right = any(i.valid and i.kind == vector["kind"] and i.raw == vector["value"] for i in seen)
        if right != vector["valid"]:
            wrong.append(vector["value"])
    # python-stdnum knows a check digit of Belgian accounts that the source of this vector does not.
    assert wrong == ["BE68539007547034"]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("llame al 611 222 333 611 222 334", ["611 222 333", "611 222 334"]),
        ("912 34 56 78-912 34 56 79 (tardes)", ["912 34 56 78", "912 34 56 79"]),
        ("611 222 333 777888999", ["611 222 333"]),
        ("611 222 333 678 901", []),
        ("1 611 222 333 611 222 334", []),
        ("611 222 333 611 222 334 5", []),
    ],
)
def test_telephone_numbers_in_a_row(text: str, numbers: list[str]) -> None:
    assert [one.raw for one in identify_text(text, "") if one.kind is K.PHONE] == numbers
