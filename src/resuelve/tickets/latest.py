"""The last listing that the manager gave, as an index by incident code, shared by the threads of a run."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping

from resuelve.domain.errors import TicketUnavailable


class LatestListing:
    """An index that is asked for anew when it is too old, by one thread at a time; the others wait for its answer.

    Args:
        fetch: asks the manager; gives the raw entries by code.
        clock: monotonic seconds.
    """

    def __init__(self, fetch: Callable[[], Mapping[str, object]], clock: Callable[[], float]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: dict[str, object] | None = None
        self._asked_at = 0.0
        self._changed_at = -math.inf
        self._failure: tuple[float, TicketUnavailable] | None = None

    def entry(self, code: str, since: float) -> object | None:
        """The raw entry of an incident in a listing that was asked for after `since`; None when it is not listed.

        Raises:
            TicketUnavailable: the manager gave no listing.
        """
        called_at = self._clock()
        with self._lock:
            # Strictly later: on a coarse clock, "asked at the same instant" may mean before the caller's own change.
            if self._entries is None or self._asked_at <= since:
                self._refresh(called_at)
            return (self._entries or {}).get(code)

    def load(self, entries: Mapping[str, object], asked_at: float) -> None:
        """Take over a listing that was fetched for another purpose, unless something newer is known."""
        with self._lock:
            if asked_at > self._changed_at and (self._entries is None or asked_at >= self._asked_at):
                self._entries, self._asked_at = dict(entries), asked_at

    def put(self, code: str, entry: object) -> None:
        """Note the answer to a change; without a listing there is nothing to correct."""
        with self._lock:
            self._changed_at = self._clock()
            if self._entries is not None:
                self._entries[code] = entry

    def drop(self, code: str) -> None:
        """Note that an incident has left this listing."""
        with self._lock:
            self._changed_at = self._clock()
            if self._entries is not None:
                self._entries.pop(code, None)

    def forget(self) -> None:
        """Ask anew next time."""
        with self._lock:
            self._changed_at = self._clock()
            self._entries = None

    def _refresh(self, called_at: float) -> None:
        if self._failure and called_at <= self._failure[0]:
            # The manager failed while this caller waited: it shares that answer, or a dead manager
            # would cost every waiting thread a whole deadline, one after another.
            error = self._failure[1]
            raise TicketUnavailable(error.what, where=error.where, remedy=error.remedy) from error
        asked_at = self._clock()
        try:
            self._entries = dict(self._fetch())
        except TicketUnavailable as error:
            self._failure = (self._clock(), error)
            raise
        self._asked_at, self._failure = asked_at, None
