"""What waits for a person, and what does not any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.decision import Close, Hold, Permission, Reassign
from resuelve.domain.errors import NotWaiting
from resuelve.domain.incident import Incident
from resuelve.domain.known_error import Fix, KnownError, Prescription, ResolutionKind
from resuelve.journal import Act, Answer, CallOutcome, IncidentRecord, Intent, IntentState, Returned, ReturnedAs
from resuelve.journal.memory import MemoryJournal
from resuelve.journal.memory_answers import MemoryAnswers
from resuelve.resolution.act import as_json, reference_of
from resuelve.resolution.approvals import (
    LONGEST_NAME,
    LONGEST_REASON,
    Approvals,
    after_returns,
    approved_acts,
    labels,
    one_line,
    refused_by,
)
from resuelve.resolution.approved import only_asking
from resuelve.resolution.merits import state_of
from resuelve.resolution.rules import Rules
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
        self.rules = Rules(today=NOON.date())
        self.told: list[CallOutcome] = []

    @property
    def approvals(self) -> Approvals:
        return Approvals(
            self.tickets, self.journal, self.answers, {"A": ROW}, self.rules, lambda: self.time, self.told.append
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
    sent = found.sent
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
    sent = desk.approvals.one("INC1").sent
    assert sent is not None and LONG in sent.text


def test_a_yes_and_a_no_and_who_comes_second(desk: Desk) -> None:
    desk.record()
    agreed = desk.approvals.agree("INC1", who=" Ana ", why="w" * 9000)
    assert agreed.answer is not None
    assert (agreed.answer.who, len(agreed.answer.why)) == ("Ana", LONGEST_REASON)
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
    assert (found.agent, found.action, found.sent) == ("comprobarIban", None, None)
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
    never = replace(desk.approvals, rules=replace(desk.rules, policy={"CIERRE": Permission.NEVER}))
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
    for said in ([yes, no], [no, yes]):
        assert [(one.right, one.how) for one in labels(said)] == [(False, "refused")]


def test_a_yes_to_one_text_is_none_to_another(desk: Desk) -> None:
    desk.record()
    first = desk.approvals.agree("INC1", who="Ana")
    desk.record(proposal=as_json(Close("Otro texto")))
    assert desk.approvals.one("INC1").answer is None
    second = desk.approvals.agree("INC1", who="Eva")
    assert second.answer is not None and second.answer.who == "Eva"
    assert first.mark != second.mark


def test_a_no_to_a_second_text_holds_against_the_yes_to_the_first(desk: Desk) -> None:
    desk.record()
    desk.approvals.agree("INC1", who="Ana")
    desk.record(proposal=as_json(Close("Otro texto")))
    desk.approvals.decline("INC1", who="Eva", why="no")
    assert "Eva" in refused_by(desk.answers, INCIDENT, "en")
    desk.record()
    with pytest.raises(NotWaiting, match="Eva has refused"):
        desk.approvals.agree("INC1", who="Ana")


def test_the_label_is_part_of_the_text(desk: Desk) -> None:
    desk.record()
    other = replace(desk.approvals, rules=replace(desk.rules, label="[OTRO] "))
    assert other.one("INC1").mark != desk.approvals.one("INC1").mark


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (IntentState.INTENDED, "being carried out"),
        (IntentState.DONE, "it is done"),
        (IntentState.UNKNOWN, "nobody can tell"),
    ],
)
def test_what_has_begun_is_not_offered_and_cannot_be_refused(desk: Desk, state: IntentState, why: str) -> None:
    desk.record()
    desk.journal.intend(Intent("INC1", INCIDENT.revision, "R-1", "another", PROPOSAL))
    desk.journal.settle("INC1", INCIDENT.revision, state)
    assert why in desk.approvals.waiting().fallen_out["INC1"]
    with pytest.raises(NotWaiting, match=why):
        desk.approvals.decline("INC1", who="Ana", why="no")
    assert list(desk.answers.given()) == []


def test_what_was_begun_of_a_yes_can_be_finished_and_what_was_not_made_can_be_refused(desk: Desk) -> None:
    desk.record()
    desk.approvals.agree("INC1", who="Ana")
    desk.journal.intend(Intent("INC1", INCIDENT.revision, "R-1", "INC1@approved", PROPOSAL))
    assert desk.approvals.agree("INC1", who="Ana").answer is not None
    desk.journal.settle("INC1", INCIDENT.revision, IntentState.REFUSED)
    desk.record(proposal=as_json(Close("Otro texto")))
    desk.approvals.decline("INC1", who="Eva", why="no")


def test_a_no_that_came_a_moment_too_late_says_so(desk: Desk) -> None:
    class Slow(MemoryAnswers):
        """The change is begun between the look and the answer."""

        def note(self, answer: Answer) -> Answer:
            desk.journal.intend(Intent("INC1", INCIDENT.revision, "R-1", "a run", PROPOSAL))
            return super().note(answer)

    desk.answers = Slow()
    desk.record()
    with pytest.raises(NotWaiting, match="refusal is kept"):
        desk.approvals.decline("INC1", who="Ana", why="no")
    assert len(list(desk.answers.given())) == 1


def test_a_proposal_ages(desk: Desk) -> None:
    desk.record()
    day = NOON.date()
    fixed = {"A": replace(ROW, fix=Fix(day))}
    assert replace(desk.approvals, problems=fixed).waiting().proposals
    tomorrow = replace(desk.rules, today=day + timedelta(days=1))
    assert "fix" in replace(desk.approvals, problems=fixed, rules=tomorrow).waiting().fallen_out["INC1"]
    strict = replace(desk.rules, thresholds={"cierre": 81.0})
    assert "threshold" in replace(desk.approvals, rules=strict).waiting().fallen_out["INC1"]
    desk.time += timedelta(days=30)
    assert desk.approvals.waiting().proposals


def test_what_an_agent_answered_is_old_after_a_day_and_falls_with_its_policy(desk: Desk) -> None:
    desk.record(consulted="comprobarIban")
    never = replace(desk.rules, policy={"api|comprobarIban": Permission.NEVER})
    assert "policy" in replace(desk.approvals, rules=never).waiting().fallen_out["INC1"]
    desk.time += timedelta(hours=24)
    assert desk.approvals.waiting().proposals
    desk.time += timedelta(seconds=1)
    assert "24 hours" in desk.approvals.waiting().fallen_out["INC1"]


def test_a_leftover_of_a_yes_that_fell_out_says_who_had_agreed(desk: Desk) -> None:
    desk.record()
    desk.approvals.agree("INC1", who="Ana")
    strict = replace(desk.rules, threshold=99.0)
    found = replace(desk.approvals, rules=strict).waiting()
    assert "Ana has approved it, and it was not carried out" in found.fallen_out["INC1"]
    desk.tickets = MemoryTicketManager([replace(INCIDENT, description="otra cosa")])
    told = desk.approvals.waiting().fallen_out["INC1"]
    assert "Ana has approved it, and it was not carried out: somebody has changed the ticket" in told
    desk.journal.intend(Intent("INC1", INCIDENT.revision, "R-1", "INC1@approved", PROPOSAL))
    assert desk.approvals.waiting().fallen_out["INC1"] == "somebody has changed the ticket since"


def test_a_yes_that_did_not_find_its_ticket_waits_still(desk: Desk) -> None:
    desk.record(outcome="superseded", approved={"who": "Ana", "proposed_at": NOON.isoformat()})
    assert desk.approvals.waiting().proposals


def test_a_no_to_the_question_whether_an_agent_is_asked_is_no_label(desk: Desk) -> None:
    desk.record(proposal={"kind": "agent", "code": "comprobarIban"})
    given = desk.approvals.decline("INC1", who="Ana", why="not now")
    assert (given.state, desk.told, labels([given])) == ("", [], [])
    assert refused_by(desk.answers, INCIDENT, "en")


def test_what_is_told_is_what_all_answers_say_together(desk: Desk) -> None:
    desk.record()
    desk.approvals.decline("INC1", who="Ana", why="no")
    changed = replace(INCIDENT, description="No abre nada")
    desk.tickets = MemoryTicketManager([changed])
    desk.record(changed)
    desk.approvals.agree("INC1", who="Ana")
    assert [one.right for one in desk.told] == [False, False]


def test_what_came_back_outweighs_what_is_answered_later() -> None:
    outcome = CallOutcome("INC1", "A", state_of(ROW), True, "approved", NOON)
    act = Act("R-1", "INC1", "GR_A", "", "closed", "A", ROW.fingerprint, NOON)
    back = Returned(act, ReturnedAs.REOPENED, NOON)
    assert (after_returns(outcome, [back]).right, after_returns(outcome, [back]).how) == (False, "reopened")
    other = replace(back, act=replace(act, incident="INC2"))
    assert after_returns(outcome, [other]) == outcome


@given(st.text(st.characters(), max_size=40), st.integers(1, 30))
def test_what_a_person_types_is_one_line(text: str, most: int) -> None:
    kept = one_line(text, most)
    assert len(kept) <= most
    assert kept.isprintable()
    assert kept == one_line(kept, most)
    kept.encode()  # no lone surrogates


def test_who_and_why_are_bounded_and_command_nothing(desk: Desk) -> None:
    desk.record()
    answer = desk.approvals.agree("INC1", who="\x1b[31mAna\n\u202ex" + "A" * 300, why="\udcff x").answer
    assert answer is not None
    assert answer.who.startswith("\ufffd[31mAna \ufffdx") and len(answer.who) == LONGEST_NAME
    assert answer.why == "\ufffd x"
