"""An index in memory, for tests and for trying things out: the rules of the real one in a page of numpy.

Words are lower-cased and folded, not stemmed, and BM25 counts the true average length, so its scores differ from
those of `edge`; order, limits, errors and what a hit holds are the same.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from resuelve.domain.errors import IndexDamaged, IndexMissing, VectorIndexError
from resuelve.domain.message import message
from resuelve.vectors.fusion import Fusion, best_first
from resuelve.vectors.intake import REBUILD, checked, checked_change, query_vector
from resuelve.vectors.port import Entry, Hit, IndexIdentity, Vectors, sample
from resuelve.vectors.words import ACCENTED_STOP_WORDS, fold

_WORD = re.compile(r"\w+")
_STOP_WORDS = ACCENTED_STOP_WORDS | frozenset(
    "a al con de del el en es esta este la las lo los no o por que se su un una y an and in is it of on the to".split()
)


class MemoryStore:
    """Keeps the current index in this process. Safe to use from several threads."""

    def __init__(self, fusion: Fusion | None = None) -> None:
        self._fusion = fusion or Fusion()
        self._current: _Generation | None = None

    def open(self) -> MemoryIndex:
        """See `VectorStore.open`."""
        if self._current is None:
            raise IndexMissing("no index has been built", remedy=REBUILD)
        return MemoryIndex(self._current, self._fusion)

    def current(self) -> IndexIdentity | None:
        """See `VectorStore.current`."""
        return self._current.identity if self._current else None

    def build(self, identity: IndexIdentity, entries: Iterable[Entry]) -> None:
        """See `VectorStore.build`."""
        self._current = _Generation(identity, tuple(checked(entries, identity)))

    def ids(self) -> frozenset[str]:
        """See `VectorStore.ids`."""
        return frozenset(self._current.entries) if self._current else frozenset()

    def update(
        self,
        identity: IndexIdentity,
        added: Iterable[Entry],
        removed: Collection[str],
        *,
        since: IndexIdentity | None = None,
    ) -> None:
        """See `VectorStore.update`."""
        if self._current is None:
            raise IndexMissing("no index has been built", remedy=REBUILD)
        before = self._current
        kept, entries = checked_change(before.identity, before.entries, identity, added, removed, since)
        staying = [entry for entry in before.entries.values() if entry.id in kept]
        self._current = _Generation(identity, (*staying, *entries))

    @contextmanager
    def draft(self) -> Iterator[MemoryStore]:
        """See `VectorStore.draft`."""
        copy = MemoryStore(self._fusion)
        copy._current = self._current
        yield copy


class MemoryIndex:
    """An open index of `MemoryStore`."""

    def __init__(self, generation: _Generation, fusion: Fusion) -> None:
        self._generation = generation
        self._fusion = fusion
        self._closed = False

    @property
    def identity(self) -> IndexIdentity:
        """See `VectorIndex.identity`."""
        return self._generation.identity

    def search(self, vector: Vectors, text: str, limit: int) -> tuple[Hit, ...]:
        """See `VectorIndex.search`."""
        self._check_open()
        query = query_vector(vector, self.identity)
        if limit < 1 or not self._generation.entries:
            return ()
        dense = self._generation.cosines(query)
        lexical = self._generation.bm25.scores(text)
        depth = self._fusion.depth(limit)
        sharing = [(entry_id, score) for entry_id, score in lexical.items() if score > 0]
        fused = self._fusion.fuse(best_first(dense.items())[:depth], best_first(sharing)[:depth])
        entries = self._generation.entries
        return tuple(
            Hit(i, entries[i].problem_id, entries[i].text, dense[i], lexical[i], score) for i, score in fused[:limit]
        )

    def background(self) -> Vectors:
        """See `VectorIndex.background`."""
        self._check_open()
        return self._generation.background

    def vectors(self, ids: Sequence[str]) -> Vectors:
        """See `VectorIndex.vectors`."""
        self._check_open()
        return self._generation.vectors(ids)

    def close(self) -> None:
        """See `VectorIndex.close`."""
        self._closed = True

    def _check_open(self) -> None:
        if self._closed:
            raise VectorIndexError("the index has been closed")


class _Generation:
    """What one build left behind; it does not change."""

    def __init__(self, identity: IndexIdentity, entries: Sequence[Entry]) -> None:
        self.identity = identity
        self.entries = {entry.id: entry for entry in entries}
        self.bm25 = _Bm25({entry.id: entry.text for entry in entries})
        self._matrix = _rows([entry.vector for entry in entries], identity.dimension)
        self.background = _rows([self.entries[i].vector for i in sample(sorted(self.entries))], identity.dimension)

    def vectors(self, ids: Sequence[str]) -> Vectors:
        missing = [entry_id for entry_id in ids if entry_id not in self.entries]
        if missing:
            raise IndexDamaged(
                message("{what}: it is damaged ({why})", what=message("the index cannot be read"), why=missing[0]),
                remedy=REBUILD,
            )
        return _rows([self.entries[entry_id].vector for entry_id in ids], self.identity.dimension)

    def cosines(self, query: Vectors) -> dict[str, float]:
        # Not a matrix product: its last bit depends on where a row lies in memory, and equal entries must be equals.
        cosines = (self._matrix * _unit(query)).sum(axis=1)
        return dict(zip(self.entries, cosines.tolist(), strict=True))


class _Bm25:
    """Okapi BM25 (Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009, eq. 3.15)."""

    def __init__(self, texts: dict[str, str], k: float = 1.2, b: float = 0.75) -> None:
        counts = {entry_id: Counter(_words(text)) for entry_id, text in texts.items()}
        average = sum(c.total() for c in counts.values()) / max(1, len(counts))
        self._documents = Counter(word for c in counts.values() for word in c)
        self._weights = {
            entry_id: {word: tf * (k + 1) / (tf + k * (1 - b + b * c.total() / average)) for word, tf in c.items()}
            for entry_id, c in counts.items()
        }

    def scores(self, text: str) -> dict[str, float]:
        """The score of every entry, 0 where no word is shared."""
        query = {word: self._idf(word) for word in sorted(set(_words(text))) if word in self._documents}
        return {
            entry_id: sum(idf * weights[word] for word, idf in query.items() if word in weights)
            for entry_id, weights in self._weights.items()
        }

    def _idf(self, word: str) -> float:
        n = self._documents[word]
        return math.log(1 + (len(self._weights) - n + 0.5) / (n + 0.5))


def _words(text: str) -> list[str]:
    return [word for word in _WORD.findall(fold(text)) if word not in _STOP_WORDS]


def _rows(vectors: Sequence[Vectors], dimension: int) -> Vectors:
    matrix = np.array([_unit(vector) for vector in vectors], dtype=np.float32).reshape(len(vectors), dimension)
    matrix.setflags(write=False)
    return matrix


def _unit(vector: Vectors) -> Vectors:
    length = np.linalg.norm(vector)
    return np.asarray(vector / length if length > 0 else vector, dtype=np.float32)
