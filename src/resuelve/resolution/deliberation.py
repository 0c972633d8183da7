"""What was found, chosen and decided about a ticket, and how: the values that `deliberate` gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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


def avoided(rejections: Sequence[Judged]) -> frozenset[str]:
    """The rows that are not to be chosen after these rejections."""
    return frozenset(one for rejection in rejections for one in rejection.critique.avoid)


ABOUT_THE_ROW = frozenset({Doubt.NO_MATCH, Doubt.WEAK_MATCH, Doubt.UNMET_CONDITION})
"""Doubts after which another row is tried; where the ticket itself is the reason, every row would be rejected."""

MAY_BE_CARRIED = ABOUT_THE_ROW | {Doubt.CONTRADICTORY, Doubt.PERHAPS_ANSWERED}
"""Doubts that what is attached may dispel."""

_FOR_LACK_OF_WORDS = MAY_BE_CARRIED | {Doubt.NOTHING_TO_DECIDE}
"""Doubts to which an attachment that could not be read may be the answer."""

_NAMED = 3
"""Attachments that a reason names."""


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

    def not_seen(self, doubt: Doubt) -> str:
        """Names of attachments that were not read, where they may hold what dispels the doubt; empty otherwise."""
        names = self.reading.unseen if doubt in _FOR_LACK_OF_WORDS else ()
        return ", ".join(names[:_NAMED]) + ("…" if len(names) > _NAMED else "")


def spoke(versions: Mapping[str, str], findings: Findings, stood_in: Iterable[str]) -> dict[str, str]:
    """By role, the learned versions that spoke about a ticket: what is in use is not always heard.

    Args:
        versions: see `Rules.versions`.
        stood_in: see `MeteredChat.stood_in`.
    """
    described = {one.described_by for one in findings.reading.attached if one.described_by}
    return {**versions, **{name.partition("/")[0]: name for name in (*described, *stood_in)}}


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
        versions: by role, the learned version that spoke about this ticket.
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
