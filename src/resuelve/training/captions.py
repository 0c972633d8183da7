"""``finetune/LLMImage``: pictures in ``images/``, and what each of them says in ``entradas.json``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resuelve.domain.errors import Rejected, TrainingError
from resuelve.domain.message import Message, message, system_said
from resuelve.training.pictures import MOST_BYTES, PictureRefused, fingerprint, opened

ENTRIES, PICTURES, RESULTS = "entradas.json", "images", "results"
LONGEST = 4_000
"""Characters of a text; a longer one is no caption."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Caption:
    """A picture and what it says.

    Attributes:
        pixels: fingerprint of the picture's content.
    """

    name: str
    path: Path
    text: str
    pixels: str


@dataclass(frozen=True, slots=True)
class Captions:
    """What there is to learn from.

    Attributes:
        digest: of every text and every picture that is used; the same whatever their order.
    """

    kept: tuple[Caption, ...]
    aside: tuple[Rejected, ...]
    digest: str


def read_captions(folder: Path, progress: Progress | None = None) -> Captions:
    """Read and look at everything. What cannot be used is set aside with its reason.

    Raises:
        TrainingError: there is no list of entries.
    """
    entries = _entries(folder / ENTRIES)
    kept: list[Caption] = []
    aside: list[Rejected] = []
    names: dict[str, int] = {}
    contents: dict[str, str] = {}
    for number, entry in enumerate(entries, 1):
        where = message("{where}, entry {number}", where=str(folder / ENTRIES), number=number)
        try:
            one = _checked(entry, folder / PICTURES)
            if one.name in names:
                said = message("{name} stands in entry {number} already", name=one.name, number=names[one.name])
                raise PictureRefused(said)
            names[one.name] = number
            if one.pixels in contents:
                raise PictureRefused(message("it is the same picture as {name}", name=contents[one.pixels]))
            contents[one.pixels] = one.name
            kept.append(one)
        except PictureRefused as refused:
            aside.append(Rejected(_name_of(entry), where, refused.why))
        if progress:
            progress(number, len(entries))
    return Captions(tuple(kept), tuple(aside), _digest(kept))


def split(captions: Sequence[Caption], held_out: float) -> tuple[list[Caption], list[Caption]]:
    """Those to learn from and those to measure on: the same ones every time, whatever their order.

    At least one is held out, and at least one is not.

    Raises:
        TrainingError: there are fewer than two.
    """
    if len(captions) < 2:
        raise TrainingError(
            message("{count} pictures can be used; two are the least", count=len(captions)),
            remedy=message("add pictures to {folder} and entries to {file}", folder=PICTURES, file=ENTRIES),
        )
    ordered = sorted(captions, key=lambda one: hashlib.sha256(one.pixels.encode()).hexdigest())
    count = min(max(1, round(held_out * len(ordered))), len(ordered) - 1)
    return ordered[count:], ordered[:count]


def _entries(file: Path) -> list[Any]:
    remedy = "write a list of entries, each with «imagen», the name of a picture, and «texto», what it says"
    try:
        entries = json.loads(file.read_bytes())
    except OSError as error:
        raise TrainingError(
            message("cannot be read ({why})", why=system_said(error)), where=str(file), remedy=remedy
        ) from error
    except (ValueError, RecursionError) as error:
        raise TrainingError("it is no JSON", where=str(file), remedy=remedy) from error
    if not isinstance(entries, list):
        raise TrainingError("it holds no list", where=str(file), remedy=remedy)
    return entries


def _checked(entry: Any, pictures: Path) -> Caption:
    name, text = _text(entry, "imagen"), _text(entry, "texto")
    if len(text) > LONGEST:
        raise PictureRefused(message("the text has more than {most} characters", most=LONGEST))
    path = pictures / name
    if not name.isprintable() or Path(name).name != name or not path.resolve().is_relative_to(pictures.resolve()):
        raise PictureRefused(message("it leads out of the folder {folder}", folder=PICTURES))
    if not path.is_file():
        raise PictureRefused(message("{name} is missing", name=f"{PICTURES}/{name}"))
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise PictureRefused(message("cannot be read ({why})", why=system_said(error))) from error
    return Caption(name, path, text, fingerprint(opened(data)))


def _text(entry: Any, key: str) -> str:
    value = entry.get(key) if isinstance(entry, dict) else None
    if not isinstance(value, str) or not value.strip():
        raise PictureRefused(message("it has no text under «{key}»", key=key))
    return " ".join(value.split())


def _name_of(entry: Any) -> str:
    name = entry.get("imagen") if isinstance(entry, dict) else None
    return name if isinstance(name, str) else str(Message.of("—"))


def _digest(captions: Sequence[Caption]) -> str:
    lines = sorted(json.dumps([one.pixels, one.text], ensure_ascii=False) for one in captions)
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()
