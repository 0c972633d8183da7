"""What turns out wrong stops what is done by itself: a row by one ticket that comes back, everything by several.

A ticket is known by the reference that our message left on it. A closed one that is open, and on which something has
happened since, came back, and so did one that is in the mailbox again from which it was reassigned; of a question
nobody can tell. A person may also say that a change was wrong. It counts until somebody has seen to it; for a row,
until the row is changed.

A ticket that a person gave on from the mailbox that it was left in is noted as moved, for the figures
(`track_record`). It stops nothing: on many desks a ticket goes through several mailboxes on its usual way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from resuelve.domain.decision import Close, Hold, OutcomeKind, Reassign, TicketAction
from resuelve.domain.incident import Incident
from resuelve.domain.known_error import KnownError
from resuelve.journal import Act, Acts, Returned, ReturnedAs
from resuelve.resolution.act import references_in
from resuelve.resolution.read import own_message, says_over
from resuelve.resolution.words import fold
from resuelve.texts import say

_WINDOW = timedelta(days=7)
"""What came back is compared with what was done in a week, or since the oldest of it that nobody has seen to: so what
is stopped stays stopped until somebody does."""

_HOUR = timedelta(hours=1)

_LEAST = 3
"""Tickets that must have come back before everything stops: fewer are no rate."""

_FINAL = frozenset({OutcomeKind.CLOSED.value, OutcomeKind.REASSIGNED.value})
"""What can come back. Who was asked for something comes back with the answer."""

_CHANGES = _FINAL | {OutcomeKind.HELD.value}
_KINDS = {Close: OutcomeKind.CLOSED, Hold: OutcomeKind.HELD, Reassign: OutcomeKind.REASSIGNED}


@dataclass(frozen=True, slots=True)
class Limits:
    """What the team sets.

    Attributes:
        per_hour: changes that may be made in an hour; 0 for any number. Workers that act at the same moment may each
            make one more.
        returned: the share of closures and reassignments, 0 to 1, that may have come back.
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

    def look(self, incidents: Iterable[Incident]) -> None:
        """Note what came back among the open incidents; once at the beginning of a run."""
        now = self._clock()
        left = [mark for incident in incidents for mark in self._marks(incident)]
        acts = {(act.incident, act.reference): act for act in self._acts.find([mark.reference for mark in left])}
        for mark in left:
            act = acts.get((mark.incident.code, mark.reference))
            if act is not None and (how := _came_back(act, mark)):
                self._acts.note_return(act, how, now)

    def fallen(self, problem: KnownError) -> str:
        """Why a row may not act by itself; empty when it may."""
        return self._fell(problem.id, problem.fingerprint)

    def stopped(self) -> str:
        """Why nothing at all may be changed now; empty when it may."""
        return self._too_many(self._acts.returned()) or self._too_fast()

    def forbids(self, problem: Mapping[str, Any]) -> str:
        """Why nothing may be changed now for the known error as it stands in the evidence; empty when it may."""
        return self.stopped() or self._fell(problem["id"], problem.get("fingerprint", ""))

    def note(self, incident: Incident, action: TicketAction, problem: Mapping[str, Any], reference: str) -> None:
        """Keep a change that is about to be made, for the known error as it stands in the evidence."""
        self._acts.note(
            Act(
                reference=reference,
                incident=incident.code,
                queue=incident.queue,
                target=action.queue if isinstance(action, Reassign) else "",
                kind=_KINDS[type(action)].value,
                problem=problem["id"],
                row=problem.get("fingerprint", ""),  # of a run that an earlier version left there is none
                at=self._clock(),
            )
        )

    def forget(self, incident: Incident, reference: str) -> None:
        """A change was not made after all."""
        self._acts.forget(incident.code, reference)

    def is_tripped(self) -> bool:
        """True when everything is stopped until somebody has seen to what came back."""
        return bool(self._too_many(self._acts.returned()))

    def state(self) -> dict[str, bool]:
        """Whether everything is stopped until somebody has seen to what came back, and whether an hour's changes are
        made.
        """
        return {"tripped": self.is_tripped(), "hour": bool(self._too_fast())}

    def concerns(self, problems: Mapping[str, KnownError]) -> tuple[str, ...]:
        """What stops, and what somebody must see to, a sentence each."""
        names = dict.fromkeys(one.act.problem for one in self._acts.returned())
        rows = (self.fallen(problems[name]) for name in names if name in problems)
        return tuple(one for one in (self.stopped(), *rows) if one)

    def as_json(self, problems: Mapping[str, KnownError]) -> dict[str, Any]:
        """For the head of a report: why everything is stopped, and the rows that fell, with the ticket of each."""
        fallen = {
            one.act.problem: one.act.incident
            for one in self._acts.returned()
            if one.act.problem in problems and problems[one.act.problem].fingerprint == one.act.row
        }
        return {"stopped": self.stopped(), "fallen": fallen}

    def _marks(self, incident: Incident) -> Iterator[_Mark]:
        """The references of our messages on a ticket."""
        if says_over(incident):
            return
        ours = []
        for place, entry in enumerate(incident.history):
            # The last one: a text of the dictionary may hold something that looks like one.
            if marks := references_in(own_message(entry, self._label) or ""):
                ours.append((place, marks[-1]))
        for place, reference in ours:
            yield _Mark(incident, place, reference, last=place == ours[-1][0])

    def _fell(self, problem: str, row: str) -> str:
        for one in self._acts.returned():
            if (one.act.problem, one.act.row) == (problem, row):
                return say(f"breakers.row.{one.how}", self._language, id=problem, incident=one.act.incident)
        return ""

    def _too_many(self, returned: Sequence[Returned]) -> str:
        if len(returned) < _LEAST:
            return ""
        since = min(self._clock() - _WINDOW, *(one.act.at for one in returned))
        made = self._acts.count(since, _FINAL) + sum(1 for one in returned if one.act.kind not in _FINAL)
        if len(returned) <= self._limits.returned * made:
            return ""
        return say("breakers.returned", self._language, returned=len(returned), made=made)

    def _too_fast(self) -> str:
        most = self._limits.per_hour
        if not most or self._acts.count(self._clock() - _HOUR, _CHANGES) < most:
            return ""
        return say("breakers.hour", self._language, most=most)


