"""Chat models behind an OpenAI-compatible server: Ollama, OpenAI, vLLM, llama.cpp.

The request asks for an answer within a JSON schema; what comes back is read by `resuelve.models.answer`, which
repairs nothing, whatever the server made of the schema. Why httpx2 and no SDK: see `resuelve.models.endpoint`.
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Mapping
from typing import Any

from resuelve.domain.errors import ModelOutputInvalid, ModelUnavailable
from resuelve.domain.message import Message, message
from resuelve.models.answer import read_answer, wire_schema
from resuelve.models.endpoint import Endpoint, RequestRefused, Spent, tokens_of
from resuelve.models.port import Completion, OutputT, Prompt, Usage

ANSWERS = 3
"""An unusable answer is asked for again, at most twice."""

# Added to the user's part, since some models' templates refuse two user messages in a row.
_AGAIN = "\n\n(The previous answer could not be used: {problem}. Answer with one JSON object of the schema, only.)"

_OF_PICTURES = re.compile(r"image|vision|visual|multi-?modal|mmproj|content.{0,40}(string|array|list)", re.IGNORECASE)
"""What servers name when a model takes no pictures: some say it with a 400, some with a 500."""


class OpenAICompatibleChat:
    """A `ChatModel` over ``POST /chat/completions``. Use it from any thread.

    Args:
        base_url: up to and including ``/v1``, such as ``http://localhost:11434/v1``.
        model: the server's name for it, such as ``gemma3``.
        api_key: empty where none is needed; never shown.
        timeout_s: longest wait for one answer, retries on errors included; `complete` asks for at most three.
        attempts: how often a question is sent when the connection fails or the server answers 408, 429 or 5xx.
        max_tokens: room for the answer; doubled each time that one was cut.
        temperature: 0 for the most probable answer.
        first_pause_s: pause before the first retry, doubled after each.

    Raises:
        SettingsError: the address, the key or a limit cannot be used.
    """

    def __init__(
        self,
        *,
        base_url: str,
        model: str,
        api_key: str = "",
        timeout_s: float = 120.0,
        attempts: int = 3,
        max_tokens: int = 1024,
        temperature: float = 0.0,
        first_pause_s: float = 0.5,
    ) -> None:
        self._model = model
        self._max_tokens = max_tokens
        self._endpoint = Endpoint(
            base_url=base_url,
            api_key=api_key,
            model=model,
            timeout_s=timeout_s,
            attempts=attempts,
            first_pause_s=first_pause_s,
        )
        # OpenAI's reasoning models refuse these two as they are; learnt from the first refusal.
        self._room_key = "max_tokens"
        self._sampling: dict[str, float] = {"temperature": temperature}

    @property
    def name(self) -> str:
        """The model's name, for records."""
        return self._model

    def __repr__(self) -> str:
        return f"OpenAICompatibleChat({self._endpoint.place})"

    def complete(self, prompt: Prompt, output: type[OutputT]) -> Completion[OutputT]:
        """See `ChatModel.complete`."""
        began = time.perf_counter()
        spent = Spent()
        room, problem, was_cut = self._max_tokens, Message.of(""), False
        for _ in range(ANSWERS):
            answer = self._ask(prompt, output, room, "" if was_cut else problem, spent)
            was_cut = _finish(answer) == "length"
            try:
                value = read_answer(_content(answer, room), output)
            except ModelOutputInvalid as error:
                problem = error.what
                room = room * 2 if was_cut else room
            else:
                usage = Usage(spent.calls, spent.tokens_in, spent.tokens_out, time.perf_counter() - began)
                return Completion(value, usage, self._model)
        raise ModelOutputInvalid(
            message(
                "{count} answers to `{role}` could not be used; the last: {problem}",
                count=ANSWERS,
                role=prompt.role,
                problem=problem,
            ),
            where=self._endpoint.place,
            remedy="give it more tokens" if was_cut else "use a larger model, or one that keeps to a JSON schema",
            **spent.as_error_fields(),
        )

    def _ask(self, prompt: Prompt, output: type[OutputT], room: int, problem: str, spent: Spent) -> Mapping[str, Any]:
        while True:
            body = self._body(prompt, output, room, problem)
            try:
                answer = self._endpoint.post("chat/completions", body, spent)
            except RequestRefused as refusal:
                if self._adapt(refusal.reason, body):
                    continue
                raise _of_pictures(refusal, prompt) from None
            except ModelUnavailable as failure:
                raise _of_pictures(failure, prompt) from None
            answer = answer if isinstance(answer, dict) else {}
            spent.tokens_in += tokens_of(answer, "prompt_tokens")
            spent.tokens_out += tokens_of(answer, "completion_tokens")
            return answer

    def _body(self, prompt: Prompt, output: type[OutputT], room: int, problem: str) -> dict[str, Any]:
        text = prompt.user + (_AGAIN.format(problem=problem) if problem else "")
        user = [{"type": "text", "text": text}, *_shown(prompt)] if prompt.pictures else text
        schema = {"name": output.__name__, "strict": True, "schema": wire_schema(output)}
        return {
            "model": self._model,
            "messages": [{"role": "system", "content": prompt.system}, {"role": "user", "content": user}],
            "response_format": {"type": "json_schema", "json_schema": schema},
            self._room_key: room,
            **self._sampling,
        }

    def _adapt(self, reason: str, body: Mapping[str, Any]) -> bool:
        """Learn from a refusal that names a setting of this body; False when there is nothing to learn."""
        if "max_completion_tokens" in reason and "max_tokens" in body:
            self._room_key = "max_completion_tokens"
        elif "temperature" in reason and "temperature" in body:
            self._sampling = {}
        else:
            return False
        return True


def _shown(prompt: Prompt) -> list[dict[str, Any]]:
    addresses = (f"data:{one.media};base64,{base64.b64encode(one.data).decode()}" for one in prompt.pictures)
    return [{"type": "image_url", "image_url": {"url": address}} for address in addresses]


def _of_pictures(error: ModelUnavailable, prompt: Prompt) -> ModelUnavailable:
    """The error, and when it is about the pictures that were sent, with what to do about that."""
    if not prompt.pictures or not _OF_PICTURES.search(error.what):
        return error
    what = message("the model or its server takes no pictures: {said}", said=error.what)
    remedy = message("name a model that sees, or send it no pictures (RESUELVE_VISION_MODEL)")
    spent = {"calls": error.calls, "tokens_in": error.tokens_in, "tokens_out": error.tokens_out}
    return type(error)(what, where=error.where, remedy=remedy, **spent)


def _choice(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    choices = answer.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else {}


def _finish(answer: Mapping[str, Any]) -> str:
    return str(_choice(answer).get("finish_reason"))


def _content(answer: Mapping[str, Any], room: int) -> str:
    """The text of an answer that the model finished by itself."""
    said = _choice(answer).get("message")
    if not isinstance(said, dict):
        raise ModelOutputInvalid("no message in it")
    if _finish(answer) == "length":
        # Also when it happens to be whole JSON: the model had more to say.
        raise ModelOutputInvalid(message("cut at {room} tokens or at the end of the model's context", room=room))
    if _finish(answer) == "content_filter" or said.get("refusal"):
        raise ModelOutputInvalid("the model or its filter declined to answer")
    content = said.get("content")
    return content if isinstance(content, str) else ""
