"""What replayed tickets teach about rows; what a person was asked about is on their record already."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from resuelve.domain.decision import Doubt
from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.replay.calibrate import Calibration
from resuelve.replay.learned import Learned
from resuelve.replay.outcomes import learn
from resuelve.replay.votes import Heard
from resuelve.replay.witness import Judgement
from resuelve.resolution.merits import Merit, state_of
from resuelve.resolution.rules import Rules
from resuelve.resolution.score import FEATURES, Scoring
from resuelve.resolution.votes import ABSOLUTE

ROW = KnownError("A", "Web", ("No abre",), "", "Borre las cookies", Prescription(ResolutionKind.CLOSE), lines=(2,))


def ticket(code: str, judged: Judgement, *, may_act: bool = True) -> Any:
    rescored = SimpleNamespace(confidence=0.9, may_act=may_act)
    prediction = SimpleNamespace(
        features={"gap": 1.0}, votes={}, weighable=True, sparable=True, doubt=Doubt.NONE, rescored=lambda _: rescored
    )
    witness = SimpleNamespace(lesson=SimpleNamespace(incident=SimpleNamespace(code=code)))
    return SimpleNamespace(row=ROW, if_acted=judged, prediction=prediction, witness=witness)


def test_what_was_answered_is_not_counted_again() -> None:
    tickets = [ticket("INC1", Judgement.RIGHT), ticket("INC2", Judgement.RIGHT), ticket("INC3", Judgement.WRONG)]

    def merit(*answered: tuple[str, str]) -> Merit | None:
        return learn(tickets, Rules(), embedder="e5", made="now", answered=set(answered))[1].merits.get(state_of(ROW))

    assert merit() == Merit(2, 1)
    assert merit(("INC3", state_of(ROW)), ("INC1", state_of(ROW))) == Merit(1, 0)
    assert merit(("INC3", "A\x1frewritten since")) == Merit(2, 1)
    assert merit(*((f"INC{number}", state_of(ROW)) for number in (1, 2, 3))) is None


def test_what_would_not_be_acted_on_is_on_no_record() -> None:
    assert learn([ticket("INC1", Judgement.RIGHT, may_act=False)], Rules(), embedder="e5", made="now")[1].merits == {}


CLOSES, MOVES = ROW, replace(ROW, id="B", prescription=Prescription(ResolutionKind.REASSIGN, queue="GR_X"))


def voted(
    row: KnownError, *, right: bool, votes: dict[str, float], sparable: bool = True, doubt: Doubt = Doubt.NONE
) -> Any:
    gap = 3.0 if right or votes else -3.0
    values = {"gap": gap, "coverage": 1.0, "echo": 0.9}
    judged = Judgement.RIGHT if right else Judgement.WRONG
    one = ticket("INC", judged)
    features = {**dict.fromkeys(FEATURES, 0.0), **values}

    def rescored(scoring: Scoring) -> Any:
        return SimpleNamespace(confidence=0.9, may_act=bool(scoring.votes.weights) or not votes)

    prediction = SimpleNamespace(
        features=features, votes=votes, weighable=True, sparable=sparable, doubt=doubt, rescored=rescored
    )
    return SimpleNamespace(**{**vars(one), "row": row, "prediction": prediction})


NO: dict[str, float] = {"vote_choice": -1.0}


def taught(*more: Any) -> tuple[Calibration, Learned]:
    """By noes to rows that close, all of them mistaken; and by whatever is added."""
    tickets = [voted(CLOSES, right=True, votes=NO) for _ in range(40)]
    tickets += [voted(CLOSES, right=False, votes={}) for _ in range(20)]
    rules = Rules(threshold=80.0, thresholds={"cierre": 65.0})
    return learn([*tickets, *more], rules, embedder="e5", made="now", speaker="m 1")


def known(*more: Any) -> Heard:
    heard = taught(*more)[0].heard
    assert heard is not None
    return heard


def test_a_no_counts_for_no_row_with_another_threshold() -> None:
    merits = taught(voted(MOVES, right=True, votes=NO), voted(MOVES, right=True, votes={}))[1].merits
    assert merits[state_of(CLOSES)].right == 40
    assert merits[state_of(MOVES)].right == 1


def test_votes_are_learned_for_the_lowest_threshold_and_of_rows_that_have_it() -> None:
    assert (known().votes.threshold, set(known().votes.weights)) == (65.0, {"vote_choice"})
    # What is said of rows with another threshold counts neither for nor against it.
    for right in (True, False):
        heard = known(*(voted(MOVES, right=right, votes=NO) for _ in range(30)), voted(MOVES, right=True, votes={}))
        assert (heard.noes["vote_choice"].said, heard.unasked) == (40, 0)


def test_votes_are_learned_of_what_they_can_be_used_about() -> None:
    heard = known(*(voted(CLOSES, right=False, votes=NO, sparable=False) for _ in range(30)))
    assert (heard.noes["vote_choice"].said, heard.unasked) == (40, 0)
    assert known(voted(CLOSES, right=True, votes={}, doubt=Doubt.MODEL_FAILED)).unasked == 0
    unasked = known(voted(CLOSES, right=True, votes={}))
    assert (unasked.unasked, unasked.votes) == (1, ABSOLUTE)
