"""Answers of people in memory, for tests and for runs that may be forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Lock

from resuelve.journal.port import Answer


class MemoryAnswers:
    """`Answers` that are lost with the process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[tuple[str, str], Answer] = {}

    def note(self, answer: Answer) -> Answer:
        with self._lock:
            return self._kept.setdefault((answer.incident, answer.revision), answer)

    def of(self, incident: str, revision: str) -> Answer | None:
        with self._lock:
            return self._kept.get((incident, revision))

    def given(self, *, incident: str = "") -> Iterator[Answer]:
        with self._lock:
            kept = list(self._kept.values())
        return iter([one for one in kept if incident in ("", one.incident)])

    def close(self) -> None:
        """Keep everything: whoever holds the object can go on."""
