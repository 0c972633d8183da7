"""The history of model calls in memory, for tests and for runs that may be forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from threading import Lock

from resuelve.journal.encoding import dump, load
from resuelve.journal.port import CallOutcome, Json, ModelCall


class MemoryHistory:
    """A `History` that is lost with the process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._calls: dict[str, ModelCall] = {}
        self._outcomes: dict[tuple[str, str], CallOutcome] = {}

    def keep(self, calls: Sequence[ModelCall]) -> None:
        for call in calls:  # what is no JSON is found before anything is kept
            _json(call.input), _json(call.output)
        with self._lock:
            for call in calls:
                self._calls.setdefault(call.id, call)

    def calls(self, *, role: str = "", incident: str = "", since: datetime | None = None) -> Iterator[ModelCall]:
        with self._lock:
            kept = sorted(self._calls.values(), key=lambda call: call.at)
        for call in kept:
            wanted = role in ("", call.role) and incident in ("", call.incident)
            if wanted and (since is None or call.at >= since):
                yield call

    def note_outcomes(self, outcomes: Sequence[CallOutcome]) -> int:
        news = 0
        with self._lock:
            for one in outcomes:
                key = one.incident, one.state
                last = self._outcomes.get(key)
                if last and (last.row, last.right, last.how) == (one.row, one.right, one.how):
                    continue
                self._outcomes.pop(key, None)  # so that it comes last
                self._outcomes[key] = one
                news += 1
        return news

    def outcomes(self, *, incident: str = "") -> Iterator[CallOutcome]:
        with self._lock:
            noted = [one for one in self._outcomes.values() if incident in ("", one.incident)]
        yield from noted

    def forget(self, before: datetime) -> int:
        with self._lock:
            old = [call.id for call in self._calls.values() if call.at < before]
            for one in old:
                del self._calls[one]
            left = {call.incident for call in self._calls.values()}
            self._outcomes = {key: one for key, one in self._outcomes.items() if one.incident in left}
        return len(old)

    def close(self) -> None:
        """Keep everything: whoever holds the object can go on."""


def _json(value: Json) -> Json:
    return load(dump(value))
