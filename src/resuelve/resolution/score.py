"""How likely a choice is right: a small logistic model whose features can be read.

The weights come from `benchmarks/critic/fit.py`, which fits them on two invented help desks that have nothing to do
with the demo (a telephone operator's and a town hall's); regularised logistic regression, Hastie, Tibshirani and
Friedman, The Elements of Statistical Learning, 2nd ed., section 4.4.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

from resuelve.resolution.rerank import Ranked, consequence

FEATURES = ("gap", "coverage", "echo")
"""The names of what a score is made of."""

_RIVALS = 5


def features(chosen: Ranked, ranked: Sequence[Ranked], *, words: bool = True) -> dict[str, float]:
    """The named features of a choice among ranked candidates.

    Args:
        words: False for a ticket in another language than the dictionary's: then shared words tell nothing, and only
            ``gap`` is given.

    - ``gap``: how far it stands out from its nearest five rivals, in standard deviations;
    - ``coverage``: share of the row's telling words that the ticket has;
    - ``echo``: likeness of the row to the ticket's sentence that resembles it most.

    A rival is a candidate whose resolution would do something else.
    """
    own = consequence(chosen.problem)
    rivals = [one.relevance for one in ranked if consequence(one.problem) != own][:_RIVALS]
    gap = chosen.relevance - (sum(rivals) / len(rivals) if rivals else 0.0)
    return {"gap": gap, "coverage": chosen.coverage, "echo": chosen.echo} if words else {"gap": gap}


def score(values: Mapping[str, float]) -> float:
    """0 to 100."""
    weights = _weights("words" if "echo" in values else "no_words")
    odds = weights["intercept"] + sum(weights[name] * value for name, value in values.items())
    if math.isnan(odds):
        return 0.0
    return 100.0 / (1.0 + math.exp(-max(-30.0, min(30.0, odds))))


@cache
def _weights(fit: str) -> Mapping[str, float]:
    text = resources.files(__package__).joinpath("weights.json").read_text(encoding="utf-8")
    weights: dict[str, float] = json.loads(text)[fit]
    return weights
