"""The journal and the engine in memory, for tests and for runs that may be forgotten."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from threading import Lock

from resuelve.domain.errors import JournalError
from resuelve.domain.message import Message, message
from resuelve.journal.encoding import dump, load
from resuelve.journal.members import part_of
from resuelve.journal.port import IncidentRecord, Intent, IntentState, Json, Recorded, Work, WorkItem
from resuelve.journal.runner import Runner, Taken


class MemoryJournal:
    """`Journal` that is lost with the process.

    Args:
        clock: the time, with its zone.
    """

    def __init__(self, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._lock = Lock()
        self._runs: dict[str, str] = {}
        self._totals: dict[str, str] = {}
        self._intents: dict[tuple[str, str], Intent] = {}
        self._records: dict[tuple[str, str], Recorded] = {}
        self._failures: dict[str, tuple[int, str]] = {}

    def start_run(self, run: str, about: Json) -> None:
        with self._lock:
            if run in self._runs:
                raise JournalError(
                    message("There is a run {run} already.", run=repr(run)), remedy="give each run its own name"
                )
            self._runs[run] = dump(about)

    def finish_run(self, run: str, totals: Json) -> None:
        with self._lock:
            if run not in self._runs:
                raise _unknown(message("run {run}", run=repr(run)))
            self._totals[run] = dump(totals)

    def unfinished_runs(self) -> Sequence[tuple[str, Json]]:
        with self._lock:
            return [(run, load(about)) for run, about in self._runs.items() if run not in self._totals]

    def intend(self, intent: Intent) -> Intent:
        kept = replace(intent, action=load(dump(intent.action)))
        with self._lock:
            return self._intents.setdefault((intent.incident, intent.revision), kept)

    def retry(self, incident: str, revision: str, owner: str) -> bool:
        with self._lock:
            intent = self._intents.get((incident, revision))
            if intent is None or intent.state is not IntentState.REFUSED:
                return False
            self._intents[incident, revision] = replace(intent, owner=owner, state=IntentState.INTENDED)
            return True

    def settle(self, incident: str, revision: str, state: IntentState) -> None:
        with self._lock:
            intent = self._intents.get((incident, revision))
            if intent is None:
                raise _unknown(
                    message("intent for {incident} at revision {revision}", incident=incident, revision=revision)
                )
            self._intents[incident, revision] = replace(intent, state=state)

    def intended(self, incident: str, revision: str) -> Intent | None:
        with self._lock:
            return self._intents.get((incident, revision))

    def intents(self, state: IntentState | None = None) -> Sequence[Intent]:
        with self._lock:
            return [intent for intent in self._intents.values() if state in (None, intent.state)]

    def record(self, record: IncidentRecord) -> None:
        kept = replace(record, content=load(dump(record.content)))
        with self._lock:
            self._records.pop((record.run, record.incident), None)
            self._records[record.run, record.incident] = Recorded(kept, self._clock())

    def records(self, run: str) -> Iterator[IncidentRecord]:
        found = [one.record for one in self._recorded() if one.record.run == run]
        return iter(sorted(found, key=lambda record: record.incident))

    def records_with(self, outcome: str) -> Iterator[IncidentRecord]:
        return iter([one.record for one in self._recorded() if one.record.outcome == outcome])

    def records_since(self, since: datetime, *, only: Sequence[str] = ()) -> Iterator[Recorded]:
        found = sorted((one for one in self._recorded() if one.at >= since), key=lambda one: one.at)
        return iter(
            [Recorded(replace(r, content=part_of(r.content, only)), one.at) for one in found for r in [one.record]]
        )

    def newest(self, incidents: Collection[str], outcomes: Collection[str]) -> Iterator[Recorded]:
        last = {one.record.incident: one for one in self._recorded() if one.record.incident in incidents}
        return iter([one for one in last.values() if one.record.outcome in outcomes])

    def last_record(self, incident: str) -> IncidentRecord | None:
        return next((one.record for one in reversed(self._recorded()) if one.record.incident == incident), None)

    def note_failure(self, incident: str, reason: str) -> int:
        with self._lock:
            attempts = self._failures.get(incident, (0, ""))[0] + 1
            self._failures[incident] = (attempts, reason)
            return attempts

    def clear_failures(self, incident: str) -> None:
        with self._lock:
            self._failures.pop(incident, None)

    def failures(self) -> Mapping[str, tuple[int, str]]:
        with self._lock:
            return dict(self._failures)

    def close(self) -> None:
        """Keep everything: whoever holds the object can go on."""

    def _recorded(self) -> Sequence[Recorded]:
        with self._lock:
            return list(self._records.values())


class MemoryEngine:
    """`Engine` that remembers for as long as the object lives."""

    def __init__(self) -> None:
        self._owner = f"memory-{secrets.token_hex(6)}"
        self._store = _MemoryStore()
        self._runner = Runner(self._store)

    @property
    def owner(self) -> str:
        return self._owner

    def is_dead(self, owner: str) -> bool:
        # Nobody else can have any of these items in hand.
        return owner != self._owner

    def run(self, items: Iterator[WorkItem], work: Work, *, workers: int) -> Iterator[tuple[WorkItem, Json]]:
        return self._runner.run(items, work, workers=workers)

    def is_finished(self, key: str) -> bool:
        return self._store.is_finished(key)

    def close(self) -> None:
        self._runner.close()


class _MemoryStore:
    """The store of the runner: one dictionary of what is unfinished, one set of what is finished."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._open: dict[str, Taken] = {}
        self._in_hand: set[str] = set()
        self._finished: set[str] = set()

    def take(self, items: Iterator[WorkItem]) -> Generator[Taken]:
        with self._lock:
            left = [key for key in self._open if key not in self._in_hand]
        for key in left:
            if taken := self._adopt(key):
                yield taken
        for item in items:
            if taken := self._claim(item):
                yield taken

    def remember(self, key: str, name: str, answer: str) -> None:
        """Nothing to do: the answers of a `Taken` are kept with it."""

    def finish(self, key: str) -> None:
        with self._lock:
            del self._open[key]
            self._in_hand.discard(key)
            self._finished.add(key)

    def drop(self, key: str) -> None:
        with self._lock:
            del self._open[key]
            self._in_hand.discard(key)

    def put_down(self, key: str) -> None:
        with self._lock:
            self._in_hand.discard(key)

    def is_finished(self, key: str) -> bool:
        with self._lock:
            return key in self._finished

    def _adopt(self, key: str) -> Taken | None:
        with self._lock:
            if key not in self._open or key in self._in_hand:
                return None
            self._in_hand.add(key)
            return self._open[key]

    def _claim(self, item: WorkItem) -> Taken | None:
        with self._lock:
            if item.key in self._finished or item.key in self._in_hand:
                return None
            self._in_hand.add(item.key)
            return self._open.setdefault(item.key, Taken(item))


def _unknown(what: Message) -> JournalError:
    return JournalError(message("There is no {what}.", what=what), remedy="nothing was changed; report this as a bug")
