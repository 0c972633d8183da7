"""What waits for a person's yes or no, and what becomes of the answer.

A run that must not act by itself leaves a proposal in its record. It waits for as long as the ticket stands as it
stood, the row is written as it was, the policy lets it, and nobody has answered. A no touches nothing and is not asked
again for that revision. A yes is written down first, and then carried out (`approved`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from resuelve.domain.decision import OutcomeKind, Permission
from resuelve.domain.errors import NotWaiting
from resuelve.domain.incident import Incident
from resuelve.domain.known_error import KnownError
from resuelve.domain.message import Message, message
from resuelve.journal import (
    Answer,
    Answers,
    CallOutcome,
    IncidentRecord,
    Intent,
    IntentState,
    Journal,
    Recorded,
    Returned,
)
from resuelve.resolution.act import reference_named
from resuelve.resolution.merits import state_named
from resuelve.resolution.overtaken import overtaken
from resuelve.resolution.proposal import Proposal, Waiting
from resuelve.resolution.read import says_over
from resuelve.resolution.rules import Rules
from resuelve.texts import say
from resuelve.tickets import TicketManager

APPROVED, REFUSED = "approved", "refused"
"""How an outcome is known that a person's answer tells (`CallOutcome.how`)."""

LONGEST_NAME, LONGEST_REASON = 200, 1000
"""Characters that are kept."""

_MAY_WAIT = frozenset(
    {
        OutcomeKind.HANDED_OFF.value,
        OutcomeKind.FAILED.value,
        OutcomeKind.PAUSED.value,
        OutcomeKind.SUPERSEDED.value,
    }
)
"""Outcomes of records that may hold a proposal: a yes that could not be carried out leaves it where it was."""


