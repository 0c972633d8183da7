"""What every way is given, and what it gives back, as JSON. Standard library alone: other interpreters read it too."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SET, TASK = "set", "task.json"
"""In the folder that a way is given: the evaluation set, and the same as texts."""

BLOCK = 256
"""Cases whose texts are encoded together, as `resuelve evaluate` does."""

TIMEOUT_S = 600
"""Longest wait for one answer of a language model: small ones on a busy machine take minutes."""


@dataclass(frozen=True)
class Row:
    """A known problem as texts."""

    id: str
    component: str
    solution: str
    examples: list[str]


@dataclass(frozen=True)
class Ticket:
    """A case as texts: what one searches with, and all that a language model is shown."""

    id: str
    query: str
    told: str


@dataclass(frozen=True)
class Task:
    """The same for every way. `model`: the base URL of a language model's server, empty for none."""

    rows: list[Row]
    tickets: list[Ticket]
    model: str = ""
    model_name: str = ""

    def write(self, file: Path) -> None:
        file.write_text(json.dumps(asdict(self), ensure_ascii=False), encoding="utf-8")

    @classmethod
    def read(cls, file: Path) -> Task:
        raw = json.loads(file.read_text(encoding="utf-8"))
        rows, tickets = [Row(**one) for one in raw["rows"]], [Ticket(**one) for one in raw["tickets"]]
        return cls(rows, tickets, raw["model"], raw["model_name"])


@dataclass(frozen=True)
class Answer:
    """What a way made of a case.

    Attributes:
        choice: the problem that stands first, also where it would not be acted on; empty for none.
        score: how sure the way is of it; any scale, more is surer.
        may_act: nothing but the score speaks against acting on it.
        acts: the way would act on it as it comes, without a threshold found on past cases.
        tokens: in and out.
    """

    id: str
    choice: str
    score: float
    may_act: bool
    acts: bool
    calls: int = 0
    tokens: int = 0


@dataclass(frozen=True)
class Returned:
    """The answers of a way, and what they cost.

    Attributes:
        setup_s: seconds from the first line to the first case: encoder, index.
        clock_s, core_s: of the clock and of all cores, for the cases alone.
        peak_mb: the largest resident size of the process.
    """

    answers: list[Answer]
    setup_s: float
    clock_s: float
    core_s: float
    peak_mb: float

    @classmethod
    def of(cls, raw: dict[str, Any]) -> Returned:
        return cls(**{**raw, "answers": [Answer(**one) for one in raw["answers"]]})


def answer_all(begun: float, decide: Callable[[], Sequence[Answer]]) -> None:
    """Measure a way that is ready to decide, and print what it returns as the last line of the output."""
    clock, cores = time.perf_counter(), time.process_time()
    answers = list(decide())
    clock_s, core_s = time.perf_counter() - clock, time.process_time() - cores
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)
    print(json.dumps(asdict(Returned(answers, clock - begun, clock_s, core_s, peak))), flush=True)


def blocks(tickets: Sequence[Ticket]) -> Iterator[Sequence[Ticket]]:
    """Cases whose texts are encoded together."""
    for start in range(0, len(tickets), BLOCK):
        yield tickets[start : start + BLOCK]


def key() -> str:
    """For the server of the language model; empty where none is needed."""
    return os.environ.get("OPENAI_API_KEY", "")
