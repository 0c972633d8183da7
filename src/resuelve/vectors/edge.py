"""The embedded index: Qdrant Edge in this process, no server.

`generations` keeps what was built, `openings` gives every opener a folder of its own, because the engine wants to
own the folder of a shard. `writer` and `shard` are the engine's two sides: writing and searching.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from resuelve.domain.errors import IndexMismatch, IndexMissing
from resuelve.domain.message import message
from resuelve.vectors.copying import bring, occupied
from resuelve.vectors.engine import ENGINE, never_written
from resuelve.vectors.fusion import Fusion
from resuelve.vectors.generations import Generations, ids_of
from resuelve.vectors.intake import REBUILD, checked, checked_change
from resuelve.vectors.manifest import Manifest, Wear, write_ids
from resuelve.vectors.opened import EdgeIndex, open_shard
from resuelve.vectors.openings import Opening, sweep
from resuelve.vectors.port import Entry, IndexIdentity, sample
from resuelve.vectors.storage import Mark, mark, require_space, storage_errors
from resuelve.vectors.writer import update_shard, write_shard

_SPACE = 2**26
_ENTRY_SPACE = 2**12
"""What text and terms of an entry take, in bytes."""

_WORN_SHARE = 0.2
"""So large a share of entries changed since a generation was written whole makes the next one be written whole."""


class EdgeStore:
    """Indexes in a folder of this machine; as many processes as like may open and search at once, one builds.

    Args:
        folder: where the generations live; created by the first build.
        fusion: weights of the dense and the lexical list.
        exact_limit: up to this many entries every vector is compared; above, an HNSW graph is built and searched, and
            at most this many newer entries are compared beside it.
        rewrite_limit: up to this many entries an update writes everything anew, from the vectors that are there; then
            the same dictionary gives the same index, whatever way it came to be.
        build_wait: seconds to wait for another process that is building.
    """

    def __init__(
        self,
        folder: Path,
        *,
        fusion: Fusion | None = None,
        exact_limit: int = 10_000,
        rewrite_limit: int = 1_000,
        build_wait: float = 60.0,
    ) -> None:
        self._folder = folder
        self._openings = folder / "openings"
        self._generations = Generations(folder)
        self._fusion = fusion or Fusion()
        self._exact_limit = exact_limit
        self._rewrite_limit = rewrite_limit
        self._build_wait = build_wait

    def open(self) -> EdgeIndex:
        """Open the current index in a private folder, which `EdgeIndex.close` or the end of the process removes.

        Raises:
            IndexMissing: none has been built.
            IndexMismatch: another version of Resuelve or of the engine wrote it.
            IndexDamaged: its files are not what was written.
            VectorIndexError: the workspace cannot be written.
        """
        with self._generations.held() as (generation, manifest):
            _require_engine(manifest, generation)
            exact = manifest.identity.entries <= self._exact_limit
            shard, opening = open_shard(self._openings, generation, manifest, exact=exact)
        return EdgeIndex(shard, opening, manifest.identity, self._fusion)

    def current(self) -> IndexIdentity | None:
        """See `VectorStore.current`."""
        manifest = self._generations.manifest()
        return manifest.identity if manifest else None

    def ids(self) -> frozenset[str]:
        """See `VectorStore.ids`. The engine is not needed: the ids stand beside the manifest."""
        return frozenset(self._generations.ids())

    def build(self, identity: IndexIdentity, entries: Iterable[Entry]) -> None:
        """Build a generation aside, check it, make it current, remove the old ones.

        Raises:
            VectorIndexError: an entry is refused (see `intake.checked`), another process builds, or the disk refuses.
        """
        with self._generations.building(self._build_wait) as staged:
            self._generations.publish(staged, self._written(staged, identity, checked(entries, identity)))
        sweep(self._openings)

    def update(
        self,
        identity: IndexIdentity,
        added: Iterable[Entry],
        removed: Collection[str],
        *,
        since: IndexIdentity | None = None,
    ) -> None:
        """Make a generation out of the current one, check it, make it current, remove the old ones.

        Usually the current one is copied and changed. It is written whole, from the vectors that it holds, when it is
        small, when a fifth of it has changed since that was last done, or when too much of it lies outside the graph.

        Raises:
            IndexMissing: none has been built.
            IndexMismatch: the current one is of another embedder, engine or version, or not the one `since` names.
            IndexDamaged: the current one is damaged.
            VectorIndexError: see `build`.
        """
        with (
            self._generations.building(self._build_wait) as staged,
            self._generations.held() as (generation, manifest),
        ):
            _require_engine(manifest, generation)
            kept, entries = checked_change(manifest.identity, ids_of(generation), identity, added, removed, since)
            wear = manifest.wear.after(added=identity.entries - len(kept), removed=len(removed))
            if self._is_worn(wear, identity.entries):
                written = self._rewritten(staged, generation, manifest, identity, kept, entries)
            else:
                ids = _amended(staged, generation, manifest, identity, removed, entries)
                written = _manifest(staged, identity, chain(kept, ids), manifest.average_length, wear)
            self._generations.publish(staged, written)
        sweep(self._openings)

    @contextmanager
    def draft(self) -> Iterator[EdgeStore]:
        """See `VectorStore.draft`. It lies among the openings, so that it goes away with its process too.

        Raises:
            IndexMismatch, IndexDamaged: the current index is of another version, or not what was written.
            VectorIndexError: the workspace cannot be written.
        """
        opening = Opening(self._openings)
        try:
            try:
                with self._generations.held() as (generation, manifest):
                    Generations(opening.folder).adopt(generation, manifest)
            except IndexMissing:
                pass  # it begins as empty as this one
            yield EdgeStore(
                opening.folder,
                fusion=self._fusion,
                exact_limit=self._exact_limit,
                rewrite_limit=self._rewrite_limit,
                build_wait=self._build_wait,
            )
        finally:
            opening.close()

    def snapshot(self, folder: Path) -> bool:
        """Bring the current index into an empty folder, from which another store opens it; False when there is none.

        Large files are shared with this store, as neither changes them.

        Raises:
            IndexMismatch, IndexDamaged: the current index is of another version, or not what was written.
            VectorIndexError: the disk refuses.
        """
        try:
            with self._generations.held() as (generation, manifest):
                Generations(folder).adopt(generation, manifest)
        except IndexMissing:
            return False
        return True

    def _is_worn(self, wear: Wear, entries: int) -> bool:
        return (
            entries <= self._rewrite_limit
            or wear.added + wear.removed > _WORN_SHARE * wear.settled
            or entries > self._exact_limit < wear.outside
        )

    def _written(self, staged: Path, identity: IndexIdentity, entries: Iterator[Entry]) -> Manifest:
        # Vectors are written twice: once more when they are put in order.
        require_space(staged, _SPACE + identity.entries * (8 * identity.dimension + _ENTRY_SPACE))
        graph = identity.entries > self._exact_limit
        ids, length = write_shard(staged / "shard", identity.dimension, entries, graph=graph)
        return _manifest(staged, identity, ids, length, Wear(len(ids), graph))

    def _rewritten(
        self,
        staged: Path,
        generation: Path,
        manifest: Manifest,
        identity: IndexIdentity,
        kept: Collection[str],
        added: Iterator[Entry],
    ) -> Manifest:
        shard, opening = open_shard(self._openings, generation, manifest, exact=True)
        try:
            return self._written(staged, identity, chain(shard.entries(sorted(kept)), added))
        finally:
            shard.close()
            opening.close()


def _amended(
    staged: Path,
    generation: Path,
    before: Manifest,
    identity: IndexIdentity,
    removed: Collection[str],
    added: Iterator[Entry],
) -> list[str]:
    """Copy the shard of a generation and change the copy; the ids of what was added."""
    source, target, files = generation / "shard", staged / "shard", before.files
    linked = never_written(files)
    with storage_errors("the index cannot be read", source):
        copied = sum(occupied(source / name) for name in files if (source / name).is_file())
    coming = identity.entries - before.identity.entries + len(removed)
    require_space(staged, _SPACE + copied + coming * (4 * identity.dimension + _ENTRY_SPACE))
    bring(source, target, files, lambda name, _: name in linked, durable=True)
    return update_shard(target, before.average_length, added, removed, before=before.identity.entries)


def _manifest(staged: Path, identity: IndexIdentity, ids: Iterable[str], length: float, wear: Wear) -> Manifest:
    shard, ordered = staged / "shard", sorted(ids)
    with storage_errors("the index cannot be read again", staged):
        listed = write_ids(staged / "ids", ordered)
        files: dict[str, Mark] = {
            path.relative_to(shard).as_posix(): mark(path) for path in shard.rglob("*") if path.is_file()
        }
    return Manifest(identity, ENGINE, length, tuple(sample(ordered)), wear, listed, files)


def _require_engine(manifest: Manifest, generation: Path) -> None:
    if manifest.engine != ENGINE:
        raise IndexMismatch(
            message("the index was written by {engine}, this is {now}", engine=manifest.engine, now=ENGINE),
            where=str(generation),
            remedy=REBUILD,
        )
