"""Names, places and texts of files that nobody trusts, made fit to be shown. No name is ever used as a path."""

from __future__ import annotations

import re
import unicodedata

LONGEST_NAME = 100
LONGEST_PLACE = 300

_SEPARATOR = "·"
"""Parts a place; a name must not look like two parts of one."""

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
"""Categories of characters that no name shows: controls, what turns the direction of writing, halves, unassigned."""


def clean_name(name: str) -> str:
    """The last part of a name or path, visible characters only, 100 at most; ``?`` when nothing is left."""
    last = re.split(r"[/\\]", name.rstrip("/\\"))[-1]
    shown = _visible(last).replace(_SEPARATOR, "-")
    if len(shown) > LONGEST_NAME:
        keep = LONGEST_NAME - 21
        shown = f"{shown[:keep]}…{shown[-20:]}"
    return shown or "?"


def clean_place(place: str) -> str:
    """A place of parts, visible characters only, 300 at most."""
    return _visible(place)[:LONGEST_PLACE]


def clean_text(text: str) -> str:
    """A text without control characters but tabs and line ends, and without room that says nothing."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n").replace("\x0b", "\n")
    text = _CONTROLS.sub("", text)
    text = re.sub(r"[ \t\u00a0]+\n", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n \ufeff")


def _visible(text: str) -> str:
    text = unicodedata.normalize("NFC", text[: 10 * LONGEST_PLACE])
    kept = "".join(
        " " if one.isspace() else one for one in text if one.isspace() or unicodedata.category(one) not in _UNSEEN
    )
    return " ".join(kept.split())
