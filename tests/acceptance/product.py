"""The product as its users have it: the command line in processes of its own, against the mock services.

`Product` runs commands, `Desk` is the world that they act on, and is asked afterwards what was done to it.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import resuelve
from resuelve.mocks.serve import Running, start
from resuelve.mocks.world import World, demo_folder, load_world
from tests.mock_control import call, control

KILLED = -signal.SIGKILL
LABEL = "[SPAI] "
SOURCES = Path(resuelve.__file__).parents[1]
ROOT = Path(__file__).parents[2]
DICTIONARY = "PROBLEMAS_GLOBALES.csv"
FIXES = "CORRECTIVOS_ABIERTOS.csv"
DEMO_WORLD = load_world()
ACTIONS = {"closed": "resolver", "held": "en_espera", "reassigned": "reasignar"}

ACTING = ("INC1001", "INC1003", "INC1017", "INC1018", "INC1019", "INC1023", "INC1027", "INC1040")
"""Demo incidents on which the embedded product surely acts: by row, by question and by a local agent."""

Ledger = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    error: str


@dataclass(slots=True)
class Command:
    """A command that was started."""

    product: Product
    number: int
    out_file: Path
    error_file: Path

    def wait(self, seconds: float = 240.0) -> Ended:
        status = self.product.ask({"wait": self.number, "seconds": seconds})
        if status is None:
            self.send(signal.SIGKILL)
            raise TimeoutError(f"it did not end: {self.out} {self.error}")
        return Ended(status, self.out, self.error)

    def send(self, kind: signal.Signals) -> None:
        os.kill(self.number, kind)

    def until_stopped(self) -> None:
        """Wait until it has stopped itself (SIGSTOP)."""
        eventually(lambda: Path(f"/proc/{self.number}/stat").read_text().rpartition(")")[2].split()[0] == "T")

    @property
    def out(self) -> str:
        return self.out_file.read_text(encoding="utf-8")

    @property
    def error(self) -> str:
        return self.error_file.read_text(encoding="utf-8")


@dataclass(slots=True)
class Product:
    """Runs `resuelve …`."""

    helper: subprocess.Popen[str]
    outputs: Path
    started: int = 0

    def start(
        self,
        *arguments: object,
        settings: Mapping[str, str] | None = None,
        folder: Path | None = None,
        interrupts: Iterable[dict[str, Any]] = (),
    ) -> Command:
        self.started += 1
        out, error = (self.outputs / f"{self.started}.{kind}" for kind in ("out", "error"))
        out.touch()
        error.touch()
        order = {
            "arguments": [str(one) for one in arguments],
            "environment": dict(settings or {}),
            "folder": str(folder or Path.cwd()),
            "out": str(out),
            "error": str(error),
            "interrupts": list(interrupts),
        }
        number = self.ask({"start": order})
        assert number is not None
        return Command(self, number, out, error)

    def run(self, *arguments: object, **how: Any) -> Ended:
        return self.start(*arguments, **how).wait()

    def ask(self, order: dict[str, Any]) -> int | None:
        assert self.helper.stdin is not None
        assert self.helper.stdout is not None
        self.helper.stdin.write(json.dumps(order) + "\n")
        self.helper.stdin.flush()
        answer: int | None = json.loads(self.helper.stdout.readline())
        return answer


@contextmanager
def command_line(remembered: Path) -> Iterator[Product]:
    """A `Product`, ready to run commands, which look in this folder for what was computed before."""
    program = [sys.executable, "-m", "tests.acceptance.product_process", str(remembered)]
    environment, pipe = {**os.environ, "PYTHONPATH": str(SOURCES)}, subprocess.PIPE
    with (
        tempfile.TemporaryDirectory() as outputs,
        subprocess.Popen(program, stdin=pipe, stdout=pipe, text=True, env=environment, cwd=ROOT) as helper,
    ):
        yield Product(helper, Path(outputs))
        assert helper.stdin is not None
        helper.stdin.close()


@dataclass(slots=True)
class Desk:
    """Mock services with a world, and a workspace beside them."""

    product: Product
    services: Running
    workspace: Path
    settings: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        urls = {"MOCK_GESTOR_URL": self.services.gestor_url, "MOCK_SISTEMA_URL": self.services.sistema_url}
        self.settings = {**urls, "RESUELVE_WORKSPACE": str(self.workspace), **self.settings}

    def start(self, *arguments: object, interrupts: Any = (), **settings: str) -> Command:
        return self.product.start(*arguments, settings={**self.settings, **settings}, interrupts=interrupts)

    def run(self, *arguments: object, interrupts: Any = (), **settings: str) -> Ended:
        return self.start(*arguments, interrupts=interrupts, **settings).wait()

    def ledger(self) -> Ledger:
        """Every change made to the tickets, oldest first."""
        return self.services.ledger.entries()

    def fault(self, kind: str, **more: Any) -> None:
        control(self.services.gestor_url, "faults", {"kind": kind, **more})

    def no_more_faults(self) -> None:
        self.services.faults.clear()

    def touch(self, code: str, **fields: Any) -> None:
        """A person changes an incident, or opens one."""
        control(self.services.gestor_url, "incidents", {"codIncidencia": code, **fields})

    def open_codes(self) -> set[str]:
        return {entry["codIncidencia"] for entry in call(f"{self.services.gestor_url}/api/incidencias")[1]}

    def reports(self) -> list[dict[str, Any]]:
        """The reports of runs, in the order in which they were written; without one whose name is only taken yet."""
        files = sorted(self.workspace.glob("reportes/reporte[0-9]*.json"), key=lambda f: f.stat().st_mtime_ns)
        return [json.loads(text) for text in (f.read_text(encoding="utf-8") for f in files) if text]

    def report(self) -> dict[str, Any]:
        return self.reports()[-1]

    def entries(self) -> dict[str, dict[str, Any]]:
        """The entries of the newest report by incident."""
        return {entry["incident"]: entry for entry in self.report()["incidents"]}

    def rejected(self) -> list[dict[str, str]]:
        rows: list[dict[str, str]] = []
        for file in sorted(self.workspace.glob("rejected/rejected*.csv")):
            with file.open(encoding="utf-8", newline="") as lines:
                rows += csv.DictReader(lines)
        return rows

    def nothing_twice(self) -> None:
        """No ticket was changed twice, as far as the ledger knows."""
        twice = {code: n for code, n in Counter(entry["incident"] for entry in self.ledger()).items() if n > 1}
        assert not twice


def demo_incidents(*codes: str) -> tuple[dict[str, Any], ...]:
    """Open incidents of the demo world; all when none is named."""
    found = {incident["codIncidencia"]: incident for incident in DEMO_WORLD.open_incidents}
    return tuple(found[code] for code in codes or found)


def world_of(incidents: Iterable[Any]) -> World:
    """The demo world with these open incidents instead of its own."""
    return World(tuple(incidents), (), DEMO_WORLD.policies)


def build_workspace(product: Product, folder: Path, dictionary: Path | None = None) -> Path:
    """A workspace with a dictionary (the demo's, with its fixes under way, when none is named) and its index."""
    folder.mkdir(parents=True)
    shutil.copyfile(dictionary or demo_folder() / DICTIONARY, folder / DICTIONARY)
    if dictionary is None:
        shutil.copyfile(demo_folder() / FIXES, folder / FIXES)
    done = product.run("index", "--workspace", folder)
    assert done.status == 0, done.error
    return folder


def small_dictionary(folder: Path, prefix: str = "REE") -> Path:
    """The rows of the demo whose ids begin so: enough for what need not be the whole."""
    with (demo_folder() / DICTIONARY).open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        names, rows = reader.fieldnames or (), [row for row in reader if row["ID PROBLEMA"].startswith(prefix)]
    path = folder / f"small-{prefix}.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, names)
        writer.writeheader()
        writer.writerows(rows)
    return path


def copy_of(indexed: Path, workspace: Path) -> Path:
    """A workspace of its own; without what another process may have open in it, and take away meanwhile."""
    ignored = shutil.ignore_patterns("openings", "locks")
    return Path(shutil.copytree(indexed, workspace, ignore=ignored, copy_function=_copy_sparse))


def _copy_sparse(source: str, target: str) -> None:
    """Copy a file without its holes: the engine's files are 100 MB of them, and every test copies them."""
    with Path(source).open("rb") as reader, Path(target).open("wb") as writer:
        size, end = os.fstat(reader.fileno()).st_size, 0
        with suppress(OSError):  # nothing but a hole is left
            while end < size:
                start = os.lseek(reader.fileno(), end, os.SEEK_DATA)
                end = os.lseek(reader.fileno(), start, os.SEEK_HOLE)
                writer.seek(start)
                writer.write(os.pread(reader.fileno(), end - start, start))
        writer.truncate(size)


@contextmanager
def desk_with(product: Product, indexed: Path, folder: Path, world: World, **settings: str) -> Iterator[Desk]:
    """A desk with a copy of an indexed workspace."""
    workspace = folder / "workspace"
    copy_of(indexed, workspace)
    with start(world=world) as services:
        yield Desk(product, services, workspace, settings)


def eventually(true: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait until something holds."""
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            raise TimeoutError
        time.sleep(0.01)


def message(entry: Mapping[str, Any]) -> str:
    """The text that a change in the ledger wrote on its ticket."""
    body = entry["body"]
    return str(body.get("notasResolucion") or body.get("detalle") or "")
