"""Writing shards: a new one whole, or a copy of one with some entries more and some less."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path

import qdrant_edge as qdrant

from resuelve.domain.errors import VectorIndexError
from resuelve.domain.message import message
from resuelve.vectors.engine import average_length, bm25, config, engine_errors, point
from resuelve.vectors.port import Entry

_BATCH = 500


def write_shard(folder: Path, dimension: int, entries: Iterator[Entry], *, graph: bool) -> tuple[list[str], float]:
    """Write a new shard, read it again and count it.

    Args:
        graph: build an HNSW graph, so that searches need not compare every vector.

    Returns:
        The entries' ids, and BM25's average length, taken from the first of them.
    """
    first = list(islice(entries, _BATCH))
    length = average_length(first)
    with engine_errors("the index cannot be written", folder, VectorIndexError):
        shard = qdrant.EdgeShard.create(str(folder), config(dimension))
    with _written(shard, folder):
        ids = _insert(shard, folder, chain(first, entries), length)
        if graph:
            with engine_errors("the index cannot be written", folder, VectorIndexError):
                shard.optimize()
    _check_count(folder, len(ids))
    return ids, length


def update_shard(
    folder: Path, length: float, added: Iterable[Entry], removed: Collection[str], *, before: int
) -> list[str]:
    """Change the shard in `folder`, a copy of one of `before` entries; read it again and count it.

    Args:
        length: BM25's average length, which the copied entries were weighed with.

    Returns:
        The ids of the added entries.

    Raises:
        IndexDamaged: the copy cannot be loaded, or does not hold as many entries as it should.
    """
    with engine_errors("the index cannot be loaded", folder):
        shard = qdrant.EdgeShard.load(str(folder))
    with _written(shard, folder):
        unwanted = iter(removed)
        while batch := list(islice(unwanted, _BATCH)):
            with engine_errors("the index cannot be written", folder, VectorIndexError):
                shard.update(qdrant.UpdateOperation.delete_points([uuid.UUID(i) for i in batch]))
        ids = _insert(shard, folder, added, length)
    _check_count(folder, before - len(removed) + len(ids))
    return ids


def _insert(shard: qdrant.EdgeShard, folder: Path, entries: Iterable[Entry], length: float) -> list[str]:
    ids: list[str] = []
    terms, source = bm25(length), iter(entries)
    while batch := list(islice(source, _BATCH)):
        ids += [entry.id for entry in batch]
        with engine_errors("the index cannot be written", folder, VectorIndexError):
            shard.update(qdrant.UpdateOperation.upsert_points([point(entry, terms) for entry in batch]))
    return ids


@contextmanager
def _written(shard: qdrant.EdgeShard, folder: Path) -> Iterator[None]:
    """Flush the shard at the end of the block, and close it however the block ends."""
    try:
        yield
        with engine_errors("the index cannot be written", folder, VectorIndexError):
            shard.flush()
    finally:
        shard.close()


def _check_count(folder: Path, entries: int) -> None:
    """Load what was written. The first load also tidies up; from then on loading rewrites two small files only."""
    with engine_errors("the index cannot be read again", folder):
        shard = qdrant.EdgeShard.load(str(folder))
        count = shard.count(qdrant.CountRequest(exact=True))
        shard.close()
    if count != entries:
        raise VectorIndexError(
            message("{written} entries were written and {read} can be read", written=entries, read=count),
            where=str(folder),
        )
