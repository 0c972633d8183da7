"""What was found, chosen and decided about a ticket, and how: the values that `deliberate` gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from resuelve.domain.decision import Critique, Doubt, Resolution
from resuelve.domain.identifier import Identifier
from resuelve.domain.known_error import KnownError
from resuelve.models import Usage
from resuelve.resolution.authorise import Authorisation
from resuelve.resolution.read import Reading
from resuelve.resolution.reformulate import Query
from resuelve.resolution.rerank import Ranked
from resuelve.resolution.retrieve import NOTHING, Retrieved
from resuelve.resolution.trace import Trace


@dataclass(frozen=True, slots=True)
class Judged:
    """A choice and what the critic said of it."""

    problem: KnownError
    critique: Critique


@dataclass(frozen=True, slots=True)
class Findings:
    """What the stages before the decision found; empty where they had no need to look.

    Attributes:
        telling: what each attachment that tells something tells, as a query.
        nearest: the rows that the ticket's own words had offered, where the attachments were searched with too.
    """

    reading: Reading
    identifiers: tuple[Identifier, ...]
    queries: tuple[Query, ...] = ()
    found: Retrieved = NOTHING
    ranked: tuple[Ranked, ...] = ()
    telling: tuple[Query, ...] = ()
    nearest: frozenset[str] = frozenset()

    @property
    def carried(self) -> bool:
        """True when the attachments were searched with too."""
        return any(query.purpose == "attachment" for query in self.queries)

    @property
    def typed(self) -> bool:
        """True when people wrote an identifier; what stands in a file is no feature of what they wrote."""
        attached = {part.source for part in self.reading.seen}
        return any(one.source not in attached for one in self.identifiers)


@dataclass(frozen=True, slots=True)
class Deliberation:
    """What was decided about a ticket, and how.

    Attributes:
        problem: the known error that was chosen, or the closest that the critic rejected; None when there is none.
        critique: what the critic said of it.
        rejections: every choice that the critic rejected, in order.
        resolution: what is to be done; an agent has answered already.
        consulted: the code of the agent that was asked; empty when none was.
        doubt: why a person gets it; `Doubt.NONE` otherwise.
        waiting: True when nothing is to be decided until somebody answers.
        paused: True when it would be acted on, if not everything were stopped.
        versions: see `Rules.versions`.
    """

    findings: Findings
    problem: KnownError | None
    critique: Critique | None
    rejections: tuple[Judged, ...]
    resolution: Resolution
    authorisation: Authorisation
    doubt: Doubt
    consulted: str
    waiting: bool
    usage: Usage
    trace: Trace
    paused: bool = False
    versions: Mapping[str, str] = field(default_factory=dict)
