"""What becomes of a person's yes: a change to the ticket, or a question to an agent.

A change is carried out as a run carries out what it decided: once, or not at all. A process that is killed meanwhile
leaves it to the next run, or to the next who says yes.

An agent that the policy does not let be asked waits for a person too. What it answers is a new proposal, whose text a
person sees before anything is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from resuelve.domain.decision import HandOff, Outcome, OutcomeKind, Permission
from resuelve.domain.errors import NotWaiting, ResuelveError
from resuelve.domain.message import message
from resuelve.journal import Engine, Json, Steps, Unfinished, WorkItem
from resuelve.resolution import payload
from resuelve.resolution.approvals import APPROVED, Approvals, not_waiting
from resuelve.resolution.authorise import Authorisation, Policy
from resuelve.resolution.deliberate import deliberate
from resuelve.resolution.deliberation import Deliberation
from resuelve.resolution.observed import tell_entry
from resuelve.resolution.pipeline import Pipeline, as_decided
from resuelve.resolution.proposal import Proposal
from resuelve.resolution.report import Totals, write_report
from resuelve.resolution.trace import Trace
from resuelve.texts import say

_KINDS = ("cierre", "en espera", "reasignacion")
_DONE = frozenset({OutcomeKind.CLOSED.value, OutcomeKind.HELD.value, OutcomeKind.REASSIGNED.value})


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of several yeses.

    Attributes:
        entries: of the report, by incident: also of what a killed run had left.
        left: incidents of which nothing was done, with the reason.
        report: the file; None where there was nothing to tell.
    """

    entries: Mapping[str, Mapping[str, Any]]
    left: Mapping[str, ResuelveError]
    report: Path | None

    def done(self, code: str) -> bool:
        """Whether the ticket was changed."""
        return code in self.entries and self.entries[code]["outcome"] in _DONE


def accept(  # noqa: PLR0913 - what to do, with what, who says so, and where it is told
    approvals: Approvals,
    pipeline: Pipeline,
    engine: Engine,
    marks: Mapping[str, str],
    *,
    who: str,
    why: str,
    reports: Path,
    about: Mapping[str, Any],
    now: Callable[[], datetime],
) -> Accepted:
    """Agree to what waits on these tickets, and carry it out, as a run of its own with its report.

    Args:
        marks: by the code of the ticket, of the proposal that the person has seen.

    Raises:
        TicketUnavailable, JournalError, WorkspaceError: nothing was done, or it cannot be written down.
        NotWaiting: everything is stopped.
    """
    started = now()
    _not_stopped(pipeline)
    head = {"run": pipeline.run, "started": started.isoformat(timespec="seconds"), **about, "mode": "approval"}
    pipeline.journal.start_run(pipeline.run, {**head, "owner": engine.owner})
    left: dict[str, ResuelveError] = {}
    carried: dict[str, Mapping[str, Any]] = {}
    for code, mark in marks.items():
        try:
            carried[code] = carry_out(pipeline, engine, approvals.agree(code, who=who, why=why, mark=mark))
        except ResuelveError as error:
            left[code] = error
    told = _told(pipeline, reports, started, {**head, "finished": now().isoformat(timespec="seconds")}, left)
    return replace(told, entries={**told.entries, **carried})  # also what a record said before already


def _not_stopped(pipeline: Pipeline) -> None:
    pipeline.breakers.look(pipeline.tickets.open_incidents().incidents)
    if stopped := pipeline.breakers.stopped():
        raise NotWaiting(message("everything is stopped: {why}", why=stopped))


def let_ask(
    approvals: Approvals,
    pipeline: Pipeline,
    engine: Engine,
    code: str,
    *,
    who: str,
    reports: Path,
    about: Mapping[str, Any],
    now: Callable[[], datetime],
) -> Mapping[str, Any]:
    """Let the agent be asked that waits on this ticket, as a run of its own; see `ask_agent`. Of several processes one
    asks.

    Raises:
        NotWaiting: nothing waits there, or no agent; another process asks it; or everything is stopped.
        TicketUnavailable, ModelUnavailable, AgentUnavailable, AgentRefused, VectorIndexError: nothing was decided.
    """
    started = now()
    _not_stopped(pipeline)
    incident = _to_be_asked(approvals, code).incident
    head = {"run": pipeline.run, "started": started.isoformat(timespec="seconds"), **about, "mode": "approval"}
    pipeline.journal.start_run(pipeline.run, {**head, "owner": engine.owner})
    asked: list[Mapping[str, Any]] = []
    failed: list[ResuelveError] = []

    def work(item: WorkItem, steps: Steps) -> Json | Unfinished:
        if item.key != key:  # what a killed run had left
            return pipeline.work(item, steps)
        try:  # looked at once more: whoever had it in hand before may have asked
            asked.append(ask_agent(pipeline, _to_be_asked(approvals, code), who=who))
        except ResuelveError as error:
            failed.append(error)
        return Unfinished(None)  # never finished for good: it may be asked again when its answer is too old

    key = f"{code}@{incident.revision}@ask"
    try:
        for _ in engine.run(iter([WorkItem(key, payload.as_question(incident))]), work, workers=1):
            pass
        if failed and not asked:
            raise failed[0]
        if not asked:
            raise not_waiting(code, message("another process is asking the agent"))
        return asked[0]
    finally:
        _told(pipeline, reports, started, {**head, "finished": now().isoformat(timespec="seconds")}, {})


