"""What came of a call, as far as it is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from resuelve.domain.decision import Verdict
from resuelve.journal import CallOutcome, History, ModelCall

RIGHT, WRONG = "right", "wrong"

_Ticket = tuple[str, str]
"""Incident and revision."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the rows that were considered for tickets.

    Attributes:
        rows: by incident and state of a row.
        approved: by ticket, the state of the row that the critic approved last.
        right: by incident, the id of the row that was right; of several the one that became known last.
    """

    rows: Mapping[tuple[str, str], CallOutcome]
    approved: Mapping[_Ticket, str]
    right: Mapping[str, str]

    @classmethod
    def of(cls, history: History, *, incident: str = "") -> Known:
        """Read what the history knows.

        Args:
            incident: the only one that is read; empty for all.

        Raises:
            JournalError: it cannot be read.
        """
        approved = {
            (call.incident, call.revision): call.input["state"]
            for call in history.calls(role="critique", incident=incident)
            if is_embedded(call) and call.output["verdict"] == Verdict.APPROVED
        }
        noted = list(history.outcomes(incident=incident))
        right = {one.incident: one.row for one in noted if one.right}
        return cls({(one.incident, one.state): one for one in noted}, approved, right)

    def of_call(self, call: ModelCall) -> CallOutcome | None:
        """What is known of the row that the call was about.

        Of the critic, the row that it judged; of an order, its first row; of all else, and of language models, the row
        that was approved for the ticket in the end.
        """
        state = _state(call) or self.approved.get((call.incident, call.revision), "")
        return self.rows.get((call.incident, state))

    def word(self, call: ModelCall) -> str:
        """`RIGHT` or `WRONG`; empty where nobody knows.

        A critic is right when it approves what was right and rejects what was not; an order when its first row was
        right; everything else when what it led to was.
        """
        known = self.of_call(call)
        if known is None:
            return ""
        approves = _approves(call)
        return RIGHT if known.right is (True if approves is None else approves) else WRONG


def is_embedded(call: ModelCall) -> bool:
    """True for a call of a model in the process that gave an answer in our own form."""
    return not call.prompt and call.output is not None


def _state(call: ModelCall) -> str:
    if not is_embedded(call):
        return ""
    if call.role == "critique":
        return str(call.input["state"])
    order = call.output["order"] if call.role == "rerank" else ()
    return str(order[0]["state"]) if order else ""


def _approves(call: ModelCall) -> bool | None:
    """Whether a critic approved; None for others."""
    if call.role != "critique" or call.output is None:
        return None
    if is_embedded(call):
        return bool(call.output["verdict"] == Verdict.APPROVED)
    return bool(call.output.get("veredicto") == "APROBADO")
