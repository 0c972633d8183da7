"""Stage 9, act: change the ticket once, and know that it happened.

The intent is written down before the change is sent, under the ticket's revision, of which there is at most one in
the whole journal. Whoever finds an intent that was not settled (a process was killed, an answer got lost) looks for
its reference on the ticket first. Where the ticket cannot tell, a person gets it; nothing is ever sent on a guess.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from resuelve.domain.decision import Close, Hold, Outcome, OutcomeKind, Reassign, TicketAction
from resuelve.domain.errors import TicketError, TicketNotFound, TicketRefused, TicketUnavailable
from resuelve.domain.incident import Incident
from resuelve.journal import Intent, IntentState, Journal, Json
from resuelve.texts import say, translated
from resuelve.tickets import TicketManager, texts_of

_DONE = {Close: OutcomeKind.CLOSED, Hold: OutcomeKind.HELD, Reassign: OutcomeKind.REASSIGNED}
_LONGEST_QUEUE = 120
_REFERENCE = re.compile(r"\(ref\. (R-[0-9A-F]{10})\)")


@dataclass(frozen=True, slots=True)
class Guard:
    """What is asked and told around a change.

    Attributes:
        forbids: why it may not be made at the moment; empty when it may.
        note: told the action and the reference of a change that is about to be made.
        forget: told the reference of one that was not made after all.
    """

    forbids: Callable[[], str] = lambda: ""
    note: Callable[[TicketAction, str], None] = lambda *_: None
    forget: Callable[[str], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Actor:
    """What acting needs.

    Attributes:
        label: begins every message on a ticket.
        fresh: seconds that the last look at the ticket may be old right before acting.
        language: of the reasons.
        guard: what is asked and told before a change is made.
    """

    tickets: TicketManager
    journal: Journal
    label: str
    fresh: float
    language: str = "es"
    guard: Guard = field(default_factory=Guard)

    def act(self, incident: Incident, action: TicketAction, owner: str) -> Outcome:
        """Carry out one action on the ticket as it was decided on (`incident`), for the work item `owner`.

        Raises:
            TicketUnavailable: nothing was changed, and it may be tried again later.
        """
        reference = reference_of(incident)
        action = signed(action, self.label, reference)
        intent = self.journal.intend(
            Intent(incident.code, incident.revision, reference, owner, as_json(action), IntentState.INTENDED)
        )
        if intent.owner == owner and intent.state is IntentState.INTENDED:
            # Not `intent.action`: of an intent that was taken over it is what the first owner had decided.
            return self._first_look(incident, action, reference)
        return self._not_ours(incident, action, intent, owner)

    def _first_look(self, incident: Incident, action: TicketAction, reference: str) -> Outcome:
        """Send unless the change is there already (we were killed after sending) or a person was faster."""
        try:
            current = self.tickets.current(incident.code, max_age=self.fresh)
        except TicketError:
            self.journal.settle(incident.code, incident.revision, IntentState.REFUSED)
            raise
        if current is not None and bears(current, reference):
            return self._settled(incident, action, reference)
        if current is None or current.revision != incident.revision:
            self._not_made(incident, reference)
            key = "resolution.gone" if current is None else "resolution.touched"
            return Outcome(OutcomeKind.SUPERSEDED, say(key, self.language))
        # Asked last: what was sent before we were killed is told as done, whatever stops us now.
        if why := self.guard.forbids():
            self.journal.settle(incident.code, incident.revision, IntentState.REFUSED)
            return Outcome(OutcomeKind.PAUSED, why)
        return self._send(incident, action, reference)

    def _not_ours(self, incident: Incident, action: TicketAction, intent: Intent, owner: str) -> Outcome:
        match intent.state:
            case IntentState.DONE if intent.owner == owner:
                return self._settled(incident, action, intent.reference)  # killed before it was noted
            case IntentState.REFUSED if self.journal.retry(incident.code, incident.revision, owner):
                return self._first_look(incident, action, intent.reference)
            case IntentState.UNKNOWN:
                current = self.tickets.current(incident.code)
                if current is not None and bears(current, intent.reference):
                    return self._settled(incident, from_json(intent.action), intent.reference)
                return self._unknown(from_json(intent.action), intent.reference)
            case _:
                return Outcome(OutcomeKind.SUPERSEDED, say("resolution.in_other_hands", self.language))

    def _send(self, incident: Incident, action: TicketAction, reference: str) -> Outcome:
        # Before it is sent: what may have been done is known, whatever becomes of this process.
        self.guard.note(action, reference)
        try:
            changed = self.tickets.apply(incident.code, action)
        except (TicketRefused, TicketNotFound) as error:
            self._not_made(incident, reference)
            said = translated(error.what, self.language)
            return Outcome(OutcomeKind.FAILED, say("resolution.refused", self.language, error=said))
        except TicketUnavailable as error:
            if not error.outcome_unknown:
                self._not_made(incident, reference)
                raise
            return self._read_back(incident, action, reference, error)
        if changed.revision == incident.revision:
            # Accepted, yet nothing has changed: look again before believing either.
            unchanged = TicketUnavailable(say("resolution.not_shown", self.language), where=incident.code)
            return self._read_back(incident, action, reference, unchanged)
        return self._settled(incident, action, reference)

    def _read_back(self, incident: Incident, action: TicketAction, reference: str, error: TicketUnavailable) -> Outcome:
        try:
            current = self.tickets.current(incident.code)
        except TicketError:
            current = None
        if current is not None and bears(current, reference):
            return self._settled(incident, action, reference)
        if error.answered and current is not None and current.revision == incident.revision:
            self._not_made(incident, reference)
            raise error
        self.journal.settle(incident.code, incident.revision, IntentState.UNKNOWN)
        return self._unknown(action, reference)

    def _not_made(self, incident: Incident, reference: str) -> None:
        self.journal.settle(incident.code, incident.revision, IntentState.REFUSED)
        self.guard.forget(reference)

    def _settled(self, incident: Incident, action: TicketAction, reference: str) -> Outcome:
        self.journal.settle(incident.code, incident.revision, IntentState.DONE)
        queue = action.queue if isinstance(action, Reassign) else ""
        reason = say(f"resolution.done.{_DONE[type(action)]}", self.language, queue=queue)
        return Outcome(_DONE[type(action)], reason, True, reference, action.text, queue)

    def _unknown(self, action: TicketAction, reference: str) -> Outcome:
        reason = say("resolution.unknown", self.language, reference=reference)
        return Outcome(OutcomeKind.UNKNOWN, reason, False, reference, action.text)


def signed(action: TicketAction, label: str, reference: str) -> TicketAction:
    """An action with the very text that goes to the ticket."""
    text = f"{label}{action.text.strip()} (ref. {reference})"
    match action:
        case Close():
            return Close(text)
        case Hold():
            return Hold(text)
        case Reassign(queue, _):
            return Reassign(queue.strip()[:_LONGEST_QUEUE], text)


def reference_of(incident: Incident) -> str:
    """The mark of the change to this revision of this ticket, always the same: ``R-`` and ten hex digits."""
    return reference_named(incident.code, incident.revision)


def reference_named(code: str, revision: str) -> str:
    """The same, from its parts."""
    digest = hashlib.sha256(f"{code}\x1f{revision}".encode("utf-8", "surrogatepass")).hexdigest()
    return f"R-{digest[:10].upper()}"


def references_in(text: str) -> list[str]:
    """The marks that a text of a ticket bears, in their order."""
    return _REFERENCE.findall(text)


def bears(incident: Incident, reference: str) -> bool:
    """True when a message with this reference stands on the ticket."""
    return any(reference in text for text in texts_of(incident))


def left_unknown(journal: Journal, listed: Iterable[Incident]) -> tuple[Intent, ...]:
    """The changes of which nobody can tell, on tickets that nobody has changed since: a person must still look.

    Args:
        listed: the incidents that are open now.
    """
    revisions = {incident.code: incident.revision for incident in listed}
    unknown = journal.intents(IntentState.UNKNOWN)
    return tuple(intent for intent in unknown if revisions.get(intent.incident) == intent.revision)


def as_json(action: TicketAction) -> Json:
    """An action as it is kept in the journal."""
    match action:
        case Close(text):
            return {"kind": "close", "text": text}
        case Hold(text):
            return {"kind": "hold", "text": text}
        case Reassign(queue, text):
            return {"kind": "reassign", "queue": queue, "text": text}


def from_json(value: Json) -> TicketAction:
    """The action that `as_json` wrote."""
    match value["kind"]:
        case "close":
            return Close(value["text"])
        case "hold":
            return Hold(value["text"])
        case _:
            return Reassign(value["queue"], value["text"])