@dataclass(frozen=True, slots=True)
class Approvals:
    """Proposals and answers. Nothing here touches a ticket. Safe to use from several threads.

    Attributes:
        problems: the known problems in force.
        rules: what they forbid by now is not offered.
        clock: the time, with its zone.
        tell: told each answer as an outcome of the history; what it cannot keep is found again by
            ``resuelve history outcomes``.
    """

    tickets: TicketManager
    journal: Journal
    answers: Answers
    problems: Mapping[str, KnownError]
    rules: Rules
    clock: Callable[[], datetime]
    tell: Callable[[CallOutcome], None] = lambda _: None

    def waiting(self, queue: str = "") -> Waiting:
        """What waits on the open tickets of a mailbox, or of all.

        Raises:
            TicketUnavailable, JournalError: it cannot be read.
        """
        tickets = {one.code: one for one in self.tickets.open_incidents(queue).incidents}
        found, out = [], {}
        for recorded in self.journal.newest(tickets, _MAY_WAIT):
            if _asks(recorded):
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
        if recorded is None or not _asks(recorded):
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
            NotWaiting: nothing waits there, somebody said yes, or it is being carried out; the last also where the no
                was written down a moment too late.
        """
        given = self._note(self.one(code, mark), who, why, agreed=False)
        # After it was written down, for whoever sends asks for it after the intent: one of the two sees the other.
        if _begun(self.journal.intended(given.incident, given.revision)):
            why_not = message("the refusal is kept, but the change is being carried out; look at the ticket")
            raise not_waiting(code, why_not)
        return given

    def _note(self, proposal: Proposal, who: str, why: str, *, agreed: bool) -> Answer:
        record = proposal.recorded.record
        given = Answer(
            incident=record.incident,
            revision=record.revision,
            row=proposal.row,
            state="" if proposal.agent else proposal.state,
            mark=proposal.mark,
            agreed=agreed,
            who=one_line(who, LONGEST_NAME),
            why=one_line(why, LONGEST_REASON),
            at=self.clock(),
        )
        stands = self.answers.note(given)
        if stands.agreed is not agreed:
            raise not_waiting(record.incident, _answered(stands))
        for outcome in labels(self.answers.given(incident=stands.incident)):
            if outcome.state == stands.state:
                self.tell(outcome)
        return stands

    def _standing(self, recorded: Recorded, incident: Incident) -> Proposal | Message:
        """The proposal of a record that asks, or why it does not wait any more."""
        record, rules = recorded.record, self.rules
        if incident.revision != record.revision:
            return self._left(record, message("somebody has changed the ticket since"))
        if says_over(incident):
            return message("the ticket is over")
        found = Proposal(recorded, incident, rules.label)
        answer = self.answers.of(record.incident, record.revision, found.mark)
        if answer and not answer.agreed:
            return _answered(answer)
        intent = self.journal.intended(record.incident, record.revision)
        begun = _begun(intent)
        # What a killed process had begun of a yes is finished by the next one.
        if begun and not (answer and intent and intent.state is IntentState.INTENDED):
            return begun
        decided, at = record.content["decision"], _decided_at(recorded)
        if why := overtaken(decided, at, self.problems, rules, self.clock()):
            return self._left(record, why)
        return replace(found, answer=answer)

    def _left(self, record: IncidentRecord, why: Message) -> Message:
        """Why a proposal fell out, and who had agreed to it where nothing came of that."""
        given = self.answers.given(incident=record.incident)
        agreed = [one for one in given if one.agreed and one.revision == record.revision]
        if not agreed or _begun(self.journal.intended(record.incident, record.revision)):
            return why
        return message("{who} has approved it, and it was not carried out: {why}", who=agreed[-1].who, why=why)

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


def _begun(intent: Intent | None) -> Message | None:
    """How far a change to a ticket as it stands has come, where nobody may say no to it any more."""
    match intent.state if intent else None:
        case IntentState.UNKNOWN:
            return message("nobody can tell whether it was done; look at the ticket")
        case IntentState.DONE:
            return message("it is done")
        case IntentState.INTENDED:
            return message("it is being carried out")
        case _:
            return None


def labels(answers: Iterable[Answer]) -> list[CallOutcome]:
    """What people's answers say of the rows: one outcome a ticket and state of a row; a no outweighs a yes."""
    found: dict[tuple[str, str], CallOutcome] = {}
    for one in answers:
        if not one.state:
            continue
        known = found.get((one.incident, one.state))
        if known is None or known.right:
            how = APPROVED if one.agreed else REFUSED
            found[one.incident, one.state] = CallOutcome(one.incident, one.row, one.state, one.agreed, how, one.at)
    return [*found.values()]


def after_returns(outcome: CallOutcome, returned: Iterable[Returned]) -> CallOutcome:
    """What is known of a row on a ticket when what came back is known too: it outweighs every answer."""
    for back in returned:
        if (back.act.incident, state_named(back.act.problem, back.act.row)) == (outcome.incident, outcome.state):
            return replace(outcome, right=False, how=back.how.value, at=back.at)
    return outcome


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


def one_line(text: str, most: int) -> str:
    """What a person typed, as one line without control characters, bounded."""
    kept = "".join(
        " " if sign.isspace() else "\ufffd" if unicodedata.category(sign) in _ODD else sign for sign in text[: 4 * most]
    )
    return " ".join(kept.split())[:most]


_ODD = ("Cc", "Cf", "Cs", "Co", "Cn")
"""Categories of Unicode that a terminal or a database may take for something else than a sign."""


def _decided_at(recorded: Recorded) -> datetime:
    """When a proposal was decided: a yes that could not be carried out is no new decision."""
    said = recorded.record.content["decision"].get("approved") or {}
    return datetime.fromisoformat(said["proposed_at"]) if said.get("proposed_at") else recorded.at


def _asks(recorded: Recorded) -> bool:
    """Whether a record is a question to a person that can be answered (earlier versions kept no whole text)."""
    decision = recorded.record.content.get("decision") or {}
    if recorded.record.outcome == OutcomeKind.SUPERSEDED and "approved" not in decision:
        return False  # a yes that found no ticket waits still: it may merely not have been listed
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
