"""The embedded index on disk: what is shared, what is private, what is refused."""

from __future__ import annotations

import errno
import gc
import json
import os
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from resuelve.domain.errors import IndexDamaged, IndexMismatch, VectorIndexError
from resuelve.vectors import Entry, IndexIdentity
from resuelve.vectors.edge import EdgeStore
from resuelve.vectors.fusion import Fusion
from resuelve.vectors.generations import Generations
from resuelve.vectors.port import Vectors

DIMENSION = 16
WORDS = "recibo poliza siniestro acceso pantalla factura cobro clave".split()


def vectors(count: int, dimension: int = DIMENSION) -> Vectors:
    raw = np.random.default_rng(7).standard_normal((count, dimension)).astype(np.float32)
    unit: Vectors = raw / np.linalg.norm(raw, axis=1, keepdims=True)
    return unit


def entries(count: int, dimension: int = DIMENSION) -> list[Entry]:
    texts = [f"{WORDS[n % 8]} {WORDS[n * 5 % 7]} {n}" for n in range(count)]
    return [Entry(f"{n:032x}", f"P{n}", texts[n], row) for n, row in enumerate(vectors(count, dimension))]


def build(store: EdgeStore, count: int = 40, dictionary: str = "d", dimension: int = DIMENSION) -> None:
    store.build(IndexIdentity("e", dimension, dictionary, count, "2026-11-22"), entries(count, dimension))


def search(store: EdgeStore) -> list[str]:
    index = store.open()
    hits = index.search(vectors(1)[0], "recibo 3", 5)
    index.close()
    return [hit.entry_id for hit in hits]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "workspace" / "vectors"


@pytest.fixture
def store(folder: Path) -> EdgeStore:
    return EdgeStore(folder)


@pytest.fixture
def built(store: EdgeStore) -> EdgeStore:
    build(store)
    return store


def change(
    store: EdgeStore, count: int, dropped: int = 0, dictionary: str = "changed", dimension: int = DIMENSION
) -> None:
    """Add entries behind those that `build` has made, and drop the first ones."""
    ids = sorted(store.ids() or {f"{n:032x}" for n in range(40)})
    start = int(ids[-1], 16) + 1
    added = entries(start + count, dimension)[start:]
    identity = IndexIdentity("e", dimension, dictionary, len(ids) + count - dropped, "2026-11-23")
    store.update(identity, added, ids[:dropped])


def generation(folder: Path) -> Path:
    return folder / "generations" / (folder / "CURRENT").read_text().strip()


def openings(folder: Path) -> list[Path]:
    return sorted((folder / "openings").glob("*"))


def contents(folder: Path) -> dict[Path, tuple[int, int]]:
    return {f: (f.stat().st_size, zlib.crc32(f.read_bytes())) for f in folder.rglob("*") if f.is_file()}


@pytest.mark.parametrize("graph", [False, True], ids=["plain", "graph"])
def test_opening_searching_and_closing_change_no_byte_of_a_generation(folder: Path, graph: bool) -> None:
    """The big files are shared between processes as hard links, so this has to hold for every version of the engine."""
    store = EdgeStore(folder, exact_limit=0 if graph else 10_000)
    build(store, 1_000, dimension=384)
    before = contents(generation(folder))
    index = store.open()
    linked = [f for f in openings(folder)[0].rglob("*") if f.is_file() and f.stat().st_nlink > 1]
    index.search(vectors(1, 384)[0], "recibo 3", 20)
    index.background()
    assert linked
    index.close()
    assert contents(generation(folder)) == before


def test_a_private_opening_is_small_and_removed_at_close(built: EdgeStore, folder: Path) -> None:
    index = built.open()
    private = [f.stat() for f in openings(folder)[0].rglob("*") if f.is_file()]
    assert sum(s.st_blocks * 512 for s in private if s.st_nlink == 1) < 2**20
    assert sum(s.st_size for s in private) > 10 * 2**20  # what a copy with its holes filled would take
    index.close()
    assert openings(folder) == []


def test_an_index_that_is_forgotten_removes_its_opening(built: EdgeStore, folder: Path) -> None:
    index = built.open()
    assert openings(folder)
    del index
    gc.collect()
    assert openings(folder) == []


