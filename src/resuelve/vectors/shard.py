"""One shard of Qdrant Edge: every entry is a point with a dense vector (cosine) and a sparse one (BM25).

The engine's own fusion is not used: it gives back fused scores only, and a hit has to carry the exact cosine and the
BM25 score, on which the critic judges.

BM25 is the engine's: Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009). Term
weights are stored with the point, the inverse document frequency is applied at search.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from itertools import chain, islice
from pathlib import Path

import numpy as np
import qdrant_edge as qdrant

from resuelve.domain.errors import VectorIndexError
from resuelve.vectors.fusion import Scored, best_first
from resuelve.vectors.generations import Manifest
from resuelve.vectors.intake import REBUILD
from resuelve.vectors.port import Entry, IndexIdentity, Vectors, sample
from resuelve.vectors.storage import mark, storage_errors
from resuelve.vectors.words import ACCENTED_STOP_WORDS, fold

ENGINE = f"qdrant-edge-py {version('qdrant-edge-py')}"

_DENSE, _LEXICAL, _PAYLOAD = "dense", "bm25", "entry"
_BATCH = 500
_QUERY_CHARACTERS = 8_000
_TIES = 4_096
_HNSW_EF = 256


def write_shard(folder: Path, identity: IndexIdentity, entries: Iterator[Entry], *, graph: bool) -> Manifest:
    """Write a new shard, read it again and count it.

    Args:
        graph: build an HNSW graph, so that searches need not compare every vector.
    """
    ids: list[str] = []
    batches = iter(lambda: list(islice(entries, _BATCH)), [])
    first = next(batches, [])
    average_length = _average_length(first)
    bm25 = _bm25(average_length)
    with _engine("the index cannot be written", folder):
        shard = qdrant.EdgeShard.create(str(folder), _config(identity.dimension))
    try:
        for batch in chain([first], batches):
            ids += [entry.id for entry in batch]
            with _engine("the index cannot be written", folder):
                shard.update(qdrant.UpdateOperation.upsert_points([_point(entry, bm25) for entry in batch]))
        with _engine("the index cannot be written", folder):
            if graph:
                shard.optimize()
            shard.flush()
    finally:
        shard.close()
    _check_count(folder, identity.entries)
    with storage_errors("the index cannot be read again", folder):
        files = {path.relative_to(folder).as_posix(): mark(path) for path in folder.rglob("*") if path.is_file()}
    return Manifest(identity, ENGINE, average_length, tuple(sample(sorted(ids))), files)


def _check_count(folder: Path, entries: int) -> None:
    """Load what was written. The first load also tidies up; from then on loading rewrites two small files only."""
    with _engine("the index cannot be read again", folder):
        shard = qdrant.EdgeShard.load(str(folder))
        count = shard.count(qdrant.CountRequest(exact=True))
        shard.close()
    if count != entries:
        raise VectorIndexError(f"{entries} entries were written and {count} can be read", where=str(folder))


class Shard:
    """A shard that is only searched. Safe to use from several threads."""

    def __init__(self, folder: Path, manifest: Manifest, *, exact: bool) -> None:
        self._folder = folder
        self._manifest = manifest
        self._bm25 = _bm25(manifest.average_length)
        self._params = qdrant.SearchParams(exact=exact, hnsw_ef=None if exact else _HNSW_EF)
        with _engine("the index cannot be loaded", folder):
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
        with _engine("the index cannot be read", self._folder):
            records = self._shard.retrieve([uuid.UUID(i) for i in ids], with_payload=True, with_vector=False)
            texts = {_entry_id(record.id): _unpack(record.payload) for record in records}
            return [texts[entry_id] for entry_id in ids]

    def background(self) -> Vectors:
        """The vectors that the manifest names as the background, in this order."""
        ids = self._manifest.background
        with _engine("the index cannot be read", self._folder):
            records = self._shard.retrieve([uuid.UUID(i) for i in ids], with_payload=False, with_vector=[_DENSE])
            vectors = {_entry_id(record.id): _dense_of(record) for record in records}
        return np.array([vectors[i] for i in ids], dtype=np.float32).reshape(
            len(ids), self._manifest.identity.dimension
        )

    def close(self) -> None:
        """Give back files and memory."""
        with _engine("the index cannot be closed", self._folder):
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
        with _engine("the index cannot be searched", self._folder):
            return best_first((_entry_id(point.id), point.score) for point in self._shard.query(request))

    def _lexical_query(self, text: str) -> qdrant.Query:
        terms = self._bm25.embed_query(fold(text[:_QUERY_CHARACTERS]))
        return qdrant.Query.Nearest(terms, using=_LEXICAL)


def _dense_query(vector: Vectors) -> qdrant.Query:
    return qdrant.Query.Nearest(vector.tolist(), using=_DENSE)


def _config(dimension: int) -> qdrant.EdgeConfig:
    return qdrant.EdgeConfig(
        vectors={_DENSE: qdrant.EdgeVectorParams(dimension, qdrant.Distance.Cosine)},
        sparse_vectors={_LEXICAL: qdrant.EdgeSparseVectorParams(modifier=qdrant.Modifier.Idf)},
        hnsw_config=qdrant.HnswIndexConfig(m=16, ef_construct=128, full_scan_threshold=1_000),
        # One segment, put in order by `optimize` whatever its size (sizes in KiB).
        optimizers=qdrant.EdgeOptimizersConfig(
            default_segment_number=1, max_segment_size=2**24, indexing_threshold=1_000
        ),
        wal_enabled=False,  # a generation that was not flushed whole is never published
    )


def _bm25(average_length: float) -> qdrant.Bm25:
    return qdrant.Bm25(
        qdrant.Bm25Config(
            k=1.2,
            b=0.75,
            avg_len=average_length,
            tokenizer=qdrant.TokenizerType.Word,
            stemmer=qdrant.SnowballParams(qdrant.SnowballLanguage.Spanish),
            stopwords=qdrant.StopwordsSet(
                languages={qdrant.Language.Spanish, qdrant.Language.English}, custom=set(ACCENTED_STOP_WORDS)
            ),
            lowercase=True,
            ascii_folding=False,  # `fold` has done it, and has left the stemmer the one accent that it needs
        )
    )


def _average_length(entries: Sequence[Entry]) -> float:
    bm25 = _bm25(1.0)
    lengths = [len(bm25.embed_document(fold(entry.text)).indices) for entry in entries]
    return max(1.0, sum(lengths) / len(lengths)) if lengths else 1.0


def _point(entry: Entry, bm25: qdrant.Bm25) -> qdrant.Point:
    terms = bm25.embed_document(fold(entry.text))
    # As JSON in ASCII: the engine takes no string with a lone surrogate, and the text has to come back as it was.
    payload = {_PAYLOAD: json.dumps([entry.problem_id, entry.text])}
    return qdrant.Point(uuid.UUID(entry.id), {_DENSE: entry.vector.tolist(), _LEXICAL: terms}, payload)


def _dense_of(record: qdrant.Record) -> object:
    return record.vector[_DENSE] if isinstance(record.vector, dict) else record.vector


def _entry_id(point_id: qdrant.PointId) -> str:
    return uuid.UUID(str(point_id)).hex


def _unpack(payload: qdrant.Payload | None) -> tuple[str, str]:
    problem_id, text = json.loads((payload or {})[_PAYLOAD])
    return problem_id, text


@contextmanager
def _engine(what: str, folder: Path) -> Iterator[None]:
    """Turn what the engine raises, and what comes of reading something damaged, into a VectorIndexError."""
    try:
        yield
    except (KeyError, ValueError) as error:
        raise VectorIndexError(f"{what}: it is damaged ({error!r})", where=str(folder), remedy=REBUILD) from error
    except BaseException as error:
        # The binding raises plain Exception, nothing narrower, and a Rust panic under a name that it does not export.
        if type(error) is Exception or type(error).__name__ == "PanicException":
            raise VectorIndexError(f"{what}: {error}", where=str(folder), remedy=REBUILD) from error
        raise
