"""A known error (ITIL): one problem of the dictionary with its examples and its resolution."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum


class ResolutionKind(StrEnum):
    """What the dictionary says is to be done; the value is the word written in the CSV."""

    MANUAL = "manual"
    CLOSE = "cierre"
    HOLD = "En espera"
    REASSIGN = "reasignacion"
    AGENT = "api"


@dataclass(frozen=True, slots=True)
class Prescription:
    """The resolution that a row prescribes.

    Attributes:
        agent_code: what follows ``api|``; empty unless `kind` is AGENT.
        queue: target mailbox; empty unless `kind` is REASSIGN.
    """

    kind: ResolutionKind
    agent_code: str = ""
    queue: str = ""

    @property
    def label(self) -> str:
        """As written in the dictionary: ``cierre``, ``api|fxprovicion``, ``reasignacion``…"""
        return f"api|{self.agent_code}" if self.kind is ResolutionKind.AGENT else str(self.kind)


@dataclass(frozen=True, slots=True)
class Fix:
    """A correction that is under way.

    Attributes:
        expected: the day on which it is expected to be in place; None when nobody has named one.
    """

    expected: date | None

    def ahead(self, today: date) -> bool:
        """True while tickets can be told to wait for it: to the end of the day that was named."""
        return self.expected is not None and today <= self.expected


@dataclass(frozen=True, slots=True)
class KnownError:
    """A problem that the team has solved before.

    Attributes:
        id: ``ID PROBLEMA``, or derived from the content; stable under reordering of the file.
        examples: one or more descriptions; the first is the row's own.
        solution: the text that people wrote; it may be sent to a ticket, never rewritten.
        lines: the lines of the file that it came from, 1 being the header.
        fix: the correction that tickets wait for, when this is one of the fixes under way; None for a row.
    """

    id: str
    component: str
    examples: tuple[str, ...]
    kind: str
    solution: str
    prescription: Prescription
    resolved_on: str = ""
    lines: tuple[int, ...] = ()
    fix: Fix | None = None

    @property
    def description(self) -> str:
        """The first example."""
        return self.examples[0]

    @property
    def content(self) -> str:
        """All that makes it what it is, as one text: not the lines that it stands on, nor the order of its examples."""
        return repr(replace(self, lines=(), examples=tuple(sorted(self.examples))))

    @property
    def fingerprint(self) -> str:
        """Changes when the row itself does, not when it gets one more example (12 hex digits)."""
        what = self.prescription
        parts = (self.component, self.description, self.solution, str(what.kind), what.queue, what.agent_code)
        return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:12]
