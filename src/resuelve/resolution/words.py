"""Words of the dictionary and of tickets, compared by their stems and weighted by how rare they are."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

_WORD = re.compile(r"[a-z0-9]+")
_STEM = 5
"""Letters kept of a word: in Spanish the first five nearly always hold the root (adjuntar, adjunto, adjuntado)."""

_TWINS = 0.55
"""Likeness from which on two texts of the dictionary say nearly the same."""

_REMEMBERED = 2000
"""Characters of the longest text whose stems are kept in memory."""

_SPANISH = frozenset(
    "al como con cuando de del el en es esta estan este esto gracias ha han hay hola la las le les lo los mas me mi "
    "muy nos para pero por que se si su sus te un una uno y ya".split()
)
_ENGLISH = frozenset(
    "am an and are at be been but by can cannot for from has have hello i in is it my of on or please so thanks that "
    "the this to was we when with you your".split()
)
_STOP_WORDS = (_SPANISH | _ENGLISH | {"a", "no", "not", "o"}) - {"cuando", "when", "cannot"}


def fold(text: str) -> str:
    """Lower case without accents."""
    decomposed = unicodedata.normalize("NFKD", text.lower())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def stems(text: str) -> frozenset[str]:
    """The stems of the telling words of a text."""
    # Rows and queries come again and again; a ticket's whole text may be huge, and would be held for nothing.
    return _remembered(text) if len(text) <= _REMEMBERED else _stems(text)


def _stems(text: str) -> frozenset[str]:
    words = _WORD.findall(fold(text))
    return frozenset(word[:_STEM] for word in words if len(word) > 1 and word not in _STOP_WORDS)


_remembered = lru_cache(maxsize=1024)(_stems)


def language_of(text: str) -> str:
    """``es`` or ``en``, by which language's small words there are more of; ``es`` when there are none."""
    words = _WORD.findall(fold(text[:4000]))
    return "en" if sum(word in _ENGLISH for word in words) > sum(word in _SPANISH for word in words) else "es"


class Lexicon:
    """How telling each word is, learned from the examples of the dictionary (inverse document frequency).

    Attributes:
        language: that of the dictionary.
    """

    def __init__(self, examples: Iterable[str]) -> None:
        texts = list(examples)
        documents = [stems(text) for text in texts]
        self.language = language_of(" ".join(texts[:200]))
        frequency = Counter(stem for document in documents for stem in document)
        self._rarest = math.log(1 + max(1, len(documents)))
        self._weight = {stem: math.log(1 + len(documents) / count) for stem, count in frequency.items()}

    def coverage(self, example: str, text: str) -> float:
        """The share of the example's words, by weight, that the text has too; 0 to 1."""
        wanted = stems(example)
        return self._sum(wanted & stems(text)) / max(self._sum(wanted), 1e-9)

    def likeness(self, one: str, other: str) -> float:
        """Cosine of the two texts' words weighted by rarity (binary tf, idf); 0 to 1."""
        a, b = stems(one), stems(other)
        shared = a & b
        # Most pairs share no word, and this is asked hundreds of times a ticket.
        return self._squares(shared) / math.sqrt(self._squares(a) * self._squares(b)) if shared else 0.0

    def nearly_same(self, one: str, other: str) -> bool:
        """True when two texts of the dictionary say nearly the same, so that a ticket may well be both."""
        return self.likeness(one, other) >= _TWINS

    def known(self, some: frozenset[str]) -> frozenset[str]:
        """Those of the stems that the dictionary has."""
        return some & self._weight.keys()

    def telling(self, some: frozenset[str]) -> float:
        """How much these stems tell together; 1 is one word that stands nowhere else in the dictionary."""
        return self._sum(some) / self._rarest

    def _of(self, stem: str) -> float:
        return self._weight.get(stem, self._rarest)

    def _sum(self, some: frozenset[str]) -> float:
        return sum(self._of(stem) for stem in sorted(some))

    def _squares(self, some: frozenset[str]) -> float:
        return sum(self._of(stem) ** 2 for stem in sorted(some))
