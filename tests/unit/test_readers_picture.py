"""How pictures are opened: what is too large is not decoded, and what is odd is read all the same."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from resuelve.readers import ocr
from resuelve.readers.formats import picture
from resuelve.readers.formats.scope import Scope
from resuelve.readers.ocr import Line
from resuelve.readers.port import Limits, Obstacle, Passage, Unread


def found(data: bytes, **limits: int) -> list[Passage | Obstacle]:
    return list(picture.read(data, Scope(Limits(**limits), 0, lambda *_: iter(()), lambda _: iter(()))))


def saved(image: Image.Image, kind: str, **how: object) -> bytes:
    held = io.BytesIO()
    image.save(held, kind, **how)
    return held.getvalue()


Colour = str | tuple[int, ...]


def writing(mode: str = "RGB", ground: Colour = "white", ink: Colour = "black") -> Image.Image:
    image = Image.new(mode, (280, 60), ground)
    ImageDraw.Draw(image).text((20, 15), "Error GP-4071", ink, ImageFont.load_default(26))
    return image


Seen = list[Image.Image]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    """What would be given to OCR; it reads the size of it."""
    pictures: Seen = []

    def upright(image: Image.Image) -> list[Line]:
        pictures.append(image)
        bright = "claro" if np.asarray(image.convert("L")).mean() > 127 else "oscuro"
        return [Line(f"{image.width}x{image.height} {bright}", 1.0, 0, 0, 10, 10)]

    monkeypatch.setattr(ocr, "upright", upright)
    return pictures


def png_of_size(width: int, height: int) -> bytes:
    """A header and a few bytes: decoding it would give hardly anything."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(b"\0" * 99)) + _chunk(b"IEND")


def _chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def webp_of_size(width: int, height: int) -> bytes:
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0\x10\0\0\0" + canvas + b"\0" * 8


@pytest.mark.parametrize(
    "data",
    [png_of_size(60_000, 60_000), png_of_size(7_000, 7_000), webp_of_size(16_000, 16_000)],
    ids=["3,600 million", "49 million", "WebP"],
)
def test_a_bomb_is_told_by_its_header(data: bytes, seen: Seen) -> None:
    assert found(data) == [Obstacle("", Unread.TOO_MANY_PIXELS)]
    assert not seen


def test_what_is_within_the_limit_is_read(seen: Seen) -> None:
    data = saved(Image.new("RGB", (100, 80)), "PNG")
    assert found(data, pixels=8_000) == [Passage("OCR", "100x80 oscuro")]
    assert found(data, pixels=7_999) == [Obstacle("", Unread.TOO_MANY_PIXELS)]
    assert Image.MAX_IMAGE_PIXELS != 7_999


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_each_format_is_read(kind: str, seen: Seen) -> None:
    assert found(saved(Image.new("RGB", (64, 40), "white"), kind)) == [Passage("OCR", "64x40 claro")]


@pytest.mark.parametrize("kind", ["ICO", "PPM", "TGA", "PCX", "SGI", "EPS"])
def test_no_other_decoder_is_ever_tried(kind: str, seen: Seen) -> None:
    data = saved(Image.new("RGB", (64, 40), "white"), kind)
    with pytest.raises(OSError, match="cannot identify"):
        found(data)


ODD_MODES: dict[str, Callable[[], Image.Image]] = {
    "palette": lambda: Image.new("RGB", (30, 20), "white").convert("P"),
    "black and white": lambda: Image.new("1", (30, 20), 1),
    "grey with alpha": lambda: Image.new("LA", (30, 20), (250, 255)),
    "16 bits": lambda: Image.fromarray(np.tile(np.array([[900], [1000]], np.uint16), (10, 30))).crop((0, 0, 30, 20)),
    "cmyk": lambda: Image.new("CMYK", (30, 20), (0, 0, 0, 0)),
}


