"""What the trace shows of a search and of an order, for `explain`."""

from __future__ import annotations

from resuelve.resolution.attachments import obstacles_of
from resuelve.resolution.read import Reading
from resuelve.resolution.rerank import Ranked
from resuelve.resolution.retrieve import Retrieved

_LONGEST = 600
"""Characters of an attachment that the trace shows."""

SHOWN = 8
"""Candidates that the trace shows."""


def attached_in_short(reading: Reading) -> dict[str, object]:
    """What attachments say, the beginning of it, and what was not read of them."""
    said = (*reading.seen, *reading.described)
    left = obstacles_of(reading.attached)
    return {
        "attached": [{"source": part.source, "text": _begun(part.text)} for part in said],
        "unread": [{"source": source, "reason": one.reason, "detail": one.detail} for source, one in left],
    }


def _begun(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)})"


def found_in_short(found: Retrieved) -> dict[str, object]:
    """What a search found, the first of it."""
    return {
        "found": [
            {"problem": one.problem.id, "dense": one.dense, "lexical": one.lexical, "score": one.score}
            for one in found.candidates[:SHOWN]
        ],
        "mean": found.mean,
        "spread": found.spread,
        "aside": found.aside.problem.id if found.aside else None,
    }


def ranked_in_short(one: Ranked) -> dict[str, object]:
    """A candidate with what its place in the order came from."""
    names = ("relevance", "runoff", "closeness", "coverage", "echo", "named", "queue")
    shown = {name: getattr(one, name) for name in names}
    return {"problem": one.problem.id, "example": one.candidate.example, **shown}
