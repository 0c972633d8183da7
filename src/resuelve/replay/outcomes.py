"""What replayed tickets teach: about the score, and about each row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from resuelve.domain.decision import Doubt
from resuelve.domain.known_error import KnownError
from resuelve.replay.calibrate import Calibration, Label, calibrate
from resuelve.replay.learned import Learned
from resuelve.replay.replay import Replayed
from resuelve.replay.witness import Judgement
from resuelve.resolution.merits import Merit, Merits, state_of
from resuelve.resolution.rules import Rules
from resuelve.resolution.votes import ABSOLUTE


def learn(
    tickets: Sequence[Replayed],
    rules: Rules,
    *,
    embedder: str,
    made: str,
    answered: Collection[tuple[str, str]] = (),
    speaker: str = "",
) -> tuple[Calibration, Learned]:
    """Learn from tickets that were decided with these rules.

    Args:
        tickets: decided with rows that were written before the ticket was opened; others would speak for themselves.
        rules: their scoring is the one that comes with the product, or else the score would learn from itself.
        embedder: its identity.
        made: when, ISO 8601.
        answered: incidents and states of rows about which a person was asked, or on which an act came back: that is on
            the row's record already.
        speaker: the language model that was asked about them, if any; see `resolution.votes.speaker_of`.
    """
    found = calibrate(_labels(tickets, rules), rules.scoring, rules.lowest_threshold / 100, speaker)
    learned = Learned(
        made=made,
        embedder=embedder,
        tickets=len(tickets),
        outcomes=found.outcomes,
        right=found.right,
        scoring=found.over(rules.scoring),
        merits=_merits(tickets, rules, found, answered),
    )
    return found, learned


def _labels(tickets: Sequence[Replayed], rules: Rules) -> list[Label]:
    """The choices on which only the score decides, or a language model besides, and whose outcome the past tells.

    Without those that the model took away, the score would learn from what it let through. Votes are learned from where
    they can be used: on what is sparable, with the lowest threshold.
    """
    found = []
    for one in tickets:
        if not one.prediction.weighable or one.if_acted is Judgement.UNTOLD:
            continue
        usable = one.prediction.sparable and one.row is not None and _lowest(one.row, rules)
        excused = not usable or one.prediction.doubt is Doubt.MODEL_FAILED
        votes = one.prediction.votes if usable else {}
        found.append(Label(one.prediction.features, one.if_acted is Judgement.RIGHT, votes, excused))
    return found


def _lowest(row: KnownError, rules: Rules) -> bool:
    return rules.threshold_for(row) == rules.lowest_threshold


def _merits(
    tickets: Sequence[Replayed], rules: Rules, found: Calibration, answered: Collection[tuple[str, str]]
) -> Merits:
    """What each row would have done by itself, with the score that holds from now on."""
    scoring = found.over(rules.scoring) or rules.scoring
    counted: Counter[tuple[str, Judgement]] = Counter()
    for one in tickets:
        if one.row is None:
            continue
        rescored = one.prediction.rescored(scoring if _lowest(one.row, rules) else replace(scoring, votes=ABSOLUTE))
        if not rescored.may_act:
            continue
        if (one.witness.lesson.incident.code, state_of(one.row)) in answered:
            continue
        if 100 * rescored.confidence >= rules.threshold_for(one.row):
            counted[state_of(one.row), one.if_acted] += 1
    states = sorted({state for state, judged in counted if judged is not Judgement.UNTOLD})
    return {state: Merit(counted[state, Judgement.RIGHT], counted[state, Judgement.WRONG]) for state in states}
