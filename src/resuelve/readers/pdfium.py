"""One page of a PDF: the text that a person can see on it, the text that nobody can see, and how the page looks.

What a person sees is found out by drawing: the page is drawn with its text and without it, and a word where the two do
not differ is not seen, whatever the trick (white on white, mode 3, outside the page, under a picture, clipped away).
"""

from __future__ import annotations

import ctypes
import io
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
from numpy.typing import NDArray

from resuelve.readers.pdf_letters import NEAR, Look, Pixels, View, Words, apart, changed_pixels

_SCALE, _MOST_DRAWN = 1.5, 2_000_000
_OCR_SCALE, _MOST_FOR_OCR = 150 / 72, 3_000_000
_FAR = 1000
"""Points; far enough for the slope of a view."""

_MANY_DRAWINGS = 200
_MOST_OBJECTS = 50_000
_MOST_NOTES = 500
_SMALL = 0.002
"""Part of the page below which a picture is a bullet, a line or a logo in a corner."""

_NOTES_WITH_TEXT = frozenset(
    (
        *(pdfium.FPDF_ANNOT_TEXT, pdfium.FPDF_ANNOT_FREETEXT, pdfium.FPDF_ANNOT_HIGHLIGHT, pdfium.FPDF_ANNOT_UNDERLINE),
        *(pdfium.FPDF_ANNOT_SQUIGGLY, pdfium.FPDF_ANNOT_STRIKEOUT, pdfium.FPDF_ANNOT_STAMP, pdfium.FPDF_ANNOT_CARET),
    )
)
_UNSEEN_NOTES = pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW
_SILENT_FIELDS = (*(pdfium.FPDF_FORMFIELD_UNKNOWN, pdfium.FPDF_FORMFIELD_PUSHBUTTON, pdfium.FPDF_FORMFIELD_SIGNATURE),)
_MARKED_FIELDS = (pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON)
_PASSWORD = 1 << 13


@dataclass(slots=True)
class _Image:
    box: tuple[float, float, float, float]
    finest: float
    """Pixels a point."""


