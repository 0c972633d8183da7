"""Text in a picture, line by line: PP-OCRv6 by rapidocr, whose weights come with its package.

Nothing is ever fetched: the two models are given by their files, and a file that is missing is an error. Lines are
looked for in bands and recognised few at a time, so that a large picture costs time and no memory.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]
"""Rows, columns, and blue, green and red."""

Box = npt.NDArray[np.float32]
THREADS = 2
_BAND = 1_600_000
_OVERLAP = 96
_SMALLEST = 64
_WIDEST = 4096
_MOST = 8_500_000
_BATCH = 2
_SMALL = 20.0
"""Pixels: below that the lines are looked for again in the picture made larger."""
_MOST_ENLARGED = 4_000_000
_WORTH = 1.2
_FLOOR = 0.6
_SINGLE = 0.9
_FEW = 3
_DOUBTFUL = 0.75
_NEAR = 0.05
_ICONS = "XxOoQVv"
"""What a cross, a ring, a magnifying glass and an arrow are taken for."""
_NARROW = "iIlj1|!'([.,:;-·¿«"
_DOUBLES = {"0": "O", "1": "lI"}
_WESTERN = re.compile(r"[\x20-\x7e\xa0-\xff\u2010-\u2027\u2030-\u203a\u20ac\u2122\u2190-\u2193\u2212\u2260-\u2265]")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text as it was recognised, in the pixels of the picture that was given.

    Attributes:
        confidence: the model's, 0 to 1: the mean of its characters.
    """

    text: str
    confidence: float
    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


def certain(lines: Iterable[Line]) -> list[Line]:
    """Those that the model is sure of. A sign that stands alone is more often an icon than a letter."""
    return [line for line in lines if line.text.strip() and line.confidence >= _floor(line.text.strip())]


def _floor(text: str) -> float:
    if len(text) == 1:
        return _SINGLE if text.isalnum() and text not in _ICONS else 1.01
    return _FLOOR


def upright(picture: Image.Image) -> list[Line]:
    """The lines of a picture in RGB, which may lie on its side or stand on its head, as a photo without EXIF may."""
    lines = recognise(picture)
    if len(lines) < _FEW:
        return lines
    if sum(line.height > 1.5 * line.width for line in lines) > 0.5 * len(lines):
        turns = [Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270]
    elif sum(line.confidence for line in lines) < _DOUBTFUL * len(lines):
        turns = [Image.Transpose.ROTATE_180]
    else:
        return lines
    return max([lines, *(recognise(picture.transpose(turn)) for turn in turns)], key=_readable)


def _readable(lines: Iterable[Line]) -> float:
    return sum(len(line.text) * line.confidence for line in certain(lines) if line.width > line.height)


def bounds(size: tuple[int, int]) -> tuple[int, int]:
    """The size in which a picture is read: a very large one smaller, since that keeps time and memory in hand."""
    width, height = size
    ratio = min(1.0, _WIDEST / width, (_MOST / (width * height)) ** 0.5)
    return max(1, round(width * ratio)), max(1, round(height * ratio))


def recognise(picture: Image.Image) -> list[Line]:
    """The lines of a picture in RGB, in no certain order; those in doubt too."""
    size = bounds(picture.size)
    scaled = picture if size == picture.size else picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    found = _found(_pixels(scaled))
    if found and median(_height(box) for box, _ in found) < _SMALL:
        more = min(2.0, (_MOST_ENLARGED / (scaled.width * scaled.height)) ** 0.5)
        if more > _WORTH:
            scaled = scaled.resize((round(scaled.width * more), round(scaled.height * more)), Image.Resampling.BICUBIC)
            found = _found(_pixels(scaled))
    if not found:
        return []
    read = _engine().recognize_txt([crop for _, crop in found])
    boxes = _level([box for box, _ in found]) * (picture.width / scaled.width)
    return [
        Line(_mended(text, crop), float(score), *box.min(axis=0).tolist(), *box.max(axis=0).tolist())
        for box, (_, crop), text, score in zip(boxes, found, read.txts, read.scores, strict=True)
    ]


def _pixels(picture: Image.Image) -> Pixels:
    return np.ascontiguousarray(np.asarray(picture)[:, :, ::-1])


def _found(pixels: Pixels) -> list[tuple[Box, Pixels]]:
    """The four corners of each line, from the upper left clockwise, and what is within them."""
    found: list[tuple[Box, Pixels]] = []
    for start, band, first, last in _bands(pixels):
        inside = (box for box in _detected(band) if first <= float(box[:, 1].mean()) + start < last)
        found += ((box + np.array([0, start], np.float32), _cut(band, box)) for box in inside)
    return found


def _height(box: Box) -> float:
    return float(np.linalg.norm(box[3] - box[0]))


def _level(boxes: Sequence[Box]) -> npt.NDArray[np.float32]:
    """The corners as they would lie if a photo had been taken straight."""
    corners = np.array(boxes, np.float32)
    along = corners[:, 1] - corners[:, 0]
    long = along[np.linalg.norm(along, axis=1) > 3 * np.linalg.norm(corners[:, 3] - corners[:, 0], axis=1)]
    if not len(long):
        return corners
    angle = float(np.median(np.arctan2(long[:, 1], long[:, 0])))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], np.float32)
    return np.asarray(corners @ turn, np.float32)


def _mended(text: str, crop: Pixels) -> str:
    """What the model cannot write: ``0x``, which it takes for a sign of times, and ¡, which its alphabet lacks."""
    text = re.sub(r"\b0×(?=[0-9A-Fa-f]{2})", "0x", text)
    if not re.match(r"[^.?!¡]*!", text):
        return text
    if re.match(r"[i!|l][A-ZÁÉÍÓÚÑ]", text):
        return f"¡{text[1:]}"
    return f"¡{text}" if text[0] not in _NARROW and _begins_narrow(crop) else text


