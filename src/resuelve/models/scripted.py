"""A chat model that says what it was told to say, for tests and demonstrations."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from resuelve.domain.errors import ModelOutputInvalid
from resuelve.domain.message import Message, message
from resuelve.models.answer import read_answer
from resuelve.models.port import Completion, OutputT, Prompt, Usage

ANSWERS = 3

Answer = BaseModel | Mapping[str, Any] | str | Exception
"""A value, the text that a model would have written (good or bad), or an error to raise."""
Line = Answer | Callable[[Prompt], Answer]
Answers = Line | Sequence[Line]
"""A list is used up in its order; anything else is the answer for ever. A function is given the prompt."""


class ScriptedChat:
    """A `ChatModel` that plays a script.

        chat = ScriptedChat({"decide": [Decision(...), ModelUnavailable("down")], "critique": lambda prompt: {...}})

    Texts and mappings are read as strictly as a real model's answers, and asked for again when they are unusable.

    Attributes:
        calls: every prompt, in the order of asking.
        usage: the sum of what was spent; a word or a picture counts as a token, no time passes.
    """

    def __init__(self, answers: Mapping[str, Answers], *, name: str = "scripted") -> None:
        self.calls: list[Prompt] = []
        self.usage = Usage()
        self._name = name
        self._answers = {role: _own(given) for role, given in answers.items()}
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The model's name, for records."""
        return self._name

    def complete(self, prompt: Prompt, output: type[OutputT]) -> Completion[OutputT]:
        """See `ChatModel.complete`.

        Raises:
            AssertionError: the script has no answer (left) for this role, or one of another schema.
        """
        spent, problem = Usage(), Message.of("")
        for _ in range(ANSWERS):
            answer = self._next(prompt)
            if isinstance(answer, Exception):
                raise answer
            text = answer.model_dump_json() if isinstance(answer, BaseModel) else answer
            text = text if isinstance(text, str) else json.dumps(text)
            spent += self._count(prompt, text)
            if isinstance(answer, BaseModel):
                if not isinstance(answer, output):
                    raise AssertionError(f"a {type(answer).__name__} in the script where {output.__name__} was asked")
                return Completion(answer, spent, self._name)
            try:
                return Completion(read_answer(text, output), spent, self._name)
            except ModelOutputInvalid as error:
                problem = error.what
        raise ModelOutputInvalid(
            message(
                "{count} answers to `{role}` could not be used; the last: {problem}",
                count=ANSWERS,
                role=prompt.role,
                problem=problem,
            ),
            where=self._name,
            calls=spent.calls,
            tokens_in=spent.tokens_in,
            tokens_out=spent.tokens_out,
        )

    def _next(self, prompt: Prompt) -> Answer:
        with self._lock:
            self.calls.append(prompt)
            given = self._answers.get(prompt.role, [])
            if isinstance(given, list):
                if not given:
                    raise AssertionError(f"the script has no answer left for `{prompt.role}`")
                given = given.pop(0)
        return given(prompt) if callable(given) else given

    def _count(self, prompt: Prompt, text: str) -> Usage:
        given = len(prompt.system.split()) + len(prompt.user.split()) + len(prompt.pictures)
        usage = Usage(1, given, len(text.split()))
        with self._lock:
            self.usage += usage
        return usage


def _own(given: Answers) -> Line | list[Line]:
    if isinstance(given, Sequence) and not isinstance(given, str):
        return list(given)
    return given
