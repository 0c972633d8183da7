"""What being watched costs: the same run with everything off and everything on, in turn. Part of `make bench`.

    python -m benchmarks.watching [--size 120] [--pairs 8]

On means: the log, traces and metrics by OTLP (and the log, shipped) to a server in a process of its own, which also
fetches the metrics as Prometheus does. Each run is a process of its own with a workspace and mock services of its own.
Single runs of one kind differ by a tenth and more: the ratios are the median of those of runs that follow each other,
and that of the fastest run of each kind. Asserts nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

from benchmarks.incidents import write_world

GOAL = 0.05
GOAL_AT_THE_END = 2.0
_OFF = {"RESUELVE_LOG_LEVEL": "ERROR"}


@dataclass(frozen=True, slots=True)
class Way:
    """A way to be watched; `sink` is how the server behaves: `takes`, `silent`, or `refused` for none."""

    name: str
    level: str
    sink: str
    pairs: int


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds of a run, from there to the end of its process, and of the processors; and what it said."""

    run: float
    end: float
    cpu: float
    said: str


def main() -> None:
    parser = argparse.ArgumentParser(description="what being watched costs")
    parser.add_argument("--size", type=int, default=120)
    parser.add_argument("--pairs", type=int, default=8)
    given = parser.parse_args()
    few = max(1, given.pairs // 4)
    ways = [
        Way("log INFO", "INFO", "takes", given.pairs),
        Way("log DEBUG", "DEBUG", "takes", few),
        Way("nobody listens", "DEBUG", "refused", few),
        Way("nobody answers", "DEBUG", "silent", few),
    ]
    print(f"Being watched, {given.size} incidents (goals: {GOAL:.0%} slower, {GOAL_AT_THE_END} s more at the end):\n")
    heads = f"{'off s':>7} {'on s':>7} {'slower by':>10} {'from … to':>16} {'fastest':>8} {'cpu':>7} {'end s':>6}"
    print(f"{'everything on':<16} {'pairs':>5} {heads}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write_world(place / "world", given.size)
        _index(place / "indexed")
        for way in ways:
            _compare(place, way)


def _compare(place: Path, way: Way) -> None:
    off, on = [], []
    for number in range(way.pairs):
        both = [partial(_run, place, _OFF), partial(_watched_run, place, way)]
        first, second = both if number % 2 == 0 else both[::-1]  # neither always comes first
        one, two = first(), second()
        off.append(one if number % 2 == 0 else two)
        on.append(two if number % 2 == 0 else one)
    slower = [b.run / a.run - 1 for a, b in zip(off, on, strict=True)]
    fastest = min(one.run for one in on) / min(one.run for one in off) - 1
    cpu = statistics.median(b.cpu / a.cpu - 1 for a, b in zip(off, on, strict=True))
    print(
        f"{way.name:<16} {way.pairs:>5} {_middle(off):>7.2f} {_middle(on):>7.2f} "
        f"{statistics.median(slower):>+10.1%} {min(slower):>+7.1%} …{max(slower):>+7.1%} {fastest:>+8.1%} {cpu:>+7.1%} "
        f"{max(b.end - a.end for a, b in zip(off, on, strict=True)):>+6.2f}",
        flush=True,
    )
    for line in dict.fromkeys(line for one in on for line in one.said.splitlines()):
        print(f"{'':<16} {line}")


def _middle(measured: list[Measured]) -> float:
    return statistics.median(one.run for one in measured)


def _watched_run(place: Path, way: Way) -> Measured:
    port = _free_port()
    watched = {"RESUELVE_LOG_LEVEL": way.level, "RESUELVE_METRICS_PORT": str(port)}
    with _sink(way.sink, port) as address:
        return _run(place, {**watched, "OTEL_EXPORTER_OTLP_ENDPOINT": address})


def _run(place: Path, settings: Mapping[str, str]) -> Measured:
    with tempfile.TemporaryDirectory(dir=place) as own, _mocks(place / "world") as (gestor, sistema):
        workspace = Path(own) / "workspace"
        shutil.copytree(place / "indexed", workspace)
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("RESUELVE_", "OTEL_"))},
            "RESUELVE_WORKSPACE": str(workspace),
            "MOCK_GESTOR_URL": gestor,
            "MOCK_SISTEMA_URL": sistema,
            **settings,
        }
        program = [sys.executable, "-m", "benchmarks.watched_run"]
        process = subprocess.Popen(program, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None
        figure = json.loads(process.stdout.readline())
        ended = time.monotonic()
        _, said = process.communicate()
        return Measured(figure["run_s"], time.monotonic() - ended, figure["cpu_s"], said)


def _index(workspace: Path) -> None:
    workspace.mkdir()
    source = resources.files("resuelve.mocks").joinpath("demo_world", "PROBLEMAS_GLOBALES.csv")
    with resources.as_file(source) as path:
        shutil.copyfile(path, workspace / path.name)
    program = [sys.executable, "-m", "resuelve", "index", "--workspace", str(workspace)]
    subprocess.run(program, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def _mocks(world: Path) -> Iterator[list[str]]:
    program = [
        sys.executable,
        "-m",
        "resuelve",
        "mocks",
        "--gestor-port",
        "0",
        "--sistema-port",
        "0",
        "--world",
        str(world),
    ]
    mocks = subprocess.Popen(program, stdout=subprocess.PIPE, text=True)
    try:
        yield re.findall(r"http://[\d.:]+\d", mocks.stdout.readline() if mocks.stdout else "")
    finally:
        mocks.terminate()
        mocks.wait()


@contextmanager
def _sink(how: str, port: int) -> Iterator[str]:
    """The address of a server; with `refused` one at which nobody listens."""
    if how == "refused":
        yield f"http://127.0.0.1:{_free_port()}"
        return
    program = [sys.executable, "-m", "benchmarks.otlp_sink", how, str(port)]
    sink: Any = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield sink.stdout.readline().strip()
    finally:
        sink.communicate("")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


if __name__ == "__main__":
    main()
