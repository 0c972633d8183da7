"""The cases of a comparison, drawn by a fixed rule from an evaluation set or from a desk of the repository."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.rivals.task import SET, TASK, Row, Task, Ticket
from resuelve.domain.incident import Incident
from resuelve.mocks.world import demo_folder
from resuelve.replay.sets import CASES, DICTIONARY, EvaluationSet, Split
from resuelve.wiring import trials

ROOT = Path(__file__).parents[2]
_CRITIC = ROOT / "benchmarks/critic"

BUNDLED = {
    "demo": (demo_folder() / "PROBLEMAS_GLOBALES.csv", ROOT / "tests/acceptance/demo/natural.jsonl"),
    "telco": (_CRITIC / "telco/dictionary.csv", _CRITIC / "telco/cases.jsonl"),
    "ayuntamiento": (_CRITIC / "ayuntamiento/dictionary.csv", _CRITIC / "ayuntamiento/cases.jsonl"),
}
"""Desks of the repository. The product's critic was fitted on the cases of the last two, and on none of the demo."""


def files(name: str) -> tuple[Path, Path]:
    """Dictionary and cases of a folder, or of a bundled desk by its name."""
    folder = Path(name)
    return BUNDLED[name] if name in BUNDLED else (folder / DICTIONARY, folder / CASES)


def drawn(entries: Sequence[Mapping[str, Any]], most: Mapping[Split, int | None]) -> list[dict[str, Any]]:
    """So many cases of each split (all for None), those whose ids have the smallest hashes, in that order.

    Whoever draws more gets the same and others. Cases that name no split are shared out by their hash.
    """
    taken: dict[Split, list[dict[str, Any]]] = {split: [] for split in Split}
    for entry in sorted(entries, key=_hash):
        by_hash = Split.CALIBRATION if int(_hash(entry)[-1], 16) % 2 else Split.TEST
        split = Split(entry.get("split", by_hash))
        taken[split].append({**entry, "split": split.value})
    return [entry for split, found in taken.items() for entry in found[: most[split]]]


def _hash(entry: Mapping[str, Any]) -> str:
    return hashlib.sha256(str(entry["id"]).encode()).hexdigest()


def prepare(name: str, folder: Path, most: Mapping[Split, int | None], task: Task) -> EvaluationSet:
    """Write what every way is given into a folder.

    Args:
        task: says which language model; its rows and tickets are those of the set.

    Raises:
        EvaluationError, DictionaryError: the set cannot be read.
    """
    dictionary, cases = files(name)
    entries = [json.loads(line) for line in cases.read_text(encoding="utf-8").splitlines() if line.strip()]
    (folder / SET).mkdir()
    shutil.copyfile(dictionary, folder / SET / DICTIONARY)
    lines = [json.dumps(entry, ensure_ascii=False) + "\n" for entry in drawn(entries, most)]
    (folder / SET / CASES).write_text("".join(lines), encoding="utf-8")
    data = trials.evaluation_set(folder / SET)
    problems = data.dictionary.problems.values()
    rows = [Row(one.id, one.component, one.solution, list(one.examples)) for one in problems]
    tickets = [Ticket(case.id, query(case.incident), told(case.incident)) for case in data.cases]
    Task(rows, tickets, task.model, task.model_name).write(folder / TASK)
    return data


def query(incident: Incident) -> str:
    """What one searches with when one has no product for it: the title and the description, as they are."""
    return ". ".join(text for text in (incident.title, incident.description) if text.strip()) or incident.code


def told(incident: Incident) -> str:
    """All that was written on a ticket."""
    lines = [f"Título: {incident.title}", f"Descripción: {incident.description}"]
    comments = [f"Comentario: {entry.detail}" for entry in incident.history if entry.detail]
    return "\n".join([*lines, *comments])
