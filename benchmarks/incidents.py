"""Incidents for measurements: the demo's, each text made different so that no cache helps."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any


def demo(name: str) -> Any:
    """A file of the demo world."""
    return json.loads(resources.files("resuelve.mocks").joinpath("demo_world", name).read_text(encoding="utf-8"))


def write_world(folder: Path, size: int) -> None:
    """A world of `size` open incidents that the mock services can serve."""
    folder.mkdir(parents=True)
    source = demo("incidencias_abiertas.json")
    incidents = []
    for number in range(size):
        original = source[number % len(source)]
        text = f"({number}) {original['descripcion']}"
        incidents.append({**original, "codIncidencia": f"BEN{number:05d}", "descripcion": text})
    files = {
        "incidencias_abiertas.json": incidents,
        "incidencias_cerradas.json": [],
        "polizas.json": demo("polizas.json"),
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
