"""Carries work items through their steps with threads; where items and answers are kept is a `Store`'s business."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import islice
from threading import Event, Lock
from typing import Protocol

from resuelve.domain.errors import JournalError
from resuelve.journal.encoding import dump, load
from resuelve.journal.port import Json, Unfinished, Work, WorkItem

PATIENCE_SECONDS = 0.8
"""How long a stop waits for the steps that are being run; a step cannot be broken off."""


@dataclass(frozen=True, slots=True)
class Taken:
    """An item that this process has in hand, with the answers (JSON text) of the steps that were done before."""

    item: WorkItem
    answers: dict[str, str] = field(default_factory=dict)


class Store(Protocol):
    """Where items and the answers of their steps are kept. Safe from several threads."""

    def take(self, items: Iterator[WorkItem]) -> Generator[Taken]:
        """Take items in hand one by one: what was left unfinished, then those of `items` that nobody has had."""
        ...

    def remember(self, key: str, name: str, answer: str) -> None:
        """Keep the answer of a step of an item in hand."""
        ...

    def finish(self, key: str) -> None:
        """The item in hand is finished, for ever."""
        ...

    def drop(self, key: str) -> None:
        """The item in hand is as if nobody had ever had it; the answers of its steps are forgotten."""
        ...

    def put_down(self, key: str) -> None:
        """The item in hand stays unfinished; anybody may take it."""
        ...


class Stopped(BaseException):
    """Ends the work on an item between two steps. Not an `Exception`: the work must not mistake it for a failure."""


class Runner:
    """What `Engine.run` and `Engine.close` promise, over any store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._closed = False
        self._crews: set[_Crew] = set()

    def run(self, items: Iterator[WorkItem], work: Work, *, workers: int) -> Iterator[tuple[WorkItem, Json]]:
        """See `Engine.run`. An item is finished or dropped at the moment in which it is yielded, not before."""
        if self._closed:
            raise JournalError("The engine is closed.", remedy="make a new one")
        crew = _Crew(self._store, work, workers)
        self._crews.add(crew)
        try:
            yield from crew.carry(items)
        finally:
            if crew.stop():
                self._crews.discard(crew)

    def close(self) -> bool:
        """Stop. False when a step is still being run after the time of patience, now or by an earlier run.

        Its item stays in hand until the step ends.
        """
        self._closed = True
        ended = [crew.stop() for crew in list(self._crews)]
        return all(ended)


class _Crew:
    """The threads of one run, and the items that they have in hand."""

    def __init__(self, store: Store, work: Work, workers: int) -> None:
        self._store = store
        self._work = work
        self._workers = workers
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="resuelve-work")
        self._in_hand: dict[Future[Json | Unfinished], WorkItem] = {}
        self._dropped: set[str] = set()
        self._stopped = Event()
        # Who stops and who carries may be two threads: an item is begun, finished or put down, never two of these.
        self._gate = Lock()

    def carry(self, items: Iterator[WorkItem]) -> Iterator[tuple[WorkItem, Json]]:
        items = (item for item in items if item.key not in self._dropped)
        # Until nothing is found: while we worked, somebody may have died and left items behind.
        while (yield from self._round(items)):
            items = iter(())

    def _round(self, items: Iterator[WorkItem]) -> Generator[tuple[WorkItem, Json], None, bool]:
        source = self._store.take(items)
        yielded = 0
        try:
            while self._fill(source):
                for future in wait(self._in_hand, return_when=FIRST_COMPLETED).done:
                    if self._stopped.is_set():
                        return False
                    if ended := self._end(future, future.result()):
                        yielded += 1
                        yield ended
        finally:
            source.close()
        return yielded > 0

    def stop(self) -> bool:
        """Stop at the next step. False when a thread still works after the time of patience."""
        with self._gate:
            stopped_before = self._stopped.is_set()
            self._stopped.set()
        # From here on nobody changes what is in hand.
        if not stopped_before:
            for future, item in self._in_hand.items():
                future.add_done_callback(_putting_down(self._store, item.key))
        ended = not wait(self._in_hand, timeout=PATIENCE_SECONDS).not_done
        self._pool.shutdown(wait=ended, cancel_futures=True)
        return ended

    def _fill(self, source: Iterator[Taken]) -> bool:
        """Take items until every thread has one. False when there is nothing in hand, or we were stopped."""
        if self._stopped.is_set():
            return False
        for taken in islice(source, self._workers - len(self._in_hand)):
            if not self._begin(taken):
                self._store.put_down(taken.item.key)
                return False
        return bool(self._in_hand)

    def _begin(self, taken: Taken) -> bool:
        steps = _Steps(self._store, taken, self._stopped)
        with self._gate:
            if not self._stopped.is_set():
                self._in_hand[self._pool.submit(self._work, taken.item, steps)] = taken.item
            return not self._stopped.is_set()

    def _end(self, future: Future[Json | Unfinished], answer: Json | Unfinished) -> tuple[WorkItem, Json] | None:
        with self._gate:
            if self._stopped.is_set():
                return None
            key = self._in_hand[future].key
            if isinstance(answer, Unfinished):
                self._store.drop(key)
                self._dropped.add(key)
                answer = answer.answer
            else:
                self._store.finish(key)
            return self._in_hand.pop(future), answer


class _Steps:
    """`Steps` of one item, for the one thread that works on it."""

    def __init__(self, store: Store, taken: Taken, stopped: Event) -> None:
        self._store = store
        self._key = taken.item.key
        self._answers = taken.answers
        self._stopped = stopped

    def once(self, name: str, step: Callable[[], Json]) -> Json:
        if self._stopped.is_set():
            raise Stopped
        if name not in self._answers:
            answer = dump(step())
            self._store.remember(self._key, name, answer)
            self._answers[name] = answer
        # Always read back: the first run must see exactly what a later one would.
        return load(self._answers[name])


def _putting_down(store: Store, key: str) -> Callable[[Future[Json | Unfinished]], None]:
    return lambda _: store.put_down(key)
