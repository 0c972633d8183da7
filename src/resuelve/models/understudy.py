"""A chat model whose smaller student answers the roles that it has learned; the other answers everything else."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from resuelve.domain.errors import ModelOutputInvalid, ResuelveError
from resuelve.models.answer import read_answer
from resuelve.models.port import ChatModel, Completion, OutputT, Prompt, Usage


@dataclass(frozen=True, slots=True)
class Said:
    """What a student wrote, to be read like any model's answer, and the tokens of question and answer."""

    text: str
    tokens_in: int = 0
    tokens_out: int = 0


Student = Callable[[Prompt], Said | None]
"""Answers a prompt, or says nothing this time. An error of ours: it will answer none any more."""


class Understudy:
    """A `ChatModel` of two. Use it from any thread.

    A student is asked once: when it says nothing, or nothing that fits the schema, its teacher is asked as if there
    were no student. It costs tokens and seconds; a call is a request to a server, and it sends none.

    Args:
        teacher: answers whatever the students do not.
        students: by role.
        names: by role, the student's name for records, such as ``reformulate/3``.
        on_gone: told why a student will not be asked again, once a student.
    """

    def __init__(
        self,
        teacher: ChatModel,
        students: Mapping[str, Student],
        names: Mapping[str, str],
        on_gone: Callable[[ResuelveError], None] = lambda _: None,
    ) -> None:
        self._teacher = teacher
        self._students = dict(students)
        self._names = dict(names)
        self._on_gone = on_gone

    @property
    def name(self) -> str:
        """The teacher's: it answers for most of what is asked."""
        return self._teacher.name

    def complete(self, prompt: Prompt, output: type[OutputT]) -> Completion[OutputT]:
        """See `ChatModel.complete`."""
        student = self._students.get(prompt.role)
        if student is None or prompt.pictures:
            return self._teacher.complete(prompt, output)
        began = time.perf_counter()
        said = self._asked(prompt, student)
        spent = Usage(0, said.tokens_in, said.tokens_out) if said else Usage()
        spent = replace(spent, seconds=time.perf_counter() - began)
        if said:
            try:
                return Completion(read_answer(said.text, output), spent, self._names[prompt.role])
            except ModelOutputInvalid:
                pass  # the teacher is asked
        completion = self._teacher.complete(prompt, output)
        return replace(completion, usage=completion.usage + spent)

    def _asked(self, prompt: Prompt, student: Student) -> Said | None:
        try:
            return student(prompt)
        except ResuelveError as error:
            if self._students.pop(prompt.role, None):  # of several threads one tells
                self._on_gone(error)
            return None
