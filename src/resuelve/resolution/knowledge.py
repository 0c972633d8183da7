"""The dictionary as the stages use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from resuelve.domain.known_error import KnownError
from resuelve.models import Embedder
from resuelve.resolution.metric import Metric
from resuelve.resolution.words import Lexicon
from resuelve.vectors import VectorIndex


@dataclass(frozen=True, slots=True)
class Knowledge:
    """The dictionary as the stages use it, built once a run."""

    problems: Mapping[str, KnownError]
    lexicon: Lexicon
    components: tuple[str, ...]
    index: VectorIndex
    embedder: Embedder
    metric: Metric

    @classmethod
    def of(cls, problems: Mapping[str, KnownError], index: VectorIndex, embedder: Embedder) -> Knowledge:
        """Knowledge from known errors and an index that was built from them."""
        lexicon = Lexicon(example for problem in problems.values() for example in problem.examples)
        components = tuple(sorted({problem.component for problem in problems.values() if problem.component}))
        return cls(problems, lexicon, components, index, embedder, Metric(problems, index, embedder.parts))
