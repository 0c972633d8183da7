"""What a change of the dictionary would change in the outcomes of past tickets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from resuelve.domain.incident import Incident
from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.knowledge.index import build_index
from resuelve.knowledge.past import as_asked, lesson_of
from resuelve.knowledge.standing import Standing, each, standing
from resuelve.models import Embedder
from resuelve.resolution.knowledge import Knowledge
from resuelve.resolution.rules import Rules
from resuelve.vectors import VectorStore


class Change(StrEnum):
    """How an outcome differs.

    - GAINED: a row would act now, where a person got the ticket.
    - LOST: a person would get the ticket, where a row acted.
    - CHANGED: a row would act as before, but would do something else.
    """

    GAINED = "gained"
    LOST = "lost"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class PastTicket:
    """A ticket that was there before, as a run would have met it.

    Attributes:
        done: what the team really did; None when it is open or its history does not tell.
    """

    incident: Incident
    done: Prescription | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A past ticket that would come out otherwise."""

    ticket: PastTicket
    change: Change
    before: Standing
    after: Standing

    def as_json(self) -> dict[str, Any]:
        """For reports and other programs."""
        done = self.ticket.done
        return {
            "incident": self.ticket.incident.code,
            "title": self.ticket.incident.title,
            "done": done.label if done else None,
            "done_queue": done.queue if done else "",
            "change": self.change.value,
            "before": self.before.as_json(),
            "after": self.after.as_json(),
        }


def impact(
    before: Knowledge,
    after: Knowledge,
    past: Sequence[PastTicket],
    rules: Rules,
    *,
    workers: int = 1,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> tuple[Difference, ...]:
    """Decide each ticket with both, without a language model and without agents, and keep those that differ.

    Both sides share the embedder, which remembers the texts of the first, so that the second costs next to nothing.

    Raises:
        ModelUnavailable, VectorIndexError: see `standing`.
    """

    def work(ticket: PastTicket) -> Difference | None:
        was, would_be = standing(ticket.incident, before, rules), standing(ticket.incident, after, rules)
        change = change_between(was, would_be)
        return Difference(ticket, change, was, would_be) if change else None

    return tuple(one for one in each(work, past, workers=workers, progress=progress) if one)


def change_between(before: Standing, after: Standing) -> Change | None:
    """The kind of difference; None when the ticket would be treated alike, be it by another row or score."""
    if before.resolution == after.resolution:
        return None
    if before.resolution is None:
        return Change.GAINED
    return Change.LOST if after.resolution is None else Change.CHANGED


def past_tickets(
    closed: Iterable[Incident], still_open: Iterable[Incident], *, label: str, most: int
) -> tuple[PastTicket, ...]:
    """The newest tickets, at most so many, as a run would have met them: closed ones as they were asked."""
    tickets = {one.code: PastTicket(as_asked(one, closed=False, label=label)) for one in still_open}
    tickets |= {one.code: _closed(one, label) for one in closed}
    return tuple(sorted(tickets.values(), key=_newest_first)[: max(0, most)])


def _closed(incident: Incident, label: str) -> PastTicket:
    lesson = lesson_of(incident, label=label)
    return PastTicket(lesson.asked, lesson.done if lesson.done.kind is not ResolutionKind.MANUAL else None)


def _newest_first(ticket: PastTicket) -> tuple[float, str]:
    # Zones do not matter here, but dates with and without one must be comparable.
    opened = ticket.incident.opened
    return (-_seconds(opened) if opened else 0.0), ticket.incident.code


def _seconds(at: datetime) -> float:
    return (at.replace(tzinfo=None) - datetime(1900, 1, 1)).total_seconds()  # noqa: DTZ001


@contextmanager
def tried_out(problems: Mapping[str, KnownError], embedder: Embedder, store: VectorStore) -> Iterator[Knowledge]:
    """Knowledge of a dictionary that is not in force: its index is a draft that ends with the block.

    Raises:
        VectorIndexError, ModelUnavailable: the draft could not be built.
    """
    with store.draft() as draft:
        build_index(problems, embedder, draft)
        index = draft.open()
        try:
            yield Knowledge.of(problems, index, embedder)
        finally:
            index.close()
