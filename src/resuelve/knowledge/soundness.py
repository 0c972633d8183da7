"""Rows that could never be carried out, seen before they stand in the dictionary."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass

from resuelve.domain.decision import Doubt
from resuelve.domain.known_error import KnownError, ResolutionKind
from resuelve.resolution.critique import unusable
from resuelve.resolution.identify import has_placeholder


@dataclass(frozen=True, slots=True)
class Defect:
    """Why a problem's row would only ever hand its tickets to a person.

    Attributes:
        doubt: that the critic would have; NONE when the agent is missing.
        agent: the code that no agent answers; empty when the text is at fault.
    """

    problem: str
    doubt: Doubt
    agent: str = ""


def new_defects(
    before: Mapping[str, KnownError], after: Mapping[str, KnownError], agents: Container[str]
) -> tuple[Defect, ...]:
    """The defects that a change brings; what was so before is not its fault.

    Args:
        agents: the codes that are answered.
    """
    found = []
    for name, problem in after.items():
        defect = _defect(problem, agents)
        if defect is not None and (name not in before or _defect(before[name], agents) != defect):
            found.append(defect)
    return tuple(found)


def unnamed_mailboxes(problems: Iterable[KnownError]) -> tuple[KnownError, ...]:
    """The problems that are reassigned to a mailbox whose name looks like one never filled in (``MOCK_BUZON``)."""
    return tuple(problem for problem in problems if has_placeholder(problem.prescription.queue))


def solutions_wanted(problems: Iterable[KnownError]) -> int:
    """How many problems send their SOLUCIÓN to the requester."""
    return sum(problem.prescription.kind in (ResolutionKind.CLOSE, ResolutionKind.HOLD) for problem in problems)


def _defect(problem: KnownError, agents: Container[str]) -> Defect | None:
    code = problem.prescription.agent_code
    if problem.prescription.kind is ResolutionKind.AGENT and code not in agents:
        return Defect(problem.id, Doubt.NONE, code)
    doubt = unusable(problem)
    return None if doubt is Doubt.NONE else Defect(problem.id, doubt)
