"""After a restore: compare the journal with the ticket manager, before anything is done.

A restored journal is older than the world. What was done on tickets after the backup is not in it, and an intent that
stood open in it has long been carried out or dropped. The tickets tell: every message of ours ends with a reference
that is computed from the ticket and its revision. What they bear and the journal does not know is adopted as done; what
the journal holds open is settled by what stands on the ticket, and where the ticket cannot tell, a person gets it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from resuelve.domain.decision import Close, Hold, Reassign, TicketAction
from resuelve.domain.errors import TicketUnavailable
from resuelve.domain.incident import HistoryEntry, Incident
from resuelve.domain.message import message
from resuelve.journal import Intent, IntentState, Journal
from resuelve.resolution.act import as_json, bears, reference_of, references_in
from resuelve.resolution.read import own_message
from resuelve.resolution.report import write_new
from resuelve.tickets import TicketManager

OWNER = "restored"
"""The owner of intents that were adopted; no work item has this name."""

_MOST_STATES = 40
_USUAL_STATES = ("En curso", "En espera", "Abierta", "Nueva", "")
_OPEN = (IntentState.INTENDED, IntentState.REFUSED, IntentState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Seen:
    """One change of ours: the ticket and the reference."""

    incident: str
    reference: str


@dataclass(slots=True)
class Comparison:
    """What the comparison found.

    Attributes:
        open, closed: tickets that the manager lists.
        unreadable: entries of its answers that are no tickets.
        adopted: changes that stand on tickets and that the journal did not know; now it does.
        sent: changes that the journal held open and that stand on the ticket.
        not_sent: changes that the journal held open and that do not: they may be decided on again.
        unknown: changes of which nobody can tell; a person must look.
        went_back: tickets that stand again as they were before a change that the journal knows as made; a person must
            look, and nothing is done to them meanwhile.
    """

    open: int = 0
    closed: int = 0
    unreadable: int = 0
    adopted: list[Seen] = field(default_factory=list)
    sent: list[Seen] = field(default_factory=list)
    not_sent: list[Seen] = field(default_factory=list)
    unknown: list[Seen] = field(default_factory=list)
    went_back: list[Seen] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """For the report."""
        numbers = {"open": self.open, "closed": self.closed, "unreadable": self.unreadable}
        lists = {
            name: [{"incident": one.incident, "reference": one.reference} for one in getattr(self, name)]
            for name in ("adopted", "sent", "not_sent", "unknown", "went_back")
        }
        return numbers | lists


def compare(tickets: TicketManager, journal: Journal, *, label: str) -> Comparison:
    """Make the journal agree with the tickets. Doing it twice changes nothing more; nobody may act meanwhile.

    Raises:
        TicketUnavailable: the tickets cannot be read; nothing was changed.
        JournalError: the journal cannot be written; it may be done again.
    """
    try:
        still_open, closed = tickets.open_incidents(), tickets.closed_incidents()
    except TicketUnavailable as error:
        raise TicketUnavailable(
            message("this workspace was restored, and cannot be compared with the tickets: {why}", why=error.what),
            where=error.where,
            remedy="nothing is done until it has been; see that the ticket manager answers, and run this again",
        ) from error
    found = Comparison(
        len(still_open.incidents), len(closed.incidents), len(still_open.rejected) + len(closed.rejected)
    )
    listed = {incident.code: incident for incident in (*closed.incidents, *still_open.incidents)}
    intents = journal.intents()
    for intent in intents:
        _settle(journal, intent, listed.get(intent.incident), found)
    known = {(intent.incident, intent.reference) for intent in intents}
    states = _states(listed)
    for incident in listed.values():
        for intent in _unknown_to(known, incident, states, label):
            journal.intend(intent)
            found.adopted.append(Seen(intent.incident, intent.reference))
    return found


def write_comparison(folder: Path, at: datetime, found: Comparison) -> Path:
    """Write ``reporte_restauracion_YYYYMMDD_HHMM.json``.

    Raises:
        WorkspaceError: the folder cannot be written.
    """
    content = {"compared": at.isoformat(timespec="seconds"), **found.as_json()}
    text = json.dumps(content, ensure_ascii=False, indent=1)
    return write_new(folder, f"reporte_restauracion_{at:%Y%m%d_%H%M}", [text, "\n"])


def _settle(journal: Journal, intent: Intent, incident: Incident | None, found: Comparison) -> None:
    seen = Seen(intent.incident, intent.reference)
    if intent.state not in _OPEN:
        if incident is not None and incident.revision == intent.revision:
            found.went_back.append(seen)
    elif incident is not None and bears(incident, intent.reference):
        journal.settle(intent.incident, intent.revision, IntentState.DONE)
        found.sent.append(seen)
    elif intent.state is IntentState.INTENDED and incident is not None:
        # Whoever meant to send it ended before the restore, so it is not under way either.
        journal.settle(intent.incident, intent.revision, IntentState.REFUSED)
        found.not_sent.append(seen)
    elif intent.state is not IntentState.REFUSED:
        journal.settle(intent.incident, intent.revision, IntentState.UNKNOWN)
        found.unknown.append(seen)


def _unknown_to(known: set[tuple[str, str]], incident: Incident, states: Iterable[str], label: str) -> Iterator[Intent]:
    """Changes that this ticket bears and the journal does not know.

    A requester may write a reference too. So it counts only if it can be computed from the ticket as it was before, or
    if the message begins with the label.
    """
    for place, entry in enumerate(incident.history):
        for text in (entry.resolution_notes, entry.detail):
            for reference in references_in(text):
                if (incident.code, reference) in known:
                    continue
                revision = _revision_before(incident, place, reference, states)
                if revision or own_message(entry, label) is not None:
                    known.add((incident.code, reference))
                    # A revision that nobody can compute any more is named by the reference: no ticket will have it.
                    yield Intent(
                        incident.code,
                        revision or reference,
                        reference,
                        OWNER,
                        as_json(_action(entry, text)),
                        IntentState.DONE,
                    )


def _revision_before(incident: Incident, place: int, reference: str, states: Iterable[str]) -> str:
    """The revision of the ticket right before this entry, if it has this reference; empty when it cannot be found.

    The entry does not tell the state that the ticket was in, so those that tickets have are tried.
    """
    entry = incident.history[place]
    for queue in dict.fromkeys((entry.queue_from, incident.queue)):
        for state in states:
            before = replace(incident, queue=queue, state=state, history=incident.history[:place])
            if reference_of(before) == reference:
                return before.revision
    return ""


def _states(listed: Mapping[str, Incident]) -> list[str]:
    """The states in which tickets are, the most frequent first, and usual ones."""
    counts = Counter(
        state
        for incident in listed.values()
        for state in (incident.state, *(entry.state for entry in incident.history))
    )
    return list(dict.fromkeys((*(state for state, _ in counts.most_common(_MOST_STATES)), *_USUAL_STATES)))


def _action(entry: HistoryEntry, text: str) -> TicketAction:
    if text == entry.resolution_notes:
        return Close(text)
    if entry.queue_to not in ("", entry.queue_from):
        return Reassign(entry.queue_to, text)
    return Hold(text)
