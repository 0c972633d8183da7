"""What replayed tickets teach: about the score, and about each row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from resuelve.replay.calibrate import Calibration, Label, calibrate
from resuelve.replay.learned import Learned
from resuelve.replay.replay import Replayed
from resuelve.replay.witness import Judgement
from resuelve.resolution.merits import Merit, Merits, state_of
from resuelve.resolution.rules import Rules


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
    found = calibrate(_labels(tickets), rules.scoring, rules.lowest_threshold / 100, speaker)
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


def _labels(tickets: Sequence[Replayed]) -> list[Label]:
    """The choices on which only the score decides, or a language model besides, and whose outcome the past tells.

    Without those that the model took away, the score would learn from what it let through.
    """
    return [
        Label(one.prediction.features, one.if_acted is Judgement.RIGHT, one.prediction.votes)
        for one in tickets
        if one.prediction.weighable and one.if_acted is not Judgement.UNTOLD
    ]


def _merits(
    tickets: Sequence[Replayed], rules: Rules, found: Calibration, answered: Collection[tuple[str, str]]
) -> Merits:
    """What each row would have done by itself, with the score that holds from now on."""
    scoring = found.over(rules.scoring) or rules.scoring
    counted: Counter[tuple[str, Judgement]] = Counter()
    for one in tickets:
        rescored = one.prediction.rescored(scoring)
        if one.row is None or not rescored.may_act:
            continue
        if (one.witness.lesson.incident.code, state_of(one.row)) in answered:
            continue
        if 100 * rescored.confidence >= rules.threshold_for(one.row):
            counted[state_of(one.row), one.if_acted] += 1
    states = sorted({state for state, judged in counted if judged is not Judgement.UNTOLD})
    return {state: Merit(counted[state, Judgement.RIGHT], counted[state, Judgement.WRONG]) for state in states}