def _to_be_asked(approvals: Approvals, code: str) -> Proposal:
    proposal = approvals.one(code)
    if not proposal.agent:
        raise not_waiting(code, message("no agent is to be asked there"))
    return proposal


def _told(
    pipeline: Pipeline, reports: Path, started: datetime, head: Mapping[str, Any], left: Mapping[str, ResuelveError]
) -> Accepted:
    entries = {one.incident: one.content for one in pipeline.journal.records(pipeline.run)}
    totals = Totals()
    for entry in entries.values():
        totals.add(entry)
    path = write_report(reports, started, head, entries.values(), totals.as_json()) if entries else None
    pipeline.journal.finish_run(pipeline.run, totals.as_json())
    return Accepted(entries, left, path)


def carry_out(pipeline: Pipeline, engine: Engine, proposal: Proposal) -> Mapping[str, Any]:
    """Do what a person agreed to, as a run does: the intent first, the ticket looked at, sent once, read back.

    What a killed run left is finished first, as by any run.

    Returns:
        The entry of the report. After ``paused`` or ``failed`` nothing was done, and the proposal waits still.

    Raises:
        NotWaiting: another process has it in hand, or has done it.
    """
    incident, answer = proposal.incident, proposal.answer
    if answer is None or not answer.agreed:
        raise ValueError(f"nobody has agreed to {proposal.mark}")
    record, earlier = proposal.recorded.record, proposal.decision.get("approved") or {}
    said = {
        "who": answer.who,
        "why": answer.why,
        "at": answer.at.isoformat(timespec="seconds"),
        "mark": answer.mark,
        "proposed_at": earlier.get("proposed_at") or proposal.recorded.at.isoformat(),
    }
    decided = {
        **proposal.decision,
        "action": proposal.decision["proposal"],
        "approved": said,
        "proposed_in": record.run,
        "doubt": "none",
        # What it cost, and what was rejected on the way, was counted when it was proposed.
        "seconds": {},
        "usage": {},
        "rejections": [],
    }
    item = WorkItem(f"{incident.code}@{incident.revision}@{APPROVED}", payload.with_approval(incident, decided))
    worked = [one.key for one, _ in engine.run(iter([item]), pipeline.work, workers=1)]
    last = pipeline.journal.last_record(incident.code)
    if item.key not in worked or last is None:
        raise not_waiting(incident.code, message("another process has it in hand, or has done it"))
    entry: Mapping[str, Any] = last.content
    return entry


def ask_agent(pipeline: Pipeline, proposal: Proposal, *, who: str) -> Mapping[str, Any]:
    """Let the agent be asked that waits to be. Nothing is sent to the ticket: what it answers waits as a proposal.

    The ticket is decided anew on the way, so that what is shown is what holds now; no other agent is asked.

    Returns:
        The entry of the report.

    Raises:
        ModelUnavailable, AgentUnavailable, AgentRefused, VectorIndexError: nothing was decided.
    """
    incident, rules = proposal.incident, pipeline.rules
    begun = pipeline.clock()
    asking = replace(rules, policy=only_asking(rules.policy, proposal.agent), needed=0)
    calls = pipeline.history.calls(rules.versions)
    try:
        found = deliberate(
            incident,
            knowledge=pipeline.knowledge,
            rules=asking,
            agents=pipeline.agents,
            chat=pipeline.chat,
            attachments=pipeline.attachments,
            trace=Trace(pipeline.clock, calls=calls, signals=pipeline.signals),
        )
    finally:  # what was asked before it failed was paid for
        pipeline.history.keep(incident, f"{pipeline.key(incident)}@agent", calls)
    found = _answered_by_agent(found, who, rules.language)
    decided = {**as_decided(found), "asked_by": who}
    reason = found.authorisation.reason
    entry: Mapping[str, Any] = pipeline.record(incident, decided, Outcome(OutcomeKind.HANDED_OFF, reason), {})
    tell_entry(pipeline.signals, entry, shadow=False, seconds=pipeline.clock() - begun)
    return entry


def only_asking(policy: Policy, agent: str) -> dict[str, Permission]:
    """The policy under which this agent alone is asked, and nothing that it answers is carried out without a person."""
    words = {word.casefold(): permission for word, permission in policy.items()}
    asked = {word: Permission.ASK for word in _KINDS if words.get(word, Permission.AUTOMATIC) is Permission.AUTOMATIC}
    others = {word: permission for word, permission in words.items() if not word.startswith("api")}
    return {**others, **asked, "api": Permission.ASK, f"api|{agent}".casefold(): Permission.AUTOMATIC}


def _answered_by_agent(found: Deliberation, who: str, language: str) -> Deliberation:
    """A reason that says why this is a question now: a person let the agent be asked."""
    if found.authorisation.permission is not Permission.ASK or isinstance(found.resolution, HandOff):
        return found
    if not found.consulted:
        return found
    reason = say("approvals.agent_answered", language, agent=found.consulted, who=who)
    return replace(found, authorisation=Authorisation(Permission.ASK, reason, found.authorisation.doubt))
