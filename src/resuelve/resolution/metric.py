"""How near a ticket is to a row: in a space in which different ways of saying one thing lie close together.

The encoder puts sentences apart by much that is beside the point (who writes, how, about what else). Where rows have
several examples, these show in which directions one problem varies, and those directions are made to count less:
within-class covariance normalisation (Hatch, Kajarekar and Stolcke, "Within-Class Covariance Normalization for
SVM-based Speaker Recognition", Interspeech 2006, section 2), with a covariance that is drawn towards a multiple of the
identity, more so the fewer examples there are (Hastie, Tibshirani and Friedman, The Elements of Statistical Learning,
2nd ed., section 4.3.1).

Where two encoders stand behind a vector (`Embedder.parts`), each part gets a space of its own, and the cosine is the
mean of the parts' cosines by their shares: with few examples, what goes with what between two encoders is chance.

An encoder that was tuned to the dictionary has brought the examples of a row together itself. What is left of how they
vary is what it could not unlearn, not how tickets vary, and its space is taken as it is.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from resuelve.domain.known_error import KnownError
from resuelve.models import Part, Vectors
from resuelve.resolution.retrieve import LEAST_SPREAD
from resuelve.resolution.runoff import runoff
from resuelve.vectors import VectorIndex, id_of

_LEARNED_FROM = 4_096
"""Examples that the metric is learned from, at most; more change nothing and take time."""

_PRIOR = 100
"""The identity counts as so many observations, and as many more as there are: one row that mixes matters, in a
dictionary in which few have several examples, must not decide what counts."""

_REMEMBERED = 5_000
"""Rows whose vectors are kept, about 1.5 KB an example."""

_Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Row:
    """A row in the metric's space.

    Attributes:
        examples: unit vectors, shape (examples, dimension).
        middle: of the examples, a unit vector.
        usual: mean cosine of an example to the middle of the others; None with one example.
    """

    examples: _Matrix
    middle: _Matrix
    usual: float | None

    @classmethod
    def of(cls, examples: _Matrix) -> _Row:
        whole, count = examples.sum(axis=0), len(examples)
        others = _unit(whole - examples) if count > 1 else examples
        usual = float((examples * others).sum(axis=1).mean()) if count > 1 else None
        return cls(examples, _unit(whole), usual)


class Metric:
    """The space of one index. Safe to use from several threads.

    Args:
        problems: the known errors that the index was built from; what it does not hold is never asked for.
        parts: of the index's vectors, see `Embedder.parts`.

    Raises:
        VectorIndexError: the index could not be read; so does `closeness`.
    """

    def __init__(self, problems: Mapping[str, KnownError], index: VectorIndex, parts: Sequence[Part] = ()) -> None:
        self._problems = problems
        self._index = index
        background = index.background().astype(np.float64)
        self._mean = background.mean(axis=0) if len(background) else np.zeros(index.identity.dimension)
        groups = [index.vectors(ids).astype(np.float64) for ids in _families(problems)]
        self._parts = [
            (stretch, part.share, _transform([group[:, stretch] for group in groups], background[:, stretch], part))
            for stretch, part in _stretches(parts, index.identity.dimension)
        ]
        self._background = self._moved(background)
        self._rows: OrderedDict[str, _Row] = OrderedDict()
        self._lock = threading.Lock()

    def closeness(self, query: Vectors, problems: Iterable[str]) -> dict[str, float]:
        """How near a query is to each of these rows, in standard deviations above the dictionary at large.

        Nearness is the mean of the cosines to the row's nearest example and to the middle of its examples: one example
        may be just what is asked, and what all have in common is what the problem is.

        Args:
            query: shape (dimension,).
        """
        point = self._point(query)
        everywhere = self._background @ point
        mean = float(everywhere.mean()) if everywhere.size else 0.0
        spread = max(float(everywhere.std()), LEAST_SPREAD) if everywhere.size else 1.0
        return {problem: (self._nearness(point, problem) - mean) / spread for problem in problems}

    def typical(self, query: Vectors, problems: Iterable[str]) -> dict[str, float]:
        """How much nearer a query is to the middle of each row's examples than its own are to that of the others.

        0 for a query that is as typical of the row as its examples are, and for rows with a single one; a ticket that
        only touches on a row's matter lies below.

        Args:
            query: shape (dimension,).
        """
        point = self._point(query)
        rows = ((problem, self._row(problem)) for problem in problems)
        return {problem: 0.0 if row.usual is None else float(row.middle @ point) - row.usual for problem, row in rows}

    def runoff(self, query: Vectors, one: str, other: str) -> float:
        """What the examples of two rows together say for the first of them; see `runoff.runoff`.

        Args:
            query: shape (dimension,).
        """
        return runoff(self._point(query), self._row(one).examples, self._row(other).examples)

    def _nearness(self, point: _Matrix, problem: str) -> float:
        row = self._row(problem)
        return float((row.examples @ point).max() + row.middle @ point) / 2

    def _row(self, problem: str) -> _Row:
        with self._lock:
            if problem in self._rows:
                self._rows.move_to_end(problem)
                return self._rows[problem]
        row = _Row.of(self._moved(self._index.vectors(_ids(self._problems[problem])).astype(np.float64)))
        with self._lock:
            self._rows[problem] = row
            if len(self._rows) > _REMEMBERED:
                self._rows.popitem(last=False)
        return row

    def _point(self, query: Vectors) -> _Matrix:
        point: _Matrix = self._moved(query.astype(np.float64)[np.newaxis])[0]
        return point

    def _moved(self, vectors: _Matrix) -> _Matrix:
        centred = vectors - self._mean
        moved = [math.sqrt(share) * _unit(centred[:, part] @ transform) for part, share, transform in self._parts]
        return moved[0] if len(moved) == 1 else np.concatenate(moved, axis=1)


def _stretches(parts: Sequence[Part], dimension: int) -> Iterator[tuple[slice, Part]]:
    """Where each part of a vector lies; the whole of it where there is one encoder."""
    begin = 0
    for part in parts or (Part(dimension, 1.0),):
        yield slice(begin, begin + part.dimension), part
        begin += part.dimension


def _unit(vectors: _Matrix) -> _Matrix:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: _Matrix = vectors / np.maximum(lengths, 1e-9)
    return unit


def _families(problems: Mapping[str, KnownError]) -> Iterator[list[str]]:
    """The entries of rows with several examples, an even choice of them where there are many."""
    several = [problem for problem in problems.values() if len(problem.examples) > 1]
    step = max(1, -(-sum(len(one.examples) for one in several) // _LEARNED_FROM))
    return (_ids(problem) for problem in several[::step])


def _ids(problem: KnownError) -> list[str]:
    return [id_of(problem.id, example) for example in problem.examples]


def _transform(groups: list[_Matrix], background: _Matrix, part: Part) -> _Matrix:
    """The matrix by which vectors are multiplied, shape (dimension, dimension): the root of the inverse covariance."""
    dimension = background.shape[1]
    if part.tuned:
        return np.eye(dimension)
    residues = np.concatenate([np.empty((0, dimension)), *(group - group.mean(axis=0) for group in groups)])
    freedom = len(residues) - len(groups)
    variance = float(background.var(axis=0).mean()) if len(background) > 1 else 0.0
    prior = _PRIOR + freedom
    covariance = (residues.T @ residues + prior * variance * np.eye(dimension)) / (freedom + prior)
    if not variance:
        return np.eye(dimension)
    root: _Matrix = np.linalg.cholesky(np.linalg.inv(covariance))
    return root
