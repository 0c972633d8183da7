"""The words of a proposal: cut out of the incidents, or written by a model within a schema and checked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import create_model

from resuelve.domain.errors import ModelError
from resuelve.knowledge.maintenance.proposal import Evidence
from resuelve.models import ChatModel
from resuelve.resolution.identify import identify_text
from resuelve.resolution.prompts import prompt
from resuelve.resolution.prompts.schemas import Answer
from resuelve.resolution.words import fold

EXTRACTED = "extracted"

_LONGEST = {"descripcion": 300, "solucion": 1_000}
_SHOWN = 6
"""Incidents that a model is shown: they tell one story."""

_NUMBER = re.compile(r"\d[\d./:-]*")


class Drafted(Answer):
    """What a model writes. `componente` is narrowed to those of the dictionary."""

    descripcion: str
    solucion: str
    componente: str


@dataclass(frozen=True, slots=True)
class Words:
    """Description, solution and component of a proposal, and who worded them."""

    description: str
    solution: str
    component: str
    by: str = EXTRACTED


def worded(extracted: Words, evidence: Sequence[Evidence], components: Sequence[str], chat: ChatModel | None) -> Words:
    """The words of a model where there is one and they stand up to being checked; else those that were extracted.

    Args:
        evidence: the incidents, without identifiers and names.
        components: of the dictionary; the model chooses among them.
    """
    if chat is None or not components:
        return extracted
    shown = evidence[:_SHOWN]
    incidents = "\n\n".join(f"{one.title}\nEquipo: {one.answer}" for one in shown)
    question = prompt("propose", __package__, incidents=incidents, components="\n".join(components))
    choices: Any = Literal[tuple(components)]
    schema: type[Drafted] = create_model("Drafted", __base__=Drafted, componente=(choices, ...))
    try:
        answer = chat.complete(question, schema).output
    except ModelError:
        return extracted  # the words of the incidents are never worse than none
    if not _stands(answer, incidents):
        return extracted
    return Words(answer.descripcion.strip(), answer.solucion.strip(), answer.componente, chat.name)


def _stands(answer: Drafted, source: str) -> bool:
    """It is neither empty nor too long, and names no identifier and no number that was not there."""
    for name, longest in _LONGEST.items():
        text = getattr(answer, name).strip()
        if not text or len(text) > longest or next(iter(identify_text(text, "")), None):
            return False
        if not set(_NUMBER.findall(text)) <= set(_NUMBER.findall(source)):
            return False
    return fold(answer.descripcion) != fold(answer.solucion)
