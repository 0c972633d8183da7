"""The embedded index: Qdrant Edge in this process, no server.

`generations` keeps what was built, `openings` gives every opener a folder of its own, because the engine wants to
own the folder of a shard. The engine itself is in `shard`.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterable
from pathlib import Path

from resuelve.domain.errors import IndexMismatch, VectorIndexError
from resuelve.vectors.fusion import Fusion
from resuelve.vectors.generations import Generations
from resuelve.vectors.intake import REBUILD, checked, query_vector
from resuelve.vectors.openings import Opening, sweep
from resuelve.vectors.port import Entry, Hit, IndexIdentity, Vectors
from resuelve.vectors.shard import ENGINE, Shard, write_shard
from resuelve.vectors.storage import require_space

_SPACE = 2**26


class EdgeStore:
    """Indexes in a folder of this machine; as many processes as like may open and search at once, one builds.

    Args:
        folder: where the generations live; created by the first build.
        fusion: weights of the dense and the lexical list.
        exact_limit: up to this many entries every vector is compared; above, an HNSW graph is built and searched.
        build_wait: seconds to wait for another process that is building.
    """

    def __init__(
        self, folder: Path, *, fusion: Fusion | None = None, exact_limit: int = 10_000, build_wait: float = 60.0
    ) -> None:
        self._folder = folder
        self._openings = folder / "openings"
        self._generations = Generations(folder)
        self._fusion = fusion or Fusion()
        self._exact_limit = exact_limit
        self._build_wait = build_wait

    def open(self) -> EdgeIndex:
        """Open the current index in a private folder, which `EdgeIndex.close` or the end of the process removes.

        Raises:
            IndexMissing: none has been built.
            IndexMismatch: another version of Resuelve or of the engine wrote it.
            VectorIndexError: it is damaged, or the workspace cannot be written.
        """
        with self._generations.held() as (folder, manifest):
            if manifest.engine != ENGINE:
                raise IndexMismatch(
                    f"the index was written by {manifest.engine}, this is {ENGINE}", where=str(folder), remedy=REBUILD
                )
            opening = Opening(self._openings)
            try:
                opening.fill(folder, manifest.files)
                shard = Shard(opening.folder, manifest, exact=manifest.identity.entries <= self._exact_limit)
            except BaseException:
                opening.close()
                raise
        return EdgeIndex(shard, opening, manifest.identity, self._fusion)

    def current(self) -> IndexIdentity | None:
        """See `VectorStore.current`."""
        manifest = self._generations.manifest()
        return manifest.identity if manifest else None

    def build(self, identity: IndexIdentity, entries: Iterable[Entry]) -> None:
        """Build a generation aside, check it, make it current, remove the old ones.

        Raises:
            VectorIndexError: an entry is refused (see `intake.checked`), another process builds, or the disk refuses.
        """
        with self._generations.building(self._build_wait) as staged:
            # Vectors are written twice (once more when they are put in order), texts and terms take about 4 KiB.
            require_space(staged, _SPACE + identity.entries * (8 * identity.dimension + 2**12))
            manifest = write_shard(
                staged / "shard", identity, checked(entries, identity), graph=identity.entries > self._exact_limit
            )
            self._generations.publish(staged, manifest)
        sweep(self._openings)


class EdgeIndex:
    """An open index of `EdgeStore`. Not usable in a forked child, which has to open its own."""

    def __init__(self, shard: Shard, opening: Opening, identity: IndexIdentity, fusion: Fusion) -> None:
        self._shard = shard
        self._identity = identity
        self._fusion = fusion
        self._owner = os.getpid()
        self._background: Vectors | None = None
        # Also runs when the object is forgotten or the interpreter ends.
        self._release = weakref.finalize(self, _release, shard, opening)

    @property
    def identity(self) -> IndexIdentity:
        """See `VectorIndex.identity`."""
        return self._identity

    def search(self, vector: Vectors, text: str, limit: int) -> tuple[Hit, ...]:
        """See `VectorIndex.search`.

        Raises:
            IndexMismatch: the vector has another length than those of the index.
            VectorIndexError: the index has been closed, or the engine failed.
        """
        self._check_open()
        query = query_vector(vector, self._identity)
        if limit < 1 or not self._identity.entries:
            return ()
        depth = self._fusion.depth(limit)
        dense = dict(self._shard.nearest(query, depth))
        lexical = dict(self._shard.lexical(text, depth))
        fused = self._fusion.fuse(dense.items(), lexical.items())[:limit]
        dense |= self._shard.cosines(query, [i for i, _ in fused if i not in dense])
        lexical |= self._shard.lexical_scores(text, [i for i, _ in fused if i not in lexical])
        texts = self._shard.texts([i for i, _ in fused])
        return tuple(
            Hit(entry_id, problem_id, words, dense[entry_id], lexical.get(entry_id, 0.0), score)
            for (entry_id, score), (problem_id, words) in zip(fused, texts, strict=True)
        )

    def background(self) -> Vectors:
        """See `VectorIndex.background`."""
        self._check_open()
        if self._background is None:
            self._background = self._shard.background()
            self._background.setflags(write=False)
        return self._background

    def close(self) -> None:
        """See `VectorIndex.close`."""
        self._release()

    def _check_open(self) -> None:
        if not self._release.alive or self._owner != os.getpid():
            raise VectorIndexError("the index is not open in this process", remedy="open it again")


def _release(shard: Shard, opening: Opening) -> None:
    if opening.owned:
        shard.close()
        opening.close()