def test_without_hard_links_the_files_are_copied(
    built: EdgeStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = search(built)

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    build(built, 3_000, dimension=DIMENSION)
    index = built.open()
    private = [f.stat() for f in openings(folder)[0].rglob("*") if f.is_file()]
    assert {s.st_nlink for s in private} == {1}
    assert sum(s.st_blocks * 512 for s in private) < sum(s.st_size for s in private) / 2  # the holes are kept
    index.close()
    build(built)
    assert search(built) == expected


def test_only_the_current_generation_is_kept(built: EdgeStore, folder: Path) -> None:
    index = built.open()
    for n in range(3):
        build(built, 10 + n, f"d{n}")
    assert list((folder / "generations").iterdir()) == [generation(folder)]
    assert len(index.search(vectors(1)[0], "recibo", 40)) == 40
    index.close()


def test_a_graph_finds_nearly_what_comparing_everything_finds(folder: Path) -> None:
    graph = EdgeStore(folder, fusion=Fusion(lexical=0), exact_limit=100)
    build(graph, 1_500, dimension=384)
    links = list(generation(folder).rglob("links*.bin"))
    assert links, "no graph was built"
    exact = EdgeStore(folder, fusion=Fusion(lexical=0))
    found = []
    for store in (graph, exact):
        index = store.open()
        found.append([{h.entry_id for h in index.search(q, "", 10)} for q in vectors(1_520, 384)[1_500:]])
        index.close()
    assert sum(len(a & b) for a, b in zip(*found, strict=True)) >= 0.9 * 10 * 20
    assert found[1] == [
        {f"{n:032x}" for n in np.argsort(-(vectors(1_500, 384) @ q))[:10]} for q in vectors(1_520, 384)[1_500:]
    ]


@pytest.mark.parametrize("graph", [False, True], ids=["plain", "graph"])
def test_updates_change_no_byte_of_the_generation_they_come_from(folder: Path, graph: bool) -> None:
    """What `never_written` names is shared by generations, so this has to hold for every version of the engine."""
    store = EdgeStore(folder, exact_limit=1_000 if graph else 10_000, rewrite_limit=0)
    build(store, 1_200, dimension=384)
    for number in range(3):
        with Generations(folder).held() as (old, _):  # keeps it from being removed
            before = contents(old)
            change(store, 20, 30, f"change{number}", dimension=384)
            assert contents(old) == before
            assert bool(inodes(old) & inodes(generation(folder))) == graph


def inodes(folder: Path) -> set[int]:
    return {f.stat().st_ino for f in folder.rglob("*") if f.is_file()}


@pytest.mark.parametrize("limit", [100, 10_000], ids=["graph", "plain"])
def test_an_amended_index_finds_what_one_written_whole_finds(folder: Path, tmp_path: Path, limit: int) -> None:
    store = EdgeStore(folder, exact_limit=limit, rewrite_limit=0)
    build(store, 1_500, dimension=384)
    change(store, 60, 40, dimension=384)
    whole = EdgeStore(tmp_path / "whole", exact_limit=limit)
    final = entries(1_560, 384)[40:]
    whole.build(IndexIdentity("e", 384, "d", len(final), "2026-11-22"), final)
    found = []
    for one in (store, whole):
        index = one.open()
        found.append([index.search(e.vector, e.text, 1)[0] for e in final[-80:]])
        assert index.identity.entries == len(final)
        index.close()
    assert [hit.entry_id for hit in found[0]] == [hit.entry_id for hit in found[1]] == [e.id for e in final[-80:]]
    assert all(a.dense == pytest.approx(b.dense, abs=1e-5) for a, b in zip(*found, strict=True))
    # Words' weights keep the average length, and their rarity counts what is marked as deleted until it is tidied up.
    assert all(a.lexical == pytest.approx(b.lexical, rel=0.05) for a, b in zip(*found, strict=True))


def wear(folder: Path) -> dict[str, int]:
    found: dict[str, int] = json.loads((generation(folder) / "manifest.json").read_text())["wear"]
    return found


def test_what_is_worn_is_written_whole_without_new_vectors(folder: Path) -> None:
    store = EdgeStore(folder, rewrite_limit=0)
    build(store, 1_000)
    change(store, 100, 0)
    assert wear(folder) == {"settled": 1_000, "graph": False, "added": 100, "removed": 0}
    change(store, 50, 50)
    assert wear(folder) == {"settled": 1_000, "graph": False, "added": 150, "removed": 50}
    change(store, 1, 0)
    assert wear(folder) == {"settled": 1_101, "graph": False, "added": 0, "removed": 0}


def test_crossing_the_exact_limit_makes_a_graph_and_going_back_compares_all(folder: Path) -> None:
    store = EdgeStore(folder, exact_limit=1_200, rewrite_limit=0)
    build(store, 1_190, dimension=384)
    change(store, 10, dimension=384)
    assert not wear(folder)["graph"]
    change(store, 1, dimension=384)
    assert wear(folder) == {"settled": 1_201, "graph": True, "added": 0, "removed": 0}
    change(store, 0, 10, dimension=384)
    assert wear(folder) == {"settled": 1_201, "graph": True, "added": 0, "removed": 10}
    index = store.open()
    query = vectors(1_201, 384)
    expected = [f"{n + 10:032x}" for n in np.argsort(-(query[10:] @ query[50]))[:20]]
    assert [hit.entry_id for hit in index.search(query[50], "", 20)] == expected
    index.close()


def test_a_draft_is_small_and_goes_away(built: EdgeStore, folder: Path) -> None:
    before = contents(generation(folder))
    with built.draft() as draft:
        private = [f.stat() for f in openings(folder)[0].rglob("*") if f.is_file()]
        assert sum(s.st_blocks * 512 for s in private if s.st_nlink == 1) < 2**16
        expected = search(built)
        assert search(draft) == expected
        change(draft, 3)
        assert len(draft.ids()) == 43
    assert contents(generation(folder)) == before
    assert openings(folder) == []


def test_a_child_process_does_not_use_or_remove_its_parents_opening(built: EdgeStore, folder: Path) -> None:
    index = built.open()
    child = os.fork()
    if not child:
        code = 1
        try:
            index.search(vectors(1)[0], "recibo", 1)
        except VectorIndexError:
            index.close()
            code = 17
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 17
    assert openings(folder)
    assert index.search(vectors(1)[0], "recibo", 1)
    index.close()


def edit_manifest(folder: Path, **changes: object) -> None:
    path = generation(folder) / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def shard_file(folder: Path, name: str) -> Path:
    return next((generation(folder) / "shard").rglob(name))


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


DAMAGE: dict[str, tuple[Callable[[Path], object], type[VectorIndexError]]] = {
    "another format": (lambda f: edit_manifest(f, format=99), IndexMismatch),
    "another engine": (lambda f: edit_manifest(f, engine="qdrant-edge-py 0.0.1"), IndexMismatch),
    "manifest is no JSON": (lambda f: (generation(f) / "manifest.json").write_text("{"), VectorIndexError),
    "manifest is a list": (lambda f: (generation(f) / "manifest.json").write_text("[1]"), VectorIndexError),
    "manifest lacks a field": (
        lambda f: (generation(f) / "manifest.json").write_text('{"format":1}'),
        VectorIndexError,
    ),
    "manifest leads elsewhere": (lambda f: edit_manifest(f, files={"../../CURRENT": [1, 1]}), VectorIndexError),
    "manifest is gone": (lambda f: (generation(f) / "manifest.json").unlink(), VectorIndexError),
    "pointer is garbage": (lambda f: (f / "CURRENT").write_bytes(b"\xff/../.."), VectorIndexError),
    "pointer is empty": (lambda f: (f / "CURRENT").write_text(""), VectorIndexError),
    "pointer leads nowhere": (lambda f: (f / "CURRENT").write_text("0" * 32 + "\n"), VectorIndexError),
    "vectors cut": (lambda f: truncate(shard_file(f, "chunk_0.mmap")), VectorIndexError),
    "texts cut": (lambda f: truncate(shard_file(f, "page_0.dat")), VectorIndexError),
    "list of entries cut": (lambda f: truncate(generation(f) / "ids"), IndexDamaged),
    "list of entries gone": (lambda f: (generation(f) / "ids").unlink(), IndexDamaged),
    "file gone": (lambda f: shard_file(f, "segment.json").unlink(), VectorIndexError),
    "bits rotten": (lambda f: shard_file(f, "tracker.dat").write_bytes(b"\1" * 2**20), VectorIndexError),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_what_cannot_be_trusted_is_refused_and_can_be_built_again(built: EdgeStore, folder: Path, kind: str) -> None:
    damage, error = DAMAGE[kind]
    expected = search(built)
    damage(folder)
    attempts = (
        [built.ids, lambda: change(built, 1)] if kind.startswith("list") else [built.open, lambda: change(built, 1)]
    )
    for attempt in attempts:
        with pytest.raises(error, match="resuelve index") as caught:
            attempt()
        assert caught.value.where
    assert openings(folder) == []
    build(built)
    assert search(built) == expected
    assert list((folder / "generations").iterdir()) == [generation(folder)]


def test_the_identity_of_a_damaged_index_is_refused_too(built: EdgeStore, folder: Path) -> None:
    edit_manifest(folder, format=99)
    with pytest.raises(IndexMismatch, match="resuelve index"):
        built.current()


@pytest.mark.parametrize("place", ["workspace", "workspace/vectors", "workspace/vectors/openings"])
def test_a_file_in_the_way_is_named(tmp_path: Path, store: EdgeStore, folder: Path, place: str) -> None:
    if place.endswith("openings"):
        build(store)
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text("in the way")
    with pytest.raises(VectorIndexError, match="remove the file"):
        store.open() if place.endswith("openings") else build(store)


@pytest.mark.parametrize(
    ("code", "remedy"), [(errno.EROFS, "can be written"), (errno.EACCES, "permission"), (errno.ENOSPC, "free some")]
)
@pytest.mark.parametrize("act", [build, search], ids=["build", "open"])
def test_a_folder_that_cannot_be_written_is_named_with_its_remedy(
    built: EdgeStore, monkeypatch: pytest.MonkeyPatch, act: Callable[[EdgeStore], object], code: int, remedy: str
) -> None:
    def refuse(self: Path, *_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code), str(self))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", refuse)
        with pytest.raises(VectorIndexError, match=remedy) as caught:
            act(built)
    assert "workspace" in caught.value.where
    assert search(built)


@pytest.mark.parametrize("act", [build, search, lambda store: change(store, 1)], ids=["build", "open", "update"])
def test_a_full_disk_is_seen_before_the_engine_writes(
    built: EdgeStore, folder: Path, monkeypatch: pytest.MonkeyPatch, act: Callable[[EdgeStore], object]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_bavail=100, f_frsize=4096))
        with pytest.raises(VectorIndexError, match="free some space"):
            act(built)
    assert openings(folder) == []
    assert list((folder / "generations").iterdir()) == [generation(folder)]
    assert search(built)


