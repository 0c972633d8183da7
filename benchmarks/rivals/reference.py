"""The reference flow: vectors, then a language model for everything. No calibration, no scores of its own.

The nearest rows, one call a row («is it relevant?»), one call that chooses among the relevant ones, and a critic that
gives 0 to 100. From 65 on it is done; below, another choice is made without the rejected row, at most twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from string import ascii_uppercase
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, create_model

from benchmarks.rivals.task import Answer, Row, Ticket
from resuelve.domain.errors import ModelOutputInvalid
from resuelve.models import ChatModel, Embedder, Vectors
from resuelve.resolution.prompts import prompt
from resuelve.resolution.trace import MeteredChat

ROWS = 3
"""As many as may be chosen: the first choice, and one after each rejection."""

THRESHOLD, RETRIES = 65, 2
NONE = "NINGUNO"
_PROMPTS = "benchmarks.rivals.prompts"


class Said(BaseModel):
    """The reason comes first, so that what follows may rest on it."""

    model_config = ConfigDict(extra="forbid")

    motivo: str


class Relevance(Said):
    relevante: bool


class Choice(Said):
    eleccion: str


class Judgement(Said):
    puntuacion: int = Field(ge=0, le=100)


@lru_cache(maxsize=8)
def choice_among(count: int) -> type[Choice]:
    """The answer's type when so many are offered: anything else does not validate."""
    letters: Any = Literal[(*ascii_uppercase[:count], NONE)]
    return create_model("Choice", __base__=Choice, eleccion=(letters, ...))


class Rows:
    """The dictionary, to be searched by vector similarity: a row is as near as its nearest example."""

    def __init__(self, rows: Sequence[Row], embedder: Embedder) -> None:
        self._rows, self._embedder = rows, embedder
        self._owner = np.repeat(np.arange(len(rows)), [len(row.examples) for row in rows])
        self._vectors: Vectors = embedder.embed([example for row in rows for example in row.examples])

    def nearest(self, text: str, count: int = ROWS) -> list[Row]:
        similarity = self._vectors @ self._embedder.embed([text])[0]
        best = np.full(len(self._rows), -np.inf)
        np.maximum.at(best, self._owner, similarity)
        return [self._rows[place] for place in np.argsort(-best, kind="stable")[:count]]


def decide(ticket: Ticket, rows: Rows, chat: ChatModel) -> Answer:
    """Take one ticket through the flow. An answer of the model that cannot be used means that a person gets it."""
    metered, near = MeteredChat(chat), rows.nearest(ticket.query)
    try:
        chosen, score = _judged(ticket.told, near, metered)
    except ModelOutputInvalid:
        chosen, score = None, 0
    first = chosen or near[0]
    acts, spent = chosen is not None and score >= THRESHOLD, metered.usage
    tokens = spent.tokens_in + spent.tokens_out
    return Answer(ticket.id, first.id, score / 100, chosen is not None, acts, spent.calls, tokens)


def _judged(told: str, near: Sequence[Row], chat: ChatModel) -> tuple[Row | None, int]:
    """The row that was approved, or else the first that was chosen, with its score; None where none is."""
    left = [row for row in near if _relevant(told, row, chat)]
    judged: list[tuple[Row, int]] = []
    rejected: list[str] = []
    while left and len(judged) <= RETRIES and (row := _choose(told, left, rejected, chat)):
        asked = prompt("critic", _PROMPTS, ticket=told, proposal=_told(row))
        said = chat.complete(asked, Judgement).output
        judged.append((row, said.puntuacion))
        if said.puntuacion >= THRESHOLD:
            return judged[-1]
        left.remove(row)
        rejected.append(f"{row.examples[0]}: {said.motivo}")
    return judged[0] if judged else (None, 0)


def _relevant(told: str, row: Row, chat: ChatModel) -> bool:
    asked = prompt("relevance", _PROMPTS, ticket=told, problem=_told(row))
    return chat.complete(asked, Relevance).output.relevante


def _choose(told: str, left: Sequence[Row], rejected: Sequence[str], chat: ChatModel) -> Row | None:
    offered = "\n\n".join(f"{letter}. {_told(row)}" for letter, row in zip(ascii_uppercase, left, strict=False))
    asked = prompt("choice", _PROMPTS, ticket=told, problems=offered, rejected="\n".join(rejected))
    letter = chat.complete(asked, choice_among(len(left))).output.eleccion
    return None if letter == NONE else left[ascii_uppercase.index(letter)]


def _told(row: Row) -> str:
    component = f"({row.component}) " if row.component else ""
    return f"{component}{row.examples[0]}\nSolución: {row.solution}"
