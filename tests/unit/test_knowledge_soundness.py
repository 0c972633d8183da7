"""A row that could never be carried out is seen when it is written, and only then."""

from __future__ import annotations

import pytest

from resuelve.domain.decision import Doubt
from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.knowledge.soundness import Defect, new_defects

HOLD, CLOSE, MANUAL = map(Prescription, (ResolutionKind.HOLD, ResolutionKind.CLOSE, ResolutionKind.MANUAL))


def agent(code: str) -> Prescription:
    return Prescription(ResolutionKind.AGENT, agent_code=code)


def row(prescription: Prescription, solution: str = "Recargue la página.") -> dict[str, KnownError]:
    return {"A": KnownError("A", "Web", ("No carga",), "", solution, prescription)}


@pytest.mark.parametrize(
    ("after", "found"),
    [
        (row(CLOSE), ()),
        (row(CLOSE, ""), (Defect("A", Doubt.NO_USABLE_SOLUTION),)),
        (row(HOLD, "..."), (Defect("A", Doubt.NO_USABLE_SOLUTION),)),
        (row(CLOSE, "Su póliza es MOCK_POLIZA."), (Defect("A", Doubt.PLACEHOLDER_TEXT),)),
        (row(MANUAL, ""), ()),
        (row(Prescription(ResolutionKind.REASSIGN, queue="GR_WEB"), ""), ()),
        (row(Prescription(ResolutionKind.REASSIGN, queue="MOCK_BUZON"), ""), ()),
        (row(agent("known"), ""), ()),
        (row(agent("unknown")), (Defect("A", Doubt.NONE, "unknown"),)),
    ],
)
def test_defects_of_a_new_row(after: dict[str, KnownError], found: tuple[Defect, ...]) -> None:
    assert new_defects({}, after, {"known"}) == found
    assert new_defects(row(CLOSE), after, {"known"}) == found
    assert new_defects(after, after, {"known"}) == (), "it was so before"
    assert new_defects(after, {}, {"known"}) == ()
