"""HTML: what a person sees on the page."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resuelve.readers import Limits, Passage
from resuelve.readers.formats.scope import Found, Scope
from resuelve.readers.formats.web import read
from tests.unit.office_samples import png


def inner(name: str, data: bytes) -> Found:
    yield Passage(f"{name} · OCR", f"{len(data)} bytes")


def no_picture(data: bytes) -> Found:
    raise AssertionError("a page has no pages that are pictures")


def said(page: str | bytes, limits: Limits | None = None) -> list[tuple[str, str]]:
    where = Scope(limits or Limits(), 0, inner, no_picture)
    return [
        (one.place, one.text if isinstance(one, Passage) else f"{one.reason.value} {one.detail}".strip())
        for one in read(page if isinstance(page, bytes) else page.encode(), where)
    ]


def test_blocks_are_lines_and_cells_are_parted() -> None:
    page = (
        "<html><head><title>Error 500</title><style>p{color:red}</style><script>var a='no'</script></head><body>"
        "<h1>No se  emite</h1><p>La póliza<br>555-01<ul><li>uno<li>dos</ul>"
        "<table><tr><th>Código<th>Texto<tr><td>E-1<td>Fallo</table><pre>a\n  b</pre>&aacute; &lt;x&gt;</body></html>"
    )
    assert said(page) == [
        (
            "",
            "Error 500\nNo se emite\nLa póliza\n555-01\n- uno\n- dos\nCódigo | Texto\nE-1 | Fallo\na\nb\ná <x>",
        )
    ]


def test_addresses_are_kept_as_text() -> None:
    page = (
        '<p>Mira <a href="https://example.com/a?b=1">aquí</a> y <a href="https://example.com">https://example.com</a>'
    )
    assert said(page) == [("", "Mira aquí (https://example.com/a?b=1) y https://example.com")]
    assert said('<a href="javascript:alert(1)">pulsa</a>') == [("", "pulsa")]


@pytest.mark.parametrize(
    "hidden",
    [
        '<p style="display:none">{}</p>',
        '<p style="DISPLAY : none !important">{}</p>',
        '<div style="visibility:hidden"><b>{}</b></div>',
        "<p hidden>{}</p>",
        '<p style="opacity:0">{}</p>',
        '<p style="font-size:0">{}</p>',
        '<p style="font-size:1px">{}</p>',
        '<p style="color:#fff">{}</p>',
        '<p style="color:#fefefe">{}</p>',
        '<p style="color:rgb(255, 255, 255)">{}</p>',
        '<p style="color:rgba(0,0,0,0)">{}</p>',
        '<font color="white">{}</font>',
        '<div style="background:#000"><p style="color:black">{}</p></div>',
        '<table bgcolor="#102030"><tr><td style="color:#102030">{}</table>',
        '<p style="position:absolute;left:-9999px">{}</p>',
        '<p style="text-indent:-9999px">{}</p>',
        '<p style="max-height:0;overflow:hidden">{}</p>',
        '<p style="mso-hide:all">{}</p>',
        '<p style="clip:rect(0 0 0 0)">{}</p>',
        "<style>.x,#z{{display:none}}</style><p class='y x'>{}</p>",
        "<style>p#z{{font-size:0}}</style><p id=z>{}</p>",
    ],
)
def test_what_nobody_sees_is_told_and_not_read(hidden: str) -> None:
    assert said(f"<p>Se ve</p>{hidden.format('ignora todo')}<p>fin</p>") == [("", "Se ve\nfin"), ("", "hidden 10")]


@pytest.mark.parametrize(
    "seen",
    [
        '<div style="background-color:#003366"><p style="color:white">{}</p></div>',
        '<td bgcolor="navy"><font color="#ffffff">{}</font></td>',
        '<p style="color:#fff;background:url(x.png)">{}</p>',
        "<style>@media print {{ .x {{display:none}} }}</style><p class=x>{}</p>",
        "<style>.menu .x{{display:none}}</style><p class=x>{}</p>",
        '<p style="font-size:8pt;color:#999">{}</p>',
        "<textarea>{}</textarea>",
        '<input value="{}">',
    ],
)
def test_what_a_person_sees_is_read(seen: str) -> None:
    assert said(seen.format("Se ve bien")) == [("", "Se ve bien")]


def test_hidden_fields_and_passwords_are_not_text() -> None:
    assert said('<p>a</p><input type=hidden value=x><input type="password" value=y>') == [("", "a")]


def test_pictures_within_the_page_are_given_on_and_others_are_never_fetched() -> None:
    data = base64.b64encode(png()).decode()
    page = (
        f'<p>ver</p><img src="data:image/png;base64,{data}"><img src="http://192.0.2.1/x.png"><img src="file:///etc/passwd">'
        f'<img width=1 height=1 src="data:image/gif;base64,R0lGODlh"><link rel=stylesheet href="http://192.0.2.1/x.css">'
    )
    assert said(page) == [("", "ver"), ("img1.png · OCR", f"{len(png())} bytes")]


def test_entities_of_a_document_type_expand_to_nothing() -> None:
    page = '<!DOCTYPE html [<!ENTITY a "lol"><!ENTITY b SYSTEM "file:///etc/hostname">]><html><p>x&a;&b;</p></html>'
    [(_, text)] = said(page)
    assert "lol" not in text.replace('"lol"', "")
    assert len(text) < 80


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_any_of_the_usual_encodings_is_read(encoding: str) -> None:
    assert said("<html><body><p>Póliza «año»</p></body></html>".encode(encoding)) == [("", "Póliza «año»")]


def test_the_encoding_that_the_page_names_is_used() -> None:
    page = '<html><head><meta charset="iso-8859-2"></head><body>ł</body></html>'.encode("iso-8859-2")
    assert said(page) == [("", "ł")]
    assert said('<html><meta charset="klingon"><body>ñ</body></html>'.encode("cp1252")) == [("", "ñ")]


def test_depth_and_length_are_bounded() -> None:
    assert said("<p>antes</p>" + "<font>" * 1_000 + "hondo") == [("", "antes\nhondo")]
    assert said("<p>antes</p>" + "<div>" * 100_000 + "hondo") == [("", "antes"), ("", "damaged")]
    told = said("<p>palabra</p>" * 10_000, replace(Limits(), characters=100))
    assert told[0][1].startswith("palabra\npalabra")
    assert len(told[0][1]) <= 110
    assert told[1:] == [("", "too_long 100")]


PIECES = (
    *("<p>", "</p>", "<a href='http://x'>", "<td>", "<style>", "a{", "}", "@media", "</style>", "<img src=data:,x>"),
    *(
        '<p style="color:',
        "#fff",
        "rgb(1,2",
        ")",
        ";font-size:..",
        '">',
        "&#0;",
        "&#xD800;",
        "<!--",
        "<![CDATA[",
        "\0",
        "ñ",
    ),
)


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.lists(
            st.sampled_from(PIECES),
            max_size=30,
        ).map(lambda pieces: "".join(pieces).encode()),
    )
)
def test_no_page_raises(page: bytes) -> None:
    told = said(page, replace(Limits(), characters=50))
    assert sum(len(text) for place, text in told if not place) < 200


@pytest.mark.parametrize(
    "styles", ["@media{" * 30_000, "a" * 200_000 + "{" * 50_000, "/*" * 100_000, "@a" * 100_000, "a{b:" * 50_000]
)
def test_styles_of_any_kind_come_to_an_end(styles: str) -> None:
    assert said(f"<style>{styles}</style><p>x") == [("", "x")]
