"""The scripted chat model."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from resuelve.domain.errors import ModelUnavailable
from resuelve.models import Prompt
from resuelve.models.scripted import ScriptedChat


class Said(BaseModel):
    text: str


class Other(BaseModel):
    text: str


def prompt(role: str, user: str = "dos palabras") -> Prompt:
    return Prompt(role=role, version="v", system="una", user=user)


def test_each_role_has_its_own_script() -> None:
    chat = ScriptedChat(
        {
            "decide": [Said(text="1"), {"text": "2"}, '{"text": "3"}', lambda p: Said(text=p.user)],
            "critique": lambda p: {"text": p.role},
            "reformulate": Said(text="always"),
        }
    )
    said = [chat.complete(prompt("decide", "x"), Said).output.text for _ in range(4)]
    assert said == ["1", "2", "3", "x"]
    assert [chat.complete(prompt(role), Said).output.text for role in ("critique", "reformulate", "reformulate")] == [
        "critique",
        "always",
        "always",
    ]
    assert [call.role for call in chat.calls] == ["decide"] * 4 + ["critique"] + ["reformulate"] * 2


def test_what_is_spent_is_summed() -> None:
    chat = ScriptedChat({"decide": ["no json here", {"text": "a"}]})
    usage = chat.complete(prompt("decide"), Said).usage
    assert (usage.calls, usage.tokens_in, usage.tokens_out) == (2, 6, 5)
    assert chat.usage == usage


def test_an_error_in_the_script_is_raised() -> None:
    chat = ScriptedChat({"decide": [ModelUnavailable("down"), Said(text="up")]})
    with pytest.raises(ModelUnavailable):
        chat.complete(prompt("decide"), Said)
    assert chat.complete(prompt("decide"), Said).output.text == "up"


def test_a_script_that_runs_out_fails_the_test() -> None:
    chat = ScriptedChat({"decide": [Said(text="1")]})
    chat.complete(prompt("decide"), Said)
    for role in ("decide", "critique"):
        with pytest.raises(AssertionError, match=role):
            chat.complete(prompt(role), Said)


def test_a_value_of_another_schema_fails_the_test() -> None:
    with pytest.raises(AssertionError, match="Other"):
        ScriptedChat({"decide": Other(text="1")}).complete(prompt("decide"), Said)