@pytest.mark.parametrize("name", ODD_MODES)
def test_colours_of_every_kind_become_red_green_and_blue(name: str, seen: Seen) -> None:
    image = ODD_MODES[name]()
    found(saved(image, "TIFF" if name == "cmyk" else "PNG"))
    assert seen[0].mode == "RGB"
    assert np.asarray(seen[0]).max() > 240


def test_sixteen_bits_keep_their_contrast(seen: Seen) -> None:
    levels = np.full((20, 30), 1000, np.uint16)
    levels[5:10] = 1200  # 0.5 % of the range: black on black if it were scaled as a whole
    found(saved(Image.fromarray(levels), "PNG"))
    assert (np.asarray(seen[0]).min(), np.asarray(seen[0]).max()) == (0, 255)


@pytest.mark.parametrize(("ink", "behind"), [((0, 0, 0, 255), 255), ((255, 255, 255, 255), 0)])
def test_what_is_transparent_contrasts_with_the_writing(ink: tuple[int, ...], behind: int, seen: Seen) -> None:
    found(saved(writing(mode="RGBA", ground=(128, 128, 128, 0), ink=ink), "PNG"))
    assert seen[0].getpixel((0, 0)) == (behind,) * 3


def test_a_picture_that_is_transparent_everywhere_has_no_text() -> None:
    assert found(saved(Image.new("RGBA", (90, 60), (0, 0, 0, 0)), "PNG")) == [Obstacle("", Unread.NO_TEXT)]


@pytest.mark.parametrize(
    ("orientation", "size"), [(1, (64, 40)), (3, (64, 40)), (6, (40, 64)), (8, (40, 64)), (99, (64, 40))]
)
def test_a_photo_is_turned_as_its_camera_says(orientation: int, size: tuple[int, int], seen: Seen) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    found(saved(Image.new("RGB", (64, 40)), "JPEG", exif=exif))
    assert seen[0].size == size


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0", b"Exif\0\0MM\0*\xff\xff\xff\xff", b"Exif\0\0II*\0\x08\0\0\0\xff\xff", b"x" * 99]
)
def test_broken_exif_is_no_reason_not_to_read(exif: bytes, seen: Seen) -> None:
    data = saved(Image.new("RGB", (64, 40)), "JPEG", exif=exif)
    assert found(data) == [Passage("OCR", "64x40 oscuro")]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF"])
