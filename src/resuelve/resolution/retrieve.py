"""Stage 4, retrieve: the known errors that a ticket could be a case of, by meaning and by words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from resuelve.domain.decision import Candidate
from resuelve.domain.known_error import KnownError
from resuelve.models import Embedder, Vectors
from resuelve.resolution.reformulate import Query
from resuelve.vectors import Hit, VectorIndex

_DEPTH = 40
"""Entries looked at: several examples of one problem count singly, and the critic needs the also-rans."""

LEAST_SPREAD = 0.005
"""Keeps what is standardised finite for a dictionary whose rows are all alike."""


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What was found.

    Attributes:
        candidates: one a problem, best fused score first.
        mean, spread: mean and standard deviation of the cosine between the query and the dictionary at large. Cosines
            of one encoder crowd into a narrow band that shifts from query to query; measured against these they
            compare from ticket to ticket.
        aside: the best candidate for a second matter that the ticket mentions, if it mentions one.
        query: what was searched with, a unit vector of shape (dimension,); empty when nothing was.
        each: the single queries that it is the mean of, with their weights.
    """

    candidates: tuple[Candidate, ...]
    mean: float
    spread: float
    aside: Candidate | None = None
    query: Vectors = field(default_factory=lambda: np.empty(0, dtype=np.float32), compare=False)
    each: tuple[tuple[float, Vectors], ...] = field(default=(), compare=False)

    def standardise(self, cosine: float) -> float:
        """How many standard deviations a cosine lies above the dictionary at large."""
        return (cosine - self.mean) / self.spread


NOTHING = Retrieved((), 0.0, 1.0)
"""What is found without a query."""


def retrieve(
    queries: Sequence[Query], *, embedder: Embedder, index: VectorIndex, problems: Mapping[str, KnownError]
) -> Retrieved:
    """Search once with the weighted mean of the queries, and once more with an aside.

    The mean of unit vectors, made a unit vector, ranks by the weighted sum of the cosines: one search does for all.

    Raises:
        ModelUnavailable: the embedder gave no answer.
        VectorIndexError: the index could not be searched.
    """
    if not queries:
        return NOTHING
    vectors = embedder.embed([query.text for query in queries])
    mean_query = weighted_mean(queries, vectors)
    words = " ".join(query.text for query in queries if query.weight)
    candidates = _by_problem(index.search(mean_query, words, _DEPTH), problems)
    background = index.background() @ mean_query
    return Retrieved(
        candidates=candidates,
        mean=float(background.mean()) if background.size else 0.0,
        spread=max(float(background.std()), LEAST_SPREAD) if background.size else 1.0,
        aside=_aside(queries, vectors, index, problems),
        query=mean_query,
        each=tuple((one.weight, vector) for one, vector in zip(queries, vectors, strict=True) if one.weight),
    )


def weighted_mean(queries: Sequence[Query], vectors: Vectors) -> Vectors:
    """One unit vector for all queries of a ticket; `vectors` holds one a query. Zero when no query has a weight."""
    mean = np.asarray([query.weight for query in queries], dtype=np.float32) @ vectors
    length = float(np.linalg.norm(mean))
    return mean / length if length else mean


def _aside(
    queries: Sequence[Query], vectors: Vectors, index: VectorIndex, problems: Mapping[str, KnownError]
) -> Candidate | None:
    for query, vector in zip(queries, vectors, strict=True):
        if query.purpose == "aside":
            found = _by_problem(index.search(vector, query.text, _DEPTH), problems)
            return max(found, key=lambda candidate: candidate.dense, default=None)
    return None


def _by_problem(hits: Sequence[Hit], problems: Mapping[str, KnownError]) -> tuple[Candidate, ...]:
    """One candidate a problem, with its best example; hits of problems that the dictionary lost are left out."""
    best: dict[str, Hit] = {}
    for hit in hits:
        held = best.get(hit.problem_id)
        if hit.problem_id in problems and (held is None or hit.dense > held.dense):
            best[hit.problem_id] = hit
    found = [Candidate(problems[hit.problem_id], hit.text, hit.dense, hit.lexical, hit.score) for hit in best.values()]
    return tuple(sorted(found, key=lambda candidate: (-candidate.score, candidate.problem.id)))
