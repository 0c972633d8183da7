"""What Resuelve decides about an incident, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from resuelve.domain.known_error import KnownError


@dataclass(frozen=True, slots=True)
class Close:
    """Close the ticket with this text."""

    text: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Put the ticket on hold with this question or notice."""

    text: str


@dataclass(frozen=True, slots=True)
class Reassign:
    """Move the ticket to another mailbox."""

    queue: str
    text: str


@dataclass(frozen=True, slots=True)
class RunAgent:
    """Ask the agent of a business system, which answers with one of the other resolutions."""

    code: str


@dataclass(frozen=True, slots=True)
class HandOff:
    """Leave the ticket to a person, untouched, for this reason."""

    reason: str


Resolution = Close | Hold | Reassign | RunAgent | HandOff
"""Everything that can be decided. A closed union: match it exhaustively."""

TicketAction = Close | Hold | Reassign
"""The resolutions that change a ticket."""

AgentAnswer = Close | Hold | Reassign | HandOff
"""What an agent may answer: never another agent."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A known error that retrieval found for an incident.

    Attributes:
        example: the description that matched best.
        dense: cosine similarity of the embeddings, -1 to 1.
        lexical: BM25 score, 0 or more; comparable within one search only.
        score: fused rank score; comparable within one search only.
        queries: the indices of the queries that found it.
    """

    problem: KnownError
    example: str
    dense: float
    lexical: float
    score: float
    queries: tuple[int, ...] = ()


class Verdict(StrEnum):
    """What the critic says of a choice."""

    APPROVED = "approved"
    REJECTED = "rejected"
    ALREADY_TRIED = "already_tried"


class Doubt(StrEnum):
    """The kind of problem that the critic sees; also the reason why a person gets the ticket."""

    NONE = "none"
    NOTHING_TO_DECIDE = "nothing_to_decide"
    NO_MATCH = "no_match"
    WEAK_MATCH = "weak_match"
    AMBIGUOUS = "ambiguous"
    CONTRADICTORY = "contradictory"
    SEVERAL_PROBLEMS = "several_problems"
    MOVED_ON = "moved_on"
    FIX_OVERDUE = "fix_overdue"
    ROW_FELL = "row_fell"
    UNPROVEN = "unproven"
    ALREADY_THERE = "already_there"
    UNMET_CONDITION = "unmet_condition"
    TOO_LONG = "too_long"
    PERHAPS_ANSWERED = "perhaps_answered"
    ALREADY_TRIED = "already_tried"
    TOLD_BEFORE = "told_before"
    GRAVE_MATTER = "grave_matter"
    PLACEHOLDER_TEXT = "placeholder_text"
    NO_USABLE_SOLUTION = "no_usable_solution"
    INSTRUCTIONS_IN_TEXT = "instructions_in_text"
    MODEL_DISAGREES = "model_disagrees"
    MODEL_FAILED = "model_failed"
    MANUAL_ROW = "manual_row"
    AGENT_HANDS_OFF = "agent_hands_off"
    POLICY = "policy"


@dataclass(frozen=True, slots=True)
class Critique:
    """The critic's answer.

    Attributes:
        score: 0 to 100, how likely the choice is right.
        features: what the score was made of, by name; shown by ``explain``.
        avoid: problem ids that are not to be chosen again for this incident.
        advice: what to try instead, for the next attempt or for a person.
    """

    verdict: Verdict
    score: float
    reason: str
    doubt: Doubt = Doubt.NONE
    avoid: tuple[str, ...] = ()
    advice: str = ""
    features: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """One known error, or none, with the reason."""

    problem: KnownError | None
    reason: str
    doubt: Doubt = Doubt.NONE


class Permission(StrEnum):
    """What the policy says about a resolution."""

    AUTOMATIC = "automatic"
    ASK = "ask"
    NEVER = "never"


class OutcomeKind(StrEnum):
    """What became of an incident in a run."""

    CLOSED = "closed"
    HELD = "held"
    REASSIGNED = "reassigned"
    HANDED_OFF = "handed_off"
    WAITING = "waiting"
    SUPERSEDED = "superseded"
    SHADOWED = "shadowed"
    PAUSED = "paused"
    UNKNOWN = "unknown"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done to the ticket, and why.

    Attributes:
        changed: True when the ticket manager carried out a change.
        reference: the mark by which the change is found again on the ticket; empty when nothing was sent.
        text: the very text that was sent, or would have been.
    """

    kind: OutcomeKind
    reason: str
    changed: bool = False
    reference: str = ""
    text: str = ""
    queue: str = ""
