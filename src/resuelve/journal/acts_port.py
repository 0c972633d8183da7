"""The port of what was done by itself, and came back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable


class ReturnedAs(StrEnum):
    """How it is known that a change was wrong: the ticket came back, or a person said so."""

    REOPENED = "reopened"
    REPORTED = "reported"


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
    """An act that turned out wrong, until somebody has seen to it."""

    act: Act
    how: ReturnedAs
    at: datetime


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
        """Note that an act turned out wrong. False when there is no such act.

        Reopened: only the first time, because a ticket shows for ever that it came back; False otherwise. Reported:
        also when somebody has seen to it before.
        """
        ...

    def returned(self, *, ever: bool = False) -> Sequence[Returned]:
        """What came back and nobody has seen to, in the order of the acts; with `ever`, also what was seen to."""
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
