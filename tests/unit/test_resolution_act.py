"""A ticket is changed once, by one, and never on a guess. The ticket manager's ledger is the judge."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.decision import Close, Hold, Outcome, OutcomeKind, Reassign, TicketAction
from resuelve.domain.errors import TicketError, TicketNotFound, TicketRefused, TicketUnavailable
from resuelve.domain.incident import HistoryEntry, Incident
from resuelve.journal import IntentState
from resuelve.journal.memory import MemoryJournal
from resuelve.resolution.act import Actor, Guard, as_json, bears, from_json, reference_of
from resuelve.tickets.memory import MemoryTicketManager

INCIDENT = Incident("INC1", queue="GR_A", state="En curso", description="No abre")
REFERENCE = reference_of(INCIDENT)
DOWN = TicketUnavailable("down", where="gestor")
LOST = TicketUnavailable("no answer", where="gestor", outcome_unknown=True)
ANSWERED = TicketUnavailable("500", where="gestor", outcome_unknown=True, answered=True)


class Killed(BaseException):
    """kill -9, as near as a test can come."""


class Fails:
    """Raises on the calls of these numbers (from 1), or on all."""

    def __init__(self, error: BaseException, *calls: int) -> None:
        self.error, self.calls, self.count = error, calls, 0

    def __call__(self, *_: object) -> None:
        self.count += 1
        if not self.calls or self.count in self.calls:
            raise self.error


class Desk:
    """A ticket manager, a journal, and actors on them."""

    def __init__(self) -> None:
        self.tickets = MemoryTicketManager([INCIDENT])
        self.journal = MemoryJournal()
        self.stopped = ""
        self.noted: set[str] = set()

    def _note(self, _: TicketAction, reference: str) -> None:
        self.noted.add(reference)

    def act(self, action: TicketAction | None = None, owner: str = "one") -> Outcome:
        guard = Guard(lambda: self.stopped, self._note, self.noted.discard)
        actor = Actor(self.tickets, self.journal, "[SPAI] ", 0.0, guard=guard)
        return actor.act(INCIDENT, action or Close("Borre las cookies. "), owner)

    @property
    def sent(self) -> list[TicketAction]:
        return [entry.action for entry in self.tickets.ledger]

    @property
    def state(self) -> IntentState:
        (intent,) = self.journal.intents()
        return intent.state


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        (Close("Borre las cookies"), OutcomeKind.CLOSED),
        (Hold("¿Qué navegador usa?"), OutcomeKind.HELD),
        (Reassign(" GR_B ", "No abre"), OutcomeKind.REASSIGNED),
    ],
)
def test_an_action_is_carried_out_once_with_label_and_reference(
    desk: Desk, action: TicketAction, kind: OutcomeKind
) -> None:
    outcome = desk.act(action)
    assert (outcome.kind, outcome.changed, outcome.reference) == (kind, True, REFERENCE)
    (sent,) = desk.sent
    assert type(sent) is type(action)
    assert sent.text == outcome.text == f"[SPAI] {action.text} (ref. {REFERENCE})"
    if isinstance(sent, Reassign):
        assert sent.queue == outcome.queue == "GR_B"
    current = desk.tickets.current("INC1")
    assert current is not None
    assert bears(current, REFERENCE)
    assert desk.state is IntentState.DONE


def test_the_same_work_again_sends_nothing_and_says_the_same(desk: Desk) -> None:
    assert desk.act() == desk.act()
    assert len(desk.sent) == 1


def test_another_owner_is_told_that_it_is_done(desk: Desk) -> None:
    desk.act()
    outcome = desk.act(Hold("¿Algo más?"), owner="two")
    assert (outcome.kind, outcome.changed) == (OutcomeKind.SUPERSEDED, False)
    assert len(desk.sent) == 1


@pytest.mark.parametrize(
    "touched",
    [
        replace(INCIDENT, history=(HistoryEntry(author="Ana", detail="ya lo miro yo"),)),
        replace(INCIDENT, queue="GR_Z"),
        replace(INCIDENT, description="No abre, y además…"),
    ],
)
def test_a_person_who_touched_the_ticket_wins(desk: Desk, touched: Incident) -> None:
    desk.tickets.touch(touched)
    outcome = desk.act()
    assert (outcome.kind, outcome.changed) == (OutcomeKind.SUPERSEDED, False)
    assert desk.sent == []
    assert desk.state is IntentState.REFUSED


def test_a_ticket_that_is_gone_is_left_alone(desk: Desk) -> None:
    desk.tickets = MemoryTicketManager()
    assert desk.act().kind is OutcomeKind.SUPERSEDED
    assert desk.sent == []


@pytest.mark.parametrize("error", [TicketRefused("no", where="x"), TicketNotFound("none", where="x")])
def test_what_the_manager_refuses_has_failed_and_may_be_tried_again(desk: Desk, error: TicketError) -> None:
    desk.tickets.before_apply = Fails(error, 1)
    outcome = desk.act()
    assert (outcome.kind, outcome.changed) == (OutcomeKind.FAILED, False)
    assert error.what in outcome.reason
    assert desk.state is IntentState.REFUSED
    assert desk.act().kind is OutcomeKind.CLOSED
    assert len(desk.sent) == 1


def test_a_manager_that_is_down_before_the_change_is_tried_again(desk: Desk) -> None:
    desk.tickets.before_apply = Fails(DOWN, 1)
    with pytest.raises(TicketUnavailable):
        desk.act()
    assert desk.state is IntentState.REFUSED
    assert desk.act(Hold("¿Otra decisión?"), owner="two").kind is OutcomeKind.HELD
    assert [type(action) for action in desk.sent] == [Hold]


def test_a_manager_that_cannot_be_read_before_the_change_is_tried_again(desk: Desk) -> None:
    desk.tickets.before_read = Fails(DOWN, 1)
    with pytest.raises(TicketUnavailable):
        desk.act()
    assert desk.sent == []
    assert desk.act(owner="two").kind is OutcomeKind.CLOSED
    assert len(desk.sent) == 1


@pytest.mark.parametrize("error", [LOST, ANSWERED])
def test_a_change_whose_answer_is_lost_is_found_on_the_ticket(desk: Desk, error: TicketUnavailable) -> None:
    desk.tickets.after_apply = Fails(error)
    outcome = desk.act()
    assert (outcome.kind, outcome.changed) == (OutcomeKind.CLOSED, True)
    assert len(desk.sent) == 1


def test_a_change_that_is_not_found_is_unknown_and_never_sent_again(desk: Desk) -> None:
    desk.tickets.before_apply = Fails(LOST)
    for owner in ("one", "one", "two"):
        outcome = desk.act(owner=owner)
        assert (outcome.kind, outcome.changed, outcome.reference) == (OutcomeKind.UNKNOWN, False, REFERENCE)
        assert REFERENCE in outcome.reason
    assert desk.tickets.before_apply.count == 1
    assert desk.state is IntentState.UNKNOWN


def test_an_unknown_change_that_turns_up_later_is_done(desk: Desk) -> None:
    desk.tickets.before_apply = Fails(LOST, 1)
    desk.act()
    desk.tickets.apply("INC1", Close(f"[SPAI] Borre las cookies. (ref. {REFERENCE})"))
    assert desk.act(owner="two").kind is OutcomeKind.CLOSED
    assert len(desk.sent) == 1
    assert desk.state is IntentState.DONE


def test_a_change_whose_answer_and_read_back_are_lost_is_unknown(desk: Desk) -> None:
    desk.tickets.after_apply = Fails(LOST)
    desk.tickets.before_read = Fails(DOWN, 2)
    assert desk.act().kind is OutcomeKind.UNKNOWN
    assert desk.act().kind is OutcomeKind.CLOSED
    assert len(desk.sent) == 1


def test_an_error_that_the_manager_answered_without_a_change_may_be_tried_again(desk: Desk) -> None:
    desk.tickets.before_apply = Fails(ANSWERED, 1)
    with pytest.raises(TicketUnavailable):
        desk.act()
    assert desk.state is IntentState.REFUSED
    assert desk.act().kind is OutcomeKind.CLOSED
    assert len(desk.sent) == 1


def test_a_change_that_is_accepted_and_not_shown_is_not_believed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk.tickets, "apply", lambda *_: INCIDENT)
    assert desk.act().kind is OutcomeKind.UNKNOWN


@pytest.mark.parametrize("owner", ["one", "two"])
def test_killed_after_sending(desk: Desk, owner: str) -> None:
    desk.tickets.after_apply = Fails(Killed(), 1)
    with pytest.raises(Killed):
        desk.act()
    assert desk.state is IntentState.INTENDED
    outcome = desk.act(owner=owner)
    assert outcome.kind is (OutcomeKind.CLOSED if owner == "one" else OutcomeKind.SUPERSEDED)
    assert len(desk.sent) == 1


def test_what_is_stopped_sends_nothing_and_may_be_sent_later(desk: Desk) -> None:
    desk.stopped = "demasiadas han vuelto"
    assert desk.act() == Outcome(OutcomeKind.PAUSED, "demasiadas han vuelto")
    assert desk.act(owner="two").kind is OutcomeKind.PAUSED
    assert desk.sent == []
    desk.stopped = ""
    assert desk.act(owner="three").kind is OutcomeKind.CLOSED
    assert len(desk.sent) == 1


def test_what_may_have_been_done_is_noted_before_it_is_sent(desk: Desk) -> None:
    desk.tickets.after_apply = Fails(Killed(), 1)
    with pytest.raises(Killed):
        desk.act()
    assert desk.noted == {REFERENCE}
    assert desk.act().kind is OutcomeKind.CLOSED
    assert desk.noted == {REFERENCE}


def test_what_was_not_done_is_forgotten(desk: Desk) -> None:
    desk.tickets.before_apply = Fails(TicketRefused("no"), 1)
    assert desk.act().kind is OutcomeKind.FAILED
    assert desk.noted == set()


def test_what_was_sent_before_everything_stopped_is_told_as_done(desk: Desk) -> None:
    desk.tickets.after_apply = Fails(Killed(), 1)
    with pytest.raises(Killed):
        desk.act()
    desk.stopped = "demasiadas han vuelto"
    assert desk.act().kind is OutcomeKind.CLOSED


@pytest.mark.parametrize("moment", ["before_read", "before_apply"])
def test_killed_before_sending(desk: Desk, moment: str) -> None:
    setattr(desk.tickets, moment, Fails(Killed(), 1))
    with pytest.raises(Killed):
        desk.act()
    assert desk.act().kind is OutcomeKind.CLOSED
    assert len(desk.sent) == 1


def test_killed_after_taking_over_an_intent_carries_out_what_was_decided_last(desk: Desk) -> None:
    desk.tickets.before_apply = Fails(DOWN, 1)
    with pytest.raises(TicketUnavailable):
        desk.act(Close("La primera decisión"))
    desk.tickets.before_apply = Fails(Killed(), 1)
    for _ in range(2):
        try:
            outcome = desk.act(Hold("¿La segunda?"), owner="two")
        except Killed:
            continue
        assert outcome.kind is OutcomeKind.HELD
    assert [action.text for action in desk.sent] == [f"[SPAI] ¿La segunda? (ref. {REFERENCE})"]


def test_many_at_once_send_one(desk: Desk) -> None:
    together = threading.Barrier(8)
    outcomes: list[Outcome] = []

    def work(owner: str) -> None:
        together.wait()
        outcomes.append(desk.act(Close(f"De {owner}"), owner=owner))

    threads = [threading.Thread(target=work, args=(f"owner {n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(desk.sent) == 1
    assert sum(outcome.changed for outcome in outcomes) == 1
    assert {outcome.kind for outcome in outcomes if not outcome.changed} == {OutcomeKind.SUPERSEDED}


failures = st.sampled_from([None, DOWN, LOST, ANSWERED, TicketRefused("no", where="x"), Killed()])


@given(st.lists(st.tuples(failures, failures, failures, st.sampled_from(["one", "two"])), max_size=6))
def test_whatever_fails_the_ticket_is_changed_at_most_once(rounds: list[tuple[BaseException | None, ...]]) -> None:
    desk = Desk()
    for read, before, after, owner in rounds:
        desk.tickets.before_read = Fails(read, 1) if read else Fails(Killed(), -1)
        desk.tickets.before_apply = Fails(before, 1) if before else Fails(Killed(), -1)
        desk.tickets.after_apply = Fails(after, 1) if after else Fails(Killed(), -1)
        try:
            outcome = desk.act(owner=str(owner))
        except (TicketError, Killed):
            continue
        assert not outcome.changed or len(desk.sent) == 1
    assert len(desk.sent) <= 1


def test_the_reference_is_of_the_revision() -> None:
    assert reference_of(replace(INCIDENT, priority="1 - Alta")) == REFERENCE
    assert reference_of(replace(INCIDENT, description="Otra cosa")) != REFERENCE
    assert reference_of(replace(INCIDENT, code="INC2")) != REFERENCE
    assert reference_of(Incident("\ud800")).startswith("R-")
    assert not bears(INCIDENT, REFERENCE)


text = st.text()


@given(st.builds(Close, text) | st.builds(Hold, text) | st.builds(Reassign, text, text))
def test_an_action_survives_the_journal(action: TicketAction) -> None:
    assert from_json(as_json(action)) == action
