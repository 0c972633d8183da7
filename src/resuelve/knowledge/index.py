"""The vector index of the dictionary: embed every example, build aside, swap in."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from resuelve.domain.errors import IndexMismatch, IndexMissing
from resuelve.domain.known_error import KnownError
from resuelve.knowledge.catalogue import Catalogue, examples
from resuelve.models import Embedder
from resuelve.vectors import Entry, IndexIdentity, VectorIndex, VectorStore

_BATCH = 64
REMEDY = "run `resuelve index`"


@dataclass(frozen=True, slots=True)
class Built:
    """What a build did: examples indexed, and whether there was anything to do."""

    entries: int
    changed: bool


def build_index(
    problems: Mapping[str, KnownError],
    embedder: Embedder,
    store: VectorStore,
    *,
    force: bool = False,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Built:
    """Bring the index up to date with the known errors; nothing is done when it already is (unless `force`).

    Args:
        progress: told how many of how many examples are embedded.

    Raises:
        VectorIndexError: it could not be written; the current index stays.
        ModelUnavailable: the embedder gave no answer; the current index stays.
    """
    total = sum(len(problem.examples) for problem in problems.values())
    wanted = identity_of(problems, embedder, total)
    current = store.current()
    if current and not force and _same(current, wanted):
        return Built(total, changed=False)
    store.build(wanted, _entries(problems, embedder, total, progress))
    return Built(total, changed=True)


def open_index(catalogue: Catalogue, embedder: Embedder, store: VectorStore) -> VectorIndex:
    """The current index, checked to be this dictionary's and this embedder's.

    Raises:
        IndexMissing, IndexMismatch: with the command that mends it.
    """
    current = store.current()
    if current is None:
        raise IndexMissing("there is no index yet", where="index", remedy=REMEDY)
    if current.embedder != embedder.identity:
        raise IndexMismatch(
            f"the index was built with {current.embedder}, this run embeds with {embedder.identity}",
            where="index",
            remedy=REMEDY,
        )
    if current.dictionary != fingerprint(catalogue.problems):
        raise IndexMismatch("the dictionary has changed since the index was built", where="index", remedy=REMEDY)
    return store.open()


def identity_of(problems: Mapping[str, KnownError], embedder: Embedder, entries: int) -> IndexIdentity:
    """The identity that an index of these known errors has."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return IndexIdentity(embedder.identity, embedder.dimension, fingerprint(problems), entries, now)


def fingerprint(problems: Mapping[str, KnownError]) -> str:
    """Changes when an indexed text or its problem changes; solutions are not indexed (16 hex digits)."""
    digest = hashlib.sha256()
    for entry_id in sorted(_entry_id(problem.id, example) for problem, example in examples(problems)):
        digest.update(entry_id.encode())
    return digest.hexdigest()[:16]


def _same(current: IndexIdentity, wanted: IndexIdentity) -> bool:
    return (current.embedder, current.dictionary) == (wanted.embedder, wanted.dictionary)


def _entries(
    problems: Mapping[str, KnownError], embedder: Embedder, total: int, progress: Callable[[int, int], None]
) -> Iterator[Entry]:
    pairs = examples(problems)
    done = 0
    while batch := list(islice(pairs, _BATCH)):
        vectors = embedder.embed([example for _, example in batch])
        for (problem, example), vector in zip(batch, vectors, strict=True):
            yield Entry(_entry_id(problem.id, example), problem.id, example, vector)
        done += len(batch)
        progress(done, total)


def _entry_id(problem_id: str, example: str) -> str:
    return hashlib.sha256(f"{problem_id}\x1f{example}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
