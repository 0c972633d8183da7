"""What comes back stops a row, and everything when it is too much."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from resuelve.domain.decision import Outcome, OutcomeKind
from resuelve.domain.incident import HistoryEntry, Incident
from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.journal import Acts, ReturnedAs
from resuelve.journal.memory_acts import MemoryActs
from resuelve.resolution.breakers import Breakers, Limits

LABEL = "[SPAI] "
NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def row(name: str = "A", solution: str = "Borre las cookies") -> KnownError:
    return KnownError(name, "Web", ("No abre",), "", solution, Prescription(ResolutionKind.CLOSE), lines=(2,))


def reference(number: int) -> str:
    return f"R-{number:010X}"


def done(acts: Acts, number: int, kind: OutcomeKind = OutcomeKind.CLOSED, problem: KnownError | None = None) -> None:
    known = problem or row()
    incident = Incident(f"INC{number}", queue="GR_WEB")
    outcome = Outcome(kind, "", True, reference(number), "x")
    evidence: dict[str, Any] = {"id": known.id, "fingerprint": known.fingerprint}
    breakers(acts).note(incident, evidence, outcome)


def open_again(number: int, **fields: Any) -> Incident:
    entry = HistoryEntry(state="Resuelta", detail=f"{LABEL}Borre las cookies (ref. {reference(number)})")
    return Incident(f"INC{number}", **{"queue": "GR_WEB", "state": "En curso", "history": (entry,), **fields})


def breakers(acts: Acts, limits: Limits | None = None, now: datetime = NOW) -> Breakers:
    return Breakers(acts, limits or Limits(0, 0.1), label=LABEL, clock=lambda: now)


def test_a_row_falls_by_one_ticket_that_is_open_again() -> None:
    acts = MemoryActs()
    done(acts, 1)
    found = breakers(acts)
    found.look([open_again(1)])
    assert "INC1" in found.fallen(row())
    assert found.concerns({"A": row()}) == (found.fallen(row()),)
    assert found.as_json({"A": row()}) == {"stopped": "", "fallen": {"A": "INC1"}}
    assert found.fallen(row("B")) == ""
    assert found.stopped() == ""


@pytest.mark.parametrize(
    ("kind", "ticket"),
    [
        (OutcomeKind.CLOSED, open_again(1, state="Cerrada")),
        (OutcomeKind.CLOSED, open_again(1, history=())),
        (OutcomeKind.HELD, open_again(1)),
        (OutcomeKind.REASSIGNED, open_again(1, queue="GR_OTRO")),
    ],
)
def test_what_has_not_come_back(kind: OutcomeKind, ticket: Incident) -> None:
    acts = MemoryActs()
    done(acts, 1, kind)
    found = breakers(acts)
    found.look([ticket])
    assert found.fallen(row()) == ""


def test_a_reassigned_ticket_comes_back_to_its_mailbox() -> None:
    acts = MemoryActs()
    done(acts, 1, OutcomeKind.REASSIGNED)
    found = breakers(acts)
    found.look([open_again(1)])
    assert found.fallen(row())


def test_a_person_writes_no_reference_of_ours() -> None:
    acts = MemoryActs()
    done(acts, 1)
    said = HistoryEntry(detail=f"Me dijeron «borre» (ref. {reference(1)})")
    copied = HistoryEntry(detail=f"{LABEL}Borre (ref. {reference(1)})")
    found = breakers(acts)
    found.look([open_again(1, history=(said,)), open_again(2, history=(copied,))])
    assert found.fallen(row()) == ""


def test_a_row_that_was_changed_may_act_again() -> None:
    acts = MemoryActs()
    done(acts, 1)
    found = breakers(acts)
    found.look([open_again(1)])
    changed = row(solution="Pulse Ctrl+F5")
    assert found.fallen(changed) == ""
    assert found.concerns({"A": changed}) == ()
    assert found.concerns({}) == ()


def test_a_row_may_act_again_when_somebody_has_seen_to_it() -> None:
    acts = MemoryActs()
    done(acts, 1)
    breakers(acts).look([open_again(1)])
    acts.see_to([reference(1)])
    found = breakers(acts)
    found.look([open_again(1)])
    assert found.fallen(row()) == ""


def test_what_a_person_reports_counts_as_well() -> None:
    acts = MemoryActs()
    done(acts, 1, OutcomeKind.HELD)
    acts.note_return(reference(1), ReturnedAs.REPORTED, NOW)
    found = breakers(acts)
    found.look([])
    assert "INC1" in found.fallen(row())


@pytest.mark.parametrize(
    ("made", "back", "stops"), [(2, 2, False), (3, 3, True), (29, 3, True), (30, 3, False), (40, 5, True)]
)
def test_everything_stops_when_too_much_came_back(made: int, back: int, *, stops: bool) -> None:
    acts = MemoryActs()
    for number in range(made):
        done(acts, number, problem=row(f"P{number}"))
    found = breakers(acts)
    found.look([open_again(number) for number in range(back)])
    assert bool(found.stopped()) is stops
    assert bool(found.as_json({})["stopped"]) is stops


def test_what_was_done_long_ago_stops_nothing_but_its_row() -> None:
    acts = MemoryActs()
    for number in range(3):
        done(acts, number)
    found = breakers(acts, now=NOW + timedelta(days=8))
    found.look([open_again(number) for number in range(3)])
    assert found.stopped() == ""
    assert found.fallen(row())


def test_no_more_in_an_hour_than_the_team_lets() -> None:
    acts = MemoryActs()
    for number, kind in enumerate((OutcomeKind.CLOSED, OutcomeKind.HELD, OutcomeKind.REASSIGNED)):
        done(acts, number, kind)
    assert breakers(acts, Limits(per_hour=4)).stopped() == ""
    assert "3" in breakers(acts, Limits(per_hour=3)).stopped()
    assert breakers(acts, Limits(per_hour=3), NOW + timedelta(minutes=61)).stopped() == ""
    assert breakers(acts, Limits(per_hour=0)).stopped() == ""
