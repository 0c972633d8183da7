"""What is stored in a shard of Qdrant Edge and how: every entry is a point with a dense and a sparse vector.

The dense one is compared by cosine; the sparse one is the engine's BM25: Robertson & Zaragoza, "The Probabilistic
Relevance Framework: BM25 and Beyond" (2009). Term weights are stored with the point, the inverse document frequency
is applied at search.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path, PurePosixPath

import qdrant_edge as qdrant

from resuelve.domain.errors import IndexDamaged, VectorIndexError
from resuelve.domain.message import message
from resuelve.vectors.intake import REBUILD
from resuelve.vectors.port import Entry
from resuelve.vectors.words import ACCENTED_STOP_WORDS, fold

ENGINE = f"qdrant-edge-py {version('qdrant-edge-py')}"

DENSE, LEXICAL = "dense", "bm25"
_PAYLOAD = "entry"


def config(dimension: int) -> qdrant.EdgeConfig:
    """How a new shard is laid out."""
    return qdrant.EdgeConfig(
        vectors={DENSE: qdrant.EdgeVectorParams(dimension, qdrant.Distance.Cosine)},
        sparse_vectors={LEXICAL: qdrant.EdgeSparseVectorParams(modifier=qdrant.Modifier.Idf)},
        hnsw_config=qdrant.HnswIndexConfig(m=16, ef_construct=128, full_scan_threshold=1_000),
        # One segment, put in order by `optimize` whatever its size (sizes in KiB).
        optimizers=qdrant.EdgeOptimizersConfig(
            default_segment_number=1, max_segment_size=2**24, indexing_threshold=1_000
        ),
        wal_enabled=False,  # a generation that was not flushed whole is never published
    )


def bm25(average_length: float) -> qdrant.Bm25:
    """Turns texts into term weights; `average_length` is that of the documents, in terms."""
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


def average_length(entries: Sequence[Entry]) -> float:
    """The mean number of different terms of these entries' texts, at least 1."""
    terms = bm25(1.0)
    lengths = [len(terms.embed_document(fold(entry.text)).indices) for entry in entries]
    return max(1.0, sum(lengths) / len(lengths)) if lengths else 1.0


def point(entry: Entry, terms: qdrant.Bm25) -> qdrant.Point:
    """An entry as the engine keeps it."""
    weights = terms.embed_document(fold(entry.text))
    # As JSON in ASCII: the engine takes no string with a lone surrogate, and the text has to come back as it was.
    payload = {_PAYLOAD: json.dumps([entry.problem_id, entry.text])}
    return qdrant.Point(uuid.UUID(entry.id), {DENSE: entry.vector.tolist(), LEXICAL: weights}, payload)


def dense_of(record: qdrant.Record) -> object:
    """The dense vector of what was retrieved."""
    return record.vector[DENSE] if isinstance(record.vector, dict) else record.vector


def entry_id(point_id: qdrant.PointId) -> str:
    """The entry's id, 32 hex digits."""
    return uuid.UUID(str(point_id)).hex


def unpack(payload: qdrant.Payload | None) -> tuple[str, str]:
    """Problem id and text."""
    problem_id, text = json.loads((payload or {})[_PAYLOAD])
    return problem_id, text


def never_written(files: Iterable[str]) -> frozenset[str]:
    """Those files of a shard that the engine writes no more, whatever is added or deleted (guarded by a test).

    They belong to a segment that `optimize` has closed: a new point goes to another segment, and a deleted one is
    only marked, in the small files of its id tracker and in the payload's. What is large stays: the vectors, the
    graph, the inverted index, the term weights.
    """
    names = [PurePosixPath(name) for name in files]
    closed = {name.parent for name in names if name.name == "id_tracker.mappings"}
    return frozenset(
        str(name)
        for name in names
        for segment in closed
        if name.is_relative_to(segment) and _is_settled(name.relative_to(segment))
    )


def _is_settled(name: PurePosixPath) -> bool:
    room, *_ = name.parts
    return (
        room.startswith("vector_index-")
        or name.match("vector_storage-*/matrix.dat")
        or name.match("vector_storage-*/store/page_*.dat")
    )


@contextmanager
def engine_errors(what: str, folder: Path, error: type[VectorIndexError] = IndexDamaged) -> Iterator[None]:
    """Turn what the engine raises, and what comes of reading something damaged, into our error."""
    try:
        yield
    except (KeyError, ValueError) as caught:
        raise IndexDamaged(
            message("{what}: it is damaged ({why})", what=message(what), why=repr(caught)),
            where=str(folder),
            remedy=REBUILD,
        ) from caught
    except BaseException as caught:
        # The binding raises plain Exception, nothing narrower, and a Rust panic under a name that it does not export.
        if type(caught) is Exception or type(caught).__name__ == "PanicException":
            raise error(
                message("{what}: {why}", what=message(what), why=caught), where=str(folder), remedy=REBUILD
            ) from caught
        raise
