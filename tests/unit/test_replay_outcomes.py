"""What replayed tickets teach about rows; what a person was asked about is on their record already."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.replay.outcomes import learn
from resuelve.replay.witness import Judgement
from resuelve.resolution.merits import Merit, state_of
from resuelve.resolution.rules import Rules

ROW = KnownError("A", "Web", ("No abre",), "", "Borre las cookies", Prescription(ResolutionKind.CLOSE), lines=(2,))


def ticket(code: str, judged: Judgement) -> Any:
    rescored = SimpleNamespace(confidence=0.9, may_act=True)
    prediction = SimpleNamespace(features={"gap": 1.0}, votes={}, weighable=True, rescored=lambda _: rescored)
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
