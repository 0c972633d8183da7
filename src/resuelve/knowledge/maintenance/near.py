"""Which rows, and which other proposals, say nearly the same as a proposal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.knowledge.maintenance.proposal import Near, Proposal, ProposalKind
from resuelve.knowledge.mining.clusters import ASKED, centred
from resuelve.models import Embedder, Vectors

ALIKE = 1.0 - ASKED
"""Likeness from which on two descriptions are of one story: that up to which incidents are joined into one."""

_MOST = 5


@dataclass(frozen=True, slots=True)
class _Other:
    id: str
    problem: str
    prescription: Prescription


def with_neighbours(
    proposals: Sequence[Proposal], problems: Mapping[str, KnownError], embedder: Embedder, background: Vectors
) -> tuple[Proposal, ...]:
    """The proposals, each with what it duplicates and what it contradicts.

    Two descriptions are compared by the cosine of their centred vectors. What leads to the same is a duplicate, what
    leads elsewhere a contradiction. The row that an example is for is neither.

    Raises:
        ModelUnavailable: the embedder gave no answer.
    """
    if not proposals:
        return ()
    others = [_Other(one.id, one.id, one.prescription) for one in problems.values()]
    others += [_Other(one.id, one.problem, one.prescription) for one in proposals]
    texts = [*(one.description for one in problems.values()), *(one.description for one in proposals)]
    vectors = centred(embedder.embed(texts), background)
    first = len(problems)
    return tuple(_placed(one, others, vectors @ vectors[first + at], first + at) for at, one in enumerate(proposals))


def _placed(proposal: Proposal, others: Sequence[_Other], likeness: Vectors, own: int) -> Proposal:
    duplicates: list[Near] = []
    contradicts: list[Near] = []
    for at in map(int, np.argsort(-likeness)):
        if likeness[at] < ALIKE:
            break
        if at == own or (proposal.kind is ProposalKind.EXAMPLE and others[at].problem == proposal.problem):
            continue
        same = leads_to(others[at].prescription) == leads_to(proposal.prescription)
        (duplicates if same else contradicts).append(Near(others[at].id, round(min(1.0, float(likeness[at])), 3)))
    return replace(proposal, duplicates=tuple(duplicates[:_MOST]), contradicts=tuple(contradicts[:_MOST]))


def leads_to(prescription: Prescription) -> tuple[ResolutionKind, str, str]:
    """What two prescriptions must share to do the same."""
    return prescription.kind, prescription.queue.casefold(), prescription.agent_code
