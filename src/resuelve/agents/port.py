"""Agents: what stands behind an ``api|CODE`` of the dictionary."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from resuelve.domain.decision import AgentAnswer
from resuelve.domain.identifier import Identifier, IdentifierKind


@dataclass(frozen=True, slots=True)
class AgentRequest:
    """What an agent is told. Identifiers are the ticket's, found and validated; nothing was guessed.

    Attributes:
        code: the ``CODE`` of ``api|CODE``.
        incident: the incident code, for the records of the business system.
        language: ``es`` or ``en``, the language of the person who reads the ticket.
        team_language: of the colleagues who read why a ticket was handed over.
    """

    code: str
    incident: str
    identifiers: tuple[Identifier, ...]
    language: str = "es"
    team_language: str = "es"

    def of(self, *kinds: IdentifierKind) -> tuple[Identifier, ...]:
        """The identifiers of these kinds, in the order of the text, each value once."""
        seen: dict[str, Identifier] = {}
        for identifier in self.identifiers:
            if identifier.kind in kinds:
                seen.setdefault(identifier.value, identifier)
        return tuple(seen.values())


@runtime_checkable
class Agent(Protocol):
    """One agent, for one code."""

    def answer(self, request: AgentRequest) -> AgentAnswer:
        """Close, Hold, Reassign or HandOff, in words for the person who reads the ticket.

        A missing parameter is a `Hold` that asks for it. Of two different values of one parameter none is chosen: an
        agent that needs one value answers with a `HandOff`; one that checks every value speaks of those it found wrong.

        Raises:
            AgentUnavailable, AgentRefused: the system gave no answer that may be used.
        """
        ...


Agents = Mapping[str, Callable[[], Agent]]
"""The agents that exist, by code; each is built when it is first needed."""
