"""What a file is, by its bytes."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.readers.encodings import decoded
from resuelve.readers.extract import FORMATS
from resuelve.readers.kinds import KINDS, Told, kind_of, told
from resuelve.readers.port import Unread
from tests.chaos.hostile_files import docx, packed, pdf, png, sheet, word, xlsx

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MAIL = "Received: from x.example.com\nFrom: Ana <ana@example.com>\nSubject: Error\nDate: Mon, 1 Jan 2026\n\nHola"
TABLE = "póliza;estado;fecha\n555001;rechazada;01/01/2026\n555002;en curso;02/01/2026\n"


def ole(*names: str) -> bytes:
    """An OLE file with these entries at its top."""
    head = bytearray(OLE + bytes(504))
    struct.pack_into("<H", head, 30, 9)
    struct.pack_into("<I", head, 48, 1)
    struct.pack_into("<109I", head, 76, 0, *[0xFFFFFFFF] * 108)
    count = -(-(len(names) + 1) // 4)
    table = [0xFFFFFFFD, *range(2, count + 1), 0xFFFFFFFE] + [0xFFFFFFFF] * (127 - count)
    entries = [_entry("Root Entry", child=1 if names else 0xFFFFFFFF)]
    entries += [_entry(name, right=n + 1 if n < len(names) else 0xFFFFFFFF) for n, name in enumerate(names, 1)]
    directory = b"".join(entries).ljust(512 * count, b"\0")
    return bytes(head) + struct.pack("<128I", *table) + directory


def _entry(name: str, child: int = 0xFFFFFFFF, right: int = 0xFFFFFFFF) -> bytes:
    raw = name.encode("utf-16-le")
    head = raw.ljust(64, b"\0") + struct.pack("<HBBIII", len(raw) + 2, 1, 1, 0xFFFFFFFF, right, child)
    return head.ljust(128, b"\0")


SAMPLES: dict[str, list[bytes]] = {
    "png": [png(1, 1)],
    "jpeg": [b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"],
    "webp": [b"RIFF\x24\x00\x00\x00WEBPVP8 "],
    "gif": [b"GIF89a\x01\x00\x01\x00", b"GIF87a"],
    "bmp": [b"BM" + struct.pack("<IHHII", 70, 0, 0, 54, 40)],
    "tiff": [b"II*\x00\x08\x00\x00\x00", b"MM\x00*\x00\x00\x00\x08"],
    "pdf": [pdf(1), b"\n\n" + pdf(1)],
    "docx": [docx(word("hola")), packed([("[Content_Types].xml", b""), ("word/document2.xml", b"")])],
    "xlsx": [xlsx(sheet("hola"))],
    "zip": [packed([("a.txt", b"a")]), packed([]), b"PK\x03\x04 cut off", b"before" * 0 + packed([("word/x", b"")])],
    "msg": [ole("__nameid_version1.0", "__properties_version1.0"), ole(*"abcde", "__properties_version1.0")],
    "html": [b"<!DOCTYPE html><p>x", "\ufeff\n<!-- x -->\n<HTML><body>".encode(), "<html>ñ".encode("utf-16")],
    "eml": [MAIL.encode(), MAIL.replace("\n", "\r\n").encode("cp1252")],
    "csv": [TABLE.encode(), TABLE.replace(";", ",").encode("cp1252")],
    "text": ["Al guardar, sale «error 5001».".encode(encoding) for encoding in ("utf-8", "cp1252", "utf-16")],
}


def test_every_kind_is_tried_and_has_a_format() -> None:
    assert set(SAMPLES) == set(KINDS) == set(FORMATS)


@pytest.mark.parametrize(("kind", "data"), [(kind, one) for kind, all_ in SAMPLES.items() for one in all_])
def test_kind(kind: str, data: bytes) -> None:
    assert told(data) == Told(kind)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", Told("", Unread.EMPTY)),
        (b"\xef\xbb\xbf\n", Told("", Unread.EMPTY)),
        (ole("EncryptionInfo", "EncryptedPackage"), Told("", Unread.ENCRYPTED)),
        (ole("WordDocument"), Told("", Unread.UNKNOWN_KIND, "doc")),
        (ole("Workbook"), Told("", Unread.UNKNOWN_KIND, "xls")),
        (ole("x"), Told("", Unread.UNKNOWN_KIND)),
        (OLE, Told("", Unread.DAMAGED)),
        (ole("a", "b", "c", "d")[:1100], Told("", Unread.DAMAGED)),
        (packed([("[Content_Types].xml", b""), ("ppt/presentation.xml", b"")]), Told("", Unread.UNKNOWN_KIND, "pptx")),
        (packed([("mimetype", b""), ("content.xml", b"")]), Told("", Unread.UNKNOWN_KIND, "odf")),
        (b"{\\rtf1 hola}", Told("", Unread.UNKNOWN_KIND, "rtf")),
        (b"MZ" + bytes(100), Told("", Unread.UNKNOWN_KIND, "exe")),
        (b"\0\0\0\x18ftypheic", Told("", Unread.UNKNOWN_KIND, "heic")),
        (bytes(1000), Told("", Unread.UNKNOWN_KIND)),
    ],
)
def test_what_is_none_says_why(data: bytes, expected: Told) -> None:
    assert told(data) == expected


@pytest.mark.parametrize(
    ("text", "name", "kind"),
    [
        ("a,b\n1,2\n", "x.csv", "csv"),
        ("a,b\n1,2\n", "x", "text"),
        ("hola\nmundo", "x.csv", "text"),
        (TABLE, "x.log", "text"),
        ("<div>x</div>", "x.html", "html"),
        ("<div>x</div>", "x", "text"),
        ("Subject: x\n\nhola", "x.eml", "eml"),
        ("From: ana\nSubject: x\nDate: hoy\n\nhola", "x", "text"),
        ("hola", "x.eml", "text"),
        ("hola", "x.png", "text"),
        ("Hablamos de %PDF-1.4 y de su obj", "x.pdf", "pdf"),
        ("2026-01-01 10:00:00,1 a\n2026-01-01 10:00:00,2 b\n2026-01-01 10:00:00,3 c", "", "text"),
    ],
)
def test_the_name_chooses_among_kinds_of_text_only(text: str, name: str, kind: str) -> None:
    assert kind_of(text.encode(), name) == kind


@pytest.mark.parametrize("kind", sorted(set(SAMPLES) - {"html", "eml", "csv", "text"}))
@given(name=st.text(max_size=20))
def test_no_name_changes_what_has_a_mark(kind: str, name: str) -> None:
    assert kind_of(SAMPLES[kind][0], f"{name}.csv") == kind


@given(
    st.binary(max_size=300), st.text(max_size=20), st.sampled_from([b"", OLE, b"PK\x03\x04", b"PK\x05\x06", ole("a")])
)
def test_any_bytes_have_a_kind_or_a_reason(data: bytes, name: str, start: bytes) -> None:
    found = told(start + data, name)
    assert (found.kind in KINDS) != (found.why is not None)


@given(st.data())
def test_a_changed_list_of_contents_is_followed_to_an_end(data: st.DataObject) -> None:
    whole = bytearray(data.draw(st.sampled_from([ole("a", "b", "c", "d", "e"), docx(word("x"))])))
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    assert told(bytes(whole)).kind in {*KINDS, ""}


LETTERS = st.text(
    st.characters(whitelist_categories=("L", "N", "P", "Z"), max_codepoint=0xFF), min_size=20, max_size=200
)


@given(LETTERS, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
def test_text_is_what_was_written(text: str, encoding: str) -> None:
    assert decoded(text.encode(encoding)) == text


@given(st.text(st.sampled_from("abcdefghijklm nopqrstuvwxyz.áéíóúñ"), min_size=20, max_size=200))
def test_text_of_western_windows_is_what_was_written(text: str) -> None:
    assert decoded(text.encode("cp1252")) == text


@given(st.binary(min_size=1000, max_size=1500))
def test_noise_is_no_text(data: bytes) -> None:
    if len(set(data)) > 200:
        assert decoded(data) is None


def test_a_text_with_a_few_bad_bytes_stays_what_it_is() -> None:
    assert (
        decoded("La póliza está rechazada: niño, año".encode() + b"\xc3") == "La póliza está rechazada: niño, año\ufffd"
    )
