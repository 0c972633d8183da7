"""What a language model's no is worth: its votes as features of a decision, and what outcomes have taught about them.

Nothing that a model says adds to a score (ADR 0014). Untaught, its no takes the row away, whatever the score. Where a
team's own outcomes have shown what a no of this model means (`replay.votes`), it lowers the log-odds of the score by
what was learned, and the row is taken away where too little is left to act on.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from resuelve.resolution.finite import finite
from resuelve.resolution.prompts import ASKED, version
from resuelve.resolution.prompts.schemas import Reformulation, Review, selection_among

CHOICE, MATTER, REVIEW = "vote_choice", "vote_matter", "vote_review"
VOTES = (CHOICE, MATTER, REVIEW)
"""The features, 1 for the row and -1 against it; where the model was not asked, there is none.

- ``vote_choice``: of the rows offered, it named this one, or one that leads to the same; -1 another one, or none;
- ``vote_matter``: what it restated holds no second matter that leads elsewhere;
- ``vote_review``: its review found nothing against the row, and gave it no less than the threshold.

The first no ends the questions.
"""


@dataclass(frozen=True, slots=True)
class Votes:
    """What a model's no is worth, as far as outcomes have shown it.

    Attributes:
        speaker: whose no; see `speaker_of`. That of another one takes all; `wiring.voting` sees to it.
        threshold: the one, 0 to 100, for which it has been shown; with another one it does not count: which noes there
            are, and how many of them are right, changes with it.
        weights: by the vote that was a no, what it adds to the log-odds of the score.
    """

    speaker: str = ""
    threshold: float = 100.0
    weights: Mapping[str, float] = field(default_factory=dict)

    def after_no(self, score: float, vote: str) -> float | None:
        """The chance that is left after this no, 0 to 100 and never above the score; None where nothing was learned."""
        return min(score, _moved(score, self.weights[vote])) if vote in self.weights else None

    def spares(self, score: float, vote: str, threshold: float) -> bool:
        """True where enough is left after this no to act all the same."""
        left = self.after_no(score, vote)
        return threshold == self.threshold and left is not None and left >= threshold

    def certain(self, score: float, threshold: float) -> bool:
        """True where enough is left after each of the three noes, so that the model need not be asked."""
        return all(self.spares(score, vote, threshold) for vote in VOTES)

    def certain_from(self, threshold: float) -> float | None:
        """The score from which on that is so; None where there is none."""
        if threshold != self.threshold or threshold >= 100 or any(vote not in self.weights for vote in VOTES):
            return None
        return max(threshold, *(_moved(threshold, -self.weights[vote]) for vote in VOTES))

    def as_json(self) -> dict[str, Any]:
        """What `votes_from` reads."""
        return {"speaker": self.speaker, "threshold": self.threshold, "weights": dict(self.weights)}


ABSOLUTE = Votes()
"""Nothing was learned: every no takes the row away."""


def votes_from(content: Mapping[str, Any]) -> Votes:
    """Votes from their JSON, read strictly.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: it is something else.
    """
    weights = {_known(name): finite(value) for name, value in content["weights"].items()}
    threshold = finite(content["threshold"])
    if not 0 <= threshold <= 100:
        raise ValueError(threshold)
    return Votes(str(content["speaker"]), threshold, weights)


def speaker_of(model: str, *asked: Any) -> str:
    """Names who is asked: another model, other questions or another form of the answers are somebody else.

    Args:
        asked: where, and with what settings; anything that JSON can hold.
    """
    forms = [one.model_json_schema() for one in (Reformulation, selection_among(("A", "B")), Review)]
    told = json.dumps([[version(role) for role in ASKED], forms, asked], sort_keys=True)
    return f"{model} {hashlib.sha256(told.encode()).hexdigest()[:12]}"


def cast(values: Mapping[str, float]) -> dict[str, float]:
    """The votes among features."""
    return {name: values[name] for name in VOTES if name in values}


def against(values: Mapping[str, float]) -> str:
    """Which of the votes is a no; empty where none is."""
    return next((name for name, value in cast(values).items() if value < 0), "")


def log_odds(score: float) -> float:
    """Of a score from 0 to 100, within ±30."""
    share = min(max(score / 100, 1e-13), 1 - 1e-13)
    return math.log(share / (1 - share))


def score_of(odds: float) -> float:
    """The score from 0 to 100 of log-odds within ±30."""
    return 100.0 / (1.0 + math.exp(-max(-30.0, min(30.0, odds))))


def _moved(score: float, by: float) -> float:
    return score_of(log_odds(score) + by)


def _known(name: str) -> str:
    if name not in VOTES:
        raise ValueError(name)
    return name
