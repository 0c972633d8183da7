"""Clusters: exactly average linkage, whatever the data, and what centring does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist

from resuelve.knowledge.mining import clusters as module
from resuelve.knowledge.mining.clusters import centred, clusters, medoid
from resuelve.models import Vectors


def units(seed: int, count: int, dimension: int, spread: float = 1.0) -> Vectors:
    """Unit vectors in loose groups."""
    chance = np.random.default_rng(seed)
    middles = chance.normal(size=(max(1, count // 5), dimension))
    vectors = middles[chance.integers(len(middles), size=count)] + spread * chance.normal(size=(count, dimension))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def plain_average_linkage(vectors: Vectors, threshold: float) -> set[frozenset[int]]:
    tree = linkage(pdist(vectors.astype(np.float64), "cosine"), "average")
    labels = fcluster(tree, threshold, "distance")
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in set(labels)}


def found(vectors: Vectors, threshold: float) -> set[frozenset[int]]:
    return {frozenset(rows) for rows in clusters(vectors, threshold)}


@given(
    seed=st.integers(0, 10_000),
    count=st.integers(2, 90),
    dimension=st.integers(3, 24),
    spread=st.floats(0.1, 1.5),
    threshold=st.floats(0.05, 1.2),
)
def test_they_are_those_of_average_linkage(
    seed: int, count: int, dimension: int, spread: float, threshold: float
) -> None:
    vectors = units(seed, count, dimension, spread)
    assert found(vectors, threshold) == plain_average_linkage(vectors, threshold)


@given(seed=st.integers(0, 10_000), count=st.integers(2, 200))
def test_without_a_table_of_pairs_they_are_the_same(seed: int, count: int) -> None:
    vectors = units(seed, count, 12)
    with_table = found(vectors, 0.6)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_LARGEST_TABLE", 0)
        assert found(vectors, 0.6) == with_table


def test_every_row_is_in_one_cluster_the_largest_first() -> None:
    groups = clusters(units(3, 120, 16), 0.5)
    assert sorted(row for rows in groups for row in rows) == list(range(120))
    assert [len(rows) for rows in groups] == sorted((len(rows) for rows in groups), reverse=True)
    assert all(rows == sorted(rows) for rows in groups)


def test_many_equal_rows_are_one_cluster() -> None:
    vectors = np.repeat(units(5, 2, 8, 0.0)[:1], 300, axis=0)
    assert [len(rows) for rows in clusters(vectors, 0.1)] == [300]


def test_none_and_one() -> None:
    assert clusters(np.zeros((0, 4), dtype=np.float32), 0.5) == []
    assert clusters(units(1, 1, 4), 0.5) == [[0]]


def test_centring_takes_away_what_all_have_in_common() -> None:
    vectors = units(7, 60, 16) + 20 * np.ones(16, dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert (vectors @ vectors.T).min() > 0.95
    moved = centred(vectors, vectors[:0])
    assert (moved @ moved.T).min() < 0
    assert np.allclose(np.linalg.norm(moved, axis=1), 1.0, atol=1e-5)


def test_few_rows_are_centred_by_the_background() -> None:
    twins = units(9, 2, 16, 0.0)[:1].repeat(2, axis=0)
    assert centred(twins, np.zeros((0, 16), dtype=np.float32)).max() == 0.0  # by themselves they have nothing but it
    assert (centred(twins, units(11, 50, 16)) @ centred(twins, units(11, 50, 16)).T).min() > 0.99


def test_the_medoid_is_in_the_middle() -> None:
    vectors = np.array([[1, 0], [0.8, 0.6], [0, 1], [-1, 0]], dtype=np.float32)
    assert medoid(vectors, [0, 1, 2]) == 1