def test_a_second_builder_waits_or_says_so(folder: Path) -> None:
    started, go_on = threading.Event(), threading.Event()

    def slowly() -> Iterator[Entry]:
        started.set()
        go_on.wait(30)
        yield from entries(5)

    identity = IndexIdentity("e", DIMENSION, "slow", 5, "2026-11-22")
    first = threading.Thread(target=lambda: EdgeStore(folder).build(identity, slowly()))
    first.start()
    started.wait(30)
    with pytest.raises(VectorIndexError, match="another process is building"):
        build(EdgeStore(folder, build_wait=0))
    second = threading.Thread(target=lambda: build(EdgeStore(folder), 7, "second"))
    second.start()
    go_on.set()
    first.join()
    second.join()
    current = EdgeStore(folder).current()
    assert current is not None
    assert (current.dictionary, current.entries) == ("second", 7)


def test_what_a_dead_builder_left_is_removed_by_the_next(built: EdgeStore, folder: Path) -> None:
    left = folder / "generations" / ("f" * 32) / "shard"
    left.mkdir(parents=True)
    (left / "chunk").write_text("half")
    build(built)
    assert not left.exists()


def test_odd_neighbours_in_the_folder_are_no_obstacle(built: EdgeStore, folder: Path) -> None:
    (folder / "openings").mkdir(exist_ok=True)
    (folder / "openings" / "notes.txt").write_text("mine")
    (folder / "openings" / "x.lock").mkdir()
    (folder / "generations" / "notes.txt").write_text("mine")
    assert search(built)
    build(built)
    assert search(built)


def test_a_snapshot_is_an_index_of_its_own_and_outlives_this_one(
    built: EdgeStore, folder: Path, tmp_path: Path
) -> None:
    expected, before = search(built), contents(folder)
    (tmp_path / "snapshot").mkdir()
    assert built.snapshot(tmp_path / "snapshot")
    assert contents(folder) == before
    build(built, 3, "another")
    other = EdgeStore(tmp_path / "snapshot")
    assert (search(other), len(other.ids())) == (expected, 40)
    change(other, 2)
    assert len(built.ids()) == 3


def test_without_an_index_there_is_no_snapshot(store: EdgeStore, tmp_path: Path) -> None:
    assert not store.snapshot(tmp_path)
    assert not (tmp_path / "CURRENT").exists()


def test_a_damaged_index_gives_no_snapshot(built: EdgeStore, folder: Path, tmp_path: Path) -> None:
    (generation(folder) / "shard" / "edge_config.json").write_text("{}")
    with pytest.raises(IndexDamaged):
        built.snapshot(tmp_path / "snapshot")
    assert not (tmp_path / "snapshot" / "CURRENT").exists()
