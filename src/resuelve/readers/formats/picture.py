"""Pictures: screenshots and photos, read by OCR. Nothing is decoded before its size is known."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from PIL import Image, ImageFile, ImageStat

from resuelve.readers import ocr
from resuelve.readers.formats.scope import Found, Scope
from resuelve.readers.port import Limits, Obstacle, Passage, Unread
from resuelve.readers.reading_order import arranged

PLACE = "OCR"
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
_MOVING = ("PNG", "WEBP", "GIF")
_BROKEN = (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError, OverflowError, struct.error)
"""What Pillow raises for files that are not whole."""
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_LIGHT = 150
_FRAME_WORK = 5
"""How often the pixels that are allowed may be decoded to get to the last picture of an animation."""


def read(data: bytes, scope: Scope) -> Found:
    """The text of a picture: of the pages of a TIFF, and of the first and the last picture of an animation."""
    limits = scope.limits
    size = _webp_size(data)
    if size and size[0] * size[1] > limits.pixels:
        yield Obstacle("", Unread.TOO_MANY_PIXELS)
        return
    with _guarded(limits):
        try:
            picture = Image.open(io.BytesIO(data), formats=_FORMATS)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            yield Obstacle("", Unread.TOO_MANY_PIXELS)
            return
    if not picture.width * picture.height:
        yield Obstacle("", Unread.EMPTY)
    elif getattr(picture, "is_animated", False) and picture.format == "TIFF":
        yield from _pages(picture, limits)
    elif getattr(picture, "is_animated", False) and picture.format in _MOVING:
        yield from _ends(picture, limits)
    else:
        image, whole = _decoded(picture, data, limits)
        yield from _said(PLACE, text_of(image)) or [Obstacle("", Unread.NO_TEXT)]
        if not whole:
            yield Obstacle(PLACE, Unread.DAMAGED)


def text_of(picture: Image.Image) -> str:
    """What stands in a picture, in reading order; empty when there is nothing that can be told with some certainty."""
    return arranged(ocr.certain(ocr.upright(_opaque(picture))))


def _said(place: str, text: str) -> list[Passage | Obstacle]:
    return [Passage(place, text)] if text else []


@contextmanager
def _guarded(limits: Limits, *, lenient: bool = False) -> Iterator[None]:
    """Pillow's own limit is ours while it opens and decodes. It measures by two: a warning, and twice that an error."""
    before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd metadata
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = limits.pixels, lenient
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = before


def _decoded(picture: Image.Image, data: bytes, limits: Limits) -> tuple[Image.Image, bool]:
    """The picture as it is to be looked at, and whether all of it is there."""
    with _guarded(limits):
        try:
            picture.draft("RGB", ocr.bounds(picture.size))  # a large JPEG is decoded smaller
            picture.load()
            return _turned(picture), True
        except _BROKEN:
            pass
    with _guarded(limits, lenient=True):
        again = Image.open(io.BytesIO(data), formats=_FORMATS)
        again.load()
        return _turned(again), False


def _turned(picture: Image.Image) -> Image.Image:
    try:
        orientation = picture.getexif().get(_ORIENTATION)
    except _BROKEN:
        return picture
    turn = _UPRIGHT.get(orientation) if isinstance(orientation, int) else None
    return picture if turn is None else picture.transpose(turn)


def _pages(picture: Image.Image, limits: Limits) -> Found:
    most, silent = min(limits.pages, limits.scans), True
    for number in range(most + 1):
        with _guarded(limits):
            try:
                picture.seek(number)
                if number == most:
                    yield Obstacle("", Unread.TOO_MANY_PAGES, str(most))
                    break
                picture.load()
            except EOFError:
                break
            except (Image.DecompressionBombError, Image.DecompressionBombWarning):
                yield Obstacle(f"p. {number + 1}", Unread.TOO_MANY_PIXELS)
                break
            except _BROKEN:
                yield Obstacle(f"p. {number + 1}", Unread.DAMAGED)
                break
        for passage in _said(f"p. {number + 1} · {PLACE}", text_of(picture)):
            silent = False
            yield passage
    if silent:
        yield Obstacle("", Unread.NO_TEXT)


def _ends(picture: Image.Image, limits: Limits) -> Found:
    """The first picture of an animation, and the last: there the recording of a screen shows what came of it."""
    most = min(limits.pages, _FRAME_WORK * limits.pixels // (picture.width * picture.height))
    with _guarded(limits):
        picture.load()
    first = text_of(picture)
    yield from _said(f"p. 1 · {PLACE}", first)
    number, end = 0, False
    with _guarded(limits):
        try:
            while number < most:
                picture.seek(number + 1)
                picture.load()
                number += 1
        except EOFError:
            end = True
        except _BROKEN:
            yield Obstacle(f"p. {number + 2}", Unread.DAMAGED)
            end = True
    if not end:
        yield Obstacle("", Unread.TOO_MANY_PAGES, str(most))
    last = text_of(picture) if number else ""
    if last != first:
        yield from _said(f"p. {number + 1} · {PLACE}", last)
    if not first and not last:
        yield Obstacle("", Unread.NO_TEXT)


def _opaque(picture: Image.Image) -> Image.Image:
    """In RGB; transparent parts become light behind dark writing, and dark behind light."""
    if picture.mode.startswith("I") or picture.mode == "F":
        return _stretched(picture)
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    layered = picture.convert("RGBA")
    alpha = layered.getchannel("A")
    shown = alpha.point(lambda value: 255 if value > 127 else 0)
    if shown.getbbox() is None:
        return layered.convert("RGB")
    bright = ImageStat.Stat(layered.convert("L"), shown).mean[0]
    filled = shown.histogram()[255] > 0.5 * layered.width * layered.height
    behind = "white" if filled or bright < _LIGHT else "black"
    ground = Image.new("RGB", layered.size, behind)
    ground.paste(layered, mask=alpha)
    return ground


def _stretched(picture: Image.Image) -> Image.Image:
    """16 and 32 bits: from the darkest to the brightest, since nothing says which part of the range is used."""
    values = np.nan_to_num(np.asarray(picture, np.float32), posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    grey = (values - low) * (255.0 / (high - low if high > low else 1.0))
    return Image.fromarray(grey.astype(np.uint8)).convert("RGB")


def _webp_size(data: bytes) -> tuple[int, int] | None:
    """Of an extended WebP: Pillow makes room for the whole of it when it opens one."""
    if data[:4] != b"RIFF" or data[8:16] != b"WEBPVP8X" or len(data) < 30:
        return None
    return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
