"""The letters of a page of a PDF, word by word: which of them a person sees."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

NEAR = 16
"""Steps of 255 by which two colours must differ before a person can tell them apart."""

TINY = 1.5
"""Points of height below which nobody reads a letter."""

_ENOUGH = 0.25
"""Part of the ground of a letter from which its colour must stand out."""

_UNSEEN_MODES = (pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP)
_FILLED_MODES = (pdfium.FPDF_TEXTRENDERMODE_FILL, pdfium.FPDF_TEXTRENDERMODE_FILL_CLIP)
_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})
_HYPHENS = "\x02\ufffe"
"""How PDFium gives a hyphen at the end of a line; it leaves out the line's end."""


@dataclass(slots=True)
class Look:
    """A page.

    Attributes:
        text: what a person reads from its letters.
        unseen: the letters and digits of what stands in the file and cannot be seen.
        garbled: the font does not say which letters its signs are, so that the page must be read as a picture.
        letters: how many were looked at.
        cut: it had more letters than were asked for.
        huge: pictures that were left out, each with its pixels.
    """

    text: str = ""
    unseen: str = ""
    garbled: bool = False
    letters: int = 0
    cut: bool = False
    huge: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class View:
    """Places of a page as pixels of a drawing of it."""

    ax: float
    bx: float
    cx: float
    ay: float
    by: float
    cy: float
    width: int
    height: int

    def of(self, left: float, bottom: float, right: float, top: float) -> tuple[slice, slice]:
        """Where a box of the page lies in the drawing, rows first; empty for one outside of it."""
        x0, x1 = sorted((self.ax * left + self.bx * bottom + self.cx, self.ax * right + self.bx * top + self.cx))
        y0, y1 = sorted((self.ay * left + self.by * bottom + self.cy, self.ay * right + self.by * top + self.cy))
        if not (x1 >= 0 and y1 >= 0 and x0 <= self.width and y0 <= self.height):  # also when one is no number
            return slice(0, 0), slice(0, 0)
        rows = slice(max(int(y0), 0), int(min(y1, self.height)) + 1)
        return rows, slice(max(int(x0), 0), int(min(x1, self.width)) + 1)


@dataclass(slots=True)
class Words:
    """The letters of a page, word by word."""

    text: pypdfium2.PdfTextPage
    view: View
    changed: NDArray[np.bool_]
    bare: Pixels
    look: Look

    def read(self, count: int) -> None:
        pieces: list[str] = []
        unseen: list[str] = []
        letters = unknown = 0
        for gap, word, seen, lost in self._words(count):
            if not word:
                pieces.append(gap)
                continue
            letters, unknown = letters + seen, unknown + min(lost, seen)
            if 2 * seen >= len(word):
                pieces.append(word)
            else:
                unseen.append(word)
        self.look.garbled = 2 * unknown > letters
        self.look.text = "" if self.look.garbled else _tidy("".join(pieces))
        self.look.unseen = "".join("".join(unseen).split())

    def _words(self, count: int) -> Iterator[tuple[str, str, int, int]]:
        """A gap; or a word, how many of its letters are seen, and how many of them the font does not tell."""
        word, seen, lost = "", 0, 0
        for index in range(count):
            code = pdfium.FPDFText_GetUnicode(self.text, index)
            letter = chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"
            if letter.isspace() or pdfium.FPDFText_IsGenerated(self.text, index) == 1:
                if word:
                    yield "", word, seen, lost
                word, seen, lost = "", 0, 0
                yield letter if letter in " \n" else "", "", 0, 0
                continue
            word += letter
            lost += pdfium.FPDFText_HasUnicodeMapError(self.text, index) == 1 or letter == "\ufffd"
            seen += self._is_seen(index)
        if word:
            yield "", word, seen, lost

    def _is_seen(self, index: int) -> bool:
        written = pdfium.FPDFText_GetTextObject(self.text, index)
        mode = pdfium.FPDFTextObj_GetTextRenderMode(written) if written else pdfium.FPDF_TEXTRENDERMODE_FILL
        if mode in _UNSEEN_MODES:
            return False
        loose = pdfium.FS_RECTF()
        if not pdfium.FPDFText_GetLooseCharBox(self.text, index, loose):
            return False
        # A letter that stands on its side is as high as it is wide.
        if max(abs(loose.top - loose.bottom), abs(loose.right - loose.left)) < TINY:
            return False
        left, right, bottom, top = (ctypes.c_double() for _ in range(4))
        if not pdfium.FPDFText_GetCharBox(self.text, index, left, right, bottom, top):
            return False
        where = self.view.of(left.value, bottom.value, right.value, top.value)
        return bool(self.changed[where].any()) and self._stands_out(index, mode, self.bare[where])

    def _stands_out(self, index: int, mode: int, ground: Pixels) -> bool:
        """Its colour is another than that of the ground; so that letters in white do not pass for those beside them."""
        if mode not in _FILLED_MODES:
            return True
        red, green, blue, solid = (ctypes.c_uint() for _ in range(4))
        if not pdfium.FPDFText_GetFillColor(self.text, index, red, green, blue, solid):
            return True
        if solid.value < NEAR:
            return False
        distance = apart((blue.value, green.value, red.value), ground) >= NEAR
        return bool(np.mean(distance) >= _ENOUGH)


def changed_pixels(one: Pixels, other: Pixels) -> NDArray[np.bool_]:
    """The pixels in which two drawings differ."""
    if one is other:
        return np.zeros(one.shape[:2], dtype=np.bool_)
    return np.asarray(np.abs(one.astype(np.int16) - other.astype(np.int16)).max(axis=2) >= NEAR)


def apart(colour: tuple[int, int, int], ground: NDArray[Any]) -> NDArray[np.int16]:
    """How far a colour, in PDFium's order (blue first), is from each pixel of a ground, in the farthest channel."""
    wanted = np.array(colour if ground.shape[-1] >= len(colour) else [round(sum(colour) / 3)], dtype=np.int16)
    distance: NDArray[np.int16] = np.abs(ground[..., : len(wanted)].astype(np.int16) - wanted).max(axis=-1)
    return distance


def _tidy(text: str) -> str:
    """Without the hyphens that part words, and without the room that unseen words leave."""
    for mark in _HYPHENS:
        head, *rest = text.split(mark)
        for piece in rest:
            # A number keeps its hyphen: it may be a part of it.
            head += ("-" if head[-1:].isdigit() or piece[:1].isdigit() else "") + piece
        text = head
    lines = (" ".join(line.split()) for line in text.translate(_LIGATURES).split("\n"))
    return "\n".join(line for line in lines if line)
