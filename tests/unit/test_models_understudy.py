"""A student in front of its teacher: who is asked, and what it costs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from resuelve.domain.errors import ModelUnavailable, ResuelveError, TrainingError
from resuelve.models import Picture, Prompt, Usage
from resuelve.models.scripted import ScriptedChat
from resuelve.models.understudy import Student, Understudy
from resuelve.resolution.prompts.schemas import Reformulation

PROMPT = Prompt("reformulate", "v1", "Resume.", "No puedo entrar.")
BY_TEACHER = {"problema": "No se puede entrar en la aplicación", "otro_asunto": ""}
BY_STUDENT = '{"problema": "No entra", "otro_asunto": ""}'


def made(student: Student, *, role: str = "reformulate", **teacher: Any) -> tuple[Understudy, ScriptedChat]:
    chat = ScriptedChat(teacher or {"reformulate": BY_TEACHER}, name="grande")
    return Understudy(chat, {role: student}, {role: f"{role}/3"}), chat


def test_the_student_answers_its_role_under_its_name_and_sends_no_request() -> None:
    model, teacher = made(lambda prompt: (BY_STUDENT, Usage(9, len(prompt.user), 7)))
    completion = model.complete(PROMPT, Reformulation)
    assert completion.output.problema == "No entra"
    assert completion.model == "reformulate/3"
    assert (completion.usage.calls, completion.usage.tokens_in, completion.usage.tokens_out) == (0, 16, 7)
    assert completion.usage.seconds > 0
    assert teacher.calls == []
    assert model.name == "grande"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No entra",
        '{"problema": "No entra"}',
        '{"problema": "No entra", "otro_asunto": "", "más": 1}',
        '{"problema": "No entra", "otro_asunto": null}',
        '{"problema": "No entra", "otro_asunto": ""',
        "[" * 60_000,
    ],
)
def test_what_does_not_fit_the_schema_is_not_repaired_and_the_teacher_is_asked(text: str) -> None:
    model, teacher = made(lambda _: (text, Usage(0, 5, 2)))
    completion = model.complete(PROMPT, Reformulation)
    assert (completion.output.problema, completion.model) == (BY_TEACHER["problema"], "grande")
    assert completion.usage.calls == len(teacher.calls) == 1
    assert completion.usage.tokens_in == teacher.usage.tokens_in + 5


def test_a_student_that_says_nothing_is_asked_again_next_time() -> None:
    said = iter([None, (BY_STUDENT, Usage())])
    model, _ = made(lambda _: next(said))
    assert [model.complete(PROMPT, Reformulation).model for _ in range(2)] == ["grande", "reformulate/3"]


def test_a_student_that_is_gone_is_told_once_and_not_asked_again() -> None:
    asked: list[Prompt] = []
    told: list[ResuelveError] = []

    def gone(prompt: Prompt) -> tuple[str, Usage]:
        asked.append(prompt)
        raise TrainingError("gone")

    chat = ScriptedChat({"reformulate": BY_TEACHER})
    model = Understudy(chat, {"reformulate": gone}, {"reformulate": "reformulate/1"}, told.append)
    with ThreadPoolExecutor(4) as pool:
        models = [one.model for one in pool.map(lambda _: model.complete(PROMPT, Reformulation), range(12))]
    assert models == ["scripted"] * 12
    assert 1 <= len(asked) <= 4
    assert [one.what for one in told] == ["gone"]


def test_other_roles_and_pictures_are_the_teachers() -> None:
    model, teacher = made(lambda _: (BY_STUDENT, Usage()), role="decide")
    assert model.complete(PROMPT, Reformulation).model == "grande"
    model, teacher = made(lambda _: (BY_STUDENT, Usage()))
    shown = Prompt("reformulate", "v1", "Resume.", "x", (Picture("image/png", b"x"),))
    assert model.complete(shown, Reformulation).model == "grande"
    assert len(teacher.calls) == 1


def test_where_neither_answers_the_teachers_error_is_raised() -> None:
    model, _ = made(lambda _: None, reformulate=ModelUnavailable("down", calls=2))
    with pytest.raises(ModelUnavailable) as caught:
        model.complete(PROMPT, Reformulation)
    assert caught.value.calls == 2
