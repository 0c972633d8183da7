"""The form in which BM25 sees a text: readable characters, lower case, accents folded."""

from __future__ import annotations

import re
import unicodedata

_NOMINAL_ENDING = re.compile(r"([ua])cion\b")

ACCENTED_STOP_WORDS = frozenset(
    "si mas tambien estan esten habia habiamos habian habria habran sera seran seria serian tenia tenian tendra"
    " tendran tendria fueramos eramos estabamos estara estaran estaria aqui alli asi ademas despues segun".split()
)
"""Spanish stop words that are written with an accent, folded: the usual lists know them only with it."""


def readable(text: str) -> str:
    """The text with lone surrogates, which UTF-8 cannot carry, replaced by U+FFFD."""
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def fold(text: str) -> str:
    """Lower case without accents, except for the accent of ``-ación`` and ``-ución``.

    Half of the tickets are typed without accents, so both sides are folded. The Spanish Snowball stemmer however
    reduces ``anulación`` to the stem of ``anular`` only when it sees the accent, so that one is put back wherever
    it was lost.
    """
    decomposed = unicodedata.normalize("NFD", readable(text).lower())
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    return _NOMINAL_ENDING.sub(r"\1ción", plain)
