"""The journal: what was intended, what was done, and how a broken run goes on.

Five ports. `Journal` keeps facts for ever. `Acts` (`acts_port`) is the record of what was done, and came back: by it a
row keeps or loses the right to act. `Answers` (`answers_port`) is what people said when they were asked: by it a row
earns that right. `History` keeps every call of every model, to be learned from. `Engine` carries one
incident through its steps so that a process that is killed at any moment can be started again: a finished step is
remembered, an unfinished one is run again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from resuelve.journal.acts_port import Act, Acts, Followed, Returned, ReturnedAs
from resuelve.journal.answers_port import Answer, Answers

__all__ = [
    "Act",
    "Acts",
    "Answer",
    "Answers",
    "CallOutcome",
    "Engine",
    "Followed",
    "History",
    "IncidentRecord",
    "Intent",
    "IntentState",
    "Journal",
    "Json",
    "ModelCall",
    "Recorded",
    "Returned",
    "ReturnedAs",
    "Steps",
    "Unfinished",
    "Work",
    "WorkItem",
]

Json = Any
"""A value that survives a JSON round trip unchanged (a tuple does not: it comes back as a list)."""


class IntentState(StrEnum):
    """How far a change to a ticket has come.

    REFUSED: known not to have been made, so it may be tried again. UNKNOWN: nobody can tell; a person must look.
    """

    INTENDED = "intended"
    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Intent:
    """A change that is about to be made to a ticket. At most one exists for each revision of a ticket.

    Attributes:
        incident, revision: the ticket, and the state of it that was decided on.
        reference: the mark written into the text of the change, unique to this intent.
        owner: the work item (`WorkItem.key`) that made the intent; only that one may carry it out.
        action: the change as JSON: ``{"kind": "close", "text": …}``.
    """

    incident: str
    revision: str
    reference: str
    owner: str
    action: Json
    state: IntentState = IntentState.INTENDED


@dataclass(frozen=True, slots=True)
class IncidentRecord:
    """What a run decided and did about one incident, as it goes into the report."""

    run: str
    incident: str
    revision: str
    outcome: str
    content: Json


@dataclass(frozen=True, slots=True)
class Recorded:
    """A record, and when it was written, with its zone."""

    record: IncidentRecord
    at: datetime


@runtime_checkable
class Journal(Protocol):
    """Facts, kept for ever. Safe from several threads and processes. May raise `JournalError`."""

    def start_run(self, run: str, about: Json) -> None:
        """Note that a run began; `about` says with which settings, index and dictionary."""
        ...

    def finish_run(self, run: str, totals: Json) -> None:
        """Note that a run ended."""
        ...

    def unfinished_runs(self) -> Sequence[tuple[str, Json]]:
        """Runs that were started and not finished, oldest first: each one's name and what it was `about`."""
        ...

    def intend(self, intent: Intent) -> Intent:
        """Write the intent, or return the one that exists for this incident and revision. Atomic across processes.

        A journal that lasts has it on the disk when this returns, so that a power failure does not undo it: what was
        not written down could be done twice. The same holds for `retry`, and for what was written before either.
        """
        ...

    def retry(self, incident: str, revision: str, owner: str) -> bool:
        """Take over an intent whose change is known not to have been made: REFUSED becomes INTENDED for `owner`.

        One conditional update: of several that try, one gets True.
        """
        ...

    def settle(self, incident: str, revision: str, state: IntentState) -> None:
        """Note what became of an intent."""
        ...

    def intended(self, incident: str, revision: str) -> Intent | None:
        """The intent for a ticket in this revision; None where nobody has made one."""
        ...

    def intents(self, state: IntentState | None = None) -> Sequence[Intent]:
        """Intents, oldest first; all, or those in one state."""
        ...

    def record(self, record: IncidentRecord) -> None:
        """Keep the record of an incident; a second one for the same run and incident replaces the first."""
        ...

    def records(self, run: str) -> Iterator[IncidentRecord]:
        """The records of a run in the order of the incident codes, one at a time."""
        ...

    def records_with(self, outcome: str) -> Iterator[IncidentRecord]:
        """The records of all runs with this outcome, oldest first, one at a time."""
        ...

    def records_since(self, since: datetime, *, only: Sequence[str] = ()) -> Iterator[Recorded]:
        """The records of all runs from a moment on, to the millisecond, in the order of their times, one at a time.

        What is recorded while they are read is not among them.

        Args:
            only: the members of each content that are wanted (``decision.score``), as far as it has them
                and they are not null; the whole content when none is named.
        """
        ...

    def newest(self, incidents: Collection[str], outcomes: Collection[str]) -> Iterator[Recorded]:
        """The newest record of each of these incidents, where it has one of these outcomes; in any order."""
        ...

    def last_record(self, incident: str) -> IncidentRecord | None:
        """The newest record of an incident, of any run."""
        ...

    def note_failure(self, incident: str, reason: str) -> int:
        """Count a failed attempt at an incident and return how many there are since its last success."""
        ...

    def clear_failures(self, incident: str) -> None:
        """Forget the failed attempts, after a success."""
        ...

    def failures(self) -> Mapping[str, tuple[int, str]]:
        """Failed attempts by incident: how many, and the last reason."""
        ...

    def close(self) -> None:
        """Give back connections."""
        ...


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One call of one role: of a language model, or of a model in the process.

    Attributes:
        id: the same call has the same one, so that it is kept once.
        at: when it ended, with its zone.
        run: the run that it was made in.
        role: ``embed``, ``reformulate``, ``rerank``, ``decide``, ``critique`` or ``describe``.
        model: what answered: a language model's name, an embedder's identity, a learned version such as ``critic/3``.
        prompt: the fingerprint of the prompt file; empty where there is none.
        input, output: what it was given and what it answered; no output where it failed.
        error: why it failed; empty where it did not.
        calls: requests that were sent, repetitions included; 0 for what works in the process.
        seconds: how long it took.
        people: the names of those who wrote on the ticket, by which they are taken out of what is exported.
    """

    id: str
    at: datetime
    run: str
    incident: str
    revision: str
    role: str
    model: str
    prompt: str
    input: Json
    output: Json
    error: str = ""
    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """What became known later of a choice that was made for a ticket.

    Attributes:
        row: the id of the known problem.
        state: the row as it was then (`merits.state_of`), so that a row whose texts changed begins anew.
        right: whether acting on it would have been right.
        how: how it is known: ``closed`` (what the team did and wrote), ``reopened``, ``reported``, ``label``.
        at: when it became known, with its zone.
    """

    incident: str
    row: str
    state: str
    right: bool
    how: str
    at: datetime


@runtime_checkable
class History(Protocol):
    """Calls and their outcomes; nothing is changed, only added, or removed by age. Safe from several threads and
    processes. May raise `JournalError`.
    """

    def keep(self, calls: Sequence[ModelCall]) -> None:
        """Add calls, all or none; one that is known by its id stays as it is."""
        ...

    def calls(self, *, role: str = "", incident: str = "", since: datetime | None = None) -> Iterator[ModelCall]:
        """Calls, oldest first, one at a time; all, or those of a role, of an incident, from a moment on."""
        ...

    def note_outcomes(self, outcomes: Sequence[CallOutcome]) -> int:
        """Add outcomes, and say how many were news: what says the same as the last of its incident and state is not."""
        ...

    def outcomes(self, *, incident: str = "") -> Iterator[CallOutcome]:
        """For each incident and state of a row what was noted last, in the order in which they were noted.

        Args:
            incident: only those of this one; empty for all.
        """
        ...

    def forget(self, before: datetime) -> int:
        """Remove the calls that ended before a moment, and outcomes of incidents without calls. How many calls."""
        ...

    def close(self) -> None:
        """Give back connections."""
        ...


@runtime_checkable
class Steps(Protocol):
    """Remembers the answers of the steps of one work item."""

    def once(self, name: str, step: Callable[[], Json]) -> Json:
        """Run `step` and remember its answer under `name`, or return the remembered one.

        A step that was broken off is run again: what it does must be harmless twice, or protected by an `Intent`.
        An exception of the step is not remembered; it goes through to the caller.
        """
        ...


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One incident to resolve.

    Attributes:
        key: unique for ever; the same key is never worked on twice: ``CODE@REVISION@KNOWLEDGE``.
        payload: what the work needs, as JSON.
    """

    key: str
    payload: Json


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What work returns when the item is to be tried again another time.

    Its answer is yielded, but the key is not finished and its steps are forgotten. It is not tried again in the same
    run; a later one that is given the key works on it anew.
    """

    answer: Json


Work = Callable[[WorkItem, Steps], Json | Unfinished]


@runtime_checkable
class Engine(Protocol):
    """Carries work items through their steps."""

    @property
    def owner(self) -> str:
        """The name under which this process has items in hand; never used before or again."""
        ...

    def is_dead(self, owner: str) -> bool:
        """True when the process of that name lives no more; it never comes back."""
        ...

    def run(self, items: Iterator[WorkItem], work: Work, *, workers: int) -> Iterator[tuple[WorkItem, Json]]:
        """Work on the items, `workers` at a time, and yield each with its answer as it is finished.

        First, items left unfinished by a process that is no longer alive are finished (with their remembered steps)
        and yielded too. An item whose key has been finished before, or which a living process has in hand, is not
        worked on and not yielded. `work` does not raise: what it raises is a bug and goes through to the caller,
        and the item stays unfinished. `items` is read as it is needed, never all at once.

        An item whose work returned `Unfinished` is yielded with the answer in it and removed: `items` may name it
        again in a later run, not in this one.

        Who is alive is told by locks (`fcntl`): a durable engine needs a POSIX system, and its folder of locks a local
        disk. On a network drive a lock may be kept from nobody, or outlive its process.
        """
        ...

    def is_finished(self, key: str) -> bool:
        """True when an item of this key was finished, now or in an earlier run."""
        ...

    def close(self) -> None:
        """Stop. Items in hand stay unfinished and are taken up by the next process."""
        ...
