"""Whether text that nobody sees says the same as text that is seen."""

from __future__ import annotations

import re

_ENOUGH = 0.6


def agrees(unseen: str, seen: str) -> bool:
    """Most pieces of three letters of the one are in the other; OCR may have misread some."""
    inner, outer = _pieces(unseen), _pieces(seen)
    return bool(inner) and len(inner & outer) >= _ENOUGH * len(inner)


def _pieces(text: str) -> set[str]:
    letters = re.sub(r"[\W_]+", "", text).casefold()
    return {letters[at : at + 3] for at in range(len(letters) - 2)}