class Page:
    """A page that was loaded. Not for several threads: PDFium is not."""

    def __init__(self, page: pypdfium2.PdfPage, most_pixels: int) -> None:
        self._page = page
        self._width, self._height = (max(size, 1.0) for size in page.get_size())
        self._most_pixels = most_pixels
        self._texts: list[Any] = []
        self._images: list[_Image] = []
        self._others = 0
        self.huge: list[int] = []
        for one in islice(page.get_objects(), _MOST_OBJECTS):
            if isinstance(one, pypdfium2.PdfTextObj):
                self._texts.append(one)
            elif isinstance(one, pypdfium2.PdfImage):
                self._measure(one)
            else:
                self._others += 1

    def look(self, most: int) -> Look:
        """Its text, `most` letters at most."""
        look = Look(huge=self.huge)
        text = self._page.get_textpage()
        count = text.count_chars()
        look.letters = min(count, most)
        look.cut = count > most
        notes = pdfium.FPDFPage_GetAnnotCount(self._page)
        if count <= 0 and notes <= 0:
            return look
        bare = drawn = self._drawn(notes=False)
        if count > 0:
            self._show_text(shown=False)
            bare = self._drawn(notes=False)
            self._show_text(shown=True)
        Words(text, self._view(drawn), changed_pixels(drawn, bare), bare, look).read(look.letters)
        self._read_notes(min(notes, _MOST_NOTES), bare, look)
        return look

    @property
    def pictured(self) -> float:
        """How much of the page pictures take, 0 to 1; those of no size to speak of left out."""
        return min(1.0, sum(self._part(image.box) for image in self._images))

    @property
    def outlined(self) -> bool:
        """So much is drawn on it that its letters may be drawings too."""
        return self._others >= _MANY_DRAWINGS

    @property
    def blank(self) -> bool:
        """Nothing is drawn on it but letters."""
        if not self._images and not self._others and not pdfium.FPDFPage_GetAnnotCount(self._page):
            return not self._texts
        self._show_text(shown=False)
        drawn = self._drawn(notes=True)
        self._show_text(shown=True)
        return bool(np.all(drawn.max(axis=(0, 1)) - drawn.min(axis=(0, 1)) < NEAR))

    def png(self, *, whole: bool, letters: bool) -> bytes:
        """How it looks, fine enough for OCR: the whole page or only its pictures, with its letters or without."""
        box = (0.0, 0.0, self._width, self._height) if whole else _around([image.box for image in self._images])
        left, bottom, right, top = box
        area = max((right - left) * (top - bottom), 1.0)
        finest = max([_OCR_SCALE, *(image.finest for image in self._images)])
        scale = min(finest, math.sqrt(min(self._most_pixels, _MOST_FOR_OCR) / area))
        self._show_text(shown=letters)
        crop = (left, bottom, self._width - right, self._height - top)
        bitmap = self._page.render(scale=scale, crop=crop, draw_annots=whole, may_draw_forms=whole)
        self._show_text(shown=True)
        written = io.BytesIO()
        bitmap.to_pil().convert("RGB").save(written, "PNG", compress_level=1)
        return written.getvalue()

    def _view(self, drawn: Pixels) -> View:
        """How places of the page become pixels of a drawing: turned, cut and scaled, but never bent."""
        fine, height, width = 1000, drawn.shape[0], drawn.shape[1]
        (x0, y0), (x1, y1), (x2, y2) = (
            self._to_pixel(x, y, width * fine, height * fine) for x, y in ((0, 0), (_FAR, 0), (0, _FAR))
        )
        by = fine * _FAR
        across = (x1 - x0) / by, (x2 - x0) / by, x0 / fine
        down = (y1 - y0) / by, (y2 - y0) / by, y0 / fine
        return View(*across, *down, width, height)

    def _to_pixel(self, x: float, y: float, width: int, height: int) -> tuple[int, int]:
        across, down = ctypes.c_int(), ctypes.c_int()
        pdfium.FPDF_PageToDevice(self._page, 0, 0, width, height, 0, x, y, across, down)
        return across.value, down.value

    def _drawn(self, *, notes: bool) -> Pixels:
        scale = min(_SCALE, math.sqrt(_MOST_DRAWN / (self._width * self._height)))
        bitmap = self._page.render(scale=scale, draw_annots=notes, may_draw_forms=notes)
        pixels: Pixels = bitmap.to_numpy().copy()
        return pixels if pixels.ndim == 3 else pixels[:, :, np.newaxis]

    def _show_text(self, *, shown: bool) -> None:
        for one in self._texts:
            pdfium.FPDFPageObj_SetIsActive(one, shown)

    def _measure(self, image: pypdfium2.PdfImage) -> None:
        """A picture too large to be drawn is switched off, so that nobody unpacks it."""
        across, down = image.get_px_size()
        if across * down > self._most_pixels:
            pdfium.FPDFPageObj_SetIsActive(image, False)
            self.huge.append(across * down)
            return
        box = self._on_view(_box_on_page(image))
        width, height = box[2] - box[0], box[3] - box[1]
        if width > 0 and height > 0 and self._part(box) >= _SMALL:
            self._images.append(_Image(box, math.sqrt(across * down / (width * height))))

    def _on_view(self, box: Sequence[float]) -> tuple[float, float, float, float]:
        """A box of the page's own space as points of the page as it is looked at: turned, cut, from its lower left."""
        fine = 100
        wide, high = round(self._width * fine), round(self._height * fine)
        corners = [self._to_pixel(x, y, wide, high) for x in (box[0], box[2]) for y in (box[1], box[3])]
        across = sorted(min(max(x / fine, 0.0), self._width) for x, _ in corners)
        up = sorted(min(max(self._height - y / fine, 0.0), self._height) for _, y in corners)
        return across[0], up[0], across[-1], up[-1]

    def _part(self, box: Sequence[float]) -> float:
        area = max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0)
        return float(area / (self._width * self._height))

    def _read_notes(self, count: int, bare: Pixels, look: Look) -> None:
        """The values of form fields and what was written onto the page, each on a line of its own."""
        if count <= 0:
            return
        drawn = self._drawn(notes=True)
        view, changed = self._view(drawn), changed_pixels(drawn, bare)
        for number in range(count):
            note = pdfium.FPDFPage_GetAnnot(self._page, number)
            if not note:
                continue
            try:
                line, said = self._note(note)
                if said and self._is_seen(note, view, changed, drawn):
                    look.text += f"\n{line}" if look.text else line
                else:
                    look.unseen += "".join(said.split())
            finally:
                pdfium.FPDFPage_CloseAnnot(note)

    def _note(self, note: Any) -> tuple[str, str]:
        """The line that tells a note, and what of it was written by somebody; both empty when it says nothing."""
        kind = pdfium.FPDFAnnot_GetSubtype(note)
        if kind in _NOTES_WITH_TEXT:
            said = _string(pdfium.FPDFAnnot_GetStringValue, note, b"Contents")
            return said, said
        form = self._page.formenv
        if kind != pdfium.FPDF_ANNOT_WIDGET or form is None:
            return "", ""
        field_kind = pdfium.FPDFAnnot_GetFormFieldType(form, note)
        if field_kind in _SILENT_FIELDS or pdfium.FPDFAnnot_GetFormFieldFlags(form, note) & _PASSWORD:
            return "", ""
        name = _string(pdfium.FPDFAnnot_GetFormFieldAlternateName, form, note)
        name = name or _string(pdfium.FPDFAnnot_GetFormFieldName, form, note)
        if field_kind in _MARKED_FIELDS:
            return (f"{name}: X", "X") if pdfium.FPDFAnnot_IsChecked(form, note) else ("", "")
        said = _string(pdfium.FPDFAnnot_GetFormFieldValue, form, note)
        return f"{name}: {said}" if name else said, said

    def _is_seen(self, note: Any, view: View, changed: NDArray[np.bool_], drawn: Pixels) -> bool:
        if pdfium.FPDFAnnot_GetFlags(note) & _UNSEEN_NOTES:
            return False
        rect = pdfium.FS_RECTF()
        if not pdfium.FPDFAnnot_GetRect(note, rect):
            return False
        where = view.of(rect.left, rect.bottom, rect.right, rect.top)
        if not changed[where].any():
            return False
        colour = [ctypes.c_uint() for _ in range(3)]
        form = self._page.formenv
        if form is None or not pdfium.FPDFAnnot_GetFontColor(form, note, *colour):
            return True
        ground = Counter(map(tuple, drawn[where].reshape(-1, drawn.shape[2])[:, :3].tolist())).most_common(1)[0][0]
        return bool(apart((colour[2].value, colour[1].value, colour[0].value), np.array(ground)) >= NEAR)


def _box_on_page(image: pypdfium2.PdfImage) -> tuple[float, float, float, float]:
    """Its box; within a form PDFium gives it in the space of that form."""
    box = image.get_bounds()
    around = image.container
    while around is not None:
        box = around.get_matrix().on_rect(*box)
        around = around.container
    left, bottom, right, top = box
    return left, bottom, right, top


def _around(boxes: Sequence[tuple[float, float, float, float]]) -> tuple[float, float, float, float]:
    lefts, bottoms, rights, tops = zip(*boxes, strict=True)
    return min(lefts), min(bottoms), max(rights), max(tops)


def _string(call: Any, *about: Any) -> str:
    """What one of PDFium's calls writes into a buffer: UTF-16, at most 10,000 letters of it."""
    size = min(call(*about, None, 0), 20_000)
    if size <= 2:
        return ""
    buffer = (pdfium.FPDF_WCHAR * (size // 2 + 1))()
    call(*about, buffer, size)
    return bytes(buffer)[:size].decode("utf-16-le", "replace").rstrip("\0").strip()
