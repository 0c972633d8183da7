"""How well the team documented what it did: whether somebody else could do the same from it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from resuelve.domain.known_error import ResolutionKind
from resuelve.knowledge.maintenance.proposal import Grade
from resuelve.knowledge.past import Lesson
from resuelve.resolution.words import fold, stems

_SHORT = 5
"""Telling words; a shorter answer says that something was done, and not what."""

_FULL = 10

_ABOUT_THE_REQUESTER = re.compile(
    r"\b(?:el|la|al|del|los|las)\s+(?:client|usuari|asegurad|solicitant|interesad|titular)\w*"
    r"|\bse\s+(?:le|les)\b|\b(?:informad|avisad|explicad|hablad)[oa]s?\b|\bthe\s+(?:customer|user|client)\b"
)
"""A note for colleagues, which speaks of the person who asked; it cannot be sent to that person as it is."""

_POOR = frozenset({"no_answer", "short_answer", "deeds_differ", "reopened"})


def graded(lessons: Sequence[Lesson], answer: str) -> tuple[Grade, tuple[str, ...]]:
    """The grade, and why: keys of `texts` below ``maintenance.grade``.

    Args:
        lessons: the incidents of a proposal.
        answer: what it would make the row's solution.
    """
    reasons = tuple(f"maintenance.grade.{reason}" for reason in _reasons(lessons, answer))
    if not reasons:
        return Grade.GOOD, ("maintenance.grade.complete",)
    poor = any(reason.rsplit(".", 1)[1] in _POOR for reason in reasons)
    return (Grade.POOR if poor else Grade.FAIR), reasons


def _reasons(lessons: Sequence[Lesson], answer: str) -> list[str]:
    said = len(stems(answer))
    deeds = {(one.done.kind, one.done.queue.casefold(), one.done.agent_code) for one in lessons}
    found = {
        "no_answer": not said,
        "short_answer": 0 < said < _SHORT,
        "brief_answer": _SHORT <= said < _FULL,
        "deeds_differ": len(deeds) > 1,
        "unclear_deed": all(one.done.kind is ResolutionKind.MANUAL for one in lessons),
        "reopened": 2 * sum(one.reopened for one in lessons) >= len(lessons),
        "for_colleagues": _ABOUT_THE_REQUESTER.search(fold(answer)) is not None,
        "single": len(lessons) == 1,
    }
    return [reason for reason, holds in found.items() if holds]