def _begins_narrow(crop: Pixels) -> bool:
    """Whether the first thing from the left is an upright stroke and no letter."""
    grey = crop.mean(axis=2)
    contrast = np.abs(grey - np.median(grey))
    ink = contrast > 0.35 * contrast.max()
    columns = ink.any(axis=0)
    start = int(columns.argmax())
    length = int((~columns[start:]).argmax())
    rows = ink[:, start : start + length].any(axis=1)
    return 0 < length < 0.2 * len(grey) and int(rows.sum()) > 0.3 * len(grey)


def _bands(pixels: Pixels) -> Iterator[tuple[int, Pixels, float, float]]:
    """Top, pixels, and from where to where the middles of its lines may lie."""
    height, width = pixels.shape[:2]
    tall = max(4 * _OVERLAP, _BAND // width)
    top = 0
    while True:
        bottom = min(height, top + tall)
        whole = height - bottom <= _OVERLAP
        bottom = height if whole else bottom
        first = top + _OVERLAP / 2 if top else -np.inf
        last = np.inf if whole else bottom - _OVERLAP / 2
        yield top, pixels[top:bottom], first, last
        if whole:
            return
        top = bottom - _OVERLAP


def _detected(band: Pixels) -> npt.NDArray[np.float32]:
    padded = _padded(band)
    found = _engine()(padded, use_det=True, use_cls=False, use_rec=False)
    boxes = getattr(found, "boxes", None)
    return np.zeros((0, 4, 2), np.float32) if boxes is None else np.asarray(boxes, np.float32)


def _padded(band: Pixels) -> Pixels:
    height, width = band.shape[:2]
    more = [(0, max(0, _SMALLEST - height)), (0, max(0, _SMALLEST - width)), (0, 0)]
    return np.pad(band, more, mode="edge") if height < _SMALLEST or width < _SMALLEST else band


def _cut(band: Pixels, box: Box) -> Pixels:
    crops: Sequence[Pixels] = _engine().crop_text_regions(_padded(band), box[None])
    return crops[0]


@cache
def _engine() -> Any:
    """The engine of this process, built when the first picture comes."""
    # Unless this is set before it loads, onnxruntime reports its use to its maker and keeps a machine's identifier.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime  # type: ignore[import-untyped] # ships no types
    import rapidocr

    onnxruntime.set_default_logger_severity(4)
    models = Path(rapidocr.__file__).parent / "models"
    engine: Any = rapidocr.RapidOCR(  # its parts are there only once they were used
        params={
            "Global.log_level": "critical",
            "Global.use_cls": False,
            "Global.use_preprocess_img": False,
            "Global.use_vertical_padding": False,
            "Det.model_path": str(models / "PP-OCRv6_det_small.onnx"),
            "Det.limit_type": "max",
            "Det.limit_side_len": 2 * _WIDEST,
            "Rec.model_path": str(models / "PP-OCRv6_rec_small.onnx"),
            "Rec.rec_batch_num": _BATCH,
            "EngineConfig.onnxruntime.intra_op_num_threads": THREADS,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
    sys.modules["cv2"].setNumThreads(THREADS)  # came with rapidocr; else a thread a core, each with its stack
    engine.recognize_txt([np.full((48, 96, 3), 255, np.uint8)])  # loads the model, whose alphabet is narrowed now
    engine.text_rec.postprocess_op = _Decode(engine.text_rec.postprocess_op.character)
    return engine


class _Decode:
    """Turns a model's figures (lines, steps, letters) into text, in the place of rapidocr's own way.

    Only the letters of Western Europe are looked at: an icon is else taken for a Chinese word, and í for ī. Where a
    digit stands among letters and the model was near to a letter that looks like it, that one is taken: ``0RA-12541``.
    """

    def __init__(self, letters: Sequence[str]) -> None:
        self._letters = letters
        self._others = np.array([bool(n) and not _WESTERN.fullmatch(letter) for n, letter in enumerate(letters)])
        place = {letter: number for number, letter in enumerate(letters)}
        self._doubles = {one: [place[other] for other in others] for one, others in _DOUBLES.items()}

    def __call__(self, figures: npt.NDArray[np.float32], *_: Any, **__: Any) -> tuple[list[tuple[str, float]], None]:
        figures[:, :, self._others] = 0.0
        return [self._line(line) for line in figures], None

    def _line(self, steps: npt.NDArray[np.float32]) -> tuple[str, float]:
        best = steps.argmax(axis=1)
        places = [at for at, number in enumerate(best) if number and (not at or number != best[at - 1])]
        if not places:
            return "", 0.0
        letters = [self._letters[best[at]] for at in places]
        for at, letter in enumerate(letters):
            for other in self._doubles.get(letter, ()):
                if steps[places[at], other] > _NEAR and _among_letters(letters, at):
                    letters[at] = self._letters[other]
        return "".join(letters), float(steps[places, best[places]].mean())


def _among_letters(letters: Sequence[str], place: int) -> bool:
    """Whether two letters stand beside it on one side, and no digit in the whole part between two signs."""
    text = "".join(letters)
    start, end = place, place + 1
    while start and text[start - 1].isalnum():
        start -= 1
    while end < len(text) and text[end].isalnum():
        end += 1
    around = text[start:place] + text[place + 1 : end]
    return len(around) > 1 and around.isalpha()
