"""Typefaces to draw with: the one within Pillow, which every machine has, and those of the system that are there.

Pillow's has no letter beyond ASCII: accents are drawn over it, and ¿ and ¡ are ? and ! turned round.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts", "/System/Library/Fonts", "C:/Windows/Fonts")
SANS = ("DejaVuSans.ttf", "LiberationSans-Regular.ttf", "LiberationSansNarrow-Regular.ttf")
BOLD = {"DejaVuSans.ttf": "DejaVuSans-Bold.ttf", "LiberationSans-Regular.ttf": "LiberationSans-Bold.ttf"}
MONO = ("DejaVuSansMono.ttf", "LiberationMono-Regular.ttf")
_FINE = 8
_WHOLE = "¿¡í"
"""Drawn as a whole: turned round, or without its dot."""


@dataclass(frozen=True, slots=True)
class Face:
    """A typeface; without a file, Pillow's own."""

    file: Path | None = None
    bold_file: Path | None = None

    @property
    def name(self) -> str:
        return self.file.stem if self.file else "Aileron"

    def font(self, size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
        return _font((self.bold_file if bold else None) or self.file, size)

    def width(self, text: str, size: int, *, bold: bool = False) -> float:
        return self.font(size, bold=bold).getlength(text if self.file else _plain(text))

    def draw(
        self, picture: Image.Image, at: tuple[int, int], text: str, size: int, colour: str, *, bold: bool = False
    ) -> None:
        """At the left end of the line of capitals' tops."""
        font, brush = self.font(size, bold=bold), ImageDraw.Draw(picture)
        if self.file:
            brush.text(at, text, colour, font)
            return
        plain = _plain(text)
        heavy = 0.5 if bold else 0
        upright = "".join(" " if mark in _WHOLE else letter for mark, letter in zip(text, plain, strict=True))
        x = at[0]
        for run, start in _runs(upright):
            brush.text((x + font.getlength(plain[:start]), at[1]), run, colour, font, stroke_width=heavy)
        for place, mark in enumerate(text):
            if mark != plain[place]:
                _mark(picture, (x + font.getlength(plain[:place]), at[1]), mark, font, colour)


@cache
def _font(file: Path | None, size: int) -> ImageFont.FreeTypeFont:
    if file:
        return ImageFont.truetype(str(file), size, layout_engine=ImageFont.Layout.BASIC)
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("this Pillow was built without FreeType")
    return font


def faces(names: tuple[str, ...]) -> list[Face]:
    """Those of these files that this machine has, and the one within Pillow first."""
    found = {file.name: file for folder in _FOLDERS for file in Path(folder).rglob("*.ttf")}
    return [Face(), *(Face(found[name], found.get(BOLD.get(name, ""))) for name in names if name in found)]


def _plain(text: str) -> str:
    bare = (unicodedata.normalize("NFD", letter)[0] for letter in text)
    return "".join({"¿": "?", "¡": "!"}.get(letter, letter) for letter in bare)


def _runs(text: str) -> Iterator[tuple[str, int]]:
    start = 0
    for word in text.split(" "):
        if word:
            yield word, start
        start += len(word) + 1


def _mark(
    picture: Image.Image, at: tuple[float, float], letter: str, font: ImageFont.FreeTypeFont, colour: str
) -> None:
    """What a letter has beyond ASCII, drawn large and scaled down for smooth edges."""
    fine = font.font_variant(size=font.size * _FINE)
    bare = _plain(letter)
    left, top, right, bottom = (round(edge) for edge in fine.getbbox(bare))
    edge = round(font.size * _FINE)
    mask = Image.new("L", (max(right, edge), bottom + edge), 0)
    brush = ImageDraw.Draw(mask)
    if letter in _WHOLE:
        brush.text((0, 0), bare, 255, fine)
    if letter in "¿¡":
        turned = mask.crop((left, top, right, bottom)).transpose(Image.Transpose.ROTATE_180)
        mask.paste(0, (0, 0, *mask.size))
        mask.paste(turned, (left, top + round(0.18 * edge)))
    else:
        if letter == "í":
            top = round(fine.getbbox("x")[1])
            mask.paste(0, (0, 0, mask.width, top))
        _accent(brush, unicodedata.normalize("NFD", letter)[1], ((left + right) / 2, top), edge)
    size = (mask.width // _FINE, mask.height // _FINE)
    small = mask.resize(size, Image.Resampling.BOX, (0, 0, size[0] * _FINE, size[1] * _FINE))
    picture.paste(colour, (round(at[0]), round(at[1])), small)


def _accent(brush: ImageDraw.ImageDraw, accent: str, over: tuple[float, float], size: int) -> None:
    middle, foot = over[0], over[1] - 0.07 * size
    thick = 0.075 * size
    if accent == "\u0301":
        brush.line((middle - 0.05 * size, foot, middle + 0.08 * size, foot - 0.13 * size), 255, round(thick))
    elif accent == "\u0308":
        for side in (-1, 1):
            x, y = middle + side * 0.1 * size, foot - 0.05 * size
            brush.ellipse((x - 0.05 * size, y - 0.05 * size, x + 0.05 * size, y + 0.05 * size), 255)
    else:
        wave = [(-0.16, 0.0), (-0.08, -0.06), (0.06, -0.01), (0.14, -0.07)]
        brush.line([(middle + x * size, foot - 0.03 * size + y * size) for x, y in wave], 255, round(0.06 * size))
