"""Invented history: calls of the critic and of the reranker, with outcomes that a rule with chance in it has made."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from resuelve.journal.port import CallOutcome, ModelCall
from resuelve.resolution.order import PLACES
from resuelve.resolution.score import FEATURES, WORDS, shipped

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
EMBEDDER = "invented/1"


@dataclass
class MemoryHistory:
    """As much of `History` as is read here."""

    kept: Sequence[ModelCall] = ()
    known: Sequence[CallOutcome] = ()
    closed: bool = field(default=False)

    def keep(self, calls: Sequence[ModelCall]) -> None:
        self.kept = (*self.kept, *calls)

    def calls(self, *, role: str = "", incident: str = "", since: datetime | None = None) -> Iterator[ModelCall]:
        return (one for one in self.kept if not role or one.role == role)

    def note_outcomes(self, outcomes: Sequence[CallOutcome]) -> int:
        self.known = (*self.known, *outcomes)
        return len(outcomes)

    def outcomes(self) -> Iterator[CallOutcome]:
        return iter(self.known)

    def forget(self, before: datetime) -> int:
        return 0

    def close(self) -> None:
        self.closed = True


def critique(
    incident: str,
    features: dict[str, float],
    *,
    day: int = 0,
    row: str = "R1",
    score: float | None = None,
    verdict: str = "approved",
    doubt: str = "none",
    threshold: float = 65.0,
    model: str = "resuelve 0.1.0",
    run: str = "run-1",
    error: str = "",
    prompt: str = "",
) -> ModelCall:
    points = shipped().score(features) if score is None else score
    return ModelCall(
        id=f"{incident}-{row}-{day}-{model}-{verdict}",
        at=START + timedelta(days=day),
        run=run,
        incident=incident,
        revision="a",
        role="critique",
        model=model,
        prompt=prompt,
        input={"problem": row, "state": f"{row}\x1fx", "features": features, "threshold": threshold},
        output=None if error else {"verdict": verdict, "score": points, "doubt": doubt, "reason": "…"},
        error=error,
    )


def outcome(incident: str, *, right: bool, row: str = "R1", day: int = 1, state: str = "") -> CallOutcome:
    at = START + timedelta(days=day)
    return CallOutcome(incident, row, state or f"{row}\x1fx", right, "closed", at)


def features(chance: random.Random, *, words: bool = True, **given: float) -> dict[str, float]:
    return {name: chance.gauss(0.0, 1.0) for name in FEATURES if words or name not in WORDS} | given


def critics(
    count: int, *, seed: int = 1, words: bool = True, noise: bool = False, turned: bool = False
) -> MemoryHistory:
    """Choices that are right the more, the greater `gap` is and the more `dense` is above 0.

    Args:
        noise: by chance instead; turned: it is the other way round.
    """
    chance, found = random.Random(seed), MemoryHistory()
    calls, known = [], []
    for number in range(count):
        values, incident = features(chance, words=words), f"INC{number:05}"
        odds = 2.0 * values["gap"] + 2.0 * max(0.0, values["dense"]) - 0.5
        right = chance.random() < (0.5 if noise else 1.0 / (1.0 + math.exp(odds if turned else -odds)))
        calls.append(critique(incident, values, day=number // 7))
        known.append(outcome(incident, right=right, day=number // 7 + 1))
    found.keep(calls)
    found.note_outcomes(known)
    return found


def rerank(
    incident: str,
    order: Sequence[tuple[str, dict[str, float]]],
    *,
    day: int = 0,
    model: str = "resuelve 0.1.0",
) -> ModelCall:
    listed = [
        {
            "problem": row,
            "state": f"{row}\x1fx",
            "relevance": values["relevance"],
            "features": {name: values[name] for name in PLACES if name != "relevance"},
        }
        for row, values in order
    ]
    return ModelCall(
        id=f"{incident}-order-{day}",
        at=START + timedelta(days=day),
        run="run-1",
        incident=incident,
        revision="a",
        role="rerank",
        model=model,
        prompt="",
        input={},
        output={"order": listed},
    )


def rerankings(count: int, *, seed: int = 1) -> MemoryHistory:
    """Tickets with four candidates: what tells the right one is `echo`, and the order of then goes by relevance."""
    chance, found = random.Random(seed), MemoryHistory()
    calls, known = [], []
    for number in range(count):
        incident = f"TIC{number:05}"
        rows = {f"R{place}": {name: chance.gauss(0.0, 1.0) for name in PLACES} for place in range(4)}
        merit = {row: values["relevance"] + 3.0 * values["echo"] for row, values in rows.items()}
        right = max(merit, key=lambda row: merit[row] + chance.gauss(0.0, 0.5))
        order = sorted(rows.items(), key=lambda one: -one[1]["relevance"])
        calls.append(rerank(incident, order, day=number // 7))
        known += [outcome(incident, right=row == right, row=row, day=number // 7 + 1) for row in rows]
    found.keep(calls)
    found.note_outcomes(known)
    return found
