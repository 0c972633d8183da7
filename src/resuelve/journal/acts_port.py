"""The port of what was done by itself, and came back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable


class ReturnedAs(StrEnum):
    """How it is known that a change did not last.

    REOPENED: the ticket came back. REPORTED: a person said that it was wrong. MOVED: a person gave the ticket on to
    another mailbox, which may be this desk's usual way: it did not last, but nobody says that it was wrong.
    """

    REOPENED = "reopened"
    REPORTED = "reported"
    MOVED = "moved"

    def outweighs(self, known: ReturnedAs) -> bool:
        """True when it takes the place of what is known."""
        return self is ReturnedAs.REPORTED or (self, known) == (ReturnedAs.REOPENED, ReturnedAs.MOVED)


@dataclass(frozen=True, slots=True)
class Act:
    """A change that was made to a ticket, or is just being made.

    Attributes:
        reference: the mark that the change leaves on the ticket.
        queue, target: the mailbox that the ticket was in, and the one that it was given to (empty when to none).
        kind: what was done: ``closed``, ``held``, ``reassigned``.
        problem: the known error that it was done for.
        row: the fingerprint of that row as it was then.
        at: when, with its zone.
    """

    reference: str
    incident: str
    queue: str
    target: str
    kind: str
    problem: str
    row: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Returned:
    """An act that turned out wrong (reopened or reported), until somebody has seen to it."""

    act: Act
    how: ReturnedAs
    at: datetime


@dataclass(frozen=True, slots=True)
class Followed:
    """An act, and whether it lasted.

    Attributes:
        how: what is known last of how it came back; None when it has not.
        first: when it was first known that it came back, in whatever way.
    """

    act: Act
    how: ReturnedAs | None = None
    first: datetime | None = None


@runtime_checkable
class Acts(Protocol):
    """Facts, kept for ever. Safe from several threads and processes. May raise `JournalError`."""

    def note(self, act: Act) -> None:
        """Keep an act; one that is known, by ticket and reference, stays as it is."""
        ...

    def forget(self, incident: str, reference: str) -> None:
        """Take an act out that was not carried out after all."""
        ...

    def find(self, references: Collection[str]) -> Sequence[Act]:
        """The acts of these references, in any order."""
        ...

    def of(self, incident: str) -> Sequence[Act]:
        """The acts on a ticket, oldest first."""
        ...

    def count(self, since: datetime, kinds: Collection[str]) -> int:
        """How many acts of these kinds there were from a moment on."""
        ...

    def note_return(self, act: Act, how: ReturnedAs, at: datetime) -> bool:
        """Note that an act did not last. False when there is no such act, or nothing to note.

        Moved: only where nothing else is known. Reopened: only the first time, because a ticket shows for ever that it
        came back; it outweighs moved. Reported: also when somebody has seen to it before.
        """
        ...

    def returned(self, *, ever: bool = False) -> Sequence[Returned]:
        """What turned out wrong and nobody has seen to, in the order of the acts; with `ever`, also what was seen to.

        What was moved is not among them: that is no evidence against a row.
        """
        ...

    def followed(self, since: datetime) -> Iterator[Followed]:
        """The acts from a moment on, to the millisecond, in the order of their times, and what came back of them.

        What is noted while they are read is not among them.
        """
        ...

    def see_to(self, acts: Collection[Act]) -> int:
        """Note that somebody has seen to what came back; how many of them there were."""
        ...

    def seen(self) -> int:
        """How often somebody has seen to one, ever; never less than before."""
        ...

    def close(self) -> None:
        """Give back connections."""
        ...
