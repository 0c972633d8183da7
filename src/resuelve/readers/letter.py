"""A message taken apart, whatever its format."""

from __future__ import annotations

from dataclasses import dataclass, field

from resuelve.readers.port import Obstacle


@dataclass(slots=True)
class Letter:
    """A message.

    Attributes:
        plain: what was written, as plain text; `html` as a page, UTF-8. One of both may be missing.
        files: names and bytes of what is attached.
        letters: messages within it that are no file of their own, with their names.
        obstacles: what of it cannot be read.
    """

    subject: str = ""
    date: str = ""
    plain: str = ""
    html: bytes = b""
    files: list[tuple[str, bytes]] = field(default_factory=list)
    letters: list[tuple[str, Letter]] = field(default_factory=list)
    obstacles: list[Obstacle] = field(default_factory=list)
