"""One measured run in a process of its own: `python -m benchmarks.one_run FOLDER`; prints one line of JSON."""

from __future__ import annotations

import json
import re
import resource
import shutil
import subprocess
import sys
import time
from importlib import resources
from pathlib import Path
from typing import Any

from resuelve import assembly, wiring
from resuelve.cli.index import run_index
from resuelve.cli.run import about
from resuelve.cli.surroundings import now, run_name
from resuelve.resolution.run import Scope, run_once
from resuelve.settings import load

_ENCODER_TEXTS = 120


def main() -> None:
    folder = Path(sys.argv[1])
    mocks = subprocess.Popen(
        [sys.executable, "-m", "resuelve", *f"mocks --gestor-port 0 --sistema-port 0 --world {folder}/world".split()],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        gestor, sistema = re.findall(r"http://[\d.:]+\d", mocks.stdout.readline() if mocks.stdout else "")
        print(json.dumps(measured(folder, gestor, sistema)))
    finally:
        mocks.terminate()
        mocks.wait()


def measured(folder: Path, gestor: str, sistema: str) -> dict[str, Any]:
    workspace = folder / "workspace"
    workspace.mkdir()
    source = resources.files("resuelve.mocks").joinpath("demo_world", "PROBLEMAS_GLOBALES.csv")
    with resources.as_file(source) as path:
        shutil.copyfile(path, workspace / "PROBLEMAS_GLOBALES.csv")
    settings = load(workspace=workspace, ticket_manager_url=gestor, business_system_url=sistema)
    run_index(settings)
    begun = time.perf_counter()
    with assembly.assemble(settings, run_name(now())) as parts:
        started = time.perf_counter()
        ended = run_once(
            parts.pipeline,
            parts.engine,
            Scope(),
            wiring.workspace(settings).reports,
            about=about(settings, parts, shadow=False),
            workers=settings.workers,
            now=now,
        )
        finished = time.perf_counter()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
        encoder = _encoder_per_second(parts)
    return {
        "startup_s": started - begun,
        "run_s": finished - started,
        "peak_mb": peak,
        "encoder_per_s": encoder,
        "stages": ended.totals.as_json()["seconds_by_stage"],
    }


def _encoder_per_second(parts: assembly.Assembly) -> float:
    """Tickets a second if encoding a ticket's problem text were all there is to do, both cores at work."""
    listing = parts.tickets.open_incidents()
    texts = [
        f"{number} {one.title}. {one.description}" for number, one in enumerate(listing.incidents[:_ENCODER_TEXTS])
    ]
    begun = time.perf_counter()
    parts.pipeline.knowledge.embedder.embed(texts)
    return len(texts) / (time.perf_counter() - begun)


if __name__ == "__main__":
    main()
