"""Makes the example of a report in docs/examples: the demo world, three weeks of it, a run each working day.

    python -m scripts.draw_report_example

Everything on the page is what the product did: the first day is a shadow run, for a week the dictionary lacks a part of
its rows, some tickets come back, one change is reported as wrong, and one day the ticket manager fails. Only the clock
is the script's, so that three weeks take a minute; times of stages are those of this machine. With Chromium on the
path, pictures for the how-to are drawn too.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx2
from rich.console import Console

from resuelve import wiring
from resuelve.cli.index import run_index
from resuelve.cli.outputs import Outputs
from resuelve.cli.proposing import run_maintain
from resuelve.cli.reporting import run_report
from resuelve.cli.returned_acts import report_wrong, see_to
from resuelve.cli.run import run_command
from resuelve.cli.surroundings import settings_for
from resuelve.journal import Acts, Journal
from resuelve.journal.memory import MemoryJournal
from resuelve.journal.sql import SqlJournal
from resuelve.mocks.serve import Running, start
from resuelve.mocks.world import World, demo_folder, load_world
from resuelve.reports.sources import Period
from resuelve.resolution.breakers import Breakers, Limits
from resuelve.settings import Settings

DOCS = Path(__file__).resolve().parents[1] / "docs"
FIRST = datetime(2026, 9, 7, 8, 30).astimezone()
DAYS, WHOLE_FROM, BACK_ON, WRONG_ON, FAULT_ON = 15, 6, 8, 9, 11
"""Working days; the one from which the dictionary is whole; those of which something is to be told."""

LATER_ROWS = ("REE", "APP", "ACC")
"""Rows that the dictionary gets on the day `WHOLE_FROM`, by the beginning of their ids."""

WIDTH, HEIGHT = 1100, 1560


@dataclass(slots=True)
class Clock:
    """The time that the product is told."""

    at: datetime = FIRST

    def __call__(self) -> datetime:
        return self.at

    def day(self) -> date:
        return self.at.date()

    def next_day(self) -> None:
        self.at += timedelta(days=3 if self.at.weekday() == 4 else 1)


def main() -> None:
    """Write page and picture in both languages."""
    (DOCS / "examples").mkdir(exist_ok=True)
    for language, name in (("en", "report-demo"), ("es", "informe-demo")):
        page = DOCS / "examples" / f"{name}.html"
        with tempfile.TemporaryDirectory() as folder, _inside(Path(folder)):
            _three_weeks(language, page)
        _draw(page, DOCS / "images" / f"{name}.png")


def _three_weeks(language: str, page: Path) -> None:
    everything = load_world()
    world = World((), everything.closed_incidents, everything.policies, everything.attachments)
    clock, workspace = Clock(), Path("demo")
    workspace.mkdir()
    with start(world=world) as services, _told_by(clock), Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        settings = settings_for(
            workspace,
            occupy=False,
            environment="EMBEBIDO",
            language=language,
            ticket_manager_url=services.gestor_url,
            business_system_url=services.sistema_url,
        )
        console = Console(file=nowhere)
        for day in range(DAYS):
            _one_day(day, everything.with_attachments_at(services.gestor_url), services, settings, console, clock)
            clock.next_day()
        run_maintain(settings)
        run_report(settings, [], Period(), Outputs(page, None))


def _one_day(day: int, world: World, services: Running, settings: Settings, console: Console, clock: Clock) -> None:
    if day in (0, WHOLE_FROM):
        _write_dictionary(settings.workspace, whole=day == WHOLE_FROM)
        run_index(settings, console=console)
    for incident in world.open_incidents[day::DAYS]:
        _tell(services, "incidents", incident)
    if day == BACK_ON:
        _bring_back(world, services)
    if day == WRONG_ON:
        report_wrong(settings, services.ledger.entries()[-1]["incident"])
    if day == WRONG_ON + 1:
        see_to(settings, None)
    if day == FAULT_ON:
        _tell(services, "faults", {"kind": "503", "method": "PATCH", "times": 2})
    if day == 0:
        run_command(settings, queue="", incident="", limit=0, shadow=True, watch=False, console=console)
        clock.at += timedelta(hours=3)
    run_command(settings, queue="", incident="", limit=0, shadow=False, watch=False, console=console)


def _write_dictionary(workspace: Path, *, whole: bool) -> None:
    for name in ("PROBLEMAS_GLOBALES.csv", "CORRECTIVOS_ABIERTOS.csv"):
        shutil.copyfile(demo_folder() / name, workspace / name)
    if whole:
        return
    path = workspace / "PROBLEMAS_GLOBALES.csv"
    with path.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        rows = [row for row in reader if not row["ID PROBLEMA"].startswith(LATER_ROWS)]
        names = reader.fieldnames or ()
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, names)
        writer.writeheader()
        writer.writerows(rows)


def _bring_back(world: World, services: Running) -> None:
    """Two people whose tickets were closed or reassigned come back."""
    told = {one["codIncidencia"]: one for one in world.open_incidents}
    final = [one["incident"] for one in services.ledger.entries() if one["action"] in ("resolver", "reasignar")]
    for code in final[-2:]:
        back = {"estado": "En curso", "buzon": told[code]["buzon"], "comentario": "Sigo igual, no ha servido."}
        _tell(services, "incidents", {"codIncidencia": code, **back})


def _tell(services: Running, what: str, body: Any) -> None:
    httpx2.post(f"{services.gestor_url}/__mock__/{what}", json=body).raise_for_status()


@contextmanager
def _told_by(clock: Clock) -> Iterator[None]:
    def breakers(settings: Settings, acts: Acts) -> Breakers:
        limits = Limits(settings.most_per_hour, settings.most_returned / 100)
        return Breakers(acts, limits, label=settings.label, language=settings.language, clock=clock)

    def journal(settings: Settings, *, durable: bool = True, extend: bool = True) -> Journal:
        if not durable:
            return MemoryJournal(clock=clock)
        return SqlJournal(wiring.workspace(settings).journal_url, clock=clock, extend=extend)

    with ExitStack() as stack:
        for name in ("run", "index", "proposing", "reporting", "returned_acts"):
            stack.enter_context(patch(f"resuelve.cli.{name}.now", clock))
        stack.enter_context(patch.object(wiring, "breakers", breakers))
        stack.enter_context(patch.object(wiring, "journal", journal))
        stack.enter_context(patch.object(wiring, "today", clock.day))
        yield


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    """The page names its workspace, and is not to name a folder of this machine."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _draw(page: Path, picture: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        print("no Chromium: no picture", file=sys.stderr)
        return
    options = f"--headless --no-sandbox --disable-gpu --hide-scrollbars --window-size={WIDTH},{HEIGHT}".split()
    command = [browser, *options, f"--screenshot={picture}", page.as_uri()]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own page


if __name__ == "__main__":
    main()
