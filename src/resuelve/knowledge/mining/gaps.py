"""What our own runs handed to people for lack of a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from resuelve.domain.decision import Doubt, OutcomeKind
from resuelve.domain.incident import Incident
from resuelve.journal import IncidentRecord, Journal

LACKING = frozenset(one.value for one in (Doubt.NO_MATCH, Doubt.WEAK_MATCH, Doubt.AMBIGUOUS, Doubt.MODEL_DISAGREES))
"""Doubts that a row, or a better one, would have settled. The others are about the ticket or about a row's text."""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """An incident that a person got because no row fitted.

    Attributes:
        incident: as the ticket manager tells it; with nothing but code, mailbox and title where it is known no more.
        times: in how many runs.
    """

    incident: Incident
    doubt: str
    times: int


def handed_over(journal: Journal, known: Iterable[Incident]) -> tuple[HandedOver, ...]:
    """Every incident that was handed over for lack of a row and whose newest record says nothing else, oldest first.

    Args:
        known: open and closed incidents; the journal keeps a ticket's title, not its text.

    Raises:
        JournalError: the journal cannot be read.
    """
    newest: dict[str, IncidentRecord] = {}
    times: dict[str, int] = {}
    for record in journal.records_with(OutcomeKind.HANDED_OFF):
        if _doubt(record) in LACKING:
            newest[record.incident] = record
            times[record.incident] = times.get(record.incident, 0) + 1
    texts = {incident.code: incident for incident in known if incident.code in newest}
    still = [one for code, one in newest.items() if _is_last(journal, code, one)]
    return tuple(HandedOver(texts.get(one.incident) or _told(one), _doubt(one), times[one.incident]) for one in still)


def _is_last(journal: Journal, code: str, record: IncidentRecord) -> bool:
    last = journal.last_record(code)
    return last is None or last.outcome == OutcomeKind.HANDED_OFF or last.run == record.run


def _told(record: IncidentRecord) -> Incident:
    content: Mapping[str, object] = record.content if isinstance(record.content, Mapping) else {}
    return Incident(record.incident, queue=str(content.get("queue", "")), title=str(content.get("title", "")))


def _doubt(record: IncidentRecord) -> str:
    content = record.content if isinstance(record.content, Mapping) else {}
    decision = content.get("decision")
    return str(decision.get("doubt", "")) if isinstance(decision, Mapping) else ""
