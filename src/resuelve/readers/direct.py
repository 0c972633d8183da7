"""Reading in the process itself: for tests, and within the process that `sandbox` starts."""

from __future__ import annotations

from resuelve.readers import extract
from resuelve.readers.port import Document, Limits


class DirectReader:
    """Reads without a process of its own: time is only looked at between two passages, memory not at all."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()

    def read(self, name: str, data: bytes) -> Document:
        return extract.document(name, data, self._limits)

    def close(self) -> None:
        pass
