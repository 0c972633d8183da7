"""The dictionary as the stages use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from resuelve.domain.known_error import KnownError
from resuelve.models import Embedder
from resuelve.resolution.metric import Metric
from resuelve.resolution.reformulate import are_reports, says_as_little
from resuelve.resolution.words import Lexicon
from resuelve.vectors import VectorIndex


@dataclass(frozen=True, slots=True)
class Knowledge:
    """The dictionary as the stages use it, built once a run.

    Attributes:
        terse: it has rows for what a ticket says that says nothing; see `reformulate.says_as_little`.
        reports: its texts are as long as reports; see `reformulate.are_reports`.
    """

    problems: Mapping[str, KnownError]
    lexicon: Lexicon
    components: tuple[str, ...]
    index: VectorIndex
    embedder: Embedder
    metric: Metric
    terse: bool = False
    reports: bool = False

    @classmethod
    def of(cls, problems: Mapping[str, KnownError], index: VectorIndex, embedder: Embedder) -> Knowledge:
        """Knowledge from known errors and an index that was built from them."""
        examples = [example for problem in problems.values() for example in problem.examples]
        components = tuple(sorted({problem.component for problem in problems.values() if problem.component}))
        metric = Metric(problems, index, embedder.parts)
        terse, reports = says_as_little(examples), are_reports(examples)
        return cls(problems, Lexicon(examples), components, index, embedder, metric, terse, reports)
