"""The vector index of the dictionary: embed what is new, take out what is gone, swap in."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from resuelve.domain.errors import IndexDamaged, IndexMismatch, IndexMissing
from resuelve.domain.known_error import KnownError
from resuelve.domain.message import message
from resuelve.knowledge.catalogue import Catalogue, examples
from resuelve.models import Embedder
from resuelve.telemetry.logs import log
from resuelve.vectors import Entry, IndexIdentity, VectorIndex, VectorStore, id_of

_BATCH = 512
"""So many texts at once: at the end of each batch a core waits for the other, and progress is told."""

_ATTEMPTS = 3
REMEDY = "run `resuelve index`"

Progress = Callable[[int, int], None]
_Texts = Mapping[str, tuple[str, str]]
"""Problem id and example of every entry, by the entry's id."""


@dataclass(frozen=True, slots=True)
class Built:
    """What a build did.

    Attributes:
        added, removed: examples that came into the index (each was embedded) and that were taken out of it.
        kept: examples that stayed, with the vectors that they had.
        changed: there was anything to do.
    """

    added: int
    removed: int
    kept: int
    changed: bool

    @property
    def entries(self) -> int:
        """Examples in the index now."""
        return self.added + self.kept


def build_index(
    problems: Mapping[str, KnownError],
    embedder: Embedder,
    store: VectorStore,
    *,
    force: bool = False,
    progress: Progress = lambda *_: None,
) -> Built:
    """Bring the index up to date with the known errors; only examples that are not in it are embedded.

    An index of another embedder or version, or one that is damaged, is replaced by a new one.

    Args:
        force: embed everything anew, whatever is there.
        progress: told how many of how many examples are embedded.

    Raises:
        VectorIndexError: it could not be written; the current index stays.
        ModelUnavailable: the embedder gave no answer; the current index stays.
    """
    texts = _texts(problems)
    wanted = _identity(texts, embedder)
    for _ in range(_ATTEMPTS):
        current = _current(store)
        if current is None or force or current.embedder != wanted.embedder:
            break
        if current.dictionary == wanted.dictionary:
            return Built(0, 0, len(texts), changed=False)
        try:
            return _told(_update(store, current, wanted, texts, embedder, progress), embedder)
        except IndexMismatch:
            continue  # another process was faster, or the engine is another one, as the next look will show
        except IndexDamaged:
            break
    before = _size(store)
    store.build(wanted, _entries(texts, texts, embedder, progress))
    return _told(Built(len(texts), before, 0, changed=True), embedder)


def _told(built: Built, embedder: Embedder) -> Built:
    log.info("index.built", embedder=embedder.identity, new=built.added, removed=built.removed, kept=built.kept)
    return built


def built_with(store: VectorStore) -> str:
    """The embedder of the current index; empty when there is none that can be built upon."""
    current = _current(store)
    return current.embedder if current else ""


def _current(store: VectorStore) -> IndexIdentity | None:
    """What the current index was built from; None when there is none that can be built upon."""
    try:
        return store.current()
    except (IndexMismatch, IndexDamaged):
        return None


def _size(store: VectorStore) -> int:
    current = _current(store)
    return current.entries if current else 0


def _update(
    store: VectorStore,
    current: IndexIdentity,
    wanted: IndexIdentity,
    texts: _Texts,
    embedder: Embedder,
    progress: Progress,
) -> Built:
    known = store.ids()
    added = [entry_id for entry_id in texts if entry_id not in known]
    removed = known.difference(texts)
    store.update(wanted, _entries(added, texts, embedder, progress), removed, since=current)
    return Built(len(added), len(removed), len(texts) - len(added), changed=True)


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
            message(
                "the index was built with {built}, this run embeds with {now}",
                built=current.embedder,
                now=embedder.identity,
            ),
            where="index",
            remedy=REMEDY,
        )
    if current.dictionary != fingerprint(catalogue.problems):
        raise IndexMismatch("the dictionary has changed since the index was built", where="index", remedy=REMEDY)
    return store.open()


def fingerprint(problems: Mapping[str, KnownError]) -> str:
    """Changes when an indexed text or its problem changes; solutions are not indexed (16 hex digits)."""
    return _fingerprint(_texts(problems))


def _identity(texts: _Texts, embedder: Embedder) -> IndexIdentity:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return IndexIdentity(embedder.identity, embedder.dimension, _fingerprint(texts), len(texts), now)


def _fingerprint(entry_ids: Iterable[str]) -> str:
    return hashlib.sha256("".join(sorted(entry_ids)).encode()).hexdigest()[:16]


def _texts(problems: Mapping[str, KnownError]) -> _Texts:
    return {id_of(problem.id, example): (problem.id, example) for problem, example in examples(problems)}


def _entries(ids: Iterable[str], texts: _Texts, embedder: Embedder, progress: Progress) -> Iterator[Entry]:
    wanted = list(ids)
    for start in range(0, len(wanted), _BATCH):
        batch = wanted[start : start + _BATCH]
        vectors = embedder.embed([texts[entry_id][1] for entry_id in batch])
        for entry_id, vector in zip(batch, vectors, strict=True):
            yield Entry(entry_id, *texts[entry_id], vector)
        progress(start + len(batch), len(wanted))
