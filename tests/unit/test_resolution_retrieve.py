"""What is found, and in which order it is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.incident import Incident
from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.knowledge.index import build_index
from resuelve.models.hashing import HashEmbedder
from resuelve.resolution.metric import Metric
from resuelve.resolution.order import PLACES, Order
from resuelve.resolution.read import read
from resuelve.resolution.reformulate import Query
from resuelve.resolution.rerank import BY_HAND, Ranked, reordered, rerank
from resuelve.resolution.retrieve import NOTHING, Retrieved, retrieve
from resuelve.resolution.words import Lexicon
from resuelve.vectors.memory import MemoryStore

EMBEDDER = HashEmbedder()
ROWS = (
    ("recibo", "Recibos", ("El recibo de enero sale en blanco", "La pantalla del recibo queda vacía")),
    ("factura", "Reembolsos", ("No puede adjuntar la factura del dentista",)),
    ("firma", "Firmas", ("El certificado digital no firma el contrato",)),
    ("clave", "Acceso", ("No recuerda la contraseña para entrar",)),
    ("tarjeta", "Tarjetas", ("La tarjeta sanitaria no ha llegado a casa",)),
)
PROBLEMS = {
    code: KnownError(code, component, texts, "Error", f"Arreglo {code}", Prescription(ResolutionKind.CLOSE))
    for code, component, texts in ROWS
}


@pytest.fixture(scope="module")
def store() -> MemoryStore:
    made = MemoryStore()
    build_index(PROBLEMS, EMBEDDER, made)
    return made


def found(store: MemoryStore, *queries: Query, problems: dict[str, KnownError] | None = None) -> Retrieved:
    known = PROBLEMS if problems is None else problems
    return retrieve(queries, embedder=EMBEDDER, index=store.open(), problems=known)


def problem(text: str) -> Query:
    return Query(text, "problem", 1.0)


def order(store: MemoryStore, retrieved: Retrieved, queries: Sequence[Query], queue: str = "") -> tuple[Ranked, ...]:
    lexicon = Lexicon(text for row in PROBLEMS.values() for text in row.examples)
    components = sorted({row.component for row in PROBLEMS.values()})
    return rerank(
        read(Incident("INC1", queue=queue), label="x"),
        queries,
        retrieved,
        metric=Metric(PROBLEMS, store.open()),
        lexicon=lexicon,
        components=components,
    )


def test_a_problem_is_found_once_by_its_best_example(store: MemoryStore) -> None:
    retrieved = found(store, problem("la pantalla del recibo está vacía"))
    best = retrieved.candidates[0]
    assert (best.problem.id, best.example) == ("recibo", "La pantalla del recibo queda vacía")
    assert len({one.problem.id for one in retrieved.candidates}) == len(retrieved.candidates) == 5
    assert retrieved.standardise(best.dense) > 1
    assert retrieved.standardise(retrieved.mean) == 0


def test_the_weighted_queries_are_searched_as_one(store: MemoryStore) -> None:
    both = found(store, problem("recibo en blanco"), Query("firma del contrato", "title", 0.01))
    assert both.candidates[0].problem.id == "recibo"
    other = found(store, Query("recibo en blanco", "problem", 0.01), Query("firma del contrato digital", "title", 1.0))
    assert other.candidates[0].problem.id == "firma"


def test_an_aside_is_searched_apart(store: MemoryStore) -> None:
    retrieved = found(store, problem("recibo en blanco"), Query("no recuerda la contraseña", "aside", 0.0))
    assert retrieved.candidates == found(store, problem("recibo en blanco")).candidates
    assert retrieved.aside is not None
    assert retrieved.aside.problem.id == "clave"


def test_without_a_query_nothing_is_found(store: MemoryStore) -> None:
    assert found(store) == NOTHING
    assert order(store, NOTHING, ()) == ()


def test_what_the_dictionary_lost_is_not_found(store: MemoryStore) -> None:
    left = {code: row for code, row in PROBLEMS.items() if code != "recibo"}
    retrieved = found(store, problem("recibo en blanco"), problems=left)
    assert "recibo" not in {one.problem.id for one in retrieved.candidates}


def test_an_empty_dictionary_finds_nothing() -> None:
    empty = MemoryStore()
    build_index({}, EMBEDDER, empty)
    assert found(empty, problem("recibo"), Query("otra cosa", "aside", 0.0), problems={}) == NOTHING


def test_the_most_relevant_comes_first_and_what_is_far_off_is_dropped(store: MemoryStore) -> None:
    queries = (problem("El recibo de enero sale en blanco. No sé qué hacer"),)
    ranked = order(store, found(store, *queries), queries)
    assert ranked[0].problem.id == "recibo"
    assert ranked[0].echo == pytest.approx(1.0)
    assert ranked[0].coverage == pytest.approx(1.0)
    assert all(one.closeness >= 1 for one in ranked)
    assert [one.relevance for one in ranked] == sorted((one.relevance for one in ranked), reverse=True)


@pytest.mark.parametrize(("says", "winner"), [(0.0, "firma"), (0.9, "firma"), (-0.01, "firma"), (-0.9, "clave")])
def test_of_the_two_most_relevant_the_one_that_wins_the_run_off_comes_first(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch, says: float, winner: str
) -> None:
    queries = (problem(PROBLEMS["firma"].description), Query(PROBLEMS["clave"].description, "problem", 0.9))
    plain = order(store, found(store, *queries), queries)
    assert [(one.problem.id, one.runoff) for one in plain] == [("firma", 0.0), ("clave", 0.0)]
    monkeypatch.setattr(Metric, "runoff", lambda *_: says)
    first, second = order(store, found(store, *queries), queries)
    assert (first.problem.id, second.problem.id) == (winner, "clave" if winner == "firma" else "firma")
    assert first.runoff == -second.runoff == (says if winner == "firma" else -says)
    assert {first.relevance, second.relevance} == {one.relevance for one in plain}


def test_a_mailbox_counts_only_where_the_text_names_no_component(store: MemoryStore) -> None:
    silent = (problem("no entra, la contraseña no la recuerda"),)
    (clave, *_) = order(store, found(store, *silent), silent, queue="GR_ACCESO_WEB")
    assert (clave.problem.id, clave.queue, clave.named) == ("clave", 1, 0)
    assert clave.relevance == pytest.approx(clave.closeness + 0.5)
    naming = (problem("el recibo de enero sale en blanco, recibos"),)
    (recibo, *_) = order(store, found(store, *naming), naming, queue="GR_ACCESO_WEB")
    assert (recibo.problem.id, recibo.queue, recibo.named) == ("recibo", 0, 1)


@given(st.dictionaries(st.sampled_from(PLACES), st.floats(-10, 10), min_size=1))
def test_a_learned_order_changes_the_order_and_nothing_else(store: MemoryStore, weights: dict[str, float]) -> None:
    queries = (problem("El recibo de enero sale en blanco y la firma del contrato no sale"),)
    retrieved, learned = found(store, *queries), Order(weights)
    with patch("resuelve.resolution.rerank._FLOOR", -9.0):  # so small a dictionary leaves but one
        by_hand = order(store, retrieved, queries)
    ranked = reordered(by_hand, learned)
    assert reordered(by_hand, None) == by_hand
    assert reordered(by_hand, BY_HAND)[0] == by_hand[0]
    assert {one.problem.id: one for one in ranked} == {one.problem.id: one for one in by_hand}
    scores = [learned.score(one.places) for one in ranked]
    assert scores == sorted(scores, reverse=True)
    assert len(ranked) == len(PROBLEMS)


def test_a_learned_order_knows_every_value_by_its_name(store: MemoryStore) -> None:
    queries = (problem("recibo en blanco"),)
    assert all(tuple(one.places) == PLACES for one in order(store, found(store, *queries), queries))
