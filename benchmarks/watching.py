"""What being watched costs: the same run with everything off and everything on, taking turns. Part of `make bench`.

    python -m benchmarks.watching [--size 120] [--pairs 4]

On means: the log, traces and metrics by OTLP (and the log, shipped) to a server in a process of its own, which also
fetches the metrics as Prometheus does. Each run is a process of its own with a workspace and mock services of its own.
The two of a pair take turns of a tenth of a second, each with its servers (`benchmarks.turns`). What is sent every so
many seconds is sent twice as often for that, by the work that is done; of waiting until a moment, only what falls into
the run's own turns counts. Starting up is not measured, the end is, without turns. What is said of everything off,
twice, is how far the measurement itself is out. Asserts nothing.
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
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from benchmarks.incidents import write_world
from benchmarks.turns import Taking, take_turns

GOAL = 0.05
GOAL_AT_THE_END = 2.0
_OFF = {"RESUELVE_LOG_LEVEL": "ERROR"}


@dataclass(frozen=True, slots=True)
class Way:
    """A way to be watched; `sink`: how the server behaves (`takes`, `silent`, `refused` for none), or `off`."""

    name: str
    level: str
    sink: str
    pairs: int


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds of a run's turns, from there to the end of its process, and of the processors; and what it said."""

    run: float
    end: float
    cpu: float
    said: str


def main() -> None:
    parser = argparse.ArgumentParser(description="what being watched costs")
    parser.add_argument("--size", type=int, default=120)
    parser.add_argument("--pairs", type=int, default=4)
    given = parser.parse_args()
    few = max(1, given.pairs // 2)
    ways = [
        Way("everything off", "", "off", few),
        Way("log INFO", "INFO", "takes", given.pairs),
        Way("log DEBUG", "DEBUG", "takes", few),
        Way("nobody listens", "DEBUG", "refused", few),
        Way("nobody answers", "DEBUG", "silent", few),
    ]
    print(f"Being watched, {given.size} incidents (goals: {GOAL:.0%} slower, {GOAL_AT_THE_END} s more at the end):\n")
    heads = f"{'off s':>7} {'on s':>7} {'slower by':>10} {'from … to':>16} {'cpu':>7} {'end s':>6}"
    print(f"{'everything on':<16} {'pairs':>5} {heads}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write_world(place / "world", given.size)
        _index(place / "indexed")
        for way in ways:
            _compare(place, way)


def _compare(place: Path, way: Way) -> None:
    pairs = [_pair(place, way, number) for number in range(way.pairs)]
    slower = [on.run / off.run - 1 for off, on in pairs]
    cpu = statistics.median(on.cpu / off.cpu - 1 for off, on in pairs)
    off_s, on_s = (statistics.median(pair[which].run for pair in pairs) for which in (0, 1))
    print(
        f"{way.name:<16} {way.pairs:>5} {off_s:>7.2f} {on_s:>7.2f} "
        f"{statistics.median(slower):>+10.1%} {min(slower):>+7.1%} …{max(slower):>+7.1%} {cpu:>+7.1%} "
        f"{max(on.end - off.end for off, on in pairs):>+6.2f}",
        flush=True,
    )
    for line in dict.fromkeys(line for _, on in pairs for line in on.said.splitlines()):
        print(f"{'':<16} {line}")


def _pair(place: Path, way: Way, number: int) -> tuple[Measured, Measured]:
    with ExitStack() as stack:
        ways = [(_OFF, ()), _watched(stack, way)]
        order = (0, 1) if number % 2 == 0 else (1, 0)  # neither always comes first
        runs = [_begin(stack, place, *ways[which]) for which in order]
        both = [
            Measured(run.seconds, end, json.loads(run.lines[1])["cpu_s"], run.errors())
            for run, end in zip(runs, take_turns(runs), strict=True)
        ]
        return both[order[0]], both[order[1]]


def _watched(stack: ExitStack, way: Way) -> tuple[Mapping[str, str], tuple[int, ...]]:
    """The settings, and the server's process."""
    if way.sink == "off":
        return _OFF, ()
    port = _free_port()
    address, processes = stack.enter_context(_sink(way.sink, port))
    log = {"RESUELVE_LOG_LEVEL": way.level, "RESUELVE_METRICS_PORT": str(port)}
    return {**log, "OTEL_EXPORTER_OTLP_ENDPOINT": address}, processes


def _begin(stack: ExitStack, place: Path, settings: Mapping[str, str], servers: tuple[int, ...]) -> Taking:
    own = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=place)))
    (gestor, sistema), mocks = stack.enter_context(_mocks(place / "world"))
    workspace = own / "workspace"
    shutil.copytree(place / "indexed", workspace)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("RESUELVE_", "OTEL_"))},
        "RESUELVE_WORKSPACE": str(workspace),
        "MOCK_GESTOR_URL": gestor,
        "MOCK_SISTEMA_URL": sistema,
        **settings,
    }
    return stack.enter_context(Taking([sys.executable, "-m", "benchmarks.watched_run"], environment, (*servers, mocks)))


def _index(workspace: Path) -> None:
    workspace.mkdir()
    source = resources.files("resuelve.mocks").joinpath("demo_world", "PROBLEMAS_GLOBALES.csv")
    with resources.as_file(source) as path:
        shutil.copyfile(path, workspace / path.name)
    program = [sys.executable, "-m", "resuelve", "index", "--workspace", str(workspace)]
    subprocess.run(program, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def _mocks(world: Path) -> Iterator[tuple[list[str], int]]:
    """Their addresses, and their process."""
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
        yield re.findall(r"http://[\d.:]+\d", mocks.stdout.readline() if mocks.stdout else ""), mocks.pid
    finally:
        mocks.terminate()
        mocks.wait()


@contextmanager
def _sink(how: str, port: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The address of a server, with `refused` one at which nobody listens, and its process.

    Raises:
        RuntimeError: it was to take everything, and did not get all three signals.
    """
    if how == "refused":
        yield f"http://127.0.0.1:{_free_port()}", ()
        return
    program = [sys.executable, "-m", "benchmarks.otlp_sink", how, str(port)]
    sink: Any = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield sink.stdout.readline().strip(), (sink.pid,)
    finally:
        got, _ = sink.communicate("")
    if how == "takes" and not {"/v1/traces", "/v1/metrics", "/v1/logs"} <= set(json.loads(got)):
        raise RuntimeError(f"not everything arrived: {got}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


if __name__ == "__main__":
    main()
