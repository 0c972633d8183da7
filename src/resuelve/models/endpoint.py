"""An OpenAI-compatible server over HTTP: one POST of JSON, with its limits and its errors.

Chat and embeddings share this. It is plain HTTP and not pydantic-ai or the openai client, which were tried: both read a
body of any size and let a server that drips bytes keep a call for ever (their time limits are for one read), and
pydantic-ai hands on JSON in which a second ``action`` key has replaced the first, takes the first of two fenced
answers, and accepts answers that were cut or filtered. What they would save is this file.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from resuelve.domain.errors import ModelOutputInvalid, ModelUnavailable, SettingsError
from resuelve.domain.message import Message, message
from resuelve.http import Answer, Calls, Limits, NoAnswer, base_address, is_loopback, one_line, passing
from resuelve.models.answer import read_json
from resuelve.telemetry.logs import log

T = TypeVar("T")

MAX_BODY_BYTES = 8_000_000
"""More than 64 embeddings of 3,072 numbers; a larger answer is not one."""
CONNECT_S = 5.0
LONGEST_PAUSE_S = 30.0
"""A server that asks for a longer pause (Retry-After) is given up."""

_GRACE_S = 0.5


class RequestRefused(ModelUnavailable):
    """The server understood the request and refuses it (4xx): sending it again would not help.

    Attributes:
        reason: the server's own words; may be empty.
    """

    reason: str = ""


_MOST_TOKENS = 2**53
"""Tokens that a server may say it has used; more is no count, and no database or spreadsheet holds it."""


@dataclass(slots=True)
class Spent:
    """What a question has cost so far; the errors carry it."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    def as_error_fields(self) -> dict[str, int]:
        """The keyword arguments of a `ModelError`."""
        return {"calls": self.calls, "tokens_in": self.tokens_in, "tokens_out": self.tokens_out}


