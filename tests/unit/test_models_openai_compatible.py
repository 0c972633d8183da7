"""The chat model over HTTP: what it sends, and what it makes of a server that misbehaves."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from resuelve.domain.errors import ModelError, ModelOutputInvalid, ModelUnavailable, SettingsError
from resuelve.models import Completion, Picture, Prompt
from resuelve.models.openai_compatible import OpenAICompatibleChat
from tests.model_server import NEVER, ModelServer, Reply, Request, chat, error, raw

SECRET = "sk-secreto-0123456789"


class Match(BaseModel):
    """The smallest decision."""

    action: Literal["close", "hold"]


GOOD = chat('{"action": "hold"}')
PROMPT = Prompt(role="decide", version="v1", system="Elige.", user="No puedo entrar.")


def chat_model(url: str, **settings: Any) -> OpenAICompatibleChat:
    how: dict[str, Any] = {"timeout_s": 10.0, "first_pause_s": 0.01, **settings}
    return OpenAICompatibleChat(base_url=url, model="gemma3", api_key=SECRET, **how)


def ask(url: str, **settings: Any) -> Completion[Match]:
    return chat_model(url, **settings).complete(PROMPT, Match)


def failure(url: str, **settings: Any) -> ModelError:
    with pytest.raises(ModelError) as caught:
        ask(url, **settings)
    assert caught.value.what
    assert caught.value.remedy
    assert "gemma3" in caught.value.where
    assert SECRET not in repr(caught.value) + str(caught.value) + str(caught.value.__dict__)
    assert caught.value.__cause__ is None
    return caught.value


def test_what_is_sent() -> None:
    with ModelServer([GOOD]) as server:
        ask(server.url, max_tokens=77)
    sent = server.requests[0]
    assert sent.path == "/v1/chat/completions"
    assert sent.headers["Authorization"] == f"Bearer {SECRET}"
    assert sent.body["model"] == "gemma3"
    assert sent.body["messages"] == [
        {"role": "system", "content": "Elige."},
        {"role": "user", "content": "No puedo entrar."},
    ]
    assert (sent.body["temperature"], sent.body["max_tokens"]) == (0, 77)
    form = sent.body["response_format"]
    assert form["type"] == "json_schema"
    assert form["json_schema"]["strict"] is True
    assert form["json_schema"]["schema"]["additionalProperties"] is False


def test_pictures_are_sent_as_data_addresses_behind_the_text() -> None:
    pictures = (Picture("image/png", b"\x89PNG\x00"), Picture("image/jpeg", b"\xff\xd8"))
    with ModelServer([chat("no"), GOOD]) as server:
        chat_model(server.url).complete(replace(PROMPT, pictures=pictures), Match)
    first, again = (request.body["messages"][1]["content"] for request in server.requests)
    assert first == [
        {"type": "text", "text": "No puedo entrar."},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORwA="}},
        {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,/9g="}},
    ]
    assert again[1:] == first[1:]
    assert "could not be used" in again[0]["text"]


REFUSALS = {
    "openai": (400, "Invalid content type. image_url is only supported by certain models."),
    "vllm": (400, "some-model is not a multimodal model"),
    "llama.cpp": (
        500,
        "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj",
    ),
    "text only": (422, "messages[1].content: value is not a valid string"),
}


@pytest.mark.parametrize(("status", "said"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_model_that_takes_no_pictures_says_so(status: int, said: str) -> None:
    prompt = replace(PROMPT, pictures=(Picture("image/png", b"\x89PNG"),))
    with ModelServer([error(status, said)] * 3) as server, pytest.raises(ModelUnavailable) as caught:
        chat_model(server.url).complete(prompt, Match)
    assert "takes no pictures" in caught.value.what
    assert said in caught.value.what
    assert "RESUELVE_VISION_MODEL" in caught.value.remedy
    assert caught.value.calls == len(server.requests)


@pytest.mark.parametrize("pictures", [(), (Picture("image/png", b"\x89PNG"),)])
def test_another_refusal_is_not_blamed_on_pictures(pictures: tuple[Picture, ...]) -> None:
    said = "the key is wrong" if pictures else "no image today"
    with ModelServer([error(401, said)]) as server, pytest.raises(ModelUnavailable) as caught:
        chat_model(server.url).complete(replace(PROMPT, pictures=pictures), Match)
    assert "pictures" not in caught.value.what
    assert "key" in caught.value.remedy


def test_without_a_key_none_is_sent() -> None:
    with ModelServer([GOOD]) as server:
        OpenAICompatibleChat(base_url=f"{server.url}/", model="gemma3").complete(PROMPT, Match)
    assert "Authorization" not in server.requests[0].headers
    assert server.requests[0].path == "/v1/chat/completions"


def test_text_that_cannot_be_encoded_is_sent_all_the_same() -> None:
    prompt = Prompt("decide", "v1", "s", "half a pair: \ud800, ñ, 😀")
    with ModelServer([GOOD]) as server:
        OpenAICompatibleChat(base_url=server.url, model="m").complete(prompt, Match)
    assert server.requests[0].body["messages"][1]["content"] == "half a pair: ?, ñ, 😀"


def test_after_an_unusable_answer_the_model_is_told_why() -> None:
    with ModelServer([chat('{"action": "delete"}'), GOOD]) as server:
        ask(server.url)
    first, second = (request.body["messages"] for request in server.requests)
    assert [m["role"] for m in second] == ["system", "user"]
    assert second[1]["content"].startswith(first[1]["content"])
    assert "action" in second[1]["content"]


def test_a_cut_answer_is_asked_for_again_with_more_room() -> None:
    # The first is whole JSON all the same: what the model had still to say is not known.
    script = [chat('{"action": "close"}', finish="length"), chat('{"act', finish="length"), GOOD]
    with ModelServer(script) as server:
        completion = ask(server.url, max_tokens=50)
    assert completion.output.action == "hold"
    assert [request.body["max_tokens"] for request in server.requests] == [50, 100, 200]
    assert len({str(request.body["messages"]) for request in server.requests}) == 1
    assert (completion.usage.calls, completion.usage.tokens_in, completion.usage.tokens_out) == (3, 30, 15)


def test_always_cut() -> None:
    with ModelServer(lambda _: chat('{"act', finish="length")) as server:
        problem = failure(server.url, max_tokens=50)
    assert isinstance(problem, ModelOutputInvalid)
    assert "cut at 200 tokens" in problem.what
    assert (problem.calls, problem.tokens_in, problem.tokens_out) == (3, 30, 15)


UNUSABLE: dict[str, Reply] = {
    "no choices": raw('{"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 0}}'),
    "choices of another kind": raw('{"choices": "x", "usage": {"prompt_tokens": 10}}'),
    "choice of another kind": raw('{"choices": [null], "usage": {"prompt_tokens": 10}}'),
    "message of another kind": raw(
        '{"choices": [{"message": [], "finish_reason": {}}], "usage": {"prompt_tokens": 10}}'
    ),
    "content of another kind": raw('{"choices": [{"message": {"content": 5}}], "usage": {"prompt_tokens": 10}}'),
    "no content": chat(None),
    "only reasoning": chat("", reasoning_content='{"action": "close"}'),
    "refusal": chat('{"action": "close"}', refusal="I cannot"),
    "filtered": chat('{"action": "close"}', finish="content_filter"),
    "duplicate keys": chat('{"action": "hold", "action": "close"}'),
    "deep": chat("[" * 100_000),
}


@pytest.mark.parametrize("reply", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_an_answer_that_is_none_is_asked_for_again(reply: Reply) -> None:
    with ModelServer([reply, GOOD]) as server:
        completion = ask(server.url)
    assert completion.output.action == "hold"
    assert completion.usage.calls == 2
    with ModelServer(lambda _: reply) as server:
        problem = failure(server.url)
    assert isinstance(problem, ModelOutputInvalid)
    assert (problem.calls, problem.tokens_in) == (3, 30)


NO_COUNTS = (
    "null",
    "[]",
    '{"prompt_tokens": "many", "completion_tokens": -4}',
    f'{{"prompt_tokens": {10**30}, "completion_tokens": {2**53 + 1}}}',
    '{"prompt_tokens": true, "completion_tokens": 1e30}',
    "{}",
)


@pytest.mark.parametrize("usage", NO_COUNTS)
def test_a_count_that_is_none_is_zero(usage: str) -> None:
    reply = raw(f'{{"choices": [{{"message": {{"content": "{{\\"action\\": \\"hold\\"}}"}}}}], "usage": {usage}}}')
    with ModelServer([reply]) as server:
        completion = ask(server.url)
    assert (completion.usage.tokens_in, completion.usage.tokens_out) == (0, 0)


# Servers that misbehave


def test_down() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    problem = failure(f"http://127.0.0.1:{port}/v1")
    assert isinstance(problem, ModelUnavailable)
    assert "ollama serve" in problem.remedy
    assert f"127.0.0.1:{port}" in problem.where
    assert problem.calls == 3


def test_a_host_that_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    problem = failure("http://model.invalid/v1", attempts=2)
    assert isinstance(problem, ModelUnavailable)
    assert "ollama" not in problem.remedy
    assert problem.calls == 2


def test_up_at_the_second_attempt() -> None:
    broken = raw('{"choices"', declared_length=999)
    with ModelServer([broken, GOOD]) as server:
        completion = ask(server.url)
    assert completion.usage.calls == 2


TOO_SLOW: dict[str, Reply] = {
    "never answers": NEVER,
    "very slow": raw(GOOD.body, wait_s=30),
    "drips blanks for ever": raw("", drip=b" "),
    "drips JSON for ever": raw('{"choices": ["', drip=b"x"),
    "drips headers for ever": raw("", drip_headers=True),
}


@pytest.mark.parametrize("reply", TOO_SLOW.values(), ids=TOO_SLOW.keys())
def test_the_limit_holds_for_the_whole_call(reply: Reply) -> None:
    began = time.monotonic()
    with ModelServer(lambda _: reply) as server:
        problem = failure(server.url, timeout_s=0.25)
    assert time.monotonic() - began < 5
    assert isinstance(problem, ModelUnavailable)
    assert "0.25 s" in problem.what
    assert problem.calls == 1


def test_a_server_that_accepts_and_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        problem = failure(f"http://127.0.0.1:{silent.getsockname()[1]}/v1", timeout_s=0.25)
    assert isinstance(problem, ModelUnavailable)


def test_a_name_look_up_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def look_up(*_: Any, **__: Any) -> list[Any]:
        over.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    problem = failure("http://localhost:9/v1", timeout_s=0.2)
    over.set()
    assert "0.2 s" in problem.what


def test_retries_end_at_the_limit() -> None:
    with ModelServer(lambda _: error(500)) as server:
        problem = failure(server.url, timeout_s=0.4, first_pause_s=0.15, attempts=100)
    assert isinstance(problem, ModelUnavailable)
    assert problem.calls < 100


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 529])
def test_a_passing_error_is_tried_again(status: int) -> None:
    with ModelServer([error(status), GOOD]) as server:
        completion = ask(server.url)
    assert completion.usage.calls == 2


@pytest.mark.parametrize("status", [429, 500])
def test_an_error_that_stays_is_given_up(status: int) -> None:
    with ModelServer(lambda _: error(status, "overloaded")) as server:
        problem = failure(server.url)
    assert isinstance(problem, ModelUnavailable)
    assert f"HTTP {status}: overloaded" in problem.what
    assert (problem.calls, len(server.requests)) == (3, 3)


def test_retry_after_is_respected() -> None:
    with ModelServer([error(429, headers={"Retry-After": "0.3"}), GOOD]) as server:
        completion = ask(server.url, first_pause_s=0.0)
    assert completion.usage.seconds >= 0.29


@pytest.mark.parametrize("value", ["Wed, 21 Oct 2015 07:28:00 GMT", "0", "-5", "soon", "nan", ""])
def test_retry_after_in_other_forms(value: str) -> None:
    with ModelServer([error(503, headers={"Retry-After": value}), GOOD]) as server:
        assert ask(server.url).usage.calls == 2


@pytest.mark.parametrize("value", ["3600", "8", "Wed, 21 Oct 2215 07:28:00 GMT"])
def test_a_pause_that_is_too_long_is_not_waited_for(value: str) -> None:
    with ModelServer([error(429, headers={"Retry-After": value}), GOOD]) as server:
        problem = failure(server.url, timeout_s=5)
    assert isinstance(problem, ModelUnavailable)
    assert "asks to wait" in problem.what
    assert problem.calls == 1


def test_a_used_up_account_is_not_waited_for() -> None:
    with ModelServer([error(429, "You exceeded your current quota", code="insufficient_quota"), GOOD]) as server:
        problem = failure(server.url)
    assert "quota" in problem.what
    assert "account" in problem.remedy
    assert problem.calls == 1


REFUSED: dict[str, tuple[Reply, str]] = {
    "401": (error(401, f"Incorrect API key provided: {SECRET}."), "API key"),
    "403": (error(403), "API key"),
    "404 of a model": (error(404, 'model "gemma3" not found, try pulling it first'), "`ollama pull gemma3`"),
    "404 of a page": (raw("<html>nginx</html>", status=404), "/v1"),
    "400": (error(400, "exceed_context_size_error"), "length of the prompt"),
    "501": (error(501, "not supported"), "another server"),
    "redirect": (raw("", status=302, headers={"Location": "http://127.0.0.1:9/"}), "base URL"),
}


@pytest.mark.parametrize(("reply", "remedy"), REFUSED.values(), ids=REFUSED.keys())
def test_a_refusal_is_not_repeated(reply: Reply, remedy: str) -> None:
    with ModelServer([reply, GOOD]) as server:
        problem = failure(server.url)
    assert isinstance(problem, ModelUnavailable)
    assert remedy in problem.remedy
    assert f"HTTP {reply.status}" in problem.what
    assert (problem.calls, len(server.requests)) == (1, 1)


@pytest.mark.parametrize("body", ['{"error": "boom"}', '{"detail": "boom"}', '{"message": "boom"}'])
def test_the_servers_words_in_other_shapes(body: str) -> None:
    with ModelServer([raw(body, status=422)]) as server:
        assert failure(server.url).what == "HTTP 422: boom"


def test_the_servers_words_are_bounded_and_on_one_line() -> None:
    with ModelServer([error(400, "a\x1b[31m\n" + "b" * 5_000)]) as server:
        problem = failure(server.url)
    assert len(str(problem)) < 600
    assert str(problem).isprintable()


NOT_A_MODEL_SERVER: dict[str, Reply] = {
    "HTML": raw("<!doctype html><html>Welcome</html>", headers={"Content-Type": "text/html"}),
    "empty body": raw(""),
    "truncated JSON": raw(GOOD.body[:-30]),
    "latin-1": raw(b'{"a": "\xf1"}'),
    "duplicate keys": raw('{"choices": [], "choices": []}'),
    "deep": raw("[" * 200_000),
    "NaN": raw('{"usage": NaN}'),
}


@pytest.mark.parametrize("reply", NOT_A_MODEL_SERVER.values(), ids=NOT_A_MODEL_SERVER.keys())
def test_not_a_model_server(reply: Reply) -> None:
    with ModelServer(lambda _: reply) as server:
        problem = failure(server.url)
    assert isinstance(problem, ModelUnavailable)
    assert "/v1" in problem.remedy
    assert problem.calls == 3


@pytest.mark.parametrize("how", [{}, {"status": 500}, {"declared_length": 10**12}], ids=["200", "500", "endless"])
def test_a_body_of_many_megabytes_is_not_read_to_its_end(how: dict[str, Any]) -> None:
    reply = raw(chat('{"action": "' + "x" * 20_000_000 + '"}').body, **how)
    with ModelServer(lambda _: reply) as server:
        problem = failure(server.url)
    assert isinstance(problem, ModelUnavailable)
    assert "larger than 8 MB" in problem.what
    assert problem.calls == 1


def test_a_compressed_body_is_not_asked_for() -> None:
    with ModelServer([GOOD]) as server:
        ask(server.url)
    assert server.requests[0].headers["Accept-Encoding"] == "identity"


# Models that refuse a setting


def picky(request: Request) -> Reply:
    if "max_tokens" in request.body:
        return error(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")
    if "temperature" in request.body:
        return error(400, "Unsupported value: 'temperature' does not support 0 with this model.")
    return GOOD


def test_a_reasoning_model_gets_what_it_takes() -> None:
    with ModelServer(picky) as server:
        model = OpenAICompatibleChat(base_url=server.url, model="o", max_tokens=50)
        assert model.complete(PROMPT, Match).usage.calls == 3
        assert model.complete(PROMPT, Match).usage.calls == 1
    assert server.requests[-1].body["max_completion_tokens"] == 50


def test_a_refusal_that_teaches_nothing_ends() -> None:
    with ModelServer(lambda _: error(400, "max_completion_tokens and temperature are wrong")) as server:
        assert failure(server.url).calls == 3


# Where it is called from, and what it shows


def test_it_may_be_called_inside_an_event_loop() -> None:
    async def inside(url: str) -> Completion[Match]:
        return ask(url)

    with ModelServer([GOOD]) as server:
        assert asyncio.run(inside(server.url)).output.action == "hold"


def test_nothing_is_left_running() -> None:
    with ModelServer([GOOD]) as server:
        ask(server.url)
    for thread in threading.enumerate():
        if thread.name == "model-call":
            thread.join(10)
            assert not thread.is_alive()


def test_a_proxy_of_the_environment_is_not_used_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with ModelServer([GOOD]) as server:
        assert ask(server.url).usage.calls == 1


def test_secrets_are_not_shown() -> None:
    url = "http://user:clave@127.0.0.1:9/v1?key=clave"
    model = OpenAICompatibleChat(base_url=url, model="m", api_key=SECRET, attempts=1)
    with pytest.raises(ModelUnavailable) as caught:
        model.complete(PROMPT, Match)
    for shown in (repr(model), str(caught.value), repr(caught.value)):
        assert "clave" not in shown
        assert SECRET not in shown
    assert "http://127.0.0.1:9/v1" in repr(model)


@pytest.mark.parametrize(
    "settings",
    [
        {"base_url": "localhost:11434"},
        {"base_url": ""},
        {"base_url": "http://"},
        {"base_url": "ftp://host/v1"},
        {"base_url": "http://host:port/v1"},
        {"base_url": "http://host:99999/v1"},
        {"api_key": "sk-\u2026abc"},
        {"api_key": "sk-a\nX: y"},
        {"timeout_s": 0},
        {"attempts": 0},
    ],
)
def test_settings_that_cannot_be_used(settings: dict[str, Any]) -> None:
    make: Callable[..., Any] = OpenAICompatibleChat
    with pytest.raises(SettingsError) as caught:
        make(**{"base_url": "http://localhost/v1", "model": "m", **settings})
    assert "sk-" not in str(caught.value)
