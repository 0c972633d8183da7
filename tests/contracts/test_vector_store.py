"""What every vector store must do: the one in memory and the embedded engine."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resuelve.domain.errors import IndexDamaged, IndexMismatch, IndexMissing, VectorIndexError
from resuelve.vectors import Entry, Hit, IndexIdentity, VectorIndex, VectorStore
from resuelve.vectors.edge import EdgeStore
from resuelve.vectors.fusion import Fusion
from resuelve.vectors.memory import MemoryStore
from resuelve.vectors.port import BACKGROUND, Vectors, sample

DIMENSION = 8
Make = Callable[[Fusion], VectorStore]


def _memory(_: Path, fusion: Fusion) -> VectorStore:
    return MemoryStore(fusion)


def _edge(folder: Path, fusion: Fusion) -> VectorStore:
    return EdgeStore(folder / "vectors", fusion=fusion)


@pytest.fixture(params=[_memory, _edge], ids=["memory", "edge"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    return lambda fusion: request.param(tmp_path, fusion)


@pytest.fixture
def store(make: Make) -> VectorStore:
    return make(Fusion())


def vector(seed: int | str) -> Vectors:
    """A unit vector that depends on the seed alone."""
    number = int.from_bytes(hashlib.sha256(str(seed).encode("utf-8", "surrogatepass")).digest()[:8], "big")
    raw = np.random.default_rng(number).standard_normal(DIMENSION)
    return (raw / np.linalg.norm(raw)).astype(np.float32)


def entry(problem: str, text: str, at: Vectors | None = None) -> Entry:
    fingerprint = hashlib.md5(f"{problem}\n{text}".encode("utf-8", "surrogatepass"), usedforsecurity=False)
    return Entry(fingerprint.hexdigest(), problem, text, vector(text) if at is None else at)


def identity(entries: int, dictionary: str = "d", dimension: int = DIMENSION) -> IndexIdentity:
    return IndexIdentity("an-embedder", dimension, dictionary, entries, "2026-11-22T10:00:00Z")


def built(store: VectorStore, entries: Sequence[Entry], dictionary: str = "d") -> VectorIndex:
    store.build(identity(len(entries), dictionary), iter(entries))
    return store.open()


ENTRIES = [
    entry("P1", "El recibo de la póliza se ha cobrado dos veces"),
    entry("P1", "Cobro duplicado del recibo"),
    entry("P2", "No puedo acceder a la aplicación, error ERR-5001"),
    entry("P3", "La anulación de la póliza no se refleja"),
    entry("P4", "The certificate cannot be downloaded"),
]


def cosine(a: Vectors, b: Vectors) -> float:
    return float(np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b)))


def test_it_is_a_store_with_an_index(store: VectorStore) -> None:
    assert isinstance(store, VectorStore)
    index = built(store, ENTRIES)
    assert isinstance(index, VectorIndex)
    assert index.identity == store.current() == identity(len(ENTRIES))
    index.close()


def test_every_entry_comes_back_as_it_was(store: VectorStore) -> None:
    index = built(store, ENTRIES)
    hits = index.search(vector("q"), "recibo", 10)
    assert {(h.entry_id, h.problem_id, h.text) for h in hits} == {(e.id, e.problem_id, e.text) for e in ENTRIES}
    index.close()


def test_every_hit_has_its_exact_cosine(make: Make) -> None:
    """Also those that only BM25 brought in: here it decides alone."""
    index = built(make(Fusion(dense=0.0)), ENTRIES)
    query = vector("q")
    expected = {e.id: cosine(e.vector, query) for e in ENTRIES}
    for hit in index.search(query, "recibo póliza", 10):
        assert hit.dense == pytest.approx(expected[hit.entry_id], abs=1e-5)
    index.close()


def test_vectors_come_back_in_the_order_in_which_they_are_asked_for(store: VectorStore) -> None:
    index = built(store, ENTRIES)
    asked = [ENTRIES[3], ENTRIES[0], ENTRIES[3]]
    expected = np.array([one.vector / np.linalg.norm(one.vector) for one in asked])
    np.testing.assert_allclose(index.vectors([one.id for one in asked]), expected, atol=1e-6)
    assert index.vectors([]).shape == (0, DIMENSION)
    with pytest.raises(IndexDamaged):
        index.vectors([ENTRIES[0].id, entry("P9", "nunca indexado").id])
    index.close()
    with pytest.raises(VectorIndexError):
        index.vectors([ENTRIES[0].id])


def test_dense_alone_ranks_by_cosine(make: Make) -> None:
    entries = [entry("P", f"texto {n}") for n in range(200)]
    index = built(make(Fusion(lexical=0.0)), entries)
    query = vector("q")
    expected = sorted(entries, key=lambda e: -cosine(e.vector, query))[:20]
    assert [h.entry_id for h in index.search(query, "", 20)] == [e.id for e in expected]
    index.close()


def test_words_count_whatever_their_case_and_accents(make: Make) -> None:
    index = built(make(Fusion(dense=0.0)), ENTRIES)
    for words in ("ANULACIÓN", "anulacion", "anulacio\u0301n"):
        best = index.search(vector("q"), words, 1)[0]
        assert (best.problem_id, best.lexical > 0) == ("P3", True)
    index.close()


def test_a_code_is_found_by_its_letters(make: Make) -> None:
    index = built(make(Fusion(dense=0.0)), ENTRIES)
    assert index.search(vector("q"), "sale ERR-5001 al entrar", 1)[0].problem_id == "P2"
    index.close()


def test_an_exact_code_comes_up_however_far_the_vectors_are(store: VectorStore) -> None:
    axes = np.eye(DIMENSION, dtype=np.float32)
    near = [entry("near", f"pantalla {n}", vector(n) * 0.01 + axes[0]) for n in range(100)]
    index = built(store, [*near, entry("far", "falla con ERR-5001", -axes[0])])
    hits = index.search(axes[0], "aparece ERR-5001", 10)
    assert "far" in [h.problem_id for h in hits]
    assert next(h.dense for h in hits if h.problem_id == "far") == pytest.approx(-1.0, abs=1e-5)
    index.close()


def test_stop_words_say_nothing(store: VectorStore) -> None:
    index = built(store, ENTRIES)
    assert [h.lexical for h in index.search(vector("q"), "el de la los que también más the", 9)] == [0.0] * len(ENTRIES)
    index.close()


def test_no_shared_word_scores_nothing(store: VectorStore) -> None:
    index = built(store, ENTRIES)
    assert {h.problem_id: h.lexical for h in index.search(vector("q"), "recibo", 9) if not h.lexical} == {
        "P2": 0.0,
        "P3": 0.0,
        "P4": 0.0,
    }
    index.close()


def test_the_score_is_the_fusion_of_both_ranks(make: Make) -> None:
    axes = np.eye(DIMENSION, dtype=np.float32)
    a, b = entry("A", "impresora", axes[0]), entry("B", "certificado", axes[1])
    query = (0.8 * axes[0] + 0.6 * axes[1]).astype(np.float32)
    index = built(make(Fusion(dense=3, lexical=1, k=60)), [a, b])
    first, second = index.search(query, "certificado", 5)
    assert (first.problem_id, second.problem_id) == ("B", "A")
    assert first.score == pytest.approx(3 / 62 + 1 / 61)
    assert second.score == pytest.approx(3 / 61)
    index.close()


def test_more_like_it_comes_first_when_both_agree(store: VectorStore) -> None:
    index = built(store, ENTRIES)
    best = index.search(ENTRIES[3].vector, ENTRIES[3].text, 3)[0]
    assert best.entry_id == ENTRIES[3].id
    assert best.dense == pytest.approx(1.0, abs=1e-5)
    index.close()


@pytest.mark.parametrize(("limit", "expected"), [(-1, 0), (0, 0), (1, 1), (3, 3), (5, 5), (1_000, 5)])
def test_the_limit_is_kept(store: VectorStore, limit: int, expected: int) -> None:
    index = built(store, ENTRIES)
    assert len(index.search(vector("q"), "recibo", limit)) == expected
    index.close()


def test_a_small_limit_gives_the_head_of_a_large_one(store: VectorStore) -> None:
    index = built(store, [entry("P", f"recibo {n} poliza {n % 7}") for n in range(120)])
    query, words = vector("q"), "recibo poliza 3"
    everything = index.search(query, words, 25)
    for limit in (1, 2, 10, 24):
        assert index.search(query, words, limit) == everything[:limit]
    index.close()


def test_equals_are_ordered_by_id_however_they_came(make: Make) -> None:
    entries = [entry(f"P{n}", "el mismo texto", vector("same")) for n in range(150)]
    expected = sorted(e.id for e in entries)[:60]
    for order in (entries, entries[::-1]):
        index = built(make(Fusion()), order)
        assert [h.entry_id for h in index.search(vector("same"), "mismo texto", 60)] == expected
        index.close()


def test_an_empty_text_and_a_vector_without_direction_are_no_error(store: VectorStore) -> None:
    index = built(store, ENTRIES)
    hits = index.search(np.zeros(DIMENSION, dtype=np.float32), "", 3)
    assert [h.entry_id for h in hits] == sorted(e.id for e in ENTRIES)[:3]
    assert {(h.dense, h.lexical) for h in hits} == {(0.0, 0.0)}
    index.close()


def test_a_query_may_come_as_a_row(store: VectorStore) -> None:
    index = built(store, ENTRIES)
    assert index.search(vector("q").reshape(1, -1), "recibo", 2) == index.search(vector("q"), "recibo", 2)
    index.close()


def test_a_query_of_another_embedder_is_refused(store: VectorStore) -> None:
    index = built(store, ENTRIES)
    with pytest.raises(IndexMismatch, match="resuelve index"):
        index.search(np.ones(DIMENSION + 1, dtype=np.float32), "recibo", 3)
    with pytest.raises(VectorIndexError, match="not a number"):
        index.search(np.full(DIMENSION, np.nan, dtype=np.float32), "recibo", 3)
    index.close()


def test_an_endless_query_text_is_no_error(store: VectorStore) -> None:
    index = built(store, ENTRIES)
    assert index.search(vector("q"), "recibo " * 300_000, 1)
    index.close()


def test_no_index_yet(store: VectorStore) -> None:
    assert store.current() is None
    with pytest.raises(IndexMissing, match="resuelve index"):
        store.open()


def test_an_empty_index(store: VectorStore) -> None:
    index = built(store, [])
    assert index.search(vector("q"), "recibo", 5) == ()
    assert store.current() == identity(0)
    index.close()


def test_an_entry_without_words(store: VectorStore) -> None:
    index = built(store, [entry("P1", ""), entry("P2", "¡¿…?!"), entry("P3", "😀"), entry("P4", "recibo")])
    assert len(index.search(vector("q"), "¿?", 9)) == 4
    assert index.search(vector(""), "", 9)[0].dense == pytest.approx(1.0, abs=1e-5)
    assert max(index.search(vector(""), "recibo", 9), key=lambda h: h.lexical).problem_id == "P4"
    index.close()


def test_an_open_index_stays_as_it_was_while_another_is_built(store: VectorStore) -> None:
    old = built(store, ENTRIES, "old")
    before = old.search(vector("q"), "recibo", 9)
    new = built(store, [entry("P9", "otro recibo")], "new")
    assert old.search(vector("q"), "recibo", 9) == before
    assert old.identity.dictionary == "old"
    assert [h.problem_id for h in new.search(vector("q"), "recibo", 9)] == ["P9"]
    assert store.current() == new.identity
    old.close()
    new.close()


def test_two_openings_do_not_disturb_each_other(store: VectorStore) -> None:
    first = built(store, ENTRIES)
    second = store.open()
    expected = first.search(vector("q"), "recibo", 9)
    assert second.search(vector("q"), "recibo", 9) == expected
    first.close()
    assert second.search(vector("q"), "recibo", 9) == expected
    second.close()


@pytest.mark.parametrize("count", [0, 1, BACKGROUND, BACKGROUND + 1])
def test_the_background_is_a_sample_of_the_vectors(store: VectorStore, count: int) -> None:
    entries = [entry("P", f"texto {n}") for n in range(count)]
    index = built(store, entries)
    vectors = {e.id: e.vector for e in entries}
    expected = np.array([vectors[i] for i in sample(sorted(vectors))]).reshape(-1, DIMENSION)
    assert index.background().dtype == np.float32
    assert len(expected) == min(count, BACKGROUND) or len(expected) > BACKGROUND // 2
    np.testing.assert_allclose(index.background(), expected, atol=1e-6)
    index.close()
    with pytest.raises(VectorIndexError):
        index.background()


def test_closing_twice_is_allowed_and_searching_then_is_not(store: VectorStore) -> None:
    index = built(store, ENTRIES)
    index.close()
    index.close()
    with pytest.raises(VectorIndexError):
        index.search(vector("q"), "recibo", 1)


def _fails() -> Iterator[Entry]:
    yield from ENTRIES[:2]
    raise ConnectionError("the embedder went away")


@pytest.mark.parametrize(
    ("announced", "entries", "error"),
    [
        (5, _fails, ConnectionError),
        (3, ENTRIES[:2], VectorIndexError),
        (1, ENTRIES[:2], VectorIndexError),
        (2, [ENTRIES[0], ENTRIES[0]], VectorIndexError),
        (1, [entry("P1", "corto", np.ones(3, dtype=np.float32))], VectorIndexError),
        (1, [entry("P1", "nan", np.full(DIMENSION, np.nan, dtype=np.float32))], VectorIndexError),
        (1, [Entry("not-hex", "P1", "id", vector("id"))], VectorIndexError),
    ],
    ids=["source fails", "too few", "too many", "twice", "dimension", "nan", "id"],
)
def test_a_build_that_fails_leaves_the_current_index(
    store: VectorStore, announced: int, entries: Sequence[Entry] | Callable[[], Iterator[Entry]], error: type[Exception]
) -> None:
    index = built(store, ENTRIES, "old")
    with pytest.raises(error):
        store.build(identity(announced, "new"), entries() if callable(entries) else entries)
    assert store.current() == index.identity
    again = store.open()
    assert again.search(vector("q"), "recibo", 9) == index.search(vector("q"), "recibo", 9)
    index.close()
    again.close()


def test_a_first_build_that_fails_leaves_nothing(store: VectorStore) -> None:
    with pytest.raises(ConnectionError):
        store.build(identity(5), _fails())
    assert store.current() is None


def test_a_length_that_is_none_is_refused(store: VectorStore) -> None:
    with pytest.raises(VectorIndexError):
        store.build(identity(0, dimension=0), [])


NEW = [entry("P5", "La pantalla se queda en blanco"), entry("P1", "Me han cobrado el recibo de nuevo")]
LATER = [*ENTRIES[1:], *NEW]


def update(store: VectorStore, added: Sequence[Entry], removed: Sequence[Entry], dictionary: str = "later") -> None:
    entries = len(store.ids()) + len(added) - len(removed)
    store.update(identity(entries, dictionary), iter(added), [e.id for e in removed], since=store.current())


def scores(hits: Sequence[Hit]) -> dict[tuple[str, str, str], float]:
    """What was found with which scores, whatever the order of those that differ in the last bits only."""
    dense = {(h.entry_id, h.text, "dense"): h.dense for h in hits}
    return dense | {(h.entry_id, h.text, "lexical"): h.lexical for h in hits}


def test_the_ids_are_those_of_the_current_index(store: VectorStore) -> None:
    assert store.ids() == frozenset()
    built(store, ENTRIES).close()
    assert store.ids() == {e.id for e in ENTRIES}
    built(store, []).close()
    assert store.ids() == frozenset()


def test_an_updated_index_is_what_a_build_gives(store: VectorStore, make: Make, tmp_path: Path) -> None:
    built(store, ENTRIES).close()
    update(store, NEW, ENTRIES[:1])
    assert store.ids() == {e.id for e in LATER}
    index = store.open()
    assert index.identity == store.current() == identity(len(LATER), "later")
    other = _edge(tmp_path / "other", Fusion()) if isinstance(store, EdgeStore) else _memory(tmp_path, Fusion())
    whole = built(other, LATER)
    for words in ("recibo cobrado", "pantalla", "ERR-5001", "certificate", "nada de esto"):
        found, expected = (one.search(vector(words), words, 9) for one in (index, whole))
        assert scores(found) == pytest.approx(scores(expected), abs=1e-4)
    np.testing.assert_allclose(index.background(), whole.background(), atol=1e-6)
    index.close()
    whole.close()


def test_an_open_index_stays_as_it_was_while_it_is_updated(store: VectorStore) -> None:
    old = built(store, ENTRIES, "old")
    before = old.search(vector("q"), "recibo", 9)
    update(store, NEW, ENTRIES[:1])
    assert old.search(vector("q"), "recibo", 9) == before
    assert old.identity.dictionary == "old"
    old.close()


def test_everything_may_go_and_come_back(store: VectorStore) -> None:
    built(store, ENTRIES).close()
    update(store, [], ENTRIES, "empty")
    assert store.ids() == frozenset()
    update(store, ENTRIES, [], "again")
    update(store, [entry("P1", ENTRIES[0].text, vector("another"))], ENTRIES[:1], "replaced")
    index = store.open()
    hits = {h.entry_id: h for h in index.search(vector("another"), "", 9)}
    assert set(hits) == {e.id for e in ENTRIES}
    assert hits[ENTRIES[0].id].dense == pytest.approx(1.0, abs=1e-5)
    index.close()


def test_there_is_nothing_to_update_before_a_build(store: VectorStore) -> None:
    with pytest.raises(IndexMissing, match="resuelve index"):
        store.update(identity(1), NEW[:1], [])
    assert store.current() is None


def test_an_update_by_another_embedder_is_refused(store: VectorStore) -> None:
    built(store, ENTRIES).close()
    for other in (replace(identity(6), embedder="another"), identity(6, dimension=DIMENSION + 1)):
        with pytest.raises(IndexMismatch, match="resuelve index"):
            store.update(other, NEW[:1], [])
    assert store.ids() == {e.id for e in ENTRIES}


def test_a_difference_to_what_is_current_no_more_is_refused(store: VectorStore) -> None:
    built(store, ENTRIES, "seen").close()
    seen = store.current()
    update(store, NEW[:1], [], "by another")
    with pytest.raises(IndexMismatch, match="meanwhile"):
        store.update(identity(6, "mine"), NEW[1:], [], since=seen)
    assert store.ids() == {e.id for e in [*ENTRIES, NEW[0]]}


@pytest.mark.parametrize(
    ("announced", "added", "removed", "error"),
    [
        (10, lambda: chain(NEW[:1], _fails()), [ENTRIES[0].id, ENTRIES[1].id], ConnectionError),
        (8, NEW, [], VectorIndexError),
        (6, NEW, [], VectorIndexError),
        (6, ENTRIES[:1], [], VectorIndexError),
        (6, [NEW[0], NEW[0]], [ENTRIES[0].id], VectorIndexError),
        (4, [], [NEW[0].id], VectorIndexError),
        (4, [], [ENTRIES[0].id, ENTRIES[0].id], VectorIndexError),
        (6, [entry("P1", "corto", np.ones(3, dtype=np.float32))], [], VectorIndexError),
    ],
    ids=["source fails", "too few", "too many", "there already", "twice", "not there", "removed twice", "dimension"],
)
def test_an_update_that_fails_leaves_the_current_index(
    store: VectorStore,
    announced: int,
    added: Sequence[Entry] | Callable[[], Iterator[Entry]],
    removed: Sequence[str],
    error: type[Exception],
) -> None:
    index = built(store, ENTRIES, "old")
    with pytest.raises(error):
        store.update(identity(announced, "new"), added() if callable(added) else added, removed)
    assert store.current() == index.identity
    assert store.ids() == {e.id for e in ENTRIES}
    again = store.open()
    assert again.search(vector("q"), "recibo", 9) == index.search(vector("q"), "recibo", 9)
    index.close()
    again.close()


def test_a_draft_begins_with_the_current_index_and_touches_nothing(store: VectorStore) -> None:
    index = built(store, ENTRIES, "mine")
    with store.draft() as draft:
        assert isinstance(draft, VectorStore)
        assert draft.current() == store.current()
        assert draft.ids() == store.ids()
        update(draft, NEW, ENTRIES[:1], "tried")
        tried = draft.open()
        assert tried.search(NEW[0].vector, NEW[0].text, 1)[0].problem_id == "P5"
        tried.close()
        built(draft, NEW, "tried again").close()
        update(store, [], ENTRIES[:1], "meanwhile")
    assert store.current() == identity(4, "meanwhile")
    again = store.open()
    assert {h.entry_id for h in again.search(vector("q"), "", 9)} == {e.id for e in ENTRIES[1:]}
    assert len(index.search(vector("q"), "", 9)) == len(ENTRIES)
    index.close()
    again.close()


def test_a_draft_of_nothing_is_empty(store: VectorStore) -> None:
    with store.draft() as draft:
        assert draft.current() is None
        built(draft, ENTRIES).close()
    assert store.current() is None


@given(
    first=st.lists(st.integers(0, 30), unique=True, max_size=12),
    steps=st.lists(st.lists(st.integers(0, 30), unique=True, max_size=12), max_size=3),
)
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_row_of_updates_ends_where_a_build_does(
    store: VectorStore, first: list[int], steps: list[list[int]]
) -> None:
    pool = [entry(f"P{n % 5}", f"recibo {n} de la poliza {n % 7}") for n in range(31)]
    built(store, [pool[n] for n in first]).close()
    now = set(first)
    for step in steps:
        wanted = set(step)
        update(store, [pool[n] for n in wanted - now], [pool[n] for n in now - wanted])
        now = wanted
    index = store.open()
    hits = index.search(vector("q"), "recibo poliza 3", 40)
    index.close()
    assert {h.entry_id for h in hits} == {pool[n].id for n in now} == store.ids()
    whole = built(store, [pool[n] for n in sorted(now)])
    assert scores(whole.search(vector("q"), "recibo poliza 3", 40)) == pytest.approx(scores(hits), abs=1e-4)
    whole.close()


def test_threads_get_what_one_caller_gets(store: VectorStore) -> None:
    index = built(store, [entry(f"P{n}", f"recibo {n} de la poliza {n % 9}") for n in range(300)])
    queries = [(vector(f"q{n}"), f"poliza {n % 9} recibo {n}") for n in range(40)]
    expected = [index.search(at, words, 7) for at, words in queries]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda query: index.search(query[0], query[1], 7), queries)) == expected
    index.close()


ODD = st.text(st.characters(), max_size=25)
BASIC = st.text("aeé ñ0\0\ud800", max_size=6)


@given(texts=st.lists(ODD | BASIC, max_size=12, unique=True), words=ODD | BASIC, limit=st.integers(1, 15))
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_texts_go_round(store: VectorStore, texts: list[str], words: str, limit: int) -> None:
    entries = [entry(f"P{text}", text) for text in texts]
    index = built(store, entries)
    hits = index.search(vector(words), words, limit)
    index.close()
    assert len(hits) == min(limit, len(entries))
    assert all(h in _expected(entries, words, hits) for h in hits)
    assert [(-h.score, h.entry_id) for h in hits] == sorted((-h.score, h.entry_id) for h in hits)
    assert all(h.lexical >= 0 for h in hits)


def _expected(entries: Sequence[Entry], words: str, hits: Sequence[Hit]) -> list[Hit]:
    """The hits with ids, texts and cosines put in from the entries; what differs from them was wrong."""
    by_id = {e.id: e for e in entries}
    cosines = {h.entry_id: cosine(by_id[h.entry_id].vector, vector(words)) for h in hits}
    return [
        Hit(
            h.entry_id,
            by_id[h.entry_id].problem_id,
            by_id[h.entry_id].text,
            h.dense if abs(h.dense - cosines[h.entry_id]) < 1e-5 else cosines[h.entry_id],
            h.lexical,
            h.score,
        )
        for h in hits
    ]
