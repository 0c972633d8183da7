"""What a fine-tuned language model answers to prompts with untrusted tickets in them: in a process of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

from resuelve.domain.errors import TrainingError
from resuelve.models import Prompt, Usage
from resuelve.training.child import ModelChild, answer, questions

ROOM = 384
"""Tokens of an answer: a sentence of thirty words and a second matter take about a hundred; a longer one is cut, and a
cut one is not used."""

_MEMORY = 4_000_000_000
"""Bytes that answering may take beyond the loaded model."""


class Speech:
    """A child that answers prompts, started with the first of them. Safe to use from several threads.

    Args:
        program: starts the child (`serve`).
        start, seconds: how long it may take to load the model, and to answer.
    """

    def __init__(self, program: Sequence[str], *, start: float = 120.0, seconds: float = 60.0) -> None:
        self.child = ModelChild(program, start=start, seconds=seconds)

    def answer(self, prompt: Prompt) -> tuple[str, Usage] | None:
        """What the model says, whatever that is, and its tokens; None where it says nothing: it was too slow, it died,
        or the prompt is too long for it.

        Raises:
            TrainingError: the model cannot be loaded, or the child has died too often.
        """
        question = json.dumps({"system": prompt.system, "user": prompt.user}).encode()
        said = self.child.ask(question) or {}
        text = said.get("text")
        if not isinstance(text, str):
            return None
        return text, Usage(tokens_in=_count(said.get("tokens_in")), tokens_out=_count(said.get("tokens_out")))

    def close(self) -> None:
        """End the child."""
        self.child.close()


def serve(
    files: Path,
    seconds: float,
    give_up: Callable[[int], Sequence[str]],
    allow_seconds: Callable[[float], None],
    asked: IO[bytes],
    answers: IO[bytes],
) -> None:
    """The child's side: load the model, give up what it can, then answer until nothing more is asked.

    Args:
        seconds: of computing for one answer; the parent counts as well. This is for a child whose parent is gone.
    """
    from resuelve.training.language import opened_version

    try:
        speaker = opened_version(files)
        speaker.said([("system", "-"), ("user", "-")], 2)  # whatever is loaded late is loaded now
    except TrainingError as error:
        answer(answers, {"error": str(error)})
        return
    answer(answers, {"held": list(give_up(_MEMORY))})
    for question in questions(asked):
        allow_seconds(seconds)
        prompt = json.loads(question)
        answer(answers, _said(speaker.said([("system", prompt["system"]), ("user", prompt["user"])], ROOM)))


def _said(said: tuple[str, int, int] | None) -> dict[str, Any]:
    if said is None:
        return {"refused": "too long"}
    text, tokens_in, tokens_out = said
    return {"text": text, "tokens_in": tokens_in, "tokens_out": tokens_out}


def _count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0
