"""The index of the dictionary is built when it must be, and refused when it is another's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from resuelve.domain.errors import IndexMismatch, IndexMissing, ModelUnavailable
from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.knowledge.catalogue import Catalogue, examples
from resuelve.knowledge.index import Built, build_index, fingerprint, open_index
from resuelve.models.hashing import HashEmbedder
from resuelve.models.port import Vectors
from resuelve.vectors.edge import EdgeStore
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
    many = {"A": problem("A", *(f"ejemplo {n}" for n in range(514)))}
    told: list[int] = []
    assert build_index(many, EMBEDDER, MemoryStore(), progress=lambda done, _: told.append(done)).entries == 514
    assert told == [512, 514]


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


class CountingEmbedder(HashEmbedder):
    """Remembers what it was asked for."""

    def __init__(self, dimension: int = 64) -> None:
        super().__init__(dimension)
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        return super().embed(texts)


def test_only_what_is_new_is_embedded_and_what_is_gone_is_taken_out() -> None:
    store, embedder = MemoryStore(), CountingEmbedder()
    assert build_index(PROBLEMS, embedder, store) == Built(added=3, removed=0, kept=0, changed=True)
    embedder.asked.clear()
    changed = {"A": problem("A", "No entra", "Sale un error"), "C": problem("C", "Pantalla en blanco")}
    assert build_index(changed, embedder, store) == Built(added=2, removed=2, kept=1, changed=True)
    assert sorted(embedder.asked) == ["Pantalla en blanco", "Sale un error"]
    index = open_index(Catalogue(changed), embedder, store)
    hits = index.search(embedder.embed(["nada"])[0], "nada", 9)
    assert {(hit.problem_id, hit.text) for hit in hits} == {(p.id, text) for p, text in examples(changed)}


def test_another_embedder_or_force_embeds_everything() -> None:
    store, embedder = MemoryStore(), CountingEmbedder()
    build_index(PROBLEMS, HashEmbedder(32), store)
    assert build_index(PROBLEMS, embedder, store) == Built(added=3, removed=3, kept=0, changed=True)
    assert build_index(PROBLEMS, embedder, store, force=True).added == 3
    assert len(embedder.asked) == 6


@pytest.mark.parametrize("damage", ["manifest.json", "ids", "shard", "format"])
def test_an_index_that_cannot_be_built_upon_is_replaced(tmp_path: Path, damage: str) -> None:
    store, changed = EdgeStore(tmp_path), {"A": PROBLEMS["A"]}
    build_index(PROBLEMS, EMBEDDER, store)
    (generation,) = (tmp_path / "generations").iterdir()
    if damage == "shard":
        next(generation.rglob("segment.json")).unlink()
    elif damage == "format":
        manifest = generation / "manifest.json"
        manifest.write_text(manifest.read_text().replace('"format": 2', '"format": 1'))
    else:
        (generation / damage).write_text("damaged")
    assert build_index(changed, EMBEDDER, store).added == 2
    open_index(Catalogue(changed), EMBEDDER, store).close()


class RacedStore(MemoryStore):
    """Another process brings the index up to date between the look at it and the update."""

    def ids(self) -> frozenset[str]:
        found = super().ids()
        if self.others:
            build_index(self.others.pop(), EMBEDDER, self)
        return found

    def __init__(self, *others: Mapping[str, KnownError]) -> None:
        super().__init__()
        self.others = list(others)


def test_a_process_that_was_faster_is_built_upon() -> None:
    store = RacedStore()
    build_index(PROBLEMS, EMBEDDER, store)
    store.others.append({"C": problem("C", "Otra cosa")})
    built = build_index({"A": PROBLEMS["A"]}, EMBEDDER, store)
    assert built == Built(added=2, removed=1, kept=0, changed=True)
    assert len(store.ids()) == 2


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
