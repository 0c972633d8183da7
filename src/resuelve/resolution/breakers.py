"""What turns out wrong stops what is done by itself: a row by one ticket that comes back, everything by several.

A ticket is known by the reference that our message left on it. A closed one that is open again came back, and so did
one that is in the mailbox again from which it was reassigned; of a question nobody can tell. A person may also say that
a change was wrong. It counts until somebody has seen to it; for a row, until the row is changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from resuelve.domain.decision import Outcome, OutcomeKind
from resuelve.domain.incident import Incident
from resuelve.domain.known_error import KnownError
from resuelve.journal import Act, Acts, Returned, ReturnedAs
from resuelve.resolution.read import own_message, says_over
from resuelve.texts import say

_REFERENCE = re.compile(r"\(ref\. (R-[0-9A-F]{10})\)")
_WINDOW = timedelta(days=7)
_HOUR = timedelta(hours=1)

_LEAST = 3
"""Tickets that must have come back before everything stops: fewer are no rate."""

_FINAL = frozenset({OutcomeKind.CLOSED.value, OutcomeKind.REASSIGNED.value})
"""What can come back. Who was asked for something comes back with the answer."""

_CHANGES = _FINAL | {OutcomeKind.HELD.value}


@dataclass(frozen=True, slots=True)
class Limits:
    """What the team sets.

    Attributes:
        per_hour: changes that may be made in an hour; 0 for any number. Workers that act at the same moment may each
            make one more.
        returned: the share of a week's changes, 0 to 1, that may have come back.
    """

    per_hour: int = 0
    returned: float = 1.0


class Breakers:
    """Says what may not be done by itself at the moment. Safe to use from several threads.

    Args:
        label: begins every message of ours on a ticket.
        clock: the time, with its zone.
        language: of the reasons.

    Raises:
        JournalError: the record of acts cannot be read or written; so do all methods.
    """

    def __init__(
        self,
        acts: Acts,
        limits: Limits,
        *,
        label: str,
        language: str = "es",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._acts = acts
        self._limits = limits
        self._label = label
        self._language = language
        self._clock = clock
        self._returned: tuple[Returned, ...] = ()
        self._too_many = ""

    def look(self, incidents: Iterable[Incident]) -> None:
        """Note what came back among the open incidents, and what that stops; once at the beginning of a run."""
        now = self._clock()
        for incident in incidents:
            for reference in self._came_back(incident):
                self._acts.note_return(reference, ReturnedAs.REOPENED, now)
        self._returned = tuple(self._acts.returned())
        self._too_many = self._judged(now)

    def fallen(self, problem: KnownError) -> str:
        """Why a row may not act by itself; empty when it may."""
        found = next((one for one in self._returned if _speaks_of(one, problem)), None)
        if found is None:
            return ""
        return say(f"breakers.row.{found.how}", self._language, id=problem.id, incident=found.act.incident)

    def stopped(self) -> str:
        """Why nothing at all may be changed now; empty when it may."""
        if self._too_many:
            return self._too_many
        most = self._limits.per_hour
        if most and self._acts.count(self._clock() - _HOUR, _CHANGES) >= most:
            return say("breakers.hour", self._language, count=most)
        return ""

    def note(self, incident: Incident, problem: Mapping[str, Any], outcome: Outcome) -> None:
        """Keep a change that was made, for the known error as it stands in the evidence."""
        self._acts.note(
            Act(
                reference=outcome.reference,
                incident=incident.code,
                queue=incident.queue,
                kind=outcome.kind.value,
                problem=problem["id"],
                row=problem.get("fingerprint", ""),  # of a run that an earlier version left there is none
                at=self._clock(),
            )
        )

    def concerns(self, problems: Mapping[str, KnownError]) -> tuple[str, ...]:
        """What somebody must see to, a sentence each."""
        rows = (self.fallen(problems[name]) for name in self._names() if name in problems)
        return tuple(one for one in (self._too_many, *rows) if one)

    def as_json(self, problems: Mapping[str, KnownError]) -> dict[str, Any]:
        """For the head of a report: whether everything is stopped, and the rows that fell with the ticket of each."""
        fallen = {
            one.act.problem: one.act.incident
            for one in self._returned
            if one.act.problem in problems and _speaks_of(one, problems[one.act.problem])
        }
        return {"stopped": self._too_many, "fallen": fallen}

    def _names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.act.problem for one in self._returned))

    def _came_back(self, incident: Incident) -> Iterator[str]:
        if says_over(incident):
            return
        for entry in incident.history:
            match = _REFERENCE.search(own_message(entry, self._label) or "")
            act = self._acts.get(match[1]) if match else None
            if act is None or act.incident != incident.code or act.kind not in _FINAL:
                continue
            if act.kind == OutcomeKind.CLOSED or act.queue == incident.queue:
                yield act.reference

    def _judged(self, now: datetime) -> str:
        since = now - _WINDOW
        returned = sum(1 for one in self._returned if one.act.at >= since)
        made = self._acts.count(since, _CHANGES)
        if returned < _LEAST or returned <= self._limits.returned * made:
            return ""
        return say("breakers.returned", self._language, returned=returned, made=made)


def _speaks_of(returned: Returned, problem: KnownError) -> bool:
    return (returned.act.problem, returned.act.row) == (problem.id, problem.fingerprint)
