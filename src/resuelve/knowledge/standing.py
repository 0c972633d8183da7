"""How a ticket stands with a dictionary: which row a run would choose, and what it would do. Nothing is touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from resuelve.domain.decision import Doubt, HandOff, Permission, Resolution, Verdict
from resuelve.domain.incident import Incident
from resuelve.domain.known_error import KnownError
from resuelve.models import ChatModel
from resuelve.resolution.authorise import Policy, permission_of
from resuelve.resolution.consult import prescribed
from resuelve.resolution.deliberate import deliberate
from resuelve.resolution.knowledge import Knowledge
from resuelve.resolution.rules import Rules

_T = TypeVar("_T")
_R = TypeVar("_R")


@dataclass(frozen=True, slots=True)
class Standing:
    """What a run would make of a ticket, as far as the dictionary decides it.

    Attributes:
        problem: the row that was chosen, or the closest one that the critic rejected; empty when there is none.
        approved: the critic approved the row, at the threshold.
        resolution: what the row would do, by itself or with a person's leave; None when a person gets the ticket. An
            agent is not asked: its row counts as chosen.
        score: the critic's, 0 to 100; None when there is no row.
        reason: why the row was not approved; empty when it was.
    """

    problem: str
    approved: bool
    resolution: Resolution | None
    score: float | None
    doubt: Doubt
    reason: str

    def as_json(self) -> dict[str, Any]:
        """For reports and other programs; the resolution by its kind."""
        return {
            "problem": self.problem or None,
            "approved": self.approved,
            "resolution": type(self.resolution).__name__ if self.resolution else None,
            "queue": getattr(self.resolution, "queue", ""),
            "score": None if self.score is None else round(self.score, 1),
            "doubt": self.doubt.value,
            "reason": self.reason,
        }


def standing(incident: Incident, knowledge: Knowledge, rules: Rules, chat: ChatModel | None = None) -> Standing:
    """Decide about a ticket as a run does, up to the point at which an agent would be asked.

    Raises:
        ModelUnavailable: the embedder or the language model is out of reach.
        VectorIndexError: the index could not be searched.
    """
    # Without agents `consult` asks nobody; what it then answers is of no interest here.
    decided = deliberate(incident, knowledge=knowledge, rules=rules, agents={}, chat=chat)
    problem, critique = decided.problem, decided.critique
    if problem is None or critique is None or critique.verdict is not Verdict.APPROVED:
        return Standing(
            problem=problem.id if problem else "",
            approved=False,
            resolution=None,
            score=critique.score if critique else None,
            doubt=decided.doubt,
            reason=decided.authorisation.reason,
        )
    return Standing(problem.id, True, _leads_to(problem, rules.policy), critique.score, Doubt.NONE, "")


def _leads_to(problem: KnownError, policy: Policy) -> Resolution | None:
    resolution = prescribed(problem)
    if isinstance(resolution, HandOff) or permission_of(resolution, policy)[0] is Permission.NEVER:
        return None
    return resolution


def each(
    work: Callable[[_T], _R], items: Sequence[_T], *, workers: int, progress: Callable[[int, int], None]
) -> Iterator[_R]:
    """The answers in the order of the items, several at the same time; `progress` is told how many of how many."""
    progress(0, len(items))
    with ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        for done, answer in enumerate(pool.map(work, items), start=1):
            progress(done, len(items))
            yield answer
