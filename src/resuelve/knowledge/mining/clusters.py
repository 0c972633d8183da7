"""Incidents that tell the same story: average linkage at a distance, exact, in memory that grows with the incidents.

Two facts make it cheap. The mean cosine between the members of two clusters is the dot product of the clusters' mean
vectors, so that no table of all pairs is needed. And average linkage is reducible: joining two clusters never brings
the result nearer to a third one than the nearer of the two was (Müllner, "Modern hierarchical, agglomerative
clustering algorithms", 2011, section 2.3). So nearest neighbours may be joined in any order (the nearest-neighbour
chain, ibid., figure 3), and a cluster whose nearest neighbour lies beyond the threshold is finished.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from resuelve.models import Vectors

ASKED = 0.6
"""Cosine distance, after centring, up to which incidents are joined by what was asked alone. A smaller one splits
problems in two, a larger one throws two together, which misleads more. Measured by `benchmarks/clustering.py`."""

ANSWERED = 0.7
"""The same with their answers (`answers.with_answers`)."""

_LARGEST_TABLE = 6_000
"""Rows of which all pairs are kept: 144 MB."""

_WORTH_PACKING = 64
_TIE = 1e-6
_NOBODY = -1


def centred(vectors: Vectors, background: Vectors) -> Vectors:
    """The vectors without what all texts have in common, as unit vectors again.

    The cosines of one encoder crowd into a narrow band, because every vector shares a large common part; without it
    they tell more (Mu and Viswanath, "All-but-the-Top", ICLR 2018, section 2; of its two steps the first).

    Args:
        background: vectors of other texts of the same desk; with few incidents their own mean would be what they are
            about, and not what all texts share.
    """
    everything = np.concatenate([vectors, background]) if background.size else vectors
    if not everything.size:
        return vectors
    moved = vectors - everything.mean(axis=0)
    lengths = np.linalg.norm(moved, axis=1, keepdims=True)
    return np.asarray(moved / np.maximum(lengths, 1e-9), dtype=np.float32)


def clusters(vectors: Vectors, threshold: float) -> list[list[int]]:
    """The rows, grouped; the largest group first, each in the order of the rows.

    Two groups are joined as long as the mean distance (1 less the dot product) between their members is at most
    `threshold`: what average linkage gives when its tree is cut there.

    Up to 6,000 rows a table of all pairs is kept (144 MB); beyond that, what a step needs is computed anew from the
    vectors, which takes longer and no more memory than they do. The result is the same.
    """
    members: dict[int, list[int]] = {row: [row] for row in range(len(vectors))}
    alive = _Alive(vectors)
    finished: list[list[int]] = []
    chain: list[int] = []
    while alive.count or chain:
        if not chain:
            chain.append(alive.any())
        last = chain[-1]
        before = chain[-2] if len(chain) > 1 else _NOBODY
        nearest, similarity = alive.nearest(last, prefer=before)
        if nearest == _NOBODY or 1.0 - similarity > threshold:
            # Nothing will ever come nearer to it; what leads to it in the chain may still find others.
            alive.remove(last)
            finished.append(sorted(members.pop(last)))
            chain.pop()
        elif nearest == before:
            chain = chain[:-2]
            members[before] += members.pop(last)
            alive.join(before, last)
        else:
            chain.append(nearest)
    return sorted(finished, key=lambda rows: (-len(rows), rows[0]))


class _Alive:
    """The clusters that may still grow: the sum of each one's vectors and its size, packed as some are finished."""

    def __init__(self, vectors: Vectors) -> None:
        self._sums = vectors.astype(np.float32, copy=True)
        self._sizes = np.ones(len(vectors), dtype=np.float32)
        self._names = np.arange(len(vectors))
        self._place: npt.NDArray[np.int64] = np.arange(len(vectors))
        self._is_alive = np.ones(len(vectors), dtype=bool)
        self._table: Vectors | None = None
        self.count = len(vectors)
        self._make_table()

    def any(self) -> int:
        """One of them, always the same."""
        return int(self._names[np.argmax(self._is_alive)])

    def nearest(self, name: int, *, prefer: int) -> tuple[int, float]:
        """The cluster with the highest mean likeness to this one, and that likeness; `prefer` wins a tie.

        The tie decides whether the chain ends: without it, it could go round in a circle.
        """
        if self.count < 2:
            return _NOBODY, 0.0
        here = self._place[name]
        products = self._sums @ self._sums[here] if self._table is None else self._table[here]
        likeness = products / (self._sizes * self._sizes[here])
        likeness[~self._is_alive] = -np.inf
        likeness[here] = -np.inf
        best = int(np.argmax(likeness))
        if prefer != _NOBODY and likeness[self._place[prefer]] >= likeness[best] - _TIE:
            best = int(self._place[prefer])
        return int(self._names[best]), float(likeness[best])

    def join(self, name: int, other: int) -> None:
        """`other` becomes part of `name`."""
        here, there = self._place[name], self._place[other]
        self._sums[here] += self._sums[there]
        self._sizes[here] += self._sizes[there]
        if self._table is not None:
            self._table[here] += self._table[there]
            self._table[:, here] += self._table[:, there]
        self.remove(other)

    def remove(self, name: int) -> None:
        """It takes no further part."""
        self._is_alive[self._place[name]] = False
        self.count -= 1
        if self.count * 2 < len(self._names) and len(self._names) > _WORTH_PACKING:
            self._pack()

    def _pack(self) -> None:
        keep = self._is_alive
        self._sums, self._sizes, self._names = self._sums[keep], self._sizes[keep], self._names[keep]
        self._is_alive = np.ones(len(self._names), dtype=bool)
        self._place[self._names] = np.arange(len(self._names))
        self._table = None
        self._make_table()

    def _make_table(self) -> None:
        if len(self._names) <= _LARGEST_TABLE:
            self._table = self._sums @ self._sums.T


def medoid(vectors: Vectors, rows: Sequence[int]) -> int:
    """The row that is nearest to all others of its cluster."""
    chosen = vectors[list(rows)]
    return rows[int(np.argmax(chosen @ chosen.sum(axis=0)))]
