"""Opening a picture that nobody trusts: few formats, told by the content, and no more pixels than a limit."""

from __future__ import annotations

import hashlib
import struct
import warnings
from io import BytesIO
from typing import TYPE_CHECKING

from resuelve.domain.message import Message, message

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
MOST_BYTES = 25_000_000
MOST_PIXELS = 40_000_000
_DAMAGE = (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, OverflowError, struct.error)
"""What decoders raise over a damaged file."""


class PictureRefused(Exception):
    """The picture is not used.

    Attributes:
        why: the reason, for a person to read.
    """

    def __init__(self, why: str) -> None:
        self.why = Message.of(why)
        super().__init__(str(why))


def opened(data: bytes, *, most_pixels: int = MOST_PIXELS) -> Image:
    """The first frame in RGB, upright; what is transparent is white.

    Raises:
        PictureRefused: it is too large, of another format or damaged.
    """
    from PIL import Image, ImageOps

    if len(data) > MOST_BYTES:
        raise PictureRefused(message("it has more than {most} MB", most=MOST_BYTES // 1_000_000))
    too_large = PictureRefused(message("it has more than {most} million pixels", most=most_pixels // 1_000_000))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # we look at the size ourselves, before a pixel is decoded
            with Image.open(BytesIO(data), formats=FORMATS) as picture:
                if picture.width * picture.height > most_pixels:
                    raise too_large
                picture.load()
                upright = ImageOps.exif_transpose(picture)
                seen = upright.convert("RGBA")
    except Image.DecompressionBombError as error:
        raise too_large from error
    except _DAMAGE as error:
        raise PictureRefused(message("it is no picture that can be read, or it is damaged")) from error
    except MemoryError as error:
        raise PictureRefused(message("there is not enough memory for it")) from error
    paper = Image.new("RGBA", seen.size, "white")
    return Image.alpha_composite(paper, seen).convert("RGB")


def fingerprint(picture: Image) -> str:
    """The same for pictures with the same pixels, whatever their format."""
    return hashlib.sha256(f"{picture.size}".encode() + picture.tobytes()).hexdigest()
