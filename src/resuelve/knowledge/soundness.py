"""Rows that could never be carried out, seen before they stand in the dictionary."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass

from resuelve.domain.decision import Doubt
from resuelve.domain.known_error import KnownError, ResolutionKind
from resuelve.resolution.critique import unusable


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


def _defect(problem: KnownError, agents: Container[str]) -> Defect | None:
    code = problem.prescription.agent_code
    if problem.prescription.kind is ResolutionKind.AGENT and code not in agents:
        return Defect(problem.id, Doubt.NONE, code)
    doubt = unusable(problem)
    return None if doubt is Doubt.NONE else Defect(problem.id, doubt)