@dataclass(frozen=True, slots=True)
class _Mark:
    """A message of ours on a ticket: its place in the history, its reference, and whether none of ours follows."""

    incident: Incident
    place: int
    reference: str
    last: bool


def _came_back(act: Act, mark: _Mark) -> ReturnedAs | None:
    if _reopened(act, mark):
        return ReturnedAs.REOPENED
    return ReturnedAs.MOVED if _moved(act, mark) else None


def _reopened(act: Act, mark: _Mark) -> bool:
    incident, place = mark.incident, mark.place
    if act.kind == OutcomeKind.REASSIGNED:
        here, before, given = map(_mailbox, (incident.queue, act.queue, act.target))
        return here == before != given
    state = incident.history[place].state
    since = len(incident.history) > place + 1 or (bool(state) and fold(state) != fold(incident.state))
    return act.kind == OutcomeKind.CLOSED and since


def _moved(act: Act, mark: _Mark) -> bool:
    """Whether the ticket is in another mailbox than the one that we left it in, by whichever name the manager has it.

    Not after another change of ours: then we may have moved it ourselves. A closed one that is open has come back.
    """
    left = {_mailbox(act.target or act.queue), _mailbox(mark.incident.history[mark.place].queue_to)} - {""}
    here = _mailbox(mark.incident.queue)
    return mark.last and act.kind != OutcomeKind.CLOSED and bool(left and here) and here not in left


def _mailbox(queue: str) -> str:
    return fold(queue).strip()
