"""How likely a choice is right: a small logistic model whose features can be read.

The weights that come with the product are from `benchmarks/critic/fit.py`, which fits them on two invented help desks
that have nothing to do with the demo (a telephone operator's and a town hall's); regularised logistic regression,
Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, 2nd ed., section 4.4. They weigh what means the
same on every desk and with every encoder: ``gap``, ``coverage`` and ``echo``. A team's own past weighs all of them
(`replay.calibrate`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from resuelve.resolution.finite import finite
from resuelve.resolution.rerank import Ranked, consequence
from resuelve.resolution.votes import ABSOLUTE, Votes, score_of, votes_from

WORDS = ("coverage", "echo", "lexical")
"""Features that tell nothing where ticket and dictionary are in different languages."""

FEATURES = (
    "gap",
    "coverage",
    "echo",
    "dense",
    "closeness",
    "margin",
    "lead",
    "crowd",
    "runoff",
    "typical",
    "lexical",
    "agreement",
    "component",
    "mailbox",
    "identified",
    "examples",
    "record",
)
"""The names of all features; see `features`."""

_RIVALS = 5
_NEAR = 1.0
"""Standard deviations of closeness within which a rival counts as a neighbour."""


@dataclass(frozen=True, slots=True)
class Bend:
    """Where the weight of a feature changes: above the knot it is greater by this slope.

    A linear spline in its truncated power basis (Hastie, Tibshirani and Friedman, The Elements of Statistical Learning,
    2nd ed., section 5.2).
    """

    feature: str
    knot: float
    slope: float


@dataclass(frozen=True, slots=True)
class Weights:
    """A logistic model: what each feature adds to the log-odds; features that it does not name play no part."""

    intercept: float
    by_feature: Mapping[str, float]
    bends: tuple[Bend, ...] = ()

    def odds(self, values: Mapping[str, float]) -> float:
        """The log-odds that the choice is right."""
        straight = sum(weight * values.get(name, 0.0) for name, weight in self.by_feature.items())
        bent = sum(one.slope * max(0.0, values.get(one.feature, 0.0) - one.knot) for one in self.bends)
        return self.intercept + straight + bent

    def score(self, values: Mapping[str, float]) -> float:
        """0 to 100; 0 for what is no number."""
        odds = self.odds(values)
        return 0.0 if math.isnan(odds) else score_of(odds)

    def as_json(self) -> dict[str, Any]:
        """What `weights_from` reads."""
        found: dict[str, Any] = {"intercept": self.intercept, "by_feature": dict(self.by_feature)}
        if self.bends:
            found["bends"] = [[one.feature, one.knot, one.slope] for one in self.bends]
        return found


@dataclass(frozen=True, slots=True)
class Scoring:
    """The models that score choices: with words, and for tickets in another language than the dictionary, without.

    Attributes:
        votes: what a language model's no takes from such a score.
    """

    words: Weights
    no_words: Weights
    votes: Votes = ABSOLUTE

    def score(self, values: Mapping[str, float]) -> float:
        """0 to 100."""
        return self.of(values).score(values)

    def of(self, values: Mapping[str, float]) -> Weights:
        """The model for these features."""
        return self.words if "echo" in values else self.no_words

    def votes_of(self, model: str) -> Votes:
        """What was learned about the votes of this language model."""
        return self.votes if self.votes.speaker.rpartition(" ")[0] == model else ABSOLUTE

    def as_json(self) -> dict[str, Any]:
        """What `scoring_from` reads."""
        found: dict[str, Any] = {"words": self.words.as_json(), "no_words": self.no_words.as_json()}
        if self.votes.weights:
            found["votes"] = self.votes.as_json()
        return found


def scoring_from(content: Mapping[str, Any]) -> Scoring:
    """Models from their JSON, read strictly: a score that nobody understands must not decide anything.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: it is something else.
    """
    votes = votes_from(content["votes"]) if "votes" in content else ABSOLUTE
    return Scoring(weights_from(content["words"]), weights_from(content["no_words"]), votes)


def weights_from(content: Mapping[str, Any]) -> Weights:
    """A model from its JSON: known features and finite numbers. Raises as `scoring_from` does."""
    by_feature = {_known(name): finite(value) for name, value in content["by_feature"].items()}
    bends = tuple(Bend(_known(name), finite(knot), finite(slope)) for name, knot, slope in content.get("bends", ()))
    return Weights(finite(content["intercept"]), by_feature, bends)


def _known(name: str) -> str:
    if name not in FEATURES:
        raise ValueError(name)
    return name


def features(
    chosen: Ranked, ranked: Sequence[Ranked], *, words: bool = True, identifiers: bool = False, record: float = 0.0
) -> dict[str, float]:
    """The named features of a choice among ranked candidates.

    Args:
        words: False for a ticket in another language than the dictionary's: then shared words tell nothing, and their
            features are left out.
        identifiers: the ticket holds one at least.
        record: see `row_record.centred`.

    - ``gap``: how far it stands out from its nearest five rivals, in standard deviations;
    - ``coverage``: share of the row's telling words that the ticket has;
    - ``echo``: likeness of the row to the ticket's sentence that resembles it most;
    - ``dense``: cosine to its nearest example; ``closeness``: see `Metric.closeness`;
    - ``margin``: relevance above the most relevant other problem (below 0 where the run-off or a learned order
      decided), ``lead``: above the most relevant rival;
    - ``crowd``: the logarithm of one plus the number of rivals that are hardly less close;
    - ``runoff``: what its examples and those of the runner-up together say for it, see `Metric.runoff`;
    - ``typical``: how typical of the row the ticket is beside the row's own examples, see `Metric.typical`;
    - ``lexical``: its BM25 score as a share of the highest;
    - ``agreement``: see `Ranked.agreement`;
    - ``component``: 1 when the ticket names the row's, -1 when it names another; ``mailbox``: 1 when it is in its own;
    - ``identified``: 1 when the ticket holds an identifier; ``examples``: the logarithm of the number of the row's;
    - ``record``: what people have answered about the row on other tickets, between -1 and 1; 0 where nobody has.

    A rival is a candidate whose resolution would do something else. The order of the candidates plays no part.
    """
    own = consequence(chosen.problem)
    # By relevance, not by place: a learned order moves rows, which must not make the same row stand out more.
    by_relevance = sorted(ranked, key=lambda one: (-one.relevance, one.problem.id))
    others = [one for one in by_relevance if one.problem.id != chosen.problem.id]
    rivals = [one for one in others if consequence(one.problem) != own]
    nearest = [one.relevance for one in rivals[:_RIVALS]]
    highest = max((one.candidate.lexical for one in (chosen, *others)), default=0.0)
    values = {
        "gap": chosen.relevance - (sum(nearest) / len(nearest) if nearest else 0.0),
        "coverage": chosen.coverage,
        "echo": chosen.echo,
        "dense": chosen.candidate.dense,
        "closeness": chosen.closeness,
        "margin": chosen.relevance - (others[0].relevance if others else 0.0),
        "lead": chosen.relevance - (rivals[0].relevance if rivals else 0.0),
        "crowd": math.log1p(sum(chosen.closeness - one.closeness < _NEAR for one in rivals)),
        "runoff": chosen.runoff,
        "typical": chosen.typical,
        "lexical": chosen.candidate.lexical / highest if highest > 0 else 0.0,
        "agreement": chosen.agreement,
        "component": float(chosen.named),
        "mailbox": float(chosen.queue),
        "identified": float(identifiers),
        "examples": math.log(max(1, len(chosen.problem.examples))),
        "record": record,
    }
    return values if words else {name: value for name, value in values.items() if name not in WORDS}


def score(values: Mapping[str, float]) -> float:
    """0 to 100, by the weights that come with the product."""
    return shipped().score(values)


@cache
def shipped() -> Scoring:
    """The weights that come with the product."""
    text = resources.files(__package__).joinpath("weights.json").read_text(encoding="utf-8")
    fits: dict[str, dict[str, float]] = json.loads(text)
    return Scoring(_shipped_weights(fits["words"]), _shipped_weights(fits["no_words"]))


def _shipped_weights(fit: Mapping[str, float]) -> Weights:
    return Weights(fit["intercept"], {name: weight for name, weight in fit.items() if name != "intercept"})
