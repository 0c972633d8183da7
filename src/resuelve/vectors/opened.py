"""An opened index of the embedded engine: a shard in a private folder."""

from __future__ import annotations

import os
import weakref
from collections.abc import Sequence
from pathlib import Path

from resuelve.domain.errors import VectorIndexError
from resuelve.vectors.fusion import Fusion
from resuelve.vectors.intake import query_vector
from resuelve.vectors.manifest import Manifest
from resuelve.vectors.openings import Opening
from resuelve.vectors.port import Hit, IndexIdentity, Vectors
from resuelve.vectors.shard import Shard


def open_shard(openings: Path, generation: Path, manifest: Manifest, *, exact: bool) -> tuple[Shard, Opening]:
    """Open a generation in a private folder.

    Raises:
        VectorIndexError: it is damaged, or the workspace cannot be written.
    """
    opening = Opening(openings)
    try:
        opening.fill(generation / "shard", manifest.files)
        return Shard(opening.folder, manifest, exact=exact), opening
    except BaseException:
        opening.close()
        raise


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

    def vectors(self, ids: Sequence[str]) -> Vectors:
        """See `VectorIndex.vectors`."""
        self._check_open()
        return self._shard.vectors(ids)

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
