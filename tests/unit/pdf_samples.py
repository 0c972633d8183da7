"""PDF files as bytes, written by hand: what no library would write is what the reader must be tried with."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
HEAD = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"


@dataclass
class Pdf:
    """A document under construction; objects are numbered from 1: catalogue, tree of pages, font, and then the rest."""

    objects: list[bytes] = field(default_factory=lambda: [b"", b"", _FONT])
    pages: list[int] = field(default_factory=list)
    catalogue: str = ""
    trailer: str = ""

    def add(self, body: str | bytes) -> int:
        """An object; gives its number."""
        self.objects.append(body.encode("latin-1") if isinstance(body, str) else body)
        return len(self.objects)

    def stream(self, content: bytes, entries: str = "") -> int:
        return self.add(f"<< /Length {len(content)} {entries} >>\nstream\n".encode() + content + b"\nendstream")

    def image(self, width: int, height: int, pixels: bytes, entries: str = "/ColorSpace /DeviceGray") -> int:
        """A picture; without pixels of its own its size is only claimed."""
        packed = zlib.compress(pixels)
        return self.stream(
            packed,
            f"/Type /XObject /Subtype /Image /Width {width} /Height {height} /BitsPerComponent 8 {entries}"
            " /Filter /FlateDecode",
        )

    def page(
        self,
        content: str,
        *,
        pictures: Mapping[str, int] | None = None,
        forms: Sequence[int] = (),
        box: str = "0 0 595 842",
        entries: str = "",
    ) -> int:
        stream = self.stream(content.encode("cp1252"))
        held = " ".join(f"/{name} {number} 0 R" for name, number in (pictures or {}).items())
        notes = f"/Annots [{' '.join(f'{one} 0 R' for one in forms)}]" if forms else ""
        number = self.add(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [{box}] /Contents {stream} 0 R {notes} {entries}"
            f" /Resources << /Font << /F1 3 0 R >> /XObject << {held} >> >> >>"
        )
        self.pages.append(number)
        return number

    def bytes(self) -> bytes:
        self.objects[0] = f"<< /Type /Catalog /Pages 2 0 R {self.catalogue} >>".encode("latin-1")
        kids = " ".join(f"{number} 0 R" for number in self.pages)
        self.objects[1] = f"<< /Type /Pages /Count {len(self.pages)} /Kids [{kids}] >>".encode()
        written, places = bytearray(HEAD), []
        for number, body in enumerate(self.objects, 1):
            places.append(len(written))
            written += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
        start = len(written)
        written += f"xref\n0 {len(places) + 1}\n0000000000 65535 f \n".encode()
        written += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
        written += (
            f"trailer\n<< /Size {len(places) + 1} /Root 1 0 R {self.trailer} >>\nstartxref\n{start}\n%%EOF\n".encode()
        )
        return bytes(written)


def shown(text: str, x: float = 72, y: float = 700, size: float = 12, before: str = "") -> str:
    """The operators that draw a line of text; `before` sets what they draw with."""
    escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return f"q BT {before} /F1 {size} Tf 1 0 0 1 {x} {y} Tm ({escaped}) Tj ET Q\n"


def one_page(content: str, **options: str) -> bytes:
    pdf = Pdf()
    pdf.page(content, **options)  # type: ignore[arg-type]
    return pdf.bytes()
