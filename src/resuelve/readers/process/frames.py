"""What parent and reading process say to each other. Neither trusts a length: each has its own limits.

A file goes to the process as two lengths, its name and its bytes. What it finds comes back a JSON value a line: first
the kind, then piece by piece what was read and what was not, then the end. So nothing is lost when the process dies.
"""

from __future__ import annotations

import json
import struct
from typing import BinaryIO

from resuelve.readers.kinds import KINDS
from resuelve.readers.naming import clean_place, clean_text
from resuelve.readers.port import Obstacle, Passage, Unread

_LENGTHS = struct.Struct(">II")

END = b'{"end":true}\n'


class Unbelievable(ValueError):
    """The process said something that no reader of ours says."""


def request(name: str, data: bytes) -> bytes:
    """A file as it is sent to the process."""
    shown = name.encode("utf-8", "replace")
    return b"".join((_LENGTHS.pack(len(shown), len(data)), shown, data))


def requested(stream: BinaryIO) -> tuple[str, bytes] | None:
    """The next file; None when no more will come."""
    head = stream.read(_LENGTHS.size)
    if len(head) < _LENGTHS.size:
        return None
    name, data = _LENGTHS.unpack(head)
    return stream.read(name).decode("utf-8", "replace"), stream.read(data)


def ready(held: tuple[str, ...]) -> bytes:
    """The process's first words: what it has given up."""
    return _line({"ready": held})


def kind(of: str) -> bytes:
    """What the file is."""
    return _line({"kind": of})


def item(found: Passage | Obstacle) -> bytes:
    """A piece of what was found."""
    if isinstance(found, Passage):
        return _line({"read": [found.place, found.text]})
    return _line({"unread": [found.place, found.reason.value, found.detail]})


def heard(line: bytes) -> str | tuple[str, ...] | Passage | Obstacle | None:
    """What a line of the process says: a kind, what it has given up, a piece, or None for the end.

    Raises:
        Unbelievable: it says anything else.
    """
    try:
        said = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Unbelievable from error
    match said:
        case {"kind": str(of)} if of in KINDS or not of:
            return of
        case {"read": [str(place), str(text)]}:
            return Passage(clean_place(place), clean_text(text))
        case {"unread": [str(place), str(reason), str(detail)]} if reason in set(Unread):
            return Obstacle(clean_place(place), Unread(reason), clean_place(detail))
        case {"ready": [*held]}:
            return tuple(str(token) for token in held)
        case {"end": True}:
            return None
        case _:
            raise Unbelievable


def _line(said: dict[str, object]) -> bytes:
    return json.dumps(said, ensure_ascii=True, separators=(",", ":")).encode("ascii") + b"\n"
