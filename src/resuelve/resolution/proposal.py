"""What a person is asked about a ticket."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from resuelve.domain.decision import TicketAction
from resuelve.domain.incident import Incident
from resuelve.domain.message import Message
from resuelve.journal import Answer, Recorded
from resuelve.resolution.act import as_json, from_json, reference_of, signed
from resuelve.resolution.merits import state_named

AGENT = "agent"
"""What is proposed where an agent is to be asked first."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a person is asked about a ticket.

    Attributes:
        recorded: the record that holds it.
        incident: the ticket as it stands now, unchanged since.
        label: begins every message on a ticket.
        answer: a yes to this text that was given and could not be carried out yet.
    """

    recorded: Recorded
    incident: Incident
    label: str
    answer: Answer | None = None

    @property
    def decision(self) -> Mapping[str, Any]:
        """The evidence; see `record.evidence`."""
        found: Mapping[str, Any] = self.recorded.record.content["decision"]
        return found

    @property
    def agent(self) -> str:
        """The code of the agent that is to be asked; empty where a change to the ticket is proposed."""
        given = self.decision["proposal"]
        return str(given["code"]) if given["kind"] == AGENT else ""

    @property
    def action(self) -> TicketAction | None:
        """The change; None where an agent is to be asked first."""
        return None if self.agent else from_json(self.decision["proposal"])

    @property
    def sent(self) -> TicketAction | None:
        """The change with the very text that would be sent; None where an agent is to be asked first."""
        action = self.action
        return signed(action, self.label, reference_of(self.incident)) if action else None

    @property
    def row(self) -> str:
        """The id of the known problem."""
        return str(self.decision["problem"]["id"])

    @property
    def state(self) -> str:
        """That row as it was, and still is; see `merits.state_of`."""
        return state_named(self.decision["problem"]["id"], self.decision["problem"]["fingerprint"])

    @property
    def mark(self) -> str:
        """The same for the same proposal on the same ticket as it stood, and no other: ``A-`` and ten hex digits."""
        problem = self.decision["problem"]
        given = self.decision["proposal"]
        return mark_of(self.incident, problem["id"], problem["fingerprint"], given, self.label)

    def as_json(self) -> dict[str, Any]:
        """For programs: texts of the ticket and the row as they are."""
        decision, given = self.decision, self.decision["proposal"]
        return {
            "incident": self.incident.code,
            "proposal": self.mark,
            "revision": self.incident.revision,
            "title": self.incident.title,
            "queue": self.incident.queue,
            "row": self.row,
            "action": given["kind"],
            "agent": self.agent,
            "text": given.get("text", ""),
            "to": given.get("queue", ""),
            "score": decision["score"],
            "doubt": decision["doubt"],
            "why": decision["reason"],
            "since": self.recorded.at.isoformat(timespec="seconds"),
            "approved_by": self.answer.who if self.answer else "",
        }


def mark_of(incident: Incident, row: str, fingerprint: str, given: Mapping[str, Any], label: str) -> str:
    """The mark of a proposal for a ticket: of the text as it is sent, with label and reference.

    Args:
        row, fingerprint: of the known problem.
        given: the change as it is kept, or the agent that is to be asked.
    """
    what = dict(given)
    if given["kind"] != AGENT:
        what = as_json(signed(from_json(given), label, reference_of(incident)))
    whole = json.dumps([incident.code, incident.revision, state_named(row, fingerprint), what], sort_keys=True)
    return f"A-{hashlib.sha256(whole.encode()).hexdigest()[:10].upper()}"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits, in the order of its time, and why other proposals do not, or no longer, by incident."""

    proposals: tuple[Proposal, ...]
    fallen_out: Mapping[str, Message]
