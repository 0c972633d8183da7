"""Word: paragraphs and tables as a person reads them."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import docx
import pytest
from docx.document import Document as WordDocument
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_COLOR_INDEX
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from docx.text.run import Run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resuelve.readers import Limits, Passage
from resuelve.readers.formats.docx import read
from resuelve.readers.formats.scope import Found, Scope
from tests.unit.office_samples import DOCTYPE, liar, packed, parts, png, replaced

MAIN = "word/document.xml"
WHITE = RGBColor(0xFF, 0xFF, 0xFF)


def inner(name: str, data: bytes) -> Found:
    yield Passage(f"{name} · OCR", f"{len(data)} bytes")


def no_picture(data: bytes) -> Found:
    raise AssertionError("a document has no pages that are pictures")


def said(data: bytes, limits: Limits | None = None) -> list[tuple[str, str]]:
    where = Scope(limits or Limits(), 0, inner, no_picture)
    return [
        (one.place, one.text if isinstance(one, Passage) else f"{one.reason.value} {one.detail}".strip())
        for one in read(data, where)
    ]


def made(fill: Callable[[WordDocument], object]) -> bytes:
    document = docx.Document()
    fill(document)
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def shaded(properties: object, colour: str) -> None:
    shade = OxmlElement("w:shd")
    shade.set(qn("w:val"), "clear")
    shade.set(qn("w:fill"), colour)
    properties.append(shade)  # type: ignore[attr-defined]


def test_paragraphs_and_tables_come_in_their_order() -> None:
    def fill(document: WordDocument) -> None:
        document.add_heading("Incidencia en la emisión", 1)
        table = document.add_table(2, 2)
        for cell, text in zip(
            (c for r in table.rows for c in r.cells), ("Póliza", "Estado", "555-01", ""), strict=True
        ):
            cell.text = text
        document.add_paragraph("Después de la tabla\tcon tabulador")

    assert said(made(fill)) == [
        ("", "Incidencia en la emisión\nPóliza | Estado\n555-01\nDespués de la tabla\tcon tabulador")
    ]


def test_headers_notes_and_comments_stand_aside() -> None:
    def fill(document: WordDocument) -> None:
        run = document.add_paragraph("Cuerpo").runs[0]
        document.sections[0].header.paragraphs[0].text = "Expediente 12"
        document.add_comment(run, text="Revisar el importe", author="Nadie")

    assert said(made(fill)) == [("", "Cuerpo"), ("header1", "Expediente 12"), ("comments", "Revisar el importe")]


def test_links_and_insertions_are_read_and_deletions_are_not() -> None:
    body = (
        b"<w:p><w:hyperlink><w:r><w:t>enlace</w:t></w:r></w:hyperlink><w:ins><w:r><w:t> nuevo</w:t></w:r></w:ins>"
        b"<w:del><w:r><w:delText> viejo</w:delText></w:r></w:del>"
        b"<w:r><w:instrText>HYPERLINK x</w:instrText></w:r></w:p>"
        b"<w:sdt><w:sdtContent><w:p><w:r><w:t>campo</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    )
    data = replaced(made(lambda document: None), MAIN, b"<w:body>", b"<w:body>" + body)
    assert said(data) == [("", "enlace nuevo\ncampo")]


def test_a_text_box_is_read_once() -> None:
    box = b"<w:txbxContent><w:p><w:r><w:t>%s</w:t></w:r></w:p></w:txbxContent>"
    mc = b'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    mc += b' xmlns:v="urn:schemas-microsoft-com:vml"'
    body = (
        b"<w:p><w:r><w:t>fuera</w:t></w:r><w:r><mc:AlternateContent %s><mc:Choice><w:drawing>%s</w:drawing></mc:Choice>"
    )
    body += b"<mc:Fallback><w:pict><v:textbox>%s</v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>"
    body %= (mc, box % b"dentro", box % b"dentro")
    data = replaced(made(lambda document: None), MAIN, b"<w:body>", b"<w:body>" + body)
    assert said(data) == [("", "fuera\ndentro")]


def vanish(run: Run) -> None:
    run.font.hidden = True


def white(run: Run) -> None:
    run.font.color.rgb = WHITE


def nearly_white(run: Run) -> None:
    run.font.color.rgb = RGBColor(0xF8, 0xF8, 0xF8)


def tiny(run: Run) -> None:
    run.font.size = Pt(1)


def black_on_black(run: Run) -> None:
    run.font.color.rgb = RGBColor(0, 0, 0)
    run.font.highlight_color = WD_COLOR_INDEX.BLACK


@pytest.mark.parametrize("hide", [vanish, white, nearly_white, tiny, black_on_black])
@pytest.mark.parametrize("by_style", [False, True])
def test_what_nobody_sees_is_told_and_not_read(hide: Callable[[Run], None], by_style: bool) -> None:
    def fill(document: WordDocument) -> None:
        paragraph = document.add_paragraph("Se ve. ")
        if by_style and hide is not black_on_black:
            style = document.styles.add_style("Oculto", WD_STYLE_TYPE.CHARACTER)
            hide(style)
            paragraph.add_run("No se ve", style="Oculto")
        else:
            hide(paragraph.add_run("No se ve"))

    assert said(made(fill)) == [("", "Se ve."), ("", "hidden 6")]


def test_white_text_on_a_dark_ground_is_read() -> None:
    def fill(document: WordDocument) -> None:
        cell = document.add_table(1, 1).cell(0, 0)
        white(cell.paragraphs[0].add_run("Cabecera"))
        shaded(cell._tc.get_or_add_tcPr(), "1F3864")
        paragraph = document.add_paragraph()
        shaded(paragraph._p.get_or_add_pPr(), "000000")
        white(paragraph.add_run("Aviso"))

    assert said(made(fill)) == [("", "Cabecera\nAviso")]


def test_pictures_are_given_on_once_each_and_small_ones_are_not() -> None:
    def fill(document: WordDocument) -> None:
        document.add_paragraph("Captura:")
        for _ in range(2):
            document.add_picture(io.BytesIO(png()), width=Cm(8))
        document.add_picture(io.BytesIO(png(9, 9)), width=Cm(0.4))

    assert said(made(fill)) == [("", "Captura:"), ("image1.png · OCR", f"{len(png())} bytes")]


def test_a_relation_to_another_place_is_never_followed() -> None:
    data = made(lambda document: document.add_picture(io.BytesIO(png()), width=Cm(8)))
    rels = "word/_rels/document.xml.rels"
    far = replaced(data, rels, b'Target="media/image1.png"', b'Target="http://example.com/a.png" TargetMode="External"')
    assert said(far) == []
    up = replaced(data, rels, b'Target="media/image1.png"', b'Target="../../../../etc/passwd"')
    assert said(up) == [("passwd", "damaged")]


def test_entities_expand_to_nothing() -> None:
    data = replaced(made(lambda document: document.add_paragraph("MARCA")), MAIN, b"MARCA", b"&l9;&secret;fin")
    content = parts(data)
    content[MAIN] = content[MAIN].replace(
        b"<w:document", DOCTYPE.replace(b"<!DOCTYPE x", b"<!DOCTYPE w:document") + b"<w:document", 1
    )
    told = said(packed(content))
    assert sum(len(text) for _, text in told) < 100
    assert "lol" not in str(told)


def test_a_part_may_not_expand_beyond_the_limit_whatever_the_directory_says() -> None:
    content = parts(made(lambda document: document.add_paragraph("hola")))
    content["word/media/bomb.bin"] = bytes(5_000_000)
    small = replace(Limits(), expanded=4_000_000)
    assert said(packed(content), small) == [("", "expands")]
    content[MAIN] = content[MAIN].replace(b"hola", b"x" * 3_900_000)
    del content["word/media/bomb.bin"]
    assert said(liar(packed(content), MAIN, 100), small) == [("", "damaged")], "no more is read than the directory says"


def test_a_locked_part_is_encrypted() -> None:
    data = bytearray(made(lambda document: document.add_paragraph("hola")))
    at = data.find(b"PK\x01\x02")
    data[at + 8] |= 1
    assert said(bytes(data)) == [("", "encrypted")]


def test_text_before_the_break_is_kept() -> None:
    data = made(lambda document: [document.add_paragraph(f"párrafo {n}") for n in range(3)])
    content = parts(data)
    content[MAIN] = content[MAIN][: content[MAIN].index(b"rrafo 2")]
    told = said(packed(content))
    assert told[0][1].startswith("párrafo 0\npárrafo 1")
    assert told[-1] == ("", "damaged")


def test_a_long_text_is_cut() -> None:
    data = made(lambda document: [document.add_paragraph("palabra " * 10) for _ in range(100)])
    told = said(data, replace(Limits(), characters=1000))
    assert [place for place, _ in told] == ["", ""]
    assert told[1][1] == "too_long 1000"
    assert 900 < len(told[0][1]) < 1100


def test_macros_and_embedded_files_are_not_opened() -> None:
    content = parts(made(lambda document: document.add_paragraph("hola")))
    content["word/vbaProject.bin"] = b"macro"
    content[MAIN] = content[MAIN].replace(b"<w:body>", b'<w:body><w:altChunk xmlns:r="x" r:id="rId9"/>')
    assert said(packed(content)) == [("", "hola"), ("", "nested 1")]


SAMPLE = made(
    lambda document: (document.add_paragraph("uno"), document.add_table(1, 2), document.add_picture(io.BytesIO(png())))
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_broken_file_raises_nothing_that_the_caller_does_not_expect(data: st.DataObject) -> None:
    content = parts(SAMPLE)
    name = data.draw(st.sampled_from(sorted(content)))
    part = bytearray(content[name])
    for place, value in data.draw(st.lists(st.tuples(st.integers(0, len(part) - 1), st.integers(0, 255)), max_size=6)):
        part[place] = value
    content[name] = bytes(part[: data.draw(st.integers(0, len(part)))])
    told = said(packed(content), replace(Limits(), characters=50))
    assert len(told) < 20
    whole = bytearray(packed(content))
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= 0xFF
    said(bytes(whole))
