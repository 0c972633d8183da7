"""A reader that knows its documents by the name of the file: for tests."""

from __future__ import annotations

from collections.abc import Mapping

from resuelve.readers.port import Document, Obstacle, Unread


class MemoryReader:
    """Gives the document of a name; a file that it does not know is of no kind."""

    def __init__(self, documents: Mapping[str, Document]) -> None:
        self._documents = documents
        self.read_names: list[str] = []

    def read(self, name: str, data: bytes) -> Document:
        self.read_names.append(name)
        unknown = Document(name, "", obstacles=(Obstacle("", Unread.UNKNOWN_KIND),))
        return self._documents.get(name, unknown)

    def close(self) -> None:
        pass
