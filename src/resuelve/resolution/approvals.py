"""What waits for a person's yes or no, and what becomes of the answer.

A run that must not act by itself leaves a proposal in its record. It waits for as long as the ticket stands as it
stood, the row is written as it was, the policy lets it, and nobody has answered. A no touches nothing and is not asked
again for that revision. A yes is written down first, and then carried out (`approved`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from resuelve.domain.decision import OutcomeKind, Permission, RunAgent, TicketAction
from resuelve.domain.errors import NotWaiting
from resuelve.domain.incident import Incident
from resuelve.domain.known_error import KnownError
from resuelve.domain.message import Message, message
from resuelve.journal import Answer, Answers, CallOutcome, Journal, Recorded
from resuelve.resolution.act import reference_named, reference_of, signed
from resuelve.resolution.authorise import Policy, permission_of
from resuelve.resolution.proposal import Proposal, Waiting
from resuelve.resolution.read import says_over
from resuelve.texts import say
from resuelve.tickets import TicketManager

APPROVED, REFUSED = "approved", "refused"
"""How an outcome is known that a person's answer tells (`CallOutcome.how`)."""

LONGEST_WORD = 2000
"""Characters of a name or a reason that are kept."""

_MAY_WAIT = frozenset({OutcomeKind.HANDED_OFF.value, OutcomeKind.FAILED.value, OutcomeKind.PAUSED.value})
"""Outcomes of records that may hold a proposal: a yes that could not be carried out leaves it where it was."""


@dataclass(frozen=True, slots=True)
class Approvals:
    """Proposals and answers. Nothing here touches a ticket. Safe to use from several threads.

    Attributes:
        problems: the known problems in force.
        policy: what it forbids by now is not offered.
        label: begins every message on a ticket.
        clock: the time, with its zone.
        tell: told each answer as an outcome of the history; what it cannot keep is found again by
            ``resuelve history outcomes``.
    """

    tickets: TicketManager
    journal: Journal
    answers: Answers
    problems: Mapping[str, KnownError]
    policy: Policy
    label: str
    clock: Callable[[], datetime]
    tell: Callable[[CallOutcome], None] = lambda _: None

    def would_send(self, proposal: Proposal) -> TicketAction | None:
        """The change with the very text that would be sent; None where an agent is to be asked first."""
        action = proposal.action
        return signed(action, self.label, reference_of(proposal.incident)) if action else None

    def waiting(self, queue: str = "") -> Waiting:
        """What waits on the open tickets of a mailbox, or of all.

        Raises:
            TicketUnavailable, JournalError: it cannot be read.
        """
        tickets = {one.code: one for one in self.tickets.open_incidents(queue).incidents}
        found, out = [], {}
        for recorded in self.journal.newest(tickets, _MAY_WAIT):
            if _asks(recorded.record.content):
                one = self._standing(recorded, tickets[recorded.record.incident])
                if isinstance(one, Proposal):
                    found.append(one)
                else:
                    out[recorded.record.incident] = one
        found.sort(key=lambda one: (one.recorded.at, one.incident.code))
        return Waiting(tuple(found), dict(sorted(out.items())))

    def one(self, code: str, mark: str = "") -> Proposal:
        """What waits on this ticket.

        Args:
            mark: of the proposal that the person saw, where another one must not be taken for it.

        Raises:
            NotWaiting: nothing does, with the reason.
            TicketUnavailable, JournalError: it cannot be read.
        """
        recorded = next(iter(self.journal.newest([code], _MAY_WAIT)), None)
        if recorded is None or not _asks(recorded.record.content):
            raise not_waiting(code, self._instead(code))
        incident = self.tickets.current(code)
        if incident is None:
            raise not_waiting(code, message("the ticket manager does not list it any more"))
        found = self._standing(recorded, incident)
        if not isinstance(found, Proposal):
            raise not_waiting(code, found)
        if mark and mark != found.mark:
            raise not_waiting(code, message("another proposal waits there now: {mark}", mark=found.mark))
        return found

    def agree(self, code: str, *, who: str, why: str = "", mark: str = "") -> Proposal:
        """Write a yes down; `approved.carry_out` does what was agreed to.

        Args:
            mark: see `one`.

        Raises:
            NotWaiting: nothing waits there, an agent is to be asked first, or somebody said no meanwhile.
        """
        proposal = self.one(code, mark)
        if proposal.agent:
            raise NotWaiting(
                message("it waits for the agent {agent} to be asked", agent=proposal.agent),
                where=code,
                remedy="resuelve approvals ask, then look at what it answers",
            )
        return replace(proposal, answer=self._note(proposal, who, why, agreed=True))

    def decline(self, code: str, *, who: str, why: str, mark: str = "") -> Answer:
        """Write a no down: the ticket stays as it is, and is not asked about again until somebody changes it.

        Raises:
            NotWaiting: nothing waits there, or somebody said yes.
        """
        return self._note(self.one(code, mark), who, why, agreed=False)

    def _note(self, proposal: Proposal, who: str, why: str, *, agreed: bool) -> Answer:
        record = proposal.recorded.record
        given = Answer(
            incident=record.incident,
            revision=record.revision,
            row=proposal.row,
            state=proposal.state,
            agreed=agreed,
            who=who.strip()[:LONGEST_WORD],
            why=why.strip()[:LONGEST_WORD],
            at=self.clock(),
        )
        stands = self.answers.note(given)
        if stands.agreed is not agreed:
            raise not_waiting(record.incident, _answered(stands))
        how = APPROVED if agreed else REFUSED
        self.tell(CallOutcome(stands.incident, stands.row, stands.state, stands.agreed, how, stands.at))
        return stands

    def _standing(self, recorded: Recorded, incident: Incident) -> Proposal | Message:
        """The proposal of a record that asks, or why it does not wait any more."""
        record, decision = recorded.record, recorded.record.content["decision"]
        if incident.revision != record.revision:
            return message("somebody has changed the ticket since")
        if says_over(incident):
            return message("the ticket is over")
        answer = self.answers.of(record.incident, record.revision)
        if answer and not answer.agreed:
            return _answered(answer)
        problem = self.problems.get(decision["problem"]["id"])
        if problem is None or problem.fingerprint != decision["problem"].get("fingerprint"):
            return message("the row was changed since; the next run decides anew")
        found = Proposal(recorded, incident, answer)
        allowed, _ = permission_of(found.action or RunAgent(found.agent), self.policy)
        return message("the policy does not let it any more") if allowed is Permission.NEVER else found

    def _instead(self, code: str) -> Message:
        """What there is of a ticket on which nothing waits."""
        last = self.journal.last_record(code)
        if last is None:
            return message("nothing was decided about it")
        if last.outcome == OutcomeKind.UNKNOWN:
            return message("nobody can tell whether it was done; look at the ticket")
        if last.content.get("changed"):
            who = last.content.get("approved_by")
            done = message("it is done: {who} has approved it", who=who) if who else None
            return done or message("it is done, and no person was needed")
        return message("no person is asked about it")


