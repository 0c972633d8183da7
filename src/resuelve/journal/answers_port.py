"""The port of what people answered when they were asked whether something may be done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Answer:
    """A person's yes or no to what was proposed for a ticket as it stood.

    Attributes:
        row: the id of the known problem that it was proposed for.
        state: that row as it was then (`merits.state_of`); empty where the row was not judged, because an agent was
            not to be asked.
        mark: of the proposal that the person saw (`resolution.proposal.Proposal.mark`).
        agreed: True for a yes.
        who, why: as given; the reason of a yes may be empty.
        at: when, with its zone.
    """

    incident: str
    revision: str
    row: str
    state: str
    mark: str
    agreed: bool
    who: str
    why: str
    at: datetime


@runtime_checkable
class Answers(Protocol):
    """Facts, kept for ever. Safe from several threads and processes. May raise `JournalError`."""

    def note(self, answer: Answer) -> Answer:
        """Keep an answer, or return the one that stands (see `of`).

        Atomic across processes. One that lasts has it on the disk when this returns, as `Journal.intend`.
        """
        ...

    def of(self, incident: str, revision: str, mark: str = "") -> Answer | None:
        """The answer that stands: the first no to a ticket in this revision, else the yes to the proposal of this mark.

        A yes to one text says nothing of another one; a no says that the ticket is to stay as it stands.
        """
        ...

    def given(self, *, incident: str = "", state: str = "") -> Iterator[Answer]:
        """Answers in the order in which they were noted, one at a time; all, or those about one incident or state."""
        ...

    def close(self) -> None:
        """Give back connections."""
        ...
