"""What a store accepts. Both adapters check entries here, so that they refuse the same ones."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

import numpy as np

from resuelve.domain.errors import IndexMismatch, VectorIndexError
from resuelve.domain.message import message
from resuelve.vectors.port import Entry, IndexIdentity, Vectors

REBUILD = "run: resuelve index"

_ENTRY_ID = re.compile(r"[0-9a-f]{32}")


def checked(
    entries: Iterable[Entry], identity: IndexIdentity, present: Collection[str] = frozenset()
) -> Iterator[Entry]:
    """Pass the entries on, one by one.

    Args:
        present: ids that are in the index already; with them there are as many as the identity says.

    Raises:
        VectorIndexError: an id is not 32 hex digits or comes twice, a vector has another length or is not finite,
            or there are not as many entries as the identity says.
    """
    if identity.dimension < 1:
        raise VectorIndexError(
            message("vectors of length {length} cannot be indexed", length=identity.dimension), where=identity.embedder
        )
    seen = set(present)
    for entry in entries:
        if not _ENTRY_ID.fullmatch(entry.id):
            raise VectorIndexError("an entry id has to be 32 hex digits", where=f"entry {entry.id[:40]!r}")
        if entry.id in seen:
            raise VectorIndexError("an entry came twice", where=f"problem {entry.problem_id}, entry {entry.id}")
        _check_vector(entry, identity)
        seen.add(entry.id)
        yield entry
    if len(seen) != identity.entries:
        raise VectorIndexError(
            message("{announced} entries were announced and {came} came", announced=identity.entries, came=len(seen))
        )


def checked_change(
    current: IndexIdentity,
    ids: Collection[str],
    identity: IndexIdentity,
    added: Iterable[Entry],
    removed: Collection[str],
    since: IndexIdentity | None,
) -> tuple[frozenset[str], Iterator[Entry]]:
    """The ids that stay, and the added entries, checked as they are passed on.

    Args:
        ids: those of the current index.
        since: what the change was worked out against; None when nobody else can have changed it.

    Raises:
        IndexMismatch: the vectors are another embedder's, or the current index is not the one of `since`.
        VectorIndexError: an entry to be removed is not there.
    """
    if (current.embedder, current.dimension) != (identity.embedder, identity.dimension):
        raise IndexMismatch(
            message(
                "the index was built with {built}, the new entries with {now}",
                built=current.embedder,
                now=identity.embedder,
            ),
            remedy=REBUILD,
        )
    if since is not None and since != current:
        raise IndexMismatch("another process has changed the index meanwhile", remedy=REBUILD)
    before = frozenset(ids)
    kept = before.difference(removed)
    if len(before) - len(kept) != len(removed):
        raise VectorIndexError("an entry to be removed is not in the index, or is named twice")
    return kept, checked(added, identity, kept)


def _check_vector(entry: Entry, identity: IndexIdentity) -> None:
    if entry.vector.shape != (identity.dimension,):
        raise VectorIndexError(
            message(
                "a vector of shape {shape} does not fit an index of dimension {dimension}",
                shape=entry.vector.shape,
                dimension=identity.dimension,
            ),
            where=f"problem {entry.problem_id}, entry {entry.id}",
        )
    if not np.isfinite(entry.vector).all():
        raise VectorIndexError(
            "a vector holds something that is not a number", where=f"problem {entry.problem_id}, entry {entry.id}"
        )


def query_vector(vector: Vectors, identity: IndexIdentity) -> Vectors:
    """The query as a flat float32 vector.

    Raises:
        IndexMismatch: it has another length than the index, so another embedder made it.
        VectorIndexError: it is not finite.
    """
    flat = np.asarray(vector, dtype=np.float32).reshape(-1)
    if flat.size != identity.dimension:
        raise IndexMismatch(
            message(
                "the index holds vectors of length {length} by {embedder}, the query has {found}",
                length=identity.dimension,
                embedder=identity.embedder,
                found=flat.size,
            ),
            remedy=REBUILD,
        )
    if not np.isfinite(flat).all():
        raise VectorIndexError("the query vector holds something that is not a number")
    return flat
