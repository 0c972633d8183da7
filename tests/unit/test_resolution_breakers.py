"""What comes back stops a row, and everything when it is too much."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from resuelve.domain.decision import Close, Hold, OutcomeKind, Reassign, TicketAction
from resuelve.domain.incident import HistoryEntry, Incident
from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.journal import Act, Acts, ReturnedAs
from resuelve.journal.memory_acts import MemoryActs
from resuelve.resolution.breakers import Breakers, Limits

LABEL = "[SPAI] "
NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def row(name: str = "A", solution: str = "Borre las cookies") -> KnownError:
    return KnownError(name, "Web", ("No abre",), "", solution, Prescription(ResolutionKind.CLOSE), lines=(2,))


def reference(number: int) -> str:
    return f"R-{number:010X}"


ACTIONS: dict[OutcomeKind, TicketAction] = {
    OutcomeKind.CLOSED: Close("x"),
    OutcomeKind.HELD: Hold("x"),
    OutcomeKind.REASSIGNED: Reassign("GR_OTRO", "x"),
}


def done(acts: Acts, number: int, kind: OutcomeKind = OutcomeKind.CLOSED, problem: KnownError | None = None) -> Act:
    known = problem or row()
    evidence: dict[str, Any] = {"id": known.id, "fingerprint": known.fingerprint}
    breakers(acts).note(Incident(f"INC{number}", queue="GR_WEB"), ACTIONS[kind], evidence, reference(number))
    return acts.of(f"INC{number}")[-1]


def open_again(number: int, **fields: Any) -> Incident:
    text = f"{LABEL}Escriba (ref. R-0000000000) y borre las cookies (ref. {reference(number)})"
    entry = HistoryEntry(state="Resuelta", detail=text)
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


WAITING = HistoryEntry(state="Resuelta, pendiente de confirmación", detail=f"{LABEL}x (ref. {reference(1)})")


@pytest.mark.parametrize(
    ("kind", "ticket"),
    [
        (OutcomeKind.CLOSED, open_again(1, state="Cerrada")),
        (OutcomeKind.CLOSED, open_again(1, history=())),
        (OutcomeKind.CLOSED, open_again(1, state="Resuelta, pendiente de confirmación", history=(WAITING,))),
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


def test_a_ticket_that_was_in_the_right_mailbox_has_not_come_back() -> None:
    acts = MemoryActs()
    incident = Incident("INC1", queue="gr_otro ")
    breakers(acts).note(incident, ACTIONS[OutcomeKind.REASSIGNED], {"id": "A"}, reference(1))
    breakers(acts).look([open_again(1, queue="gr_otro ")])
    assert acts.returned() == []


def test_a_reassigned_ticket_comes_back_to_its_mailbox() -> None:
    acts = MemoryActs()
    done(acts, 1, OutcomeKind.REASSIGNED)
    found = breakers(acts)
    found.look([open_again(1)])
    assert found.fallen(row())


def followed(acts: Acts) -> list[tuple[ReturnedAs | None, datetime | None]]:
    return [(one.how, one.first) for one in acts.followed(NOW - timedelta(days=1))]


@pytest.mark.parametrize("kind", [OutcomeKind.HELD, OutcomeKind.REASSIGNED])
def test_a_ticket_that_was_given_on_is_noted_once_and_stops_nothing(kind: OutcomeKind) -> None:
    acts = MemoryActs()
    for number in range(5):
        done(acts, number, kind)
    tickets = [open_again(number, queue="GR_TERCERO") for number in range(5)]
    for later in (0, 1):
        found = breakers(acts, now=NOW + timedelta(hours=later))
        found.look(tickets)
        assert followed(acts) == [(ReturnedAs.MOVED, NOW)] * 5
        assert found.concerns({"A": row()}) == ()
        assert found.forbids({"id": "A", "fingerprint": row().fingerprint}) == ""
        assert found.as_json({"A": row()}) == {"stopped": "", "fallen": {}}
    assert acts.returned(ever=True) == []


def test_what_was_given_on_and_then_back_has_come_back() -> None:
    acts = MemoryActs()
    done(acts, 1, OutcomeKind.REASSIGNED)
    breakers(acts).look([open_again(1, queue="GR_TERCERO")])
    later = NOW + timedelta(hours=1)
    found = breakers(acts, now=later)
    found.look([open_again(1)])
    assert found.fallen(row())
    assert followed(acts) == [(ReturnedAs.REOPENED, NOW)]
    breakers(acts, now=later).look([open_again(1, queue="GR_TERCERO")])
    assert followed(acts) == [(ReturnedAs.REOPENED, NOW)]


def left_in(queue: str) -> HistoryEntry:
    return HistoryEntry(detail=f"{LABEL}x (ref. {reference(1)})", queue_to=queue)


@pytest.mark.parametrize(
    ("kind", "ticket"),
    [
        (OutcomeKind.REASSIGNED, open_again(1, queue=" gr_Otro")),
        (OutcomeKind.REASSIGNED, open_again(1, queue="Grupo Otro", history=(left_in("GRUPO OTRO"),))),
        (OutcomeKind.REASSIGNED, open_again(1, queue="")),
        (OutcomeKind.REASSIGNED, open_again(1, queue="GR_TERCERO", state="Cerrada")),
        (OutcomeKind.REASSIGNED, open_again(1, queue="GR_TERCERO", history=())),
        (OutcomeKind.HELD, open_again(1)),
    ],
)
def test_what_is_where_it_was_left(kind: OutcomeKind, ticket: Incident) -> None:
    acts = MemoryActs()
    done(acts, 1, kind)
    breakers(acts).look([ticket])
    assert followed(acts) == [(None, None)]


def test_what_we_moved_ourselves_no_person_moved() -> None:
    acts = MemoryActs()
    done(acts, 1, OutcomeKind.HELD)
    ticket = open_again(1, queue="GR_OTRO")
    answer = HistoryEntry(detail="Aquí lo tiene")
    again = HistoryEntry(detail=f"{LABEL}Es suya (ref. {reference(2)})")
    breakers(acts).look([replace(ticket, history=(*ticket.history, answer, again))])
    assert followed(acts) == [(None, None)]
    breakers(acts).look([replace(ticket, history=(*ticket.history, answer))])
    assert followed(acts) == [(ReturnedAs.MOVED, NOW)]


def test_a_closed_ticket_that_is_open_elsewhere_has_come_back() -> None:
    acts = MemoryActs()
    done(acts, 1)
    breakers(acts).look([open_again(1, queue="GR_TERCERO")])
    assert followed(acts) == [(ReturnedAs.REOPENED, NOW)]


def test_a_person_writes_no_reference_of_ours() -> None:
    acts = MemoryActs()
    done(acts, 1)
    said = HistoryEntry(detail=f"Me dijeron «borre» (ref. {reference(1)})")
    copied = HistoryEntry(detail=f"{LABEL}Borre (ref. {reference(1)})")
    found = breakers(acts)
    found.look([open_again(1, history=(said,)), open_again(2, history=(copied,))])
    assert found.fallen(row()) == ""


def test_what_a_killed_run_had_decided_is_asked_again_before_it_is_sent() -> None:
    acts = MemoryActs()
    act = done(acts, 1)
    found = breakers(acts)
    evidence = {"id": "A", "fingerprint": row().fingerprint}
    assert found.forbids(evidence) == ""
    acts.note_return(act, ReturnedAs.REPORTED, NOW)
    assert "INC1" in found.forbids(evidence)
    assert found.forbids({"id": "B"}) == ""


def test_one_more_example_is_no_other_row() -> None:
    more = replace(row(), examples=(*row().examples, "Otra manera de decirlo"), lines=(2, 9), resolved_on="01/01/2027")
    assert more.fingerprint == row().fingerprint


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
    acts.see_to(acts.of("INC1"))
    found = breakers(acts)
    found.look([open_again(1)])
    assert found.fallen(row()) == ""


def test_what_a_person_reports_counts_as_well() -> None:
    acts = MemoryActs()
    done(acts, 1, OutcomeKind.HELD)
    acts.note_return(acts.of("INC1")[0], ReturnedAs.REPORTED, NOW)
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


def test_what_is_stopped_stays_stopped_until_somebody_has_seen_to_it() -> None:
    acts = MemoryActs()
    for number in range(3):
        done(acts, number)
    breakers(acts).look([open_again(number) for number in range(3)])
    later = breakers(acts, now=NOW + timedelta(days=30))
    assert later.stopped()
    assert later.is_tripped()
    acts.see_to([one.act for one in acts.returned()])
    assert later.stopped() == ""
    assert not later.is_tripped()


def test_questions_do_not_hide_what_came_back() -> None:
    acts = MemoryActs()
    for number in range(100):
        done(acts, number, OutcomeKind.CLOSED if number < 10 else OutcomeKind.HELD)
    found = breakers(acts)
    found.look([open_again(number) for number in range(10)])
    assert found.is_tripped()


def test_no_more_in_an_hour_than_the_team_lets() -> None:
    acts = MemoryActs()
    for number, kind in enumerate((OutcomeKind.CLOSED, OutcomeKind.HELD, OutcomeKind.REASSIGNED)):
        done(acts, number, kind)
    assert breakers(acts, Limits(per_hour=4)).stopped() == ""
    assert "3" in breakers(acts, Limits(per_hour=3)).stopped()
    assert breakers(acts, Limits(per_hour=3)).concerns({}) == (breakers(acts, Limits(per_hour=3)).stopped(),)
    assert not breakers(acts, Limits(per_hour=3)).is_tripped()
    assert breakers(acts, Limits(per_hour=3), NOW + timedelta(minutes=61)).stopped() == ""
    assert breakers(acts, Limits(per_hour=0)).stopped() == ""
