"""What waits for a person, and what does not any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from resuelve.domain.decision import Close, Hold, Permission, Reassign
from resuelve.domain.errors import NotWaiting
from resuelve.domain.incident import Incident
from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.journal import CallOutcome, IncidentRecord
from resuelve.journal.memory import MemoryJournal
from resuelve.journal.memory_answers import MemoryAnswers
from resuelve.resolution.act import as_json, reference_of
from resuelve.resolution.approvals import LONGEST_WORD, Approvals, approved_acts, labels, refused_by
from resuelve.resolution.approved import only_asking
from resuelve.resolution.merits import state_of
from resuelve.tickets.memory import MemoryTicketManager

NOON = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
ROW = KnownError("A", "Web", ("No abre",), "", "Borre las cookies", Prescription(ResolutionKind.CLOSE), lines=(2,))
INCIDENT = Incident("INC1", queue="GR_A", state="En curso", description="No abre")
PROPOSAL = as_json(Close("Borre las cookies"))
LONG = "x" * 5000


class Desk:
    """Approvals over memory, with a record that asks."""

    def __init__(self, *incidents: Incident) -> None:
        self.tickets = MemoryTicketManager(incidents or [INCIDENT])
        self.time = NOON
        self.journal = MemoryJournal(clock=lambda: self.time)
        self.answers = MemoryAnswers()
        self.told: list[CallOutcome] = []

    @property
    def approvals(self) -> Approvals:
        return Approvals(
            self.tickets, self.journal, self.answers, {"A": ROW}, {}, "[SPAI] ", lambda: self.time, self.told.append
        )

    def record(self, incident: Incident = INCIDENT, outcome: str = "handed_off", **decision: Any) -> None:
        self.time += timedelta(seconds=1)
        decided = {
            "permission": "ask",
            "proposal": PROPOSAL,
            "problem": {"id": "A", "fingerprint": ROW.fingerprint, "description": "No abre"},
            "score": 80.0,
            "doubt": "policy",
            "reason": "The policy asks",
            **decision,
        }
        content = {"changed": False, "decision": decided}
        self.journal.record(IncidentRecord(str(self.time), incident.code, incident.revision, outcome, content))


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_what_waits_and_what_would_be_sent(desk: Desk) -> None:
    desk.record()
    (found,) = desk.approvals.waiting().proposals
    assert (found.incident, found.row, found.state, found.agent) == (INCIDENT, "A", state_of(ROW), "")
    sent = desk.approvals.would_send(found)
    assert sent == Close(f"[SPAI] Borre las cookies (ref. {reference_of(INCIDENT)})")
    assert found.as_json()["since"] == "2026-11-26T12:00:01+00:00"
    assert desk.approvals.one("INC1") == found
    assert desk.approvals.waiting("GR_A").proposals == (found,)
    assert desk.approvals.waiting("GR_B").proposals == ()


def test_the_oldest_first() -> None:
    several = [replace(INCIDENT, code=f"INC{number}") for number in (1, 2, 3)]
    desk = Desk(*several)
    for one in reversed(several):
        desk.record(one)
    assert [one.incident.code for one in desk.approvals.waiting().proposals] == ["INC3", "INC2", "INC1"]


@pytest.mark.parametrize(
    "decision",
    [
        {"permission": "never"},
        {"permission": "automatic"},
        {"proposal": None},
        {"problem": None},
    ],
)
def test_nobody_is_asked(desk: Desk, decision: dict[str, Any]) -> None:
    desk.record(**decision)
    found = desk.approvals.waiting()
    assert (found.proposals, dict(found.fallen_out)) == ((), {})
    with pytest.raises(NotWaiting):
        desk.approvals.one("INC1")


@pytest.mark.parametrize("outcome", ["closed", "superseded", "unknown", "waiting"])
def test_an_end_does_not_wait(desk: Desk, outcome: str) -> None:
    desk.record()
    desk.record(outcome=outcome)
    assert desk.approvals.waiting().proposals == ()


def test_a_record_without_a_decision_does_not_ask(desk: Desk) -> None:
    desk.journal.record(IncidentRecord("r", "INC1", INCIDENT.revision, "failed", {"decision": {"failed_kind": "X"}}))
    assert desk.approvals.waiting().proposals == ()


def test_another_text_or_another_ticket_is_another_proposal(desk: Desk) -> None:
    marks = set()
    for action in (Close("a"), Close("b"), Hold("a"), Reassign("GR", "a"), Reassign("GR2", "a")):
        desk.record(proposal=as_json(action))
        marks.add(desk.approvals.one("INC1").mark)
    assert len(marks) == 5
    with pytest.raises(NotWaiting, match="another proposal"):
        desk.approvals.agree("INC1", who="Ana", mark=min(marks - {desk.approvals.one("INC1").mark}))
    assert list(desk.answers.given()) == []


def test_a_long_text_is_never_cut(desk: Desk) -> None:
    desk.record(proposal=as_json(Close(LONG)))
    sent = desk.approvals.would_send(desk.approvals.one("INC1"))
    assert sent is not None and LONG in sent.text


def test_a_yes_and_a_no_and_who_comes_second(desk: Desk) -> None:
    desk.record()
    agreed = desk.approvals.agree("INC1", who=" Ana ", why="w" * 9000)
    assert agreed.answer is not None
    assert (agreed.answer.who, len(agreed.answer.why)) == ("Ana", LONGEST_WORD)
    assert [(one.right, one.how) for one in desk.told] == [(True, "approved")]
    with pytest.raises(NotWaiting, match="Ana has approved it"):
        desk.approvals.decline("INC1", who="Eva", why="no")
    assert desk.approvals.one("INC1").answer == agreed.answer
    assert refused_by(desk.answers, INCIDENT, "en") == ""
    assert approved_acts(desk.answers.given()) == {("INC1", reference_of(INCIDENT))}


def test_a_no_is_not_asked_about_again(desk: Desk) -> None:
    desk.record()
    desk.approvals.decline("INC1", who="Ana", why="{odd} reason")
    assert [(one.right, one.how) for one in desk.told] == [(False, "refused")]
    found = desk.approvals.waiting()
    assert found.proposals == ()
    assert "{odd} reason" in str(found.fallen_out["INC1"])
    with pytest.raises(NotWaiting, match="refused"):
        desk.approvals.agree("INC1", who="Eva")
    assert "Ana" in refused_by(desk.answers, INCIDENT, "en")
    assert refused_by(desk.answers, replace(INCIDENT, description="otra"), "en") == ""
    assert approved_acts(desk.answers.given()) == frozenset()


def test_an_agent_is_not_a_text(desk: Desk) -> None:
    desk.record(proposal={"kind": "agent", "code": "comprobarIban"})
    found = desk.approvals.one("INC1")
    assert (found.agent, found.action, desk.approvals.would_send(found)) == ("comprobarIban", None, None)
    with pytest.raises(NotWaiting, match="comprobarIban"):
        desk.approvals.agree("INC1", who="Ana")
    desk.approvals.decline("INC1", who="Ana", why="no")


def test_why_it_waits_no_more() -> None:
    changed = replace(INCIDENT, description="otra cosa")
    desk = Desk(changed)
    desk.record()
    with pytest.raises(NotWaiting, match="changed the ticket"):
        desk.approvals.one("INC1")
    over = replace(INCIDENT, state="Cerrada")
    desk = Desk(over)
    desk.record(over)
    with pytest.raises(NotWaiting, match="over"):
        desk.approvals.one("INC1")
    desk = Desk()
    desk.record(replace(INCIDENT, code="INC7"))
    with pytest.raises(NotWaiting, match="does not list it"):
        desk.approvals.one("INC7")
    with pytest.raises(NotWaiting, match="nothing was decided"):
        desk.approvals.one("INC8")


def test_a_row_or_a_policy_that_is_no_more(desk: Desk) -> None:
    desk.record()
    for changed in (
        replace(desk.approvals, problems={}),
        replace(desk.approvals, problems={"A": replace(ROW, solution="otra")}),
    ):
        assert "row was changed" in str(changed.waiting().fallen_out["INC1"])
    never = replace(desk.approvals, policy={"CIERRE": Permission.NEVER})
    assert "policy" in str(never.waiting().fallen_out["INC1"])


def test_only_this_agent_is_asked_and_nothing_is_carried_out() -> None:
    policy = {"api|Otro": Permission.AUTOMATIC, "API": Permission.AUTOMATIC, "cierre": Permission.NEVER}
    assert only_asking(policy, "Mio") == {
        "cierre": Permission.NEVER,
        "en espera": Permission.ASK,
        "reasignacion": Permission.ASK,
        "api": Permission.ASK,
        "api|mio": Permission.AUTOMATIC,
    }


def test_a_no_outweighs_a_yes_on_one_ticket(desk: Desk) -> None:
    desk.record()
    yes = desk.approvals.agree("INC1", who="Ana").answer
    assert yes is not None
    no = replace(yes, revision="later", agreed=False)
    for given in ([yes, no], [no, yes]):
        assert [(one.right, one.how) for one in labels(given)] == [(False, "refused")]
