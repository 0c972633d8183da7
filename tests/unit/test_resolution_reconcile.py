"""A restored journal is made to agree with the tickets before anybody acts; where they cannot tell, a person looks."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.decision import Close, Hold, OutcomeKind, Reassign, TicketAction
from resuelve.domain.errors import Rejected, TicketUnavailable
from resuelve.domain.incident import HistoryEntry, Incident
from resuelve.journal import Intent, IntentState
from resuelve.journal.memory import MemoryJournal
from resuelve.resolution.act import Actor, as_json, reference_of
from resuelve.resolution.reconcile import OWNER, Comparison, Seen, compare, write_comparison
from resuelve.tickets import Listing
from resuelve.tickets.memory import MemoryTicketManager

LABEL = "[SPAI] "
ASKED = HistoryEntry(author="Ana", detail="Sigue igual", queue_from="GR_A", queue_to="GR_A", state="En curso")
INCIDENT = Incident("INC1", queue="GR_A", state="En curso", description="No abre", history=(ASKED,))
REFERENCE = reference_of(INCIDENT)
ACTIONS = (Close("Hecho."), Hold("¿Qué versión tiene?"), Reassign("GR_B", "Es de ustedes."))
SEEN = Seen("INC1", REFERENCE)


def acted(action: TicketAction, incident: Incident = INCIDENT, label: str = LABEL) -> MemoryTicketManager:
    """A ticket manager in which a run, whose journal was lost, has acted."""
    tickets = MemoryTicketManager([incident])
    assert Actor(tickets, MemoryJournal(), label, 0.0).act(incident, action, "lost").changed
    return tickets


def compared(tickets: MemoryTicketManager, journal: MemoryJournal, label: str = LABEL) -> Comparison:
    return compare(tickets, journal, label=label)


def holding(state: IntentState, owner: str = "one") -> MemoryJournal:
    journal = MemoryJournal()
    intent = Intent("INC1", INCIDENT.revision, REFERENCE, owner, as_json(Close("Hecho.")))
    journal.intend(intent)
    journal.settle("INC1", INCIDENT.revision, state)
    return journal


def state_in(journal: MemoryJournal) -> IntentState:
    (intent,) = journal.intents()
    return intent.state


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: type(action).__name__)
def test_a_change_that_the_journal_does_not_know_is_adopted(action: TicketAction) -> None:
    tickets, journal = acted(action), MemoryJournal()
    found = compared(tickets, journal)
    assert (found.adopted, found.sent, found.unknown) == ([SEEN], [], [])
    (intent,) = journal.intents()
    assert (intent.revision, intent.reference, intent.state) == (INCIDENT.revision, REFERENCE, IntentState.DONE)
    assert intent.action["kind"] == as_json(action)["kind"]
    again = compared(tickets, journal)
    assert (again.adopted, again.sent, again.went_back) == ([], [], []), "twice changes nothing more"


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: type(action).__name__)
def test_after_that_a_listing_from_before_the_change_leads_to_nothing(action: TicketAction) -> None:
    """The manager answers with the ticket as it was: only the journal can know better."""
    tickets, journal = acted(action), MemoryJournal()
    compared(tickets, journal)
    stale = MemoryTicketManager([INCIDENT])
    outcome = Actor(stale, journal, LABEL, 0.0).act(INCIDENT, action, "after the restore")
    assert (outcome.kind, stale.ledger) == (OutcomeKind.SUPERSEDED, [])
    without = MemoryTicketManager([INCIDENT])
    Actor(without, MemoryJournal(), LABEL, 0.0).act(INCIDENT, action, "after the restore")
    assert len(without.ledger) == 1, "what the comparison prevents"


def test_a_ticket_that_went_on_meanwhile_still_tells() -> None:
    tickets, journal = acted(Hold("¿Qué versión tiene?")), MemoryJournal()
    current = tickets.current("INC1")
    assert current is not None
    answer = HistoryEntry(author="Ana", detail="La 3", queue_from="GR_A", queue_to="GR_A", state="En curso")
    tickets.touch(replace(current, state="En curso", history=(*current.history, answer)))
    compared(tickets, journal)
    assert [intent.revision for intent in journal.intents()] == [INCIDENT.revision]


def test_a_message_whose_ticket_was_edited_is_adopted_under_its_reference() -> None:
    tickets, journal = acted(Hold("¿Qué versión tiene?")), MemoryJournal()
    current = tickets.current("INC1")
    assert current is not None
    tickets.touch(replace(current, description="Edited afterwards"))
    assert compared(tickets, journal).adopted == [SEEN]
    (intent,) = journal.intents()
    assert intent.revision == REFERENCE, "no ticket has this revision"


def test_another_label_then_is_no_hindrance() -> None:
    tickets, journal = acted(Close("Hecho."), label="[OLD] "), MemoryJournal()
    assert compared(tickets, journal).adopted == [SEEN]


@pytest.mark.parametrize("text", ["(ref. R-0123456789)", "It says (ref. R-0123456789) in my mail", "[SPAI] no mark"])
def test_a_reference_that_a_requester_made_up_is_believed_in_nothing(text: str) -> None:
    entry = replace(ASKED, detail=text)
    journal = MemoryJournal()
    found = compared(MemoryTicketManager([replace(INCIDENT, history=(entry,))]), journal)
    assert (found.adopted, journal.intents()) == ([], [])


@pytest.mark.parametrize("state", [IntentState.INTENDED, IntentState.REFUSED, IntentState.UNKNOWN])
def test_what_the_journal_held_open_and_the_ticket_bears_was_sent(state: IntentState) -> None:
    journal = holding(state)
    found = compared(acted(Close("Hecho.")), journal)
    assert (found.sent, found.adopted, state_in(journal)) == ([SEEN], [], IntentState.DONE)


@pytest.mark.parametrize("ticket", [INCIDENT, replace(INCIDENT, title="Edited by a person")])
def test_what_the_ticket_does_not_bear_was_not_sent(ticket: Incident) -> None:
    journal = holding(IntentState.INTENDED)
    found = compared(MemoryTicketManager([ticket]), journal)
    assert (found.not_sent, state_in(journal)) == ([SEEN], IntentState.REFUSED)


def test_it_may_then_be_decided_on_again_and_is_sent_once() -> None:
    journal, tickets = holding(IntentState.INTENDED), MemoryTicketManager([INCIDENT])
    compared(tickets, journal)
    for owner in ("one", "two", "one"):
        Actor(tickets, journal, LABEL, 0.0).act(INCIDENT, Close("Hecho."), owner)
    assert len(tickets.ledger) == 1


@pytest.mark.parametrize(
    ("state", "ticket"), [(IntentState.INTENDED, None), (IntentState.UNKNOWN, None), (IntentState.UNKNOWN, INCIDENT)]
)
def test_where_nobody_can_tell_a_person_gets_it(state: IntentState, ticket: Incident | None) -> None:
    journal = holding(state)
    found = compared(MemoryTicketManager([ticket] if ticket else []), journal)
    assert (found.unknown, state_in(journal)) == ([SEEN], IntentState.UNKNOWN)


def test_what_was_refused_and_is_gone_stays_refused() -> None:
    journal = holding(IntentState.REFUSED)
    found = compared(MemoryTicketManager([]), journal)
    assert (found, state_in(journal)) == (Comparison(), IntentState.REFUSED)


def test_a_manager_that_went_back_is_told_and_nothing_is_sent_again() -> None:
    journal, tickets = holding(IntentState.DONE), MemoryTicketManager([INCIDENT])
    assert compared(tickets, journal).went_back == [SEEN]
    outcome = Actor(tickets, journal, LABEL, 0.0).act(INCIDENT, Close("Hecho."), "another")
    assert (outcome.kind, tickets.ledger) == (OutcomeKind.SUPERSEDED, [])


def test_a_manager_that_does_not_answer_stops_everything() -> None:
    def down() -> None:
        raise TicketUnavailable("down", where="gestor")

    journal = holding(IntentState.INTENDED)
    with pytest.raises(TicketUnavailable, match="was restored, and cannot be compared") as caught:
        compared(MemoryTicketManager([INCIDENT], before_read=down), journal)
    assert "nothing is done until" in caught.value.remedy
    assert state_in(journal) is IntentState.INTENDED


def test_half_an_answer_changes_nothing() -> None:
    calls = 0

    def second_fails() -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise TicketUnavailable("down", where="gestor")

    journal = holding(IntentState.INTENDED)
    with pytest.raises(TicketUnavailable):
        compared(MemoryTicketManager([INCIDENT], before_read=second_fails), journal)
    assert state_in(journal) is IntentState.INTENDED


def test_tickets_that_cannot_be_read_are_counted() -> None:
    class Odd(MemoryTicketManager):
        def open_incidents(self, queue: str = "") -> Listing:
            return Listing((INCIDENT,), (Rejected("?", "gestor", "no code"),))

    found = compared(Odd(), MemoryJournal())
    assert (found.open, found.closed, found.unreadable) == (1, 0, 1)


@given(st.lists(st.sampled_from(ACTIONS), max_size=4), st.integers(0, 4))
def test_whatever_was_lost_is_known_afterwards(actions: list[TicketAction], kept: int) -> None:
    """A chain of changes on one ticket; the backup was made after some of them."""
    tickets, whole, restored = MemoryTicketManager([INCIDENT]), MemoryJournal(), MemoryJournal()
    for number, action in enumerate(actions):
        current = tickets.current("INC1")
        assert current is not None
        tickets.touch(replace(current, state="En curso"))  # a person opens it again
        current = replace(current, state="En curso")
        for journal in (whole, restored) if number < kept else (whole,):
            if journal is whole:
                Actor(tickets, journal, LABEL, 0.0).act(current, action, f"owner {number}")
            else:
                intent = whole.intents()[-1]
                journal.intend(intent)
    compared(tickets, restored)
    assert {one.reference for one in restored.intents()} == {one.reference for one in whole.intents()}
    assert {one.state for one in restored.intents()} <= {IntentState.DONE}
    assert [one.owner for one in restored.intents()].count(OWNER) == max(0, len(actions) - kept)


def test_the_report_holds_it_all(tmp_path: Path) -> None:
    found = Comparison(3, 2, 1, [SEEN], [], [], [SEEN], [])
    path = write_comparison(tmp_path, datetime(2026, 11, 25, 10, 30, tzinfo=UTC), found)
    assert path.name == "reporte_restauracion_20261125_1030.json"
    content = json.loads(path.read_text())
    assert content["adopted"] == [{"incident": "INC1", "reference": REFERENCE}]
    assert (content["open"], content["unknown"], content["went_back"]) == (3, content["adopted"], [])
