"""A chat model whose smaller student answers the roles that it has learned; the other answers everything else."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from resuelve.domain.errors import ModelOutputInvalid, ResuelveError
from resuelve.models.answer import read_answer
from resuelve.models.port import ChatModel, Completion, OutputT, Prompt, Usage

Student = Callable[[Prompt], tuple[str, Usage] | None]
"""What it writes, to be read like any model's answer, and what that cost; None where it says nothing this time. If it
raises an error of ours, it is not asked again."""


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
        text, cost = said or ("", Usage())
        spent = replace(cost, calls=0, seconds=time.perf_counter() - began)
        if said:
            try:
                return Completion(read_answer(text, output), spent, self._names[prompt.role])
            except ModelOutputInvalid:
                pass  # the teacher is asked
        completion = self._teacher.complete(prompt, output)
        return replace(completion, usage=completion.usage + spent)

    def _asked(self, prompt: Prompt, student: Student) -> tuple[str, Usage] | None:
        try:
            return student(prompt)
        except ResuelveError as error:
            if self._students.pop(prompt.role, None):  # of several threads one tells
                self._on_gone(error)
            return None
