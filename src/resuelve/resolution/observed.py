"""What those who watch are told of incidents and runs, as the report tells it: no text of a ticket, and few labels."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from resuelve.domain.decision import OutcomeKind
from resuelve.domain.errors import AgentError, JournalError, ModelError, ResuelveError, TicketError, VectorIndexError
from resuelve.domain.incident import Incident
from resuelve.telemetry import Signals
from resuelve.telemetry.logs import log
from resuelve.telemetry.metrics import (
    ACTIONS,
    ATTACHMENTS,
    CRITIC_SCORE,
    ERRORS,
    HANDOVERS,
    INCIDENT_SECONDS,
    INCIDENTS,
    REJECTIONS,
    RETRIEVAL_SCORE,
    VERDICTS,
)

Entry = Mapping[str, Any]

_SYSTEMS: tuple[tuple[type[ResuelveError], str], ...] = (
    (TicketError, "tickets"),
    (AgentError, "agents"),
    (ModelError, "models"),
    (VectorIndexError, "index"),
    (JournalError, "journal"),
)


def system_of(error: Exception) -> str:
    """Which system an error is of: ``tickets``, ``agents``, ``models``, ``index``, ``journal``, or ``resuelve``."""
    return system_of_kind(type(error))


def system_of_kind(kind: type[Exception]) -> str:
    """The same, of a kind of error."""
    return next((name for one, name in _SYSTEMS if issubclass(kind, one)), "resuelve")


def mode_of(shadow: bool) -> str:
    """``shadow`` or ``live``."""
    return "shadow" if shadow else "live"


def trace_of(run: str, incident: Incident) -> str:
    """The id of the trace of an incident in a run: 32 hex digits, the same whoever computes it."""
    text = f"{run}\x1f{incident.code}\x1f{incident.revision}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def tell_entry(signals: Signals, entry: Entry, *, shadow: bool, seconds: float) -> None:
    """Tell of an incident that a run has finished with.

    Args:
        entry: as it stands in the report.
        seconds: how long it took.
    """
    decision, outcome = entry.get("decision", {}), entry["outcome"]
    doubt = decision.get("doubt", "none")
    # What a person agreed to, or let be asked, is no work that a run has done by itself: the rates leave it out.
    agreed, person = "approved_by" in entry, "approved_by" in entry or "asked_by" in decision
    judged = mode_of(shadow)
    mode = "approval" if person else judged
    signals.add(INCIDENTS, 1, {"outcome": outcome, "mode": mode})
    signals.observe(INCIDENT_SECONDS, seconds)
    if entry["changed"] and not agreed:
        signals.add(ACTIONS, 1, {"action": outcome})
    if outcome == OutcomeKind.HANDED_OFF and doubt != "none" and not person:
        signals.add(HANDOVERS, 1, {"reason": doubt, "mode": judged})
    if "failed_system" in decision:
        signals.add(ERRORS, 1, {"system": decision["failed_system"], "kind": decision["failed_kind"]})
    if not agreed:  # else it was told when it was proposed
        _tell_judgements(signals, decision, judged)
    for one in () if agreed else decision.get("attachments", ()):
        read = ("partly" if one["unread"] else "read") if one["read"] else "unread"
        signals.add(ATTACHMENTS, 1, {"result": read})
    _log_entry(entry, decision, seconds)


def _log_entry(entry: Entry, decision: Mapping[str, Any], seconds: float) -> None:
    if entry["outcome"] == OutcomeKind.FAILED:  # told where it failed
        return
    reference = entry["reference"]
    row = (decision.get("problem") or {}).get("id", "")
    if entry["changed"]:
        log.info("change.sent", action=decision.get("prescribed"), row=row, reference=reference)
    if entry["outcome"] == OutcomeKind.UNKNOWN:
        log.error("change.unknown", action=decision.get("prescribed"), reference=reference)
    log.info(
        "incident.ended",
        outcome=entry["outcome"],
        doubt=decision.get("doubt", "none"),
        row=row,
        score=decision.get("score"),
        seconds=round(seconds, 4),
        action=decision.get("prescribed"),
    )


def _tell_judgements(signals: Signals, decision: Mapping[str, Any], mode: str) -> None:
    """Each verdict once: what was chosen in the end, and what was rejected before."""
    rejections = decision.get("rejections", ())
    critiques = [one["critique"] for one in rejections]
    last = decision.get("critique")
    if last and last not in critiques:
        critiques.append(last)
    for critique in critiques:
        labels = {"verdict": critique["verdict"], "mode": mode}
        signals.add(VERDICTS, 1, labels)
        signals.observe(CRITIC_SCORE, critique["score"], labels)
    for one in rejections:
        signals.add(REJECTIONS, 1, {"row": one["problem"], "mode": mode})
    if considered := decision.get("considered"):
        signals.observe(RETRIEVAL_SCORE, considered[0]["dense"], {"mode": mode})
