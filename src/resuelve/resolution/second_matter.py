"""A sentence of the ticket that the chosen row does not account for: perhaps a second matter, which a person must see.

Each sentence is compared with the chosen row and with every row that leads elsewhere. Vague sentences («no entiendo de
esto») are near to anything, so what a sentence says in the dictionary's own telling words counts too. The weights are
fitted by `benchmarks/critic/second_matter.py` on tickets of two invented help desks, to which a sentence of another
ticket was added or not.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from resuelve.domain.known_error import KnownError
from resuelve.models import Embedder, Vectors
from resuelve.resolution.metric import Metric
from resuelve.resolution.rerank import consequence
from resuelve.resolution.words import Lexicon, stems
from resuelve.vectors import VectorIndex

_THRESHOLD = 0.7
_NEIGHBOURS = 40
_LEAST_SAID = 2
"""Words of the dictionary that a sentence must have, and the chosen row not, to say anything of its own."""


@dataclass(frozen=True, slots=True)
class SecondMatter:
    """A sentence that the chosen row does not account for.

    Attributes:
        problem: the row that it resembles most, among those that lead elsewhere.
        features: what was weighed, by name.
    """

    sentence: str
    problem: KnownError
    features: Mapping[str, float]


def second_matter(
    sentences: Sequence[str],
    chosen: KnownError,
    *,
    embedder: Embedder,
    index: VectorIndex,
    metric: Metric,
    problems: Mapping[str, KnownError],
    lexicon: Lexicon,
) -> SecondMatter | None:
    """The first sentence that is probably about something else than the chosen row; None when there is none.

    Raises:
        ModelUnavailable: the embedder gave no answer.
        VectorIndexError: the index could not be searched.
    """
    if not sentences:
        return None
    for sentence, vector in zip(sentences, embedder.embed(sentences), strict=True):
        rival, values = weigh(sentence, vector, chosen, index=index, metric=metric, problems=problems, lexicon=lexicon)
        if rival is not None and _likely(values):
            return SecondMatter(sentence, rival, values)
    return None


def weigh(
    sentence: str,
    vector: Vectors,
    chosen: KnownError,
    *,
    index: VectorIndex,
    metric: Metric,
    problems: Mapping[str, KnownError],
    lexicon: Lexicon,
) -> tuple[KnownError | None, dict[str, float]]:
    """The nearest row that leads elsewhere, and the features of a sentence; None for one that says nothing of its own.

    - ``rival``: closeness to that row (`Metric.closeness`);
    - ``own``: closeness to the chosen row;
    - ``unexplained``: how much the sentence tells in words of the dictionary that the chosen row does not have.

    Args:
        vector: of the sentence, shape (dimension,).
    """
    elsewhere = consequence(chosen)
    hits = (hit.problem_id for hit in index.search(vector, sentence, _NEIGHBOURS) if hit.problem_id in problems)
    rivals = [problem for problem in dict.fromkeys(hits) if consequence(problems[problem]) != elsewhere]
    explained = frozenset().union(*(stems(text) for text in (*chosen.examples, chosen.component, chosen.solution)))
    own_words = lexicon.known(stems(sentence)) - explained
    if not rivals or len(own_words) < _LEAST_SAID:
        return None, {}
    closeness = metric.closeness(vector, [*rivals, chosen.id])
    nearest = max(rivals, key=lambda problem: closeness[problem])
    values = {
        "rival": closeness[nearest],
        "own": closeness[chosen.id],
        "unexplained": lexicon.telling(own_words),
    }
    return problems[nearest], values


def _likely(values: Mapping[str, float]) -> bool:
    weights = _weights()
    odds = weights["intercept"] + sum(weights[name] * value for name, value in values.items())
    return odds > math.log(_THRESHOLD / (1 - _THRESHOLD))


@cache
def _weights() -> Mapping[str, float]:
    text = resources.files(__package__).joinpath("weights.json").read_text(encoding="utf-8")
    weights: dict[str, float] = json.loads(text)["second_matter"]
    return weights
