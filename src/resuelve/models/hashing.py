"""A stand-in for an embedder: hashed character n-grams, no model. For tests, and to try the rest out quickly.

Texts that share pieces of words get similar vectors; it knows nothing of meaning. Feature hashing with signs after
Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", ICML 2009.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Sequence

import numpy as np

from resuelve.models.port import Part, Vectors

_WORD = re.compile(r"\w+")
_GRAMS = (3, 4, 5)


class HashEmbedder:
    """Turns a text into its hashed n-grams. Deterministic across machines and versions of Python."""

    def __init__(self, dimension: int = 384) -> None:
        self._dimension = dimension

    @property
    def identity(self) -> str:
        """See `Embedder.identity`."""
        return f"hashing-1/characters-3-5/{self._dimension}"

    @property
    def dimension(self) -> int:
        """See `Embedder.dimension`."""
        return self._dimension

    @property
    def parts(self) -> tuple[Part, ...]:
        """See `Embedder.parts`."""
        return ()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`."""
        vectors = np.zeros((len(texts), self._dimension), dtype=np.float32)
        for index, text in enumerate(texts):
            row = vectors[index]
            for gram, count in Counter(_grams(text)).items():
                code = zlib.crc32(gram.encode("utf-8", "replace"))
                row[(code >> 1) % self._dimension] += (1 - 2 * (code & 1)) * np.sqrt(count)
            if not row.any():
                row[0] = 1.0
            row /= np.linalg.norm(row)
        return vectors


def _grams(text: str) -> list[str]:
    """The n-grams of every word between ``<`` and ``>``, and the word itself; lower case, without accents."""
    decomposed = unicodedata.normalize("NFD", text.lower())
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    words = [f"<{word}>" for word in _WORD.findall(plain)]
    return words + [word[i : i + n] for word in words for n in _GRAMS for i in range(len(word) - n + 1)]
