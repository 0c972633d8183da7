"""An incident as JSON, for the journal: what was seen when it was taken in hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from resuelve.domain.incident import HistoryEntry, Incident

_APPROVED, _QUESTION = "approved", "question"


def to_json(incident: Incident) -> dict[str, Any]:
    """The incident as plain JSON values; dates as ISO 8601."""
    value = asdict(incident)
    value["opened"] = _iso(incident.opened)
    value["history"] = [{**asdict(entry), "at": _iso(entry.at)} for entry in incident.history]
    return value


def with_approval(incident: Incident, approved: Mapping[str, Any]) -> dict[str, Any]:
    """The incident with what a person agreed to: a decision that is to be carried out, whoever finishes it."""
    return {**to_json(incident), _APPROVED: dict(approved)}


def as_question(incident: Incident) -> dict[str, Any]:
    """The incident about which a person lets an agent be asked: for that person alone, whoever finds it later."""
    return {**to_json(incident), _QUESTION: True}


def is_question(value: Mapping[str, Any]) -> bool:
    """True of what `as_question` wrote."""
    return _QUESTION in value


def approved_in(value: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a person agreed to; None where a run decides."""
    return value.get(_APPROVED)


def from_json(value: dict[str, Any]) -> Incident:
    """The incident that `to_json` wrote; equal to the original."""
    value = {name: one for name, one in value.items() if name not in (_APPROVED, _QUESTION)}
    history = tuple(
        HistoryEntry(**{**entry, "at": _date(entry["at"]), "attachments": tuple(entry["attachments"])})
        for entry in value["history"]
    )
    attachments = tuple(value["attachments"])
    return Incident(**{**value, "opened": _date(value["opened"]), "history": history, "attachments": attachments})


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _date(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
