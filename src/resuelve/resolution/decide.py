"""Stage 6, decide: one known error, or none."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from string import ascii_uppercase

from resuelve.domain.decision import Choice, Doubt
from resuelve.models import ChatModel
from resuelve.resolution.prompts import prompt
from resuelve.resolution.prompts.schemas import NONE, selection_among
from resuelve.resolution.rerank import Ranked
from resuelve.texts import say

_MOST_OFFERED = 12


def offer(ranked: Sequence[Ranked], avoid: Collection[str], limit: int) -> tuple[Ranked, ...]:
    """The candidates that may be chosen: the first `limit` that the critic has not ruled out."""
    return tuple(one for one in ranked if one.problem.id not in avoid)[: min(limit, _MOST_OFFERED)]


def decide(
    offered: Sequence[Ranked],
    *,
    chat: ChatModel | None = None,
    ticket: str = "",
    avoid: Collection[str] = (),
    advice: str = "",
    language: str = "es",
) -> Choice:
    """Choose one of the offered known errors or none. Without a model the most relevant one is chosen.

    A model sees letters, not ids, and can name nothing that was not offered. It is asked even about a single
    candidate, because "none of them" is an answer.

    Raises:
        ModelUnavailable, ModelOutputInvalid: the model gave no answer that may be used.
    """
    if not offered:
        return Choice(None, say("resolution.no_match", language), Doubt.NO_MATCH)
    if chat is None:
        return Choice(offered[0].problem, say("resolution.closest", language, id=offered[0].problem.id))
    letters = dict(zip(ascii_uppercase, offered, strict=False))
    question = prompt(
        "decide",
        ticket=ticket,
        problems="\n".join(f"{letter}. {describe(one)}" for letter, one in letters.items()),
        avoid=", ".join(sorted(avoid)),
        advice=advice,
    )
    answer = chat.complete(question, selection_among(tuple(letters))).output
    if answer.eleccion == NONE:
        return Choice(None, answer.motivo, Doubt.NO_MATCH)
    return Choice(letters[answer.eleccion].problem, answer.motivo)


def describe(one: Ranked, *, solution: int = 0) -> str:
    """A row as a model sees it: component, examples, what it leads to, and so many characters of its solution."""
    problem = one.problem
    examples = " | ".join(dict.fromkeys((one.candidate.example, *problem.examples[:3])))
    text = f"[{problem.component}] {examples} → {problem.prescription.label}"
    return f"{text}: {problem.solution[:solution]}" if solution else text
