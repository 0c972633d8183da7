"""The vector index as the two businesses need it: searched often, replaced by its next version in one step."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
"""One vector of shape (dimension,) or several of shape (count, dimension); rows of length 1."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One example description of a known error, to be indexed.

    Attributes:
        id: unique in the index and stable: a fingerprint of problem and text (32 hex digits).
        text: what BM25 indexes.
    """

    id: str
    problem_id: str
    text: str
    vector: Vectors


def id_of(problem_id: str, text: str) -> str:
    """The id of the entry for this text of this problem."""
    return hashlib.sha256(f"{problem_id}\x1f{text}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Hit:
    """One entry found.

    Attributes:
        dense: cosine similarity, -1 to 1; exact for every hit, also for those that only BM25 found.
        lexical: BM25 score, 0 when no word is shared.
        score: weighted reciprocal rank fusion of both lists (Cormack et al. 2009), higher is better.
    """

    entry_id: str
    problem_id: str
    text: str
    dense: float
    lexical: float
    score: float


@dataclass(frozen=True, slots=True)
class IndexIdentity:
    """What an index was built from and with.

    Attributes:
        embedder: `Embedder.identity`.
        dictionary: fingerprint of the known errors in it.
        entries: how many examples it holds.
        built_at: ISO 8601, UTC.
    """

    embedder: str
    dimension: int
    dictionary: str
    entries: int
    built_at: str


BACKGROUND = 512
"""The most vectors that `VectorIndex.background` gives."""


def sample(ids: Sequence[str]) -> list[str]:
    """At most `BACKGROUND` of the ids, evenly spaced."""
    step = max(1, -(-len(ids) // BACKGROUND))
    return list(ids[::step])


@runtime_checkable
class VectorIndex(Protocol):
    """An open, immutable index. Safe to search from several threads."""

    @property
    def identity(self) -> IndexIdentity:
        """What it was built from."""
        ...

    def search(self, vector: Vectors, text: str, limit: int) -> tuple[Hit, ...]:
        """The best entries by both signals, best first, at most `limit`."""
        ...

    def background(self) -> Vectors:
        """A fixed sample of at most `BACKGROUND` entries' vectors (all of a small index), shape (n, dimension).

        What a query's similarity to the dictionary at large is measured on.
        """
        ...

    def vectors(self, ids: Sequence[str]) -> Vectors:
        """The vectors of these entries, in this order, shape (n, dimension).

        Raises:
            VectorIndexError: one of them is not in the index, or it could not be read.
        """
        ...

    def close(self) -> None:
        """Give back files and memory. Closing twice is allowed."""
        ...


@runtime_checkable
class VectorStore(Protocol):
    """Where indexes live. One is current; several processes may open it at once."""

    def open(self) -> VectorIndex:
        """Open the current index.

        Raises:
            IndexMissing: none has been built.
            VectorIndexError: it cannot be read.
        """
        ...

    def current(self) -> IndexIdentity | None:
        """What the current index was built from; None when there is none. Does not open it."""
        ...

    def build(self, identity: IndexIdentity, entries: Iterable[Entry]) -> None:
        """Build an index aside and make it the current one in one step.

        Searches on an index that is open go on; a failure leaves the current one as it was.

        Raises:
            VectorIndexError: it could not be written.
        """
        ...

    def ids(self) -> frozenset[str]:
        """The ids of the current index's entries; none when there is none. Does not open it.

        Raises:
            IndexMismatch, IndexDamaged: it is of another version of Resuelve, or is not what was written.
        """
        ...

    def update(
        self,
        identity: IndexIdentity,
        added: Iterable[Entry],
        removed: Collection[str],
        *,
        since: IndexIdentity | None = None,
    ) -> None:
        """Make an index of the current one, with some entries more and some less, and make it current in one step.

        Searches on an index that is open go on; a failure leaves the current one as it was.

        Args:
            identity: of the new index, by the embedder of the current one.
            added: entries whose ids are not in the current one, unless they are in `removed`.
            removed: ids that are in the current one.
            since: what `current` said when the difference was worked out.

        Raises:
            IndexMissing: there is no current one.
            IndexMismatch: the current one is of another embedder, engine or version, or not the one of `since`.
            IndexDamaged: the current one is not what was written.
            VectorIndexError: an entry is refused, or it could not be written.
        """
        ...

    def draft(self) -> AbstractContextManager[VectorStore]:
        """A store to try things out in, which begins with the current index and is thrown away after the block.

        What is built in it is seen by nobody else, and this store stays as it is.
        """
        ...
