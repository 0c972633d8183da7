"""What the reader of a format is given besides the bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from resuelve.readers.port import Limits, Obstacle, Passage

Found = Iterator[Passage | Obstacle]
"""In reading order. A reader of a format may raise what its library raises for a broken file; the caller turns that
into `Unread.DAMAGED`, and what was found before it stays."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The surroundings of a file within a file.

    Attributes:
        limits: what may still be spent.
        depth: 0 for the attachment itself, 1 for what lies in it.
        inner: reads a file that lies within this one, by its name and bytes; the places that it gives begin with that
            name. Beyond the first level it gives `Unread.NESTED`.
        picture: reads a picture in memory, PNG, that is a part of this file and no file in it: a scanned page. The
            places that it gives are those of a picture, ``OCR``; it neither counts as a file nor as a level.
    """

    limits: Limits
    depth: int
    inner: Callable[[str, bytes], Found]
    picture: Callable[[bytes], Found]
