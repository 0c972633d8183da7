"""Files made to harm their reader, built in code."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable

WORDS = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SHEETS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a0 "ja">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    + "]>"
)
"""A thousand million times the same word."""
OUTSIDE = '<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a9 SYSTEM "file:///etc/passwd">]>'
"""What another file says."""


def packed(members: Iterable[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", method) as writer:
        for name, data in members:
            writer.writestr(name, data)
    return whole.getvalue()


def png(width: int, height: int, rows: bytes = b"", *, extra: bytes = b"") -> bytes:
    """A picture of one byte a pixel that claims this size; its rows are compressed as they are."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + extra + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def blank_png(width: int, height: int) -> bytes:
    """A real picture without anything on it, however large."""
    packer, row = zlib.compressobj(9), bytes(width + 1)
    return png(width, height, b"".join([packer.compress(row) for _ in range(height)]) + packer.flush())


def text_bomb() -> bytes:
    """A picture whose comment becomes a thousand times as large."""
    return png(
        8, 8, zlib.compress(bytes(9 * 8)), extra=_chunk(b"zTXt", b"c\0\0" + zlib.compress(bytes(200_000_000), 9))
    )


def jpeg_with_exif(exif: bytes) -> bytes:
    """The beginning of a picture with these bytes as its EXIF."""
    body = b"Exif\0\0" + exif
    return b"\xff\xd8\xff\xe1" + struct.pack(">H", len(body) + 2) + body + b"\xff\xd9"


def docx(document: str) -> bytes:
    """A Word file whose text is this XML."""
    return _office("word/document.xml", document, "wordprocessingml.document")


def xlsx(sheet: str) -> bytes:
    """A workbook with one sheet of this XML."""
    book = (
        f'<workbook xmlns="{SHEETS}" xmlns:r="{_OFFICE}"><sheets><sheet name="H" sheetId="1" r:id="r1"/></sheets>'
        "</workbook>"
    )
    relations = (
        f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="r1" Type="{_OFFICE}/worksheet" '
        'Target="worksheets/sheet1.xml"/></Relationships>'
    )
    rest = [("xl/_rels/workbook.xml.rels", relations.encode()), ("xl/worksheets/sheet1.xml", sheet.encode())]
    override = (
        '<Override PartName="/xl/worksheets/sheet1.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
    )
    return _office("xl/workbook.xml", book, "spreadsheetml.sheet", rest, override)


def _office(part: str, content: str, kind: str, rest: Iterable[tuple[str, bytes]] = (), override: str = "") -> bytes:
    types = (
        f'<Types xmlns="{_TYPES}"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/{part}" ContentType="application/vnd.openxmlformats-officedocument.{kind}.main+xml"/>'
        f"{override}</Types>"
    )
    relations = (
        f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="r1" Type="{_OFFICE}/officeDocument" '
        f'Target="{part}"/></Relationships>'
    )
    members = [("[Content_Types].xml", types.encode()), ("_rels/.rels", relations.encode()), (part, content.encode())]
    return packed([*members, *rest])


def word(text: str, prologue: str = '<?xml version="1.0"?>') -> str:
    """The XML of a Word file with this text."""
    return (
        f'{prologue}<w:document xmlns:w="{WORDS}"><w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>'
    )


def sheet(text: str, prologue: str = '<?xml version="1.0"?>') -> str:
    """The XML of a sheet with this text in its first cell."""
    return (
        f'{prologue}<worksheet xmlns="{SHEETS}"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>{text}</t></is>'
        "</c></row></sheetData></worksheet>"
    )


def pdf(pages: int, *, parent_of_itself: bool = False) -> bytes:
    """A PDF of so many empty pages, or one whose tree of pages goes round in a circle."""
    kids = "2 0 R" if parent_of_itself else " ".join(f"{n + 3} 0 R" for n in range(pages))
    objects = ["<</Type/Catalog/Pages 2 0 R>>", f"<</Type/Pages/Count {pages}/Kids[{kids}]>>"]
    objects += ["<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>"] * (0 if parent_of_itself else pages)
    out, places = b"%PDF-1.4\n", []
    for number, text in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj{text}endobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    end = (
        f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer<</Size {size}/Root 1 0 R>>\nstartxref\n{len(out)}\n%%EOF"
    )
    return out + end.encode()


def bomb_of_one_member() -> bytes:
    """A kilobyte for each megabyte that comes out."""
    return packed([("log.txt", bytes(150_000_000))])


def overlapping(copies: int = 2000) -> bytes:
    """Many members that are all the same bytes of the file, so that little becomes very much without any nesting."""
    data = bytearray(packed([("a", bytes(10_000_000))]))
    start = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    entry = bytes(data[start:end])
    return bytes(data[:start]) + entry * copies + _end(copies, len(entry) * copies, start)


def lying_sizes() -> bytes:
    """A member whose headers say that it is small."""
    data = bytearray(packed([("a.txt", bytes(50_000_000))]))
    directory = data.index(b"PK\x01\x02")
    struct.pack_into("<I", data, 22, 10)
    struct.pack_into("<I", data, directory + 24, 10)
    return bytes(data)


def absurd_count() -> bytes:
    """A directory of more members than anybody packs, all empty."""
    entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    return b"PK\x03\x04" + bytes(26) + entry * 300_000 + _end(65_535, len(entry) * 300_000, 30)


def _end(count: int, size: int, start: int) -> bytes:
    return struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count & 0xFFFF, count & 0xFFFF, size, start, 0)


def onion(layers: int = 12) -> bytes:
    """Archives in archives."""
    data = b"nothing"
    for n in range(layers):
        data = packed([(f"{k}-{n}.zip" if n else f"{k}.txt", data) for k in range(4)])
    return data
