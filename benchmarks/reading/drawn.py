"""The set: every scene in three ways, by turns light and dark, small and large, sharp and compressed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

from benchmarks.reading.canvas import THEMES, Canvas
from benchmarks.reading.fonts import MONO, SANS, Face, faces
from benchmarks.reading.scenes import SCENES, Scene

SCALES = (1.0, 1.5, 0.75, 2.0, 1.0)
QUALITIES = (0, 85, 0, 60, 40, 0, 75)
ROUNDS = 3
OWN = Face()


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture as a file, and what stands in it.

    Attributes:
        way: theme, scale, typeface and format.
        text: the true text, in the order in which a person reads it.
        named: what must be there letter by letter.
    """

    name: str
    way: str
    data: bytes
    text: str
    named: tuple[str, ...]


def drawn(scene: Scene, theme: str, scale: float, face: Face, mono: Face, quality: int) -> Drawn:
    """Below 1 the picture is drawn at 1 and made smaller, as happens to a screenshot on its way."""
    canvas = Canvas(*scene.size, THEMES[theme], face, mono, max(1.0, scale))
    scene.draw(canvas)
    picture = canvas.picture
    if scale < 1:
        size = (round(picture.width * scale), round(picture.height * scale))
        picture = picture.resize(size, Image.Resampling.BICUBIC)
    kind = f"JPEG {quality}" if quality else "PNG"
    face = mono if scene.name.startswith("terminal") else face
    way = f"{theme}, {scale:g}, {face.name}, {kind}"
    return Drawn(scene.name, way, _file(picture, quality), "\n".join(canvas.lines), scene.named)


def every(sans: list[Face] | None = None, mono: list[Face] | None = None) -> Iterator[Drawn]:
    """The whole set; the faces of this machine when none are given."""
    sans, mono = sans or faces(SANS), mono or faces(MONO)
    themes, number = list(THEMES), 0
    for turn in range(ROUNDS):
        for place, scene in enumerate(SCENES):
            yield drawn(
                scene,
                themes[(place + turn) % len(themes)],
                SCALES[number % len(SCALES)],
                sans[(place + turn) % len(sans)],
                mono[(place + turn) % len(mono)],
                QUALITIES[number % len(QUALITIES)],
            )
            number += 1


def _file(picture: Image.Image, quality: int) -> bytes:
    held = io.BytesIO()
    if quality:
        picture.save(held, "JPEG", quality=quality)
    else:
        picture.save(held, "PNG")
    return held.getvalue()
