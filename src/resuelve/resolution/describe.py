"""What a picture shows, in the words of a model that sees: which screen, what its message says, what was being done.

They are a model's words about untrusted material. They may help to search and to offer rows, and count in no score
(ADR 0014).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from resuelve.models import ChatModel, Picture
from resuelve.resolution.prompts import prompt
from resuelve.resolution.prompts.schemas import Description

MOST_BYTES = 4_000_000
"""A picture is sent as it is: making it smaller would mean to decode it here, where nothing untrusted is decoded."""
_MOST_READ = 2000
_SIGNATURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}


@dataclass(frozen=True, slots=True)
class Described:
    """What the model says of a picture; each may be empty. One line each, without control characters.

    Attributes:
        by: the learned version that says it; empty for a language model.
    """

    screen: str
    message: str
    doing: str
    by: str = ""

    @property
    def text(self) -> str:
        """All of it, a line each."""
        return "\n".join(filter(None, (self.screen, self.message, self.doing)))


def media_type(picture: bytes) -> str:
    """By its first bytes, of the kinds that models take; empty for others and for what is larger than `MOST_BYTES`."""
    if len(picture) > MOST_BYTES:
        return ""
    if picture[:4] == b"RIFF" and picture[8:12] == b"WEBP":
        return "image/webp"
    return next((media for start, media in _SIGNATURES.items() if picture.startswith(start)), "")


def describe(picture: bytes, media: str, chat: ChatModel, *, read: str = "") -> Described:
    """Ask the model about a picture.

    Args:
        media: what `media_type` says of it, which must not be empty.
        read: what OCR has read in it; helps the model with codes.

    Raises:
        ModelUnavailable: the model is out of reach, or takes no pictures.
        ModelOutputInvalid: no answer could be used.
    """
    if not media:
        raise ValueError("a picture without a media type cannot be described")
    asked = replace(prompt("describe", read=read[:_MOST_READ]), pictures=(Picture(media, picture),))
    said = chat.complete(asked, Description).output
    return Described(_line(said.pantalla), _line(said.mensaje), _line(said.haciendo))


def _line(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