class Endpoint:
    """Sends questions to one model of one server. It keeps no connection: use it from any thread, nothing to close.

    Args:
        base_url: up to and including ``/v1``.
        api_key: sent as a bearer token when not empty; never shown.
        timeout_s: longest time for one question, retries included, from the name look-up to the last byte.
        attempts: how often one question is sent when the connection fails or the server answers 408, 429 or 5xx.
        first_pause_s: pause before the first retry, doubled for each further one.

    Raises:
        SettingsError: the address, the key or a limit cannot be used.
    """

    def __init__(
        self, *, base_url: str, api_key: str, model: str, timeout_s: float, attempts: int, first_pause_s: float
    ) -> None:
        self._url = base_address(
            base_url,
            message("the model server's base URL"),
            message("{address}, for example", address="http://localhost:11434/v1"),
        )
        if timeout_s <= 0 or attempts < 1:
            raise SettingsError("a model server needs a time limit above 0 and at least 1 attempt")
        self._api_key = api_key.strip()
        self._model = model
        self._timeout_s = timeout_s
        # The model thinks before the first byte: no limit for a single wait but that of the whole.
        limits = Limits(
            timeout_s, attempts, timeout_s, CONNECT_S, first_pause_s, longest_pause=LONGEST_PAUSE_S, keep_alive=0.0
        )
        self._calls = Calls(self._url.host, limits, headers=_headers(self._api_key))

    @property
    def place(self) -> str:
        """Model and address, for messages; without credentials."""
        address = self._url.copy_with(username=None, password=None, query=None)
        return message("{model} at {address}", model=self._model, address=address)

    def __repr__(self) -> str:
        return f"Endpoint({self.place})"

    def post(self, path: str, body: Mapping[str, Any], spent: Spent) -> Any:
        """The JSON that the server answers to this body; each request sent is added to ``spent.calls``.

        Raises:
            RequestRefused: a 4xx answer.
            ModelUnavailable: no usable answer in time.
        """
        # Unpaired surrogates, which a ticket may hold, cannot be sent: they become question marks.
        content = json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
        try:
            answer = _in_own_thread(lambda: self._ask(path, content), self._timeout_s + _GRACE_S)
        except NoAnswer as error:
            spent.calls += error.attempts
            self._told(error.attempts, 0)
            remedy = message("look at the model server's log, or give it more time") if error.sent else self._start()
            raise self._error(self._without_key(error.what), remedy, spent) from None
        except TimeoutError:
            spent.calls += 1
            what = message("no connection within {seconds} s", seconds=f"{self._timeout_s:g}")
            raise self._error(what, self._start(), spent) from None
        spent.calls += answer.attempts
        self._told(answer.attempts, answer.status)
        return self._value(answer, spent)

    def _told(self, attempts: int, status: int) -> None:
        if attempts > 1:
            log.warning("call.repeated", system="models", model=self._model, attempts=attempts, status=status or None)

    def _ask(self, path: str, content: bytes) -> Answer:
        url = self._url.copy_with(path=f"{self._url.path.rstrip('/')}/{path}")
        return self._calls.send("POST", url, limit=MAX_BODY_BYTES, content=content, again=_may_pass)

    def _value(self, answer: Answer, spent: Spent) -> Any:
        if answer.cut:
            what = message("the answer is larger than {limit} MB", limit=MAX_BODY_BYTES // 1_000_000)
            raise self._error(what, "check that the base URL is that of a model server", spent)
        if not 200 <= answer.status < 300:
            raise self._failure(answer, spent)
        try:
            return read_json(answer.body)
        except ModelOutputInvalid as error:
            what = message("the answer is not that of a model server: {why}", why=error.what)
            raise self._error(what, "check the base URL: it usually ends in /v1", spent) from None

    def _failure(self, answer: Answer, spent: Spent) -> ModelUnavailable:
        status, reason = answer.status, answer.reason(self._api_key)
        said = f": {reason}" if reason else ""
        what = message("HTTP {status}{said}", status=status, said=said)
        if answer.retry_after is not None:
            wait = f"{answer.retry_after:.0f}"
            what = message("HTTP {status}{said} (it asks to wait {wait} s)", status=status, said=said, wait=wait)
        error = self._error(what, self._remedy(status), spent)
        if passing(answer) or not 400 <= status < 500:
            return error
        refused = RequestRefused(error.what, where=error.where, remedy=error.remedy, **spent.as_error_fields())
        refused.reason = reason
        return refused

    def _error(self, what: str, remedy: str, spent: Spent) -> ModelUnavailable:
        return ModelUnavailable(what, where=self.place, remedy=remedy, **spent.as_error_fields())

    def _without_key(self, what: Message) -> Message:
        if self._api_key and self._api_key in what:  # some libraries quote what was sent
            return message("{said}", said=one_line(what, self._api_key))
        return what

    def _start(self) -> Message:
        if is_loopback(self._url.host):
            return message("is the model server running? For Ollama: `ollama serve`")
        return message("check the base URL, the network and that the model server is running")

    def _remedy(self, status: int) -> Message:
        if status in (401, 403):
            return message("check the API key and what it may use")
        if status == 404:
            return message(
                "check the model's name and the base URL, which usually ends in /v1; Ollama: `ollama pull {model}`",
                model=self._model,
            )
        if status == 429:
            return message("the server limits how much it answers: fewer workers, a higher limit or a filled account")
        if status == 501:
            return message("this server does not offer what was asked: use another server or model for it")
        if status >= 500:
            return message("look at the model server's log")
        return message("check the model's name, the base URL and the length of the prompt")


def _may_pass(answer: Answer) -> bool:
    if answer.cut or (answer.retry_after or 0.0) > LONGEST_PAUSE_S:
        return False
    if not 200 <= answer.status < 300:
        # A used-up account is a 429 too, but waiting does not fill it.
        return passing(answer) and b"insufficient_quota" not in answer.body
    try:
        read_json(answer.body)
    except ModelOutputInvalid:
        return True
    return False


def _in_own_thread(work: Callable[[], T], limit_s: float) -> T:
    """Run it and wait no longer than the limit, which holds for a name look-up too: nothing can end one, and it is left
    behind; in a daemon, so that the program need not wait for it.

    Raises:
        TimeoutError: the limit has passed.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            future.set_exception(error)

    threading.Thread(target=run, name="model-call", daemon=True).start()
    return future.result(limit_s)


def _headers(api_key: str) -> dict[str, str]:
    key = api_key.strip()
    if not key.isascii() or not key.isprintable():
        raise SettingsError("the API key of the model server has characters that no key has", remedy="copy it again")
    # Not compressed: a small body cannot unpack into a huge one.
    headers = {"Accept-Encoding": "identity"}
    return {**headers, "Authorization": f"Bearer {key}"} if key else headers


def tokens_of(answer: Any, key: str) -> int:
    """What a server says of its tokens under this name; 0 where it says nothing that can be."""
    usage = answer.get("usage") if isinstance(answer, dict) else None
    count = usage.get(key) if isinstance(usage, dict) else None
    return count if type(count) is int and 0 < count <= _MOST_TOKENS else 0
