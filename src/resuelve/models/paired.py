"""Two encoders as one: what the one cannot tell apart, the other may.

The unit vectors of both are written one behind the other, each times the root of its weight. The cosine of two such
vectors is the weighted mean of the two cosines, so whatever works on an embedder's vectors works on these.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from resuelve.models.port import Embedder, Part, Vectors


class PairedEmbedder:
    """As safe to use from several threads as the two are.

    Args:
        weight: that of the first encoder's cosine, between 0 and 1; the second's is the rest. Where the cosines of one
            crowd into a narrower band than those of the other, it takes more than a half to count as much.
        share: see `Part.share`; that of the first encoder.
    """

    def __init__(self, first: Embedder, second: Embedder, *, weight: float, share: float) -> None:
        self._first, self._second = first, second
        self._roots = np.sqrt(np.array([weight, 1 - weight], dtype=np.float32))
        self._identity = f"{first.identity}+{second.identity}@{weight:g}/{share:g}"
        self._share = share

    @property
    def identity(self) -> str:
        """See `Embedder.identity`."""
        return self._identity

    @property
    def dimension(self) -> int:
        """See `Embedder.dimension`."""
        return self._first.dimension + self._second.dimension

    @property
    def parts(self) -> tuple[Part, ...]:
        """See `Embedder.parts`."""
        return Part(self._first.dimension, self._share), Part(self._second.dimension, 1 - self._share)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`."""
        one, other = self._first.embed(texts), self._second.embed(texts)
        return np.concatenate([self._roots[0] * one, self._roots[1] * other], axis=1).astype(np.float32, copy=False)
