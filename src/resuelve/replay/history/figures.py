"""The history in figures: how many calls of each role and model, what they cost, and what is known of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from resuelve.journal import CallOutcome, History


@dataclass(slots=True)
class Line:
    """The calls of one role by one model; `seconds` is their sum."""

    role: str
    model: str
    calls: int = 0
    failed: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What a history holds.

    Attributes:
        first, last: when the oldest and the newest call ended; None where there is none.
        right, wrong: outcomes, by how they are known.
    """

    lines: tuple[Line, ...]
    incidents: int
    first: datetime | None
    last: datetime | None
    right: Counter[str]
    wrong: Counter[str]

    @property
    def calls(self) -> int:
        """All of them."""
        return sum(line.calls for line in self.lines)

    def as_json(self) -> dict[str, Any]:
        """For other programs."""
        return {
            "calls": self.calls,
            "incidents": self.incidents,
            "first": self.first.isoformat() if self.first else None,
            "last": self.last.isoformat() if self.last else None,
            "by_role": [{**asdict(line), "seconds": round(line.seconds, 3)} for line in self.lines],
            "outcomes": {"right": dict(self.right), "wrong": dict(self.wrong)},
        }


def figures_of(history: History) -> Figures:
    """Read the whole history once.

    Raises:
        JournalError: it cannot be read.
    """
    lines: dict[tuple[str, str], Line] = {}
    incidents: set[str] = set()
    first = last = None
    for call in history.calls():
        first, last = first or call.at, call.at
        incidents.add(call.incident)
        line = lines.setdefault((call.role, call.model), Line(call.role, call.model))
        line.calls += 1
        line.failed += bool(call.error)
        line.tokens_in += call.tokens_in
        line.tokens_out += call.tokens_out
        line.seconds += call.seconds
    right, wrong = _outcomes(history.outcomes())
    return Figures(tuple(lines[key] for key in sorted(lines)), len(incidents), first, last, right, wrong)


def _outcomes(outcomes: Iterable[CallOutcome]) -> tuple[Counter[str], Counter[str]]:
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for one in outcomes:
        (right if one.right else wrong)[one.how] += 1
    return right, wrong
