"""Stage 10, record: everything that a person needs to check a decision, as the report's entry for one incident."""

from __future__ import annotations

from typing import Any

from resuelve.domain.decision import HandOff, Outcome, OutcomeKind, Reassign
from resuelve.domain.incident import Incident
from resuelve.domain.known_error import KnownError
from resuelve.resolution.attachments import Attached
from resuelve.resolution.deliberation import Deliberation
from resuelve.resolution.trace import plain

_CONSIDERED = 5


def evidence(deliberation: Deliberation) -> dict[str, Any]:
    """What was decided and on which grounds. Plain JSON; field names are English, values from the dictionary stay."""
    problem, verdict = deliberation.problem, deliberation.critique
    resolution = deliberation.resolution
    considered = [
        {
            "problem": one.problem.id,
            "component": one.problem.component,
            "example": one.candidate.example,
            "resolution": one.problem.prescription.label,
            "dense": one.candidate.dense,
            "lexical": one.candidate.lexical,
            "relevance": one.relevance,
            "runoff": one.runoff,
        }
        for one in deliberation.findings.ranked[:_CONSIDERED]
    ]
    rejections = [
        {
            "problem": rejection.problem.id,
            "resolution": rejection.problem.prescription.label,
            "queue": rejection.problem.prescription.queue,
            "solution": rejection.problem.solution,
            "critique": rejection.critique,
        }
        for rejection in deliberation.rejections
    ]
    found: dict[str, Any] = plain(
        {
            "language": deliberation.findings.reading.language,
            "problem": {
                "id": problem.id,
                "component": problem.component,
                "description": problem.description,
                "lines": problem.lines,
                "fix": _fix(problem),
                "fingerprint": problem.fingerprint,
            }
            if problem
            else None,
            "prescribed": problem.prescription.label if problem else None,
            "score": verdict.score if verdict else None,
            "critique": verdict,
            "doubt": deliberation.doubt,
            "resolution": type(resolution).__name__,
            "proposed_text": "" if isinstance(resolution, HandOff) else getattr(resolution, "text", ""),
            "proposed_queue": resolution.queue if isinstance(resolution, Reassign) else "",
            "permission": deliberation.authorisation.permission,
            "reason": deliberation.authorisation.reason,
            "consulted": deliberation.consulted,
            "waiting": deliberation.waiting,
            "paused": deliberation.paused,
            "considered": considered,
            "rejections": rejections,
            "identifiers": [
                {"kind": i.kind, "source": i.source, "valid": i.valid} for i in deliberation.findings.identifiers
            ],
            "unread": deliberation.findings.reading.unread,
            "attachments": [_attachment(one) for one in deliberation.findings.reading.attached],
            "usage": deliberation.usage,
            "versions": deliberation.versions,
            "seconds": _seconds(deliberation),
        }
    )
    return found


def entry(
    incident: Incident, decided: dict[str, Any], outcome: Outcome, seconds: dict[str, float], trace: str = ""
) -> dict[str, Any]:
    """The report's entry: the incident, the evidence, and what was done; `trace` is the id of its trace."""
    return {
        "incident": incident.code,
        "revision": incident.revision,
        "queue": incident.queue,
        "title": incident.title[:200],
        "outcome": outcome.kind.value,
        "reason": outcome.reason,
        "changed": outcome.changed,
        "reference": outcome.reference,
        "sent": {"text": outcome.text, "queue": outcome.queue} if outcome.text else None,
        "decision": decided,
        "seconds": {**decided.get("seconds", {}), **seconds},
        "trace": trace,
        **({"approved_by": decided["approved"]["who"]} if "approved" in decided else {}),
    }


def outcome_of(value: dict[str, Any]) -> Outcome:
    """The outcome that was kept as JSON."""
    return Outcome(**{**value, "kind": OutcomeKind(value["kind"])})


def _attachment(one: Attached) -> dict[str, Any]:
    """What became of an attachment, without what it says: the file is on the ticket for those who may see it."""
    document = one.document
    return {
        "origin": one.origin,
        "name": one.name,
        "kind": document.kind,
        "read": [{"place": p.place, "characters": len(p.text)} for p in document.passages],
        "unread": [{"place": o.place, "reason": o.reason, "detail": o.detail} for o in document.obstacles],
        "described": bool(one.described),
    }


def _seconds(deliberation: Deliberation) -> dict[str, float]:
    totals: dict[str, float] = {}
    for step in deliberation.trace.steps:
        totals[step.stage] = totals.get(step.stage, 0.0) + step.seconds
    return totals


def _fix(problem: KnownError) -> dict[str, str | None] | None:
    """The day on which a fix under way is expected; None for a row of the dictionary."""
    if problem.fix is None:
        return None
    return {"expected": problem.fix.expected.isoformat() if problem.fix.expected else None}
