"""Searching one shard.

The engine's own fusion is not used: it gives back fused scores only, and a hit has to carry the exact cosine and the
BM25 score, on which the critic judges.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import qdrant_edge as qdrant

from resuelve.vectors.engine import DENSE, LEXICAL, bm25, dense_of, engine_errors, entry_id, unpack
from resuelve.vectors.fusion import Scored, best_first
from resuelve.vectors.manifest import Manifest
from resuelve.vectors.port import Entry, Vectors
from resuelve.vectors.words import fold

_BATCH = 500
_QUERY_CHARACTERS = 8_000
_TIES = 4_096
_HNSW_EF = 256


class Shard:
    """A shard that is only searched. Safe to use from several threads."""

    def __init__(self, folder: Path, manifest: Manifest, *, exact: bool) -> None:
        self._folder = folder
        self._manifest = manifest
        self._bm25 = bm25(manifest.average_length)
        self._params = qdrant.SearchParams(exact=exact, hnsw_ef=None if exact else _HNSW_EF)
        with engine_errors("the index cannot be loaded", folder):
            self._shard = qdrant.EdgeShard.load(str(folder))

    def nearest(self, vector: Vectors, limit: int) -> list[Scored]:
        """The `limit` entries of highest cosine."""
        return self._best(_dense_query(vector), limit)

    def lexical(self, text: str, limit: int) -> list[Scored]:
        """The `limit` entries of highest BM25 score, which is above 0."""
        return [hit for hit in self._best(self._lexical_query(text), limit) if hit[1] > 0]

    def cosines(self, vector: Vectors, ids: Sequence[str]) -> dict[str, float]:
        """The cosine of these entries."""
        return dict(self._query(_dense_query(vector), len(ids), among=ids))

    def lexical_scores(self, text: str, ids: Sequence[str]) -> dict[str, float]:
        """The BM25 score of those of these entries that share a term with the text."""
        return dict(self._query(self._lexical_query(text), len(ids), among=ids))

    def texts(self, ids: Sequence[str]) -> list[tuple[str, str]]:
        """Problem id and text of these entries, in this order."""
        with engine_errors("the index cannot be read", self._folder):
            records = self._shard.retrieve([uuid.UUID(i) for i in ids], with_payload=True, with_vector=False)
            texts = {entry_id(record.id): unpack(record.payload) for record in records}
            return [texts[i] for i in ids]

    def entries(self, ids: Sequence[str]) -> Iterator[Entry]:
        """These entries as they were given, in this order; their vectors as the engine keeps them, of length 1."""
        for start in range(0, len(ids), _BATCH):
            batch = ids[start : start + _BATCH]
            with engine_errors("the index cannot be read", self._folder):
                found = self._shard.retrieve([uuid.UUID(i) for i in batch], with_payload=True, with_vector=[DENSE])
                by_id = {entry_id(record.id): record for record in found}
                entries = [
                    Entry(i, *unpack(by_id[i].payload), np.array(dense_of(by_id[i]), dtype=np.float32)) for i in batch
                ]
            yield from entries

    def background(self) -> Vectors:
        """The vectors that the manifest names as the background, in this order."""
        return self.vectors(self._manifest.background)

    def vectors(self, ids: Sequence[str]) -> Vectors:
        """The vectors of these entries, in this order."""
        with engine_errors("the index cannot be read", self._folder):
            records = self._shard.retrieve([uuid.UUID(i) for i in ids], with_payload=False, with_vector=[DENSE])
            vectors = {entry_id(record.id): dense_of(record) for record in records}
            found = [vectors[i] for i in ids]
        return np.array(found, dtype=np.float32).reshape(len(ids), self._manifest.identity.dimension)

    def close(self) -> None:
        """Give back files and memory."""
        with engine_errors("the index cannot be closed", self._folder):
            self._shard.close()

    def _best(self, query: qdrant.Query, limit: int) -> list[Scored]:
        """The best `limit`, ties by entry id, whatever order the engine has for entries of one score.

        One more is asked for; when the last ones are tied, the engine may have left out others of the same score,
        so it is asked for more until the group is complete.
        """
        asked = limit + 1
        while True:
            hits = self._query(query, asked)
            if len(hits) < asked or asked > _TIES or hits[limit - 1][1] > hits[-1][1]:
                return hits[:limit]
            asked *= 4

    def _query(self, query: qdrant.Query, limit: int, among: Sequence[str] | None = None) -> list[Scored]:
        if not limit:
            return []
        chosen = None
        if among is not None:
            chosen = qdrant.Filter(must=[qdrant.HasIdCondition({uuid.UUID(i) for i in among})])
        request = qdrant.QueryRequest(limit, query=query, filter=chosen, params=self._params)
        with engine_errors("the index cannot be searched", self._folder):
            return best_first((entry_id(point.id), point.score) for point in self._shard.query(request))

    def _lexical_query(self, text: str) -> qdrant.Query:
        terms = self._bm25.embed_query(fold(text[:_QUERY_CHARACTERS]))
        return qdrant.Query.Nearest(terms, using=LEXICAL)


def _dense_query(vector: Vectors) -> qdrant.Query:
    return qdrant.Query.Nearest(vector.tolist(), using=DENSE)
