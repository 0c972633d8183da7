"""Reading files: an attachment becomes text with its place, and what was not read becomes a reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable


class Unread(StrEnum):
    """Why a file, or a part of it, was not read. Each has its sentences in ``texts/*/readers.json``."""

    NOT_FETCHED = "not_fetched"
    TOO_LARGE = "too_large"
    UNKNOWN_KIND = "unknown_kind"
    EMPTY = "empty"
    NO_TEXT = "no_text"
    ENCRYPTED = "encrypted"
    DAMAGED = "damaged"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_MANY_PAGES = "too_many_pages"
    TOO_MANY_FILES = "too_many_files"
    EXPANDS = "expands"
    NESTED = "nested"
    TOO_LONG = "too_long"
    HIDDEN = "hidden"
    TIME = "time"
    MEMORY = "memory"
    CRASHED = "crashed"
    NOT_INSTALLED = "not_installed"
    SWITCHED_OFF = "switched_off"


@dataclass(frozen=True, slots=True)
class Passage:
    """Text that was read, and where in the file it stands.

    Attributes:
        place: from the outside in, the parts separated by `` · ``: ``OCR``, ``p. 3 · OCR``, ``captura.png · OCR``, the
            name of a sheet; empty for the whole of a plain text. The same in every language.
        text: untrusted; never longer than the limits allow.
    """

    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A file, or a part of it, that was not read.

    Attributes:
        place: as that of a `Passage`; empty for the whole file.
        detail: what the reason may be shown with in brackets, the same in every language: the limit that was reached
            (``25 MB``), the ending of a foreign format (``rar``), the extra that is missing; ours, never a text of
            the file.
    """

    place: str
    reason: Unread
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says.

    Attributes:
        name: as it was given, without folders and control characters; only ever shown.
        kind: what it is by its content: ``png``, ``pdf``, ``docx``…; empty when that is not known.
        passages: in reading order.
        obstacles: what was not read, and why.
    """

    name: str
    kind: str
    passages: tuple[Passage, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may cost. Whatever goes beyond is an obstacle, and the rest is still read.

    Attributes:
        bytes: of the file itself.
        seconds: of wall time for the whole file.
        memory: bytes of address space that reading may add.
        pixels: of one picture.
        pages: of a document; of those that are pictures, `scans` at most are read by OCR.
        files: members of an archive or of a message.
        expanded: bytes that an archive's members, or a document's parts, may come to.
        characters: of text that is kept of one file.
    """

    bytes: int = 25_000_000
    seconds: float = 60.0
    memory: int = 2_000_000_000
    pixels: int = 40_000_000
    pages: int = 50
    scans: int = 10
    files: int = 50
    expanded: int = 100_000_000
    characters: int = 20_000


@runtime_checkable
class Reader(Protocol):
    """Reads files that nobody trusts. Safe to use from several threads."""

    def read(self, name: str, data: bytes) -> Document:
        """What the file says. Whatever it holds, no error is raised for it: what cannot be read is an obstacle.

        Raises:
            ReaderUnavailable: no file can be read now; later it may work.
        """
        ...

    def close(self) -> None:
        """Give back processes and models."""
        ...