def labels(answers: Iterable[Answer]) -> list[CallOutcome]:
    """What people's answers say of the rows: one outcome a ticket and state of a row; a no outweighs a yes."""
    found: dict[tuple[str, str], CallOutcome] = {}
    for one in answers:
        known = found.get((one.incident, one.state))
        if known is None or known.right:
            how = APPROVED if one.agreed else REFUSED
            found[one.incident, one.state] = CallOutcome(one.incident, one.row, one.state, one.agreed, how, one.at)
    return [*found.values()]


def approved_acts(answers: Iterable[Answer]) -> frozenset[tuple[str, str]]:
    """Changes to which a person agreed before they were made, by incident and reference."""
    return frozenset((one.incident, reference_named(one.incident, one.revision)) for one in answers if one.agreed)


def refused_by(answers: Answers, incident: Incident, language: str) -> str:
    """Why nothing may be done to a ticket as it stands: a person said no; empty when nobody did.

    Raises:
        JournalError: the answers cannot be read.
    """
    answer = answers.of(incident.code, incident.revision)
    if answer is None or answer.agreed:
        return ""
    return say("approvals.refused_before", language, who=answer.who, why=answer.why)


def _asks(content: Mapping[str, Any]) -> bool:
    """Whether a record is a question to a person that can be answered (earlier versions kept no whole text)."""
    decision = content.get("decision") or {}
    return (
        decision.get("permission") == Permission.ASK
        and bool(decision.get("proposal"))
        and bool(decision.get("problem"))
    )


def _answered(answer: Answer) -> Message:
    day = f"{answer.at.astimezone():%d/%m/%Y %H:%M}"
    if answer.agreed:
        return message("{who} has approved it on {day}", who=answer.who, day=day)
    return message("{who} has refused it on {day}: {why}", who=answer.who, day=day, why=answer.why)


def not_waiting(code: str, why: str) -> NotWaiting:
    """The error that says why nothing waits on a ticket."""
    return NotWaiting(why, where=code, remedy="resuelve approvals lists what waits")
