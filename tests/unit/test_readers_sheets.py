"""Tables: a row is a line that says what its values are."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.comments import Comment
from openpyxl.drawing.image import Image
from openpyxl.styles import Font, PatternFill
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from resuelve.readers import Limits, Obstacle, Passage
from resuelve.readers.formats.scope import Found, Scope
from resuelve.readers.formats.sheets import read
from tests.unit.office_samples import DOCTYPE, packed, parts, png, replaced

SHEET = "xl/worksheets/sheet1.xml"


def inner(name: str, data: bytes) -> Found:
    yield Passage(f"{name} · OCR", f"{len(data)} bytes")


def no_picture(data: bytes) -> Found:
    raise AssertionError("a table has no pages that are pictures")


def said(data: bytes, limits: Limits | None = None) -> list[tuple[str, str]]:
    where = Scope(limits or Limits(), 0, inner, no_picture)
    return [
        (one.place, one.text if isinstance(one, Passage) else f"{one.reason.value} {one.detail}".strip())
        for one in read(data, where)
    ]


def book(fill: Callable[[Worksheet], object], more: Callable[[Workbook], object] = lambda workbook: None) -> bytes:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.title = "Pólizas"
    fill(sheet)
    more(workbook)
    written = io.BytesIO()
    workbook.save(written)
    return written.getvalue()


def day(year: int, month: int, number: int, hour: int = 0, minute: int = 0) -> datetime:
    """A time without a zone, as sheets have them."""
    return datetime(year, month, number, hour, minute, tzinfo=UTC).replace(tzinfo=None)


def rows(*all_rows: Sequence[object]) -> Callable[[Worksheet], None]:
    def fill(sheet: Worksheet) -> None:
        for row in all_rows:
            sheet.append(row)

    return fill


def test_values_come_with_the_names_of_their_columns() -> None:
    data = book(
        rows(["Póliza", "Efecto", "Prima", "Activa"], ["555-01", day(2026, 3, 1), 120.5, True], [None, None, 3])
    )
    assert said(data) == [
        (
            "Pólizas",
            "Póliza | Efecto | Prima | Activa\n"
            "Póliza: 555-01; Efecto: 2026-03-01; Prima: 120.5; Activa: TRUE\nPrima: 3",
        )
    ]


def test_a_title_above_the_names_is_kept_and_a_table_without_names_too() -> None:
    titled = book(rows(["Errores de marzo"], ["Código", "Veces"], ["E-4410", 3]))
    assert said(titled) == [("Pólizas", "Errores de marzo\nCódigo | Veces\nCódigo: E-4410; Veces: 3")]
    assert said(book(rows([1, 2], [3, 4]))) == [("Pólizas", "1 | 2\n3 | 4")]


def test_numbers_keep_their_digits_and_times_are_times() -> None:
    data = book(rows([12345678901, 0.1 + 0.2, day(2026, 3, 1, 9, 30)]))
    assert said(data) == [("Pólizas", "12345678901 | 0.3 | 2026-03-01 09:30")]


def test_values_are_read_and_formulas_are_not() -> None:
    data = book(rows(["=1+1", "x"]))
    assert said(data) == [("Pólizas", "x")]
    computed = replaced(data, SHEET, b"<f>1+1</f><v></v>", b"<f>1+1</f><v>2</v>")
    assert said(computed) == [("Pólizas", "2 | x")]


def hidden_row(sheet: Worksheet) -> None:
    sheet.row_dimensions[2].hidden = True


def hidden_column(sheet: Worksheet) -> None:
    sheet["B2"], sheet["A2"] = sheet["A2"].value, None
    sheet.column_dimensions["B"].hidden = True


def white(sheet: Worksheet) -> None:
    sheet["A2"].font = Font(color="FFFFFFFF")


def shown_as_nothing(sheet: Worksheet) -> None:
    sheet["A2"].number_format = ";;;"


@pytest.mark.parametrize("hide", [hidden_row, hidden_column, white, shown_as_nothing])
def test_what_nobody_sees_is_told_and_not_read(hide: Callable[[Worksheet], None]) -> None:
    def fill(sheet: Worksheet) -> None:
        rows(["Se ve"], ["No se ve"])(sheet)
        hide(sheet)

    assert said(book(fill)) == [("Pólizas", "Se ve"), ("Pólizas", "hidden 6")]


def test_a_hidden_sheet_is_told_and_white_on_blue_is_read() -> None:
    def fill(sheet: Worksheet) -> None:
        sheet.append(["Cabecera"])
        sheet["A1"].font = Font(color="FFFFFFFF")
        sheet["A1"].fill = PatternFill("solid", fgColor="FF1F3864")

    def more(workbook: Workbook) -> None:
        other = workbook.create_sheet("Oculta")
        other.append(["secreto"])
        other.sheet_state = "veryHidden"

    assert said(book(fill, more)) == [("Pólizas", "Cabecera"), ("Oculta", "hidden 7")]


def test_comments_and_pictures_of_a_sheet_are_read() -> None:
    def fill(sheet: Worksheet) -> None:
        sheet["A1"] = "Dato"
        sheet["A1"].comment = Comment("No cuadra", "Nadie")
        sheet.add_image(Image(io.BytesIO(png())), "C3")

    told = said(book(fill))
    assert told[0] == ("Pólizas", "Dato")
    assert ("Pólizas · comments", "No cuadra") in told
    assert "image1.png · OCR" in dict(told)


def test_more_sheets_and_more_text_than_allowed_are_told() -> None:
    data = book(rows(["a"]), lambda workbook: [workbook.create_sheet(f"H{n}").append(["b"]) for n in range(5)])
    assert said(data, replace(Limits(), pages=2)) == [("Pólizas", "a"), ("H0", "b"), ("", "too_many_pages 6")]
    long = book(rows(*(["palabra " * 10] for _ in range(100))))
    told = said(long, replace(Limits(), characters=500))
    assert len(told[0][1]) <= 510
    assert told[1:] == [("Pólizas", "too_long 500")]


def shared(data: bytes, strings: bytes, doctype: bytes = b"") -> bytes:
    """The workbook with its one text kept as Excel keeps it, in a part of its own."""
    content = parts(data)
    content[SHEET] = content[SHEET].replace(b't="inlineStr"><is><t>hola</t></is>', b't="s"><v>0</v>')
    rels = "xl/_rels/workbook.xml.rels"
    office = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    more = b'<Relationship Type="%s/sharedStrings" Target="sharedStrings.xml" Id="rId99"/></Relationships>' % office
    content[rels] = content[rels].replace(b"</Relationships>", more)
    main = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    content["xl/sharedStrings.xml"] = doctype + b'<sst xmlns="%s">%s</sst>' % (main, strings)
    return packed(content)


def test_shared_strings_are_read_with_all_their_runs_and_not_as_they_are_spoken() -> None:
    runs = b"<si><r><t>ho</t></r><r><t>la</t></r><rPh><t>OLA</t></rPh></si>"
    assert said(shared(book(rows(["hola"])), runs)) == [("Pólizas", "hola")]


def test_entities_of_strings_expand_to_nothing() -> None:
    doctype = DOCTYPE.replace(b"<!DOCTYPE x", b"<!DOCTYPE sst")
    data = shared(book(rows(["hola"], ["fin"])), b"<si><t>&l9;&secret;</t></si>", doctype)
    told = said(data)
    assert ("Pólizas", "fin") in told
    assert "lol" not in str(told)


@pytest.mark.parametrize(
    ("part", "root"), [(SHEET, b"worksheet"), ("xl/workbook.xml", b"workbook"), ("xl/styles.xml", b"styleSheet")]
)
def test_entities_of_other_parts_expand_to_nothing(part: str, root: bytes) -> None:
    content = parts(book(rows(["hola"], [3])))
    start = content[part].index(b"<" + root)
    body = content[part][start:].replace(b"<v>3</v>", b"<v>&l9;&secret;</v>")
    content[part] = DOCTYPE.replace(b"<!DOCTYPE x", b"<!DOCTYPE " + root) + body
    told = said(packed(content))
    assert told[0][1].startswith("hola")
    assert "lol" not in str(told)


def test_a_workbook_may_not_expand_beyond_the_limit() -> None:
    content = parts(book(rows(["hola"])))
    content["xl/media/bomb.bin"] = bytes(5_000_000)
    assert said(packed(content), replace(Limits(), expanded=4_000_000)) == [("", "expands")]


def test_rows_before_the_break_are_kept() -> None:
    content = parts(book(rows(*([f"fila {n}"] for n in range(5)))))
    content[SHEET] = content[SHEET][: content[SHEET].index(b'<row r="4"')]
    assert said(packed(content)) == [("Pólizas", "fila 0\nfila 1\nfila 2"), ("Pólizas", "damaged")]


CSV = 'Código;Descripción;Importe\nE-4410;No emite, «recibo»;12,50\nE-4411;"dos\nlíneas; y más";0\n'
AS_TEXT = (
    "Código | Descripción | Importe\nCódigo: E-4410; Descripción: No emite, «recibo»; Importe: 12,50\n"
    "Código: E-4411; Descripción: dos líneas; y más; Importe: 0"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_csv_is_read_in_any_of_the_usual_encodings(encoding: str, ends: str) -> None:
    assert said(CSV.replace("\n", ends).encode(encoding)) == [("", AS_TEXT)]


@pytest.mark.parametrize("separator", ["\t", ",", "|", ";"])
def test_the_separator_is_found(separator: str) -> None:
    data = separator.join(("nombre", "valor", "nota")) + "\n" + separator.join(("a", "1", "x y")) + "\n"
    assert said(data.encode()) == [("", "nombre | valor | nota\nnombre: a; valor: 1; nota: x y")]
    assert said(f"sep={separator}\n{data}".encode()) == [("", "nombre | valor | nota\nnombre: a; valor: 1; nota: x y")]


def test_a_csv_without_end_is_cut_and_a_quote_without_end_costs_nothing_else() -> None:
    told = said(("a;b\n" + "uno;dos\n" * 10_000).encode(), replace(Limits(), characters=100))
    assert len(told[0][1]) <= 110
    assert told[1:] == [("", "too_long 100")]
    usual = csv.field_size_limit(131_072)  # that of a fresh process; who reads dictionaries raises it
    try:
        assert said(b'a;b\nuno;dos\n"' + b"x;" * 100_000)[0] == ("", "a | b\na: uno; b: dos")
    finally:
        csv.field_size_limit(usual)


BOOK = book(rows(["Póliza", "Prima"], ["555", 3]))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_workbook_raises(data: st.DataObject) -> None:
    content = parts(BOOK)
    name = data.draw(st.sampled_from(sorted(content)))
    part = bytearray(content[name])
    for place, value in data.draw(st.lists(st.tuples(st.integers(0, len(part) - 1), st.integers(0, 255)), max_size=6)):
        part[place] = value
    content[name] = bytes(part[: data.draw(st.integers(0, len(part)))])
    assert len(said(packed(content))) < 10
    whole = bytearray(packed(content))
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= 0xFF
    said(bytes(whole))


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.text(alphabet='a1;,\t|"\n\r\0 é', max_size=200).map(str.encode)))
def test_no_csv_raises(data: bytes) -> None:
    told = said(data, replace(Limits(), characters=50))
    assert sum(len(text) for _, text in told) < 200
    assert all(isinstance(one, tuple) for one in told)


def test_an_obstacle_is_no_passage() -> None:
    assert [type(one) for one in read(bytes(range(256)), Scope(Limits(), 0, inner, no_picture))] == [Obstacle]
