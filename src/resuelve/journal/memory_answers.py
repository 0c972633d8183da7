"""Answers of people in memory, for tests and for runs that may be forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Lock

from resuelve.journal.port import Answer


class MemoryAnswers:
    """`Answers` that are lost with the process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: list[Answer] = []

    def note(self, answer: Answer) -> Answer:
        with self._lock:
            stands = self._of(answer.incident, answer.revision, answer.mark)
            if stands is None:
                self._kept.append(answer)
            return stands or answer

    def of(self, incident: str, revision: str, mark: str = "") -> Answer | None:
        with self._lock:
            return self._of(incident, revision, mark)

    def given(self, *, incident: str = "", state: str = "") -> Iterator[Answer]:
        with self._lock:
            kept = list(self._kept)
        return iter([one for one in kept if incident in ("", one.incident) and state in ("", one.state)])

    def _of(self, incident: str, revision: str, mark: str) -> Answer | None:
        here = [one for one in self._kept if (one.incident, one.revision) == (incident, revision)]
        said_no = (one for one in here if not one.agreed)
        said_yes = (one for one in here if one.agreed and one.mark == mark)
        return next(said_no, None) or next(said_yes, None)

    def close(self) -> None:
        """Keep everything: whoever holds the object can go on."""
