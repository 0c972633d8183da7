"""One incident from the ticket to the record, in three durable steps: decide, act, record.

    ticket ─► read ─► identify ─► reformulate ─► retrieve ─► rerank ─► decide ─► critique ─► authorise ─► act ─► record
             └───────────────────────────── decide (deliberate) ──────────────────────────┘             │       │
                                                                                                       act   record

A step that has ended is not run again after a crash. What `act` does twice is prevented by its intent (see `act`).
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from resuelve.agents import Agents
from resuelve.domain.decision import HandOff, Outcome, OutcomeKind, Permission, RunAgent
from resuelve.domain.errors import ModelUnavailable, ResuelveError
from resuelve.domain.incident import Incident
from resuelve.journal import Engine, IncidentRecord, Journal, Json, Steps, Unfinished, WorkItem
from resuelve.models import ChatModel
from resuelve.resolution import payload
from resuelve.resolution.act import Actor, Guard, as_json, from_json
from resuelve.resolution.attachments import Attachments, untouched
from resuelve.resolution.breakers import Breakers
from resuelve.resolution.deliberate import deliberate
from resuelve.resolution.deliberation import Deliberation
from resuelve.resolution.history import RunHistory
from resuelve.resolution.knowledge import Knowledge
from resuelve.resolution.observed import system_of, tell_entry, trace_of
from resuelve.resolution.overtaken import no_longer
from resuelve.resolution.read import read, says_over
from resuelve.resolution.record import entry, evidence, outcome_of
from resuelve.resolution.rules import Rules
from resuelve.resolution.trace import Trace, plain, tell_stage
from resuelve.telemetry import SILENT, Signals
from resuelve.telemetry.logs import bound, log
from resuelve.texts import say, translated
from resuelve.tickets import TicketManager

_MOST_BROKEN_OFF = 10
"""How often a process may end while it has an incident in hand before the incident is suspected."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What an incident failed by: a system, the kind of error, and the error itself where there is one."""

    system: str
    kind: str
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Everything that resolving an incident needs. Safe to use from several threads.

    Attributes:
        run: the name of this run, for the records.
        shadow: decide and record, but touch nothing.
        fresh: seconds that the last look at a ticket may be old right before acting.
        max_failures: an incident that failed this often is set aside until somebody changes it.
        history: keeps the calls of the models.
        signals: told of each incident and of its stages.
        refused: why nothing may be done to a ticket as it stands: a person said no; empty when nobody did.
        unproven: why a row, as it stands in the evidence, may not act by itself on what it has shown by now; empty when
            it may.
        now: the time, with its zone.
        on_record: told each entry before its item counts as finished: none is lost, after a crash one may come twice.
    """

    tickets: TicketManager
    journal: Journal
    knowledge: Knowledge
    agents: Agents
    rules: Rules
    breakers: Breakers
    run: str
    fingerprint: str
    chat: ChatModel | None = None
    attachments: Attachments = untouched
    shadow: bool = False
    fresh: float = 0.5
    max_failures: int = 3
    clock: Callable[[], float] = time.perf_counter
    history: RunHistory = field(default_factory=RunHistory)
    signals: Signals = SILENT
    refused: Callable[[Incident], str] = lambda _: ""
    unproven: Callable[[Mapping[str, Any]], str] = lambda _: ""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    on_record: Callable[[Mapping[str, Any]], None] = lambda _: None
    _recording: Lock = field(default_factory=Lock, init=False, repr=False, compare=False)

    def key(self, incident: Incident, *, again: bool = False) -> str:
        """The work item's key: the same for an unchanged ticket and unchanged knowledge, unless `again` is wanted."""
        suffix = f"@{self.run}" if again else ""
        return f"{incident.code}@{incident.revision}@{self.fingerprint}{suffix}"

    def costs_nothing(self, incident: Incident) -> bool:
        """True when nothing is to be decided: it is over, or the last word on it is a question or an answer of ours."""
        return says_over(incident) or read(incident, label=self.rules.label).waiting

    def set_aside(self, incidents: Iterable[Incident]) -> dict[str, str]:
        """The incidents that failed too often and have not changed since, with the last reason."""
        failures = self.journal.failures()
        found: dict[str, str] = {}
        for incident in incidents:
            for key, limit in ((_failed(incident), self.max_failures), (_in_hand(incident), _MOST_BROKEN_OFF)):
                count, reason = failures.get(key, (0, ""))
                if count >= limit:
                    found[incident.code] = reason
        return found

    def resolve_all(
        self, engine: Engine, incidents: Iterable[Incident], *, workers: int, again: bool = False
    ) -> Iterator[dict[str, Any]]:
        """Resolve incidents and yield the report's entry of each as it is finished, if there is news."""
        items = (WorkItem(self.key(incident, again=again), payload.to_json(incident)) for incident in incidents)
        for _, answer in engine.run(items, self.work, workers=workers):
            if answer is not None:
                yield answer

    def work(self, item: WorkItem, steps: Steps) -> Json | Unfinished:
        """Resolve one incident. Never raises: what goes wrong is the incident's outcome, to be tried again later."""
        if payload.is_question(item.payload):  # who wanted to know is gone, and nothing was to be sent
            return Unfinished(None)
        incident = payload.from_json(item.payload)
        trace = trace_of(self.run, incident)
        about = {"resuelve.incident": incident.code, "resuelve.run": self.run, "resuelve.revision": incident.revision}
        with (
            bound(run=self.run, incident=incident.code, trace=trace),
            self.signals.span("incident", about, trace=trace) as span,
        ):
            log.debug("incident.started")
            begun = self.clock()
            answer = self._counted(incident, item, steps)
            if entry := answer.answer if isinstance(answer, Unfinished) else answer:
                span.set({"resuelve.outcome": entry["outcome"]})
                tell_entry(self.signals, entry, shadow=self.shadow, seconds=self.clock() - begun)
            return answer

    def _counted(self, incident: Incident, item: WorkItem, steps: Steps) -> Json | Unfinished:
        # Counted before anything is tried: a ticket that brings the whole process down must not do so for ever.
        broken_off = self.journal.note_failure(_in_hand(incident), say("resolution.broken_off", self.rules.language))
        if broken_off > _MOST_BROKEN_OFF:
            text = say("resolution.broken_off", self.rules.language)
            return self._failed(incident, text, Failure("resuelve", "BrokenOff"))
        answer = self._guarded(incident, item, steps)
        self.journal.clear_failures(_in_hand(incident))
        return answer

    def _guarded(self, incident: Incident, item: WorkItem, steps: Steps) -> Json | Unfinished:
        approved = payload.approved_in(item.payload)
        try:
            return self._resolve(incident, item, steps)
        except ModelUnavailable as error:
            # An outage is not the incident's fault: it is tried again for as long as it takes.
            reason = say("resolution.outage", self.rules.language, error=translated(error, self.rules.language))
            return self._unfinished(incident, reason, Failure("models", type(error).__name__, error))
        except ResuelveError as error:
            failure = Failure(system_of(error), type(error).__name__, error)
            return self._failed(incident, translated(error, self.rules.language), failure, approved)
        except Exception as error:  # noqa: BLE001 - the boundary: a bug must cost one incident, not the run
            place = traceback.extract_tb(error.__traceback__)[-1]
            text = f"{type(error).__name__}: {error} ({place.filename.rsplit('/', 1)[-1]}:{place.lineno})"
            return self._failed(incident, text, Failure("resuelve", type(error).__name__, error), approved)

    def _resolve(self, incident: Incident, item: WorkItem, steps: Steps) -> Json | Unfinished:
        if says_over(incident):
            reason = say("resolution.says_closed", self.rules.language, state=incident.state[:40])
            return self.record(incident, {}, Outcome(OutcomeKind.SUPERSEDED, reason), {})
        approved = payload.approved_in(item.payload)
        decided = approved or steps.once("decide", lambda: self._decide(incident, item.key))
        begun = self.clock()
        done = steps.once("act", lambda: self._acted(incident, decided, item.key))
        seconds = self.clock() - begun
        tell_stage(self.signals, "act", seconds)
        outcome = outcome_of(done)
        if outcome.kind is OutcomeKind.FAILED:
            return self._failed(incident, outcome.reason, Failure("tickets", "TicketRefused"), decided)
        if outcome.kind is OutcomeKind.PAUSED:
            return Unfinished(self._paused(incident, decided, outcome))
        if approved and outcome.kind is OutcomeKind.SUPERSEDED:  # it may merely not have been listed
            return Unfinished(self.record(incident, decided, outcome, {"act": seconds}))
        self.journal.clear_failures(_failed(incident))
        return self.record(incident, decided, outcome, {"act": seconds})

    def _decide(self, incident: Incident, key: str) -> Json:
        calls = self.history.calls(self.rules.versions)
        try:
            deliberation = deliberate(
                incident,
                knowledge=self.knowledge,
                rules=self.rules,
                agents=self.agents,
                chat=self.chat,
                fallen=self.breakers.fallen,
                stopped=(lambda: "") if self.shadow else self.breakers.stopped,
                attachments=self.attachments,
                trace=Trace(self.clock, calls=calls, signals=self.signals),
            )
        finally:  # what was asked before it failed was paid for
            self.history.keep(incident, key, calls)
        return {**as_decided(deliberation), "trace": trace_of(self.run, incident)}

    def _acted(self, incident: Incident, decided: Json, owner: str) -> Json:
        # What another process has decided goes on in the trace of that decision.
        ours = trace_of(self.run, incident)
        trace = decided.get("trace") or ours
        with bound(stage="act", trace=trace), self.signals.span("act", trace="" if trace == ours else trace):
            return plain(self._act(incident, decided, owner))

    def _act(self, incident: Incident, decided: Json, owner: str) -> Outcome:
        if decided["waiting"]:
            return Outcome(OutcomeKind.WAITING, decided["reason"])
        if decided.get("paused"):
            return Outcome(OutcomeKind.PAUSED, decided["reason"])
        if decided["action"] is None:
            return Outcome(OutcomeKind.HANDED_OFF, decided["reason"])
        action = from_json(decided["action"])
        person = "approved" in decided
        if not person and (why := self.refused(incident)):
            return Outcome(OutcomeKind.HANDED_OFF, why)
        if self.shadow:
            reason = say("resolution.shadow", self.rules.language)
            return Outcome(OutcomeKind.SHADOWED, reason, text=action.text, queue=getattr(action, "queue", ""))
        rules, problem, breakers = self.rules, decided["problem"], self.breakers
        guard = Guard(
            forbids=lambda: self._forbids(incident, decided),
            note=lambda sent, reference: breakers.note(incident, sent, problem, reference),
            forget=lambda reference: breakers.forget(incident, reference),
        )
        actor = Actor(self.tickets, self.journal, rules.label, self.fresh, rules.language, guard)
        return actor.act(incident, action, owner)

    def _forbids(self, incident: Incident, decided: Json) -> str:
        """Why a change may not be sent after all, by what holds at this moment: it may have been decided long ago."""
        if why := self.refused(incident):
            return why
        if "approved" not in decided:
            return self.breakers.forbids(decided["problem"]) or self.unproven(decided["problem"])
        # A person outranks what a row has shown, and not what stops everything.
        if why := self.breakers.stopped():
            return why
        over = no_longer(incident, decided, self.knowledge.problems, self.rules, self.now())
        return translated(over, self.rules.language) if over else ""

    def _paused(self, incident: Incident, decided: Json, outcome: Outcome) -> Json:
        """The entry of a ticket that waits; None when that was recorded before, as it is decided anew in every run."""
        last = self.journal.last_record(incident.code)
        before = last and (last.outcome, last.revision, last.content["reason"])
        if before == (outcome.kind.value, incident.revision, outcome.reason):
            return None
        return self.record(incident, decided, outcome, {})

    def _failed(self, incident: Incident, reason: str, failure: Failure, decided: Json | None = None) -> Unfinished:
        count = self.journal.note_failure(_failed(incident), reason)
        reason = say("resolution.failed", self.rules.language, count=count, error=reason)
        return self._unfinished(incident, reason, failure, decided, count)

    def _unfinished(
        self, incident: Incident, reason: str, failure: Failure, decided: Json | None = None, count: int = 0
    ) -> Unfinished:
        fields = {"count": count} if count else {}  # an outage is not counted
        log.error("incident.failed", system=failure.system, kind=failure.kind, error=failure.error, **fields)
        decided = {**(decided or {}), "failed_system": failure.system, "failed_kind": failure.kind}
        return Unfinished(self.record(incident, decided, Outcome(OutcomeKind.FAILED, reason), {}))

    def record(self, incident: Incident, decided: Json, outcome: Outcome, seconds: dict[str, float]) -> Json:
        """Keep what was decided and done about an incident, and return its entry in the report."""
        ours = trace_of(self.run, incident)
        trace = decided.get("trace") or ours
        shown = {name: value for name, value in decided.items() if name != "trace"}
        content = plain(entry(incident, shown, outcome, seconds, trace))
        if proposal := decided.get("proposal"):
            content["decision"]["proposal"] = proposal  # never cut: it may be sent
        kept = IncidentRecord(self.run, incident.code, incident.revision, outcome.kind.value, content)
        self._keep(kept, left=trace != ours and "approved" not in decided)
        self.on_record(content)
        return content

    def _keep(self, record: IncidentRecord, *, left: bool) -> None:
        """Record it, unless this run has changed the ticket, or has decided anew what another run `left`.

        A ticket comes twice in a run that finishes what a killed one left: as it was left, and as it is listed now.
        Either may end last, and the last record is the one that people see and are asked about.
        """
        with self._recording:
            earlier = None if record.content["changed"] else self.journal.last_record(record.incident)
            if not (earlier and earlier.run == self.run and (left or earlier.content["changed"])):
                self.journal.record(record)


def as_decided(deliberation: Deliberation) -> dict[str, Any]:
    """The evidence, with what is to be carried out (`action`), or what a person is asked about (`proposal`)."""
    resolution, permission = deliberation.resolution, deliberation.authorisation.permission
    decided = {**evidence(deliberation), "action": None}
    if isinstance(resolution, HandOff) or permission is Permission.NEVER:
        return decided
    if isinstance(resolution, RunAgent):  # it was not asked, for that is what a person is asked about
        return {**decided, "proposal": {"kind": "agent", "code": resolution.code}}
    return {**decided, "action" if permission is Permission.AUTOMATIC else "proposal": as_json(resolution)}


def _failed(incident: Incident) -> str:
    return f"{incident.code}@{incident.revision}"


def _in_hand(incident: Incident) -> str:
    return f"{_failed(incident)} in hand"