def test_of_a_truncated_picture_what_is_there_is_read(kind: str, seen: Seen) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 90, 3), np.uint8))
    data = saved(noise, kind)
    try:
        items = found(data[: len(data) * 2 // 3])
    except (OSError, SyntaxError, ValueError):
        assert kind == "TIFF"  # its table of contents may lie at the end
        return
    assert [type(item) for item in items] == [Passage, Obstacle]
    assert items[1] == Obstacle("OCR", Unread.DAMAGED)


def frames(count: int, *, kind: str = "GIF", same: bool = False) -> bytes:
    shades = [0 if same else 255 * number // max(count - 1, 1) for number in range(count)]
    images = [Image.new("L", (50, 30), shade) for shade in shades]
    for number, image in enumerate(images):
        image.putpixel((number % 50, 0), 128)  # else equal frames become one
    return saved(images[0], kind, save_all=True, append_images=images[1:])


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_and_the_last_picture_are_read(kind: str, seen: Seen) -> None:
    items = found(frames(7, kind=kind))
    assert items == [Passage("p. 1 · OCR", "50x30 oscuro"), Passage("p. 7 · OCR", "50x30 claro")]


def test_an_animation_without_end_is_not_played(seen: Seen) -> None:
    items = found(frames(60), pages=20)
    assert items[:2] == [Passage("p. 1 · OCR", "50x30 oscuro"), Obstacle("", Unread.TOO_MANY_PAGES, "20")]
    assert len(seen) == 2


def test_a_last_picture_that_says_the_same_is_not_said_twice(seen: Seen) -> None:
    assert found(frames(3, same=True)) == [Passage("p. 1 · OCR", "50x30 oscuro")]


def test_the_pages_of_a_tiff_are_read_as_far_as_the_limit_goes(seen: Seen) -> None:
    data = frames(4, kind="TIFF")
    assert [item.place for item in found(data)] == [f"p. {number} · OCR" for number in (1, 2, 3, 4)]
    shorter = found(data, scans=3)
    assert shorter[3:] == [Obstacle("", Unread.TOO_MANY_PAGES, "3")]
    assert len(shorter) == 4


def test_a_page_that_is_too_large_ends_a_tiff(seen: Seen) -> None:
    pages = [Image.new("L", (20, 20)), Image.new("L", (200, 200))]
    items = found(saved(pages[0], "TIFF", save_all=True, append_images=pages[1:]), pixels=1_000)
    assert items == [Passage("p. 1 · OCR", "20x20 oscuro"), Obstacle("p. 2", Unread.TOO_MANY_PIXELS)]


def test_a_very_large_picture_is_read_smaller() -> None:
    assert ocr.bounds((1920, 1080)) == (1920, 1080)
    width, height = ocr.bounds((8000, 5000))
    assert width * height <= 8_510_000
    assert width / height == pytest.approx(1.6, rel=0.01)
    assert ocr.bounds((40_000_000, 1)) == (4096, 1)
    assert ocr.bounds((1, 40_000_000))[0] == 1


@pytest.mark.parametrize("size", [(1, 1), (3000, 2), (2, 3000)])
def test_strips_and_dots_have_no_text(size: tuple[int, int]) -> None:
    assert found(saved(Image.new("RGB", size, "white"), "PNG")) == [Obstacle("", Unread.NO_TEXT)]


def test_a_picture_without_text_is_read_and_says_so() -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 120, 3), np.uint8))
    assert found(saved(noise, "PNG")) == [Obstacle("", Unread.NO_TEXT)]


@pytest.mark.parametrize("angle", [0, 90, 180, 270])
def test_a_photo_that_lies_on_its_side_is_read(angle: int) -> None:
    page = Image.new("RGB", (420, 200), "white")
    lines = (
        "Error al guardar el parte",
        "Referencia SIN-20417-B",
        "Vuelva a intentarlo luego",
        "Cierre la ventana actual",
    )
    for number, line in enumerate(lines):
        page.paste(_line(line), (0, 48 * number))
    text = " ".join(
        item.text for item in found(saved(page.rotate(angle, expand=True), "PNG")) if isinstance(item, Passage)
    )
    assert "SIN-20417-B" in text
    assert text.index("guardar") < text.index("Cierre")


def _line(text: str) -> Image.Image:
    image = Image.new("RGB", (420, 48), "white")
    ImageDraw.Draw(image).text((20, 10), text, "black", ImageFont.load_default(26))
    return image


QUIET = """
import socket, sys
def refuse(*_): raise AssertionError("the reader wants the network")
socket.socket.connect = socket.getaddrinfo = refuse
from resuelve.readers.formats import picture
from resuelve.readers.formats.scope import Scope
from resuelve.readers.port import Limits
said = list(picture.read(open(sys.argv[1], "rb").read(), Scope(Limits(), 0, lambda *_: iter(()), lambda _: iter(()))))
sys.exit(0 if "GP-4071" in said[0].text else 3)
"""


def test_the_engine_fetches_nothing_prints_nothing_and_leaves_nothing_behind(tmp_path: Path) -> None:
    file, home = tmp_path / "aviso.png", tmp_path / "home"
    writing().save(file)
    home.mkdir()
    surroundings = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    done = subprocess.run(
        [sys.executable, "-c", QUIET, str(file)],
        capture_output=True,
        text=True,
        timeout=120,
        env=surroundings | {"HOME": str(home)},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(home.iterdir()) == []
