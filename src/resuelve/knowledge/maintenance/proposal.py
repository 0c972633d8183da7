"""A proposal: one record that could be added to the dictionary, and what speaks for and against it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from resuelve.domain.known_error import Prescription


class ProposalKind(StrEnum):
    """What accepting it would do."""

    PROBLEM = "problem"
    """A known problem more: no row covers what these incidents asked."""
    EXAMPLE = "example"
    """One more description of a known problem, so that it is found the next time somebody asks in these words."""


class Grade(StrEnum):
    """How well the team documented what it did."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One closed incident that a proposal came from.

    Attributes:
        title: as it was asked, identifiers and names removed.
        answer: what the team wrote, identifiers and names removed.
        done: what was really done.
    """

    code: str
    title: str
    answer: str
    done: Prescription
    closed_on: date | None
    reopened: bool


@dataclass(frozen=True, slots=True)
class Near:
    """A row (by `ID PROBLEMA`) or another proposal (by id) that says nearly the same.

    Attributes:
        likeness: of the descriptions, 0 to 1.
    """

    id: str
    likeness: float


@dataclass(frozen=True, slots=True)
class Proposal:
    """A record that could be added.

    Attributes:
        id: `proposal_id` of its evidence.
        problem: the ``ID PROBLEMA`` that it would have: of an existing row (EXAMPLE), or a new one (PROBLEM).
        kind_of_incident: ``TIPO INCIDENCIA``.
        prescription: inferred from what was really done; MANUAL where the incidents do not agree or do not tell.
        certainty: probability that `kind` is right, 0 to 1.
        grade: of the documentation, with `reasons`, keys of `texts`.
        duplicates: rows and proposals that would lead to the same.
        contradicts: rows and proposals that say nearly the same and lead elsewhere.
        worded_by: ``extracted``, or the name of the model that wrote description and solution.
    """

    id: str
    kind: ProposalKind
    problem: str
    component: str
    description: str
    kind_of_incident: str
    solution: str
    prescription: Prescription
    resolved_on: date | None
    certainty: float
    grade: Grade
    reasons: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    duplicates: tuple[Near, ...] = ()
    contradicts: tuple[Near, ...] = ()
    worded_by: str = "extracted"


def proposal_id(kind: ProposalKind, codes: Iterable[str]) -> str:
    """``P-`` and eight hex digits; the same for the same kind and incidents, in any order."""
    text = "\x1f".join([kind, *sorted(set(codes))])
    return "P-" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
