"""The index of the dictionary is built when it must be, and refused when it is another's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from resuelve.domain.errors import IndexMismatch, IndexMissing, ModelUnavailable
from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.knowledge.catalogue import Catalogue
from resuelve.knowledge.index import build_index, fingerprint, open_index
from resuelve.models.hashing import HashEmbedder
from resuelve.models.port import Vectors
from resuelve.vectors.memory import MemoryStore


def problem(code: str, *texts: str, solution: str = "Algo") -> KnownError:
    return KnownError(code, "Web", texts, "Error", solution, Prescription(ResolutionKind.CLOSE))


PROBLEMS = {p.id: p for p in (problem("A", "No entra", "No puede entrar"), problem("B", "Pantalla en blanco"))}
EMBEDDER = HashEmbedder(64)


class DownEmbedder(HashEmbedder):
    def embed(self, texts: object) -> Vectors:
        raise ModelUnavailable("down", where="embedder")


def test_every_example_is_an_entry_and_progress_is_told() -> None:
    store, told = MemoryStore(), list[tuple[int, int]]()
    built = build_index(PROBLEMS, EMBEDDER, store, progress=lambda done, total: told.append((done, total)))
    assert (built.entries, built.changed) == (3, True)
    assert told == [(3, 3)]
    index = open_index(Catalogue(PROBLEMS), EMBEDDER, store)
    (hit, *_) = index.search(EMBEDDER.embed(["pantalla en blanco"])[0], "pantalla en blanco", 3)
    assert (hit.problem_id, hit.text) == ("B", "Pantalla en blanco")


def test_many_examples_go_in_batches() -> None:
    many = {"A": problem("A", *(f"ejemplo {n}" for n in range(130)))}
    told: list[int] = []
    assert build_index(many, EMBEDDER, MemoryStore(), progress=lambda done, _: told.append(done)).entries == 130
    assert told == [64, 128, 130]


def test_an_index_that_is_up_to_date_is_left_alone() -> None:
    store = MemoryStore()
    build_index(PROBLEMS, EMBEDDER, store)
    built_at = store.open()
    solved_otherwise = {**PROBLEMS, "A": replace(PROBLEMS["A"], solution="Otra")}
    assert not build_index(solved_otherwise, EMBEDDER, store).changed
    assert store.open().identity is built_at.identity
    assert build_index(PROBLEMS, EMBEDDER, store, force=True).changed
    assert build_index({"A": PROBLEMS["A"]}, EMBEDDER, store).changed
    assert build_index({"A": PROBLEMS["A"]}, HashEmbedder(32), store).changed


def test_an_embedder_that_is_down_leaves_the_index_as_it_was() -> None:
    store = MemoryStore()
    build_index(PROBLEMS, EMBEDDER, store)
    before = store.current()
    with pytest.raises(ModelUnavailable):
        build_index(PROBLEMS, DownEmbedder(64), store, force=True)
    assert store.current() == before


def test_an_empty_dictionary_has_an_index() -> None:
    store = MemoryStore()
    assert build_index({}, EMBEDDER, store).entries == 0
    assert open_index(Catalogue({}), EMBEDDER, store).search(EMBEDDER.embed(["algo"])[0], "algo", 3) == ()


def test_an_index_that_is_missing_or_anothers_is_refused_with_the_command_that_mends_it() -> None:
    store = MemoryStore()
    with pytest.raises(IndexMissing) as missing:
        open_index(Catalogue(PROBLEMS), EMBEDDER, store)
    build_index(PROBLEMS, EMBEDDER, store)
    with pytest.raises(IndexMismatch, match="built with") as embedder:
        open_index(Catalogue(PROBLEMS), HashEmbedder(32), store)
    with pytest.raises(IndexMismatch, match="dictionary has changed") as dictionary:
        open_index(Catalogue({"B": PROBLEMS["B"]}), EMBEDDER, store)
    for caught in (missing, embedder, dictionary):
        assert "resuelve index" in caught.value.remedy


def test_the_fingerprint_goes_by_what_is_indexed() -> None:
    other_order = dict(reversed(PROBLEMS.items()))
    assert fingerprint(PROBLEMS) == fingerprint(other_order)
    assert fingerprint(PROBLEMS) != fingerprint({"A": PROBLEMS["A"], "C": replace(PROBLEMS["B"], id="C")})
    assert fingerprint({"A": problem("A", "\ud800")}) != fingerprint({})
