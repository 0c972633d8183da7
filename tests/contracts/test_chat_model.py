"""What every chat model must do: the scripted one, the one over HTTP, one with an understudy, and each watched."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import Literal

import pytest
from pydantic import BaseModel

from resuelve.domain.errors import ModelOutputInvalid, ModelUnavailable
from resuelve.models import ChatModel, Picture, Prompt, Usage
from resuelve.models.openai_compatible import OpenAICompatibleChat
from resuelve.models.scripted import ScriptedChat
from resuelve.models.understudy import Understudy
from resuelve.models.watched import Price, Watch, WatchedChat
from resuelve.telemetry import SILENT
from resuelve.telemetry.memory import MemorySignals
from tests.model_server import ModelServer, Reply, chat, error


class Decision(BaseModel):
    """What the tests ask for."""

    action: Literal["close", "hold"]
    problem: str
    score: float


GOOD = '{"action": "hold", "problem": "KB-12", "score": 80}'
EXPECTED = Decision(action="hold", problem="KB-12", score=80.0)
PROMPT = Prompt(role="decide", version="v1", system="Elige una fila.", user="No puedo entrar en la app.")

DOWN = None
"""In a script: the server refuses."""

Make = Callable[[Sequence[str | None]], ChatModel]


def _scripted(_: ExitStack, texts: Sequence[str | None]) -> ChatModel:
    return ScriptedChat({"decide": [ModelUnavailable("down", calls=1) if text is DOWN else text for text in texts]})


def _over_http(stack: ExitStack, texts: Sequence[str | None]) -> ChatModel:
    replies: list[Reply] = [error(400, "no") if text is DOWN else chat(text) for text in texts]
    server = stack.enter_context(ModelServer(replies))
    return OpenAICompatibleChat(base_url=server.url, model="gemma3", timeout_s=10, first_pause_s=0.01)


def _of_another_role(stack: ExitStack, texts: Sequence[str | None]) -> ChatModel:
    """An understudy that has not learned what is asked."""
    return Understudy(
        _scripted(stack, texts), {"reformulate": lambda _: (GOOD, Usage())}, {"reformulate": "reformulate/1"}
    )


def _no_help(stack: ExitStack, texts: Sequence[str | None]) -> ChatModel:
    """An understudy that has learned the role badly: what it says is not used."""
    return Understudy(_scripted(stack, texts), {"decide": lambda _: ("[", Usage())}, {"decide": "decide/1"})


def _watched(stack: ExitStack, texts: Sequence[str | None]) -> ChatModel:
    return WatchedChat(
        _scripted(stack, texts), Watch(MemorySignals(), "ollama", {"scripted": Price(1, 2)}, content=True)
    )


def _watched_over_http(stack: ExitStack, texts: Sequence[str | None]) -> ChatModel:
    return WatchedChat(_over_http(stack, texts), Watch(SILENT, "openai"))


MODELS: dict[str, Callable[[ExitStack, Sequence[str | None]], ChatModel]] = {
    "scripted": _scripted,
    "openai-compatible": _over_http,
    "understudy of another role": _of_another_role,
    "understudy that is no help": _no_help,
    "watched": _watched,
    "watched openai-compatible": _watched_over_http,
}


@pytest.fixture(params=list(MODELS.values()), ids=list(MODELS))
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    with ExitStack() as stack:
        yield lambda texts: request.param(stack, texts)


def test_it_is_a_chat_model_with_a_name(make: Make) -> None:
    model = make([GOOD])
    assert isinstance(model, ChatModel)
    assert model.name


def test_a_good_answer_comes_back_typed_and_with_its_cost(make: Make) -> None:
    model = make([GOOD])
    completion = model.complete(PROMPT, Decision)
    assert completion.output == EXPECTED
    assert completion.model == model.name
    assert completion.usage.calls == 1
    assert completion.usage.tokens_in > 0
    assert completion.usage.tokens_out > 0
    assert completion.usage.seconds >= 0


@pytest.mark.parametrize(
    "text",
    [
        f"Claro:\n{GOOD}\nEspero que ayude.",
        f"```json\n{GOOD}\n```",
        f'<think>¿O {{"action": "close"}}?</think>\n{GOOD}',
        f"  \n{GOOD}\n",
    ],
    ids=["prose", "fence", "think", "blank"],
)
def test_what_stands_around_the_one_value_is_set_aside(make: Make, text: str) -> None:
    completion = make([text]).complete(PROMPT, Decision)
    assert completion.output == EXPECTED
    assert completion.usage.calls == 1


UNUSABLE = {
    "empty": "",
    "prose": "No lo sé.",
    "cut": GOOD[:-20],
    "trailing comma": GOOD.replace("}", ",}"),
    "python": GOOD.replace('"', "'"),
    "key twice": GOOD.replace("}", ', "action": "close"}'),
    "two values": f"{GOOD} {GOOD.replace('hold', 'close')}",
    "two fences": f"```json\n{GOOD}\n```\n```json\n{GOOD.replace('hold', 'close')}\n```",
    "inner value of a cut one": f'"kb": "1", "inner": {GOOD}',
    "more to come": f"{GOOD},",
    "thoughts without an end": f"<think>perhaps {GOOD}",
    "list": f"[{GOOD}]",
    "deep": "[" * 100_000,
    "nan": GOOD.replace("80", "NaN"),
    "huge": GOOD.replace("80", "1e999"),
    "other action": GOOD.replace("hold", "delete"),
    "wrong type": GOOD.replace("80", '"80"'),
    "a field too many": GOOD.replace("}", ', "confidence": 1}'),
    "a field left out": '{"action": "hold", "problem": "KB-12"}',
    "half a surrogate pair": GOOD.replace("KB-12", "\\ud800"),
}


@pytest.mark.parametrize("text", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_an_unusable_answer_is_asked_for_again(make: Make, text: str) -> None:
    completion = make([text, GOOD]).complete(PROMPT, Decision)
    assert completion.output == EXPECTED
    assert completion.usage.calls == 2


@pytest.mark.parametrize("text", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_three_unusable_answers_are_enough(make: Make, text: str) -> None:
    with pytest.raises(ModelOutputInvalid) as caught:
        make([text, text, text, GOOD]).complete(PROMPT, Decision)
    assert caught.value.calls == 3
    assert caught.value.tokens_in > 0
    assert "decide" in str(caught.value)
    assert len(str(caught.value)) < 600


def test_the_cost_is_summed_over_the_answers(make: Make) -> None:
    once = make([GOOD]).complete(PROMPT, Decision).usage
    twice = make(["", GOOD]).complete(PROMPT, Decision).usage
    assert twice.tokens_in >= 2 * once.tokens_in


def test_a_prompt_may_hold_pictures(make: Make) -> None:
    picture = Picture("image/png", b"\x89PNG")
    completion = make(["", GOOD]).complete(replace(PROMPT, pictures=(picture, picture)), Decision)
    assert completion.output == EXPECTED
    assert completion.usage.calls == 2


def test_a_server_that_refuses_is_unavailable(make: Make) -> None:
    with pytest.raises(ModelUnavailable) as caught:
        make([DOWN, GOOD]).complete(PROMPT, Decision)
    assert caught.value.calls == 1


def test_errors_can_be_pickled(make: Make) -> None:
    with pytest.raises(ModelOutputInvalid) as caught:
        make([""] * 3).complete(PROMPT, Decision)
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own
    assert (str(again), again.calls) == (str(caught.value), 3)


def test_several_threads_may_ask_at_once(make: Make) -> None:
    model = make([GOOD] * 12)
    with ThreadPoolExecutor(6) as pool:
        completions = list(pool.map(lambda _: model.complete(PROMPT, Decision), range(12)))
    assert [c.output for c in completions] == [EXPECTED] * 12
    assert [c.usage.calls for c in completions] == [1] * 12
