"""What those who watch are told of incidents and runs, as the report tells it: no text of a ticket, and few labels."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from resuelve.domain.decision import OutcomeKind
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
    QUEUE_AGE,
    QUEUE_DEPTH,
    REJECTIONS,
    RETRIEVAL_SCORE,
    VERDICTS,
)

Entry = Mapping[str, Any]


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
    doubt, verdict = decision.get("doubt", "none"), decision.get("critique") or {}
    signals.add(INCIDENTS, 1, {"outcome": outcome, "mode": "shadow" if shadow else "live"})
    signals.observe(INCIDENT_SECONDS, seconds)
    if entry["changed"]:
        signals.add(ACTIONS, 1, {"action": outcome})
    if outcome == OutcomeKind.HANDED_OFF and doubt != "none":
        signals.add(HANDOVERS, 1, {"reason": doubt})
    if "failed_system" in decision:
        signals.add(ERRORS, 1, {"system": decision["failed_system"], "kind": decision["failed_kind"]})
    _tell_judgements(signals, decision)
    for one in decision.get("attachments", ()):
        read = ("partly" if one["unread"] else "read") if one["read"] else "unread"
        signals.add(ATTACHMENTS, 1, {"result": read})
    problem = decision.get("problem") or {}
    fields = {
        "outcome": outcome,
        "doubt": doubt,
        "row": problem.get("id", ""),
        "score": verdict.get("score"),
        "seconds": round(seconds, 4),
    }
    if outcome == OutcomeKind.FAILED:
        log.error("incident.failed", **fields, system=decision.get("failed_system", ""), kind=decision["failed_kind"])
    else:
        log.info("incident.ended", **fields, changed=entry["changed"], reference=entry["reference"])
    if outcome == OutcomeKind.UNKNOWN:
        log.error("change.unknown", reference=entry["reference"])


def tell_listing(signals: Signals, incidents: Iterable[Incident], now: datetime) -> None:
    """Tell of the incidents that are open: how many in each mailbox, and how long the oldest has been."""
    depths: Counter[str] = Counter()
    ages = [0.0]
    for incident in incidents:
        depths[incident.queue] += 1
        if incident.opened is not None:
            opened = incident.opened if incident.opened.tzinfo else incident.opened.replace(tzinfo=now.tzinfo)
            ages.append((now - opened).total_seconds())
    for queue, depth in depths.most_common():
        signals.put(QUEUE_DEPTH, depth, {"queue": queue})
    signals.put(QUEUE_AGE, max(ages))


def _tell_judgements(signals: Signals, decision: Mapping[str, Any]) -> None:
    """Each verdict once: what was chosen in the end, and what was rejected before."""
    rejections = decision.get("rejections", ())
    critiques = [one["critique"] for one in rejections]
    last = decision.get("critique")
    if last and last not in critiques:
        critiques.append(last)
    for critique in critiques:
        signals.add(VERDICTS, 1, {"verdict": critique["verdict"]})
        signals.observe(CRITIC_SCORE, critique["score"], {"verdict": critique["verdict"]})
    for one in rejections:
        signals.add(REJECTIONS, 1, {"row": one["problem"]["id"] if isinstance(one["problem"], dict) else one["problem"]})
    if considered := decision.get("considered"):
        signals.observe(RETRIEVAL_SCORE, considered[0]["dense"])
