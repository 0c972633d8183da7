"""The words of a proposal: cut out of the incidents, or written by a model within a schema and checked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import create_model

from resuelve.domain.errors import ModelError
from resuelve.knowledge.maintenance.proposal import Evidence
from resuelve.knowledge.mining.asked import Asked
from resuelve.knowledge.people import HIDDEN
from resuelve.models import ChatModel
from resuelve.resolution.identify import has_placeholder, identify_text
from resuelve.resolution.prompts import prompt
from resuelve.resolution.prompts.schemas import Answer
from resuelve.resolution.words import fold, stems

EXTRACTED = "extracted"

_LONGEST_DESCRIPTION = 240

_SAYS_ENOUGH = 6
"""Words of a problem that need no title beside them."""

_ORPHAN = re.compile(r"(?:[\s.,;:]+(?:NIF|NIE|CIF|DNI|IBAN|[Pp]óliza|[Ee]l número|[Nn]\.?º))+[\s.:]*$|\(\s*\)")
"""What named an identifier that was taken out."""

_ADDRESS = re.compile(
    r",?\s*(?:\ben\s+)?(?:\b(?:la|el)\s+)?\b(?:C/|[Cc]alle|[Aa]v(?:da|enida)\b\.?|[Pp]laza|[Pp]aseo)\s?(?:[^\W\d]+\.?\s+|…\s*){1,6},?\s*(?:n[º.]?\s*)?\d+"
    r"(?:,?\s*\d{1,2}\s?[ºª°o]?\s?[A-Za-z]?\b)?"
)
"""A street with its number says where somebody lives."""

_GAP = re.compile(rf"\s*{HIDDEN}\s*")

_LONGEST = {"descripcion": 300, "solucion": 1_000}
_SHOWN = 6
"""Incidents that a model is shown: they tell one story."""

_NUMBER = re.compile(r"\d[\d./:-]*")
_NAME = re.compile(r"(?<!^)(?<!\n)(?<![.!?:] )\b[^\W\d_a-z]+[^\W\d_]+")
"""A word with a capital that no sentence begins with."""

_WORD = re.compile(r"[^\W\d_]+")

_GROUNDED = 0.5
"""Share of the solution's words that the team must have written: a model may reword, and not invent what to do."""


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


def described(one: Asked) -> str:
    """What an incident asked, short enough for a row: its problem, with its title where that alone says too little."""
    text = one.body if len(one.body.split()) >= _SAYS_ENOUGH else one.text
    text = _ORPHAN.sub("", _ADDRESS.sub("", text)).strip()
    if len(text) <= _LONGEST_DESCRIPTION:
        return text
    cut = text[:_LONGEST_DESCRIPTION]
    end = max(cut.rfind(". "), cut.rfind("? "), cut.rfind("! "))
    return cut[: end + 1] if end > 0 else cut.rsplit(" ", 1)[0]


def unbroken(text: str) -> str:
    """The text without the marks that stand where names were: a row of the dictionary has no gaps."""
    return re.sub(r"\s+([,.;:?!])", r"\1", _GAP.sub(" ", text)).strip()


def _stands(answer: Drafted, source: str) -> bool:
    """It is neither empty, too long nor invented, and has no identifier, and no number or name that was not there."""
    said = stems(answer.solucion)
    if not said or len(said & stems(source)) < _GROUNDED * len(said):
        return False
    for name, longest in _LONGEST.items():
        text = getattr(answer, name).strip()
        if not text or len(text) > longest or next(iter(identify_text(text, "")), None):
            return False
        if has_placeholder(text) or not set(_NUMBER.findall(text)) <= set(_NUMBER.findall(source)):
            return False
        if not {fold(name) for name in _NAME.findall(text)} <= set(_WORD.findall(fold(source))):
            return False
    return fold(answer.descripcion) != fold(answer.solucion)
