"""An OpenAI-compatible server over HTTP: one POST of JSON, with its limits and its errors.

Chat and embeddings share this. It is plain httpx2 and not pydantic-ai or the openai client, which were tried: both
read a body of any size and let a server that drips bytes keep a call for ever (their time limits are for one read),
and pydantic-ai hands on JSON in which a second ``action`` key has replaced the first, takes the first of two fenced
answers, and accepts answers that were cut or filtered. What they would save is this file.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import ssl
import threading
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpx2

from resuelve.domain.errors import ModelOutputInvalid, ModelUnavailable, SettingsError
from resuelve.models.answer import read_json

T = TypeVar("T")

MAX_BODY_BYTES = 8_000_000
"""More than 64 embeddings of 3,072 numbers; a larger answer is not one."""
CONNECT_S = 5.0
LONGEST_PAUSE_S = 30.0
"""A server that asks for a longer pause (Retry-After) is given up."""

_GRACE_S = 0.5
_LOCAL = ("localhost", "127.0.0.1", "::1")


class RequestRefused(ModelUnavailable):
    """The server understood the request and refuses it (4xx): sending it again would not help.

    Attributes:
        reason: the server's own words; may be empty.
    """

    reason: str = ""


@dataclass(slots=True)
class Spent:
    """What a question has cost so far; the errors carry it."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    def as_error_fields(self) -> dict[str, int]:
        """The keyword arguments of a `ModelError`."""
        return {"calls": self.calls, "tokens_in": self.tokens_in, "tokens_out": self.tokens_out}


class _Trouble(Exception):
    """A failed request that may go through if it is sent again after a pause.

    Attributes:
        pause_s: what the server asked for; None when it did not say.
    """

    def __init__(self, error: ModelUnavailable, pause_s: float | None = None) -> None:
        super().__init__(error.what)
        self.error = error
        self.pause_s = pause_s


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
        self._url = _checked_url(base_url)
        self._headers = _headers(api_key)
        self._api_key = api_key.strip()
        if timeout_s <= 0 or attempts < 1:
            raise SettingsError("a model server needs a time limit above 0 and at least 1 attempt")
        self._model = model
        self._timeout_s = timeout_s
        self._attempts = attempts
        self._first_pause_s = first_pause_s
        # What is said to a server on this machine never goes through the environment's proxy.
        self._is_local = self._url.host in _LOCAL
        # Reading the certificates takes longer than a short call: once, and not at all without TLS.
        self._tls: ssl.SSLContext | bool = httpx2.create_ssl_context() if self._url.scheme == "https" else False

    @property
    def place(self) -> str:
        """Model and address, for messages; without credentials."""
        return f"{self._model} at {self._url.copy_with(username=None, password=None, query=None)}"

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
            return _in_own_loop(self._within_limit(path, content, spent), self._timeout_s + _GRACE_S)
        except TimeoutError:
            raise self._error(
                f"no complete answer within {self._timeout_s:g} s",
                "a smaller model or a faster machine is needed, or a longer time limit",
                spent,
            ) from None

    async def _within_limit(self, path: str, content: bytes, spent: Spent) -> Any:
        deadline = asyncio.get_running_loop().time() + self._timeout_s
        # No limit for a single read: the limit of the whole covers it, and bytes that drip do not extend it.
        timeout = httpx2.Timeout(None, connect=min(CONNECT_S, self._timeout_s))
        async with (
            asyncio.timeout_at(deadline),
            httpx2.AsyncClient(
                verify=self._tls, timeout=timeout, headers=self._headers, trust_env=not self._is_local
            ) as client,
        ):
            return await self._with_retries(client, path, content, spent, deadline)

    async def _with_retries(
        self, client: httpx2.AsyncClient, path: str, content: bytes, spent: Spent, deadline: float
    ) -> Any:
        backoff_s = self._first_pause_s
        for left in reversed(range(self._attempts)):
            spent.calls += 1
            try:
                return await self._once(client, path, content, spent)
            except _Trouble as trouble:
                # Jitter, so that several workers do not come back all at once.
                pause_s = backoff_s * random.uniform(0.75, 1.25) if trouble.pause_s is None else trouble.pause_s
                time_left_s = deadline - asyncio.get_running_loop().time()
                if left == 0 or pause_s > LONGEST_PAUSE_S or pause_s >= time_left_s:
                    raise trouble.error from None
                backoff_s *= 2
            await asyncio.sleep(pause_s)
        raise AssertionError("at least one attempt is made")

    async def _once(self, client: httpx2.AsyncClient, path: str, content: bytes, spent: Spent) -> Any:
        url = self._url.copy_with(path=f"{self._url.path.rstrip('/')}/{path}")
        try:
            async with client.stream("POST", url, content=content) as response:
                body = await self._read(response, spent)
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            raise _Trouble(self._error(f"cannot be reached ({self._clean(error)})", self._start(), spent)) from None
        except httpx2.HTTPError as error:
            what = f"the connection broke ({self._clean(error) or type(error).__name__})"
            raise _Trouble(self._error(what, "look at the model server's log", spent)) from None
        if not response.is_success:
            raise self._failure(response, body, spent)
        try:
            return read_json(body)
        except ModelOutputInvalid as error:
            what = f"the answer is not that of a model server: {error.what}"
            raise _Trouble(self._error(what, "check the base URL: it usually ends in /v1", spent)) from None

    async def _read(self, response: httpx2.Response, spent: Spent) -> bytes:
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                what = f"the answer is larger than {MAX_BODY_BYTES // 1_000_000} MB"
                raise self._error(what, "check that the base URL is that of a model server", spent)
        return bytes(body)

    def _failure(self, response: httpx2.Response, body: bytes, spent: Spent) -> Exception:
        status, reason = response.status_code, self._clean(_reason(body))
        pause_s = _retry_after_s(response.headers)
        asked = "" if pause_s is None else f" (it asks to wait {pause_s:.0f} s)"
        error = self._error(f"HTTP {status}{': ' if reason else ''}{reason}{asked}", self._remedy(status), spent)
        # A used-up account is a 429 too, but waiting does not fill it.
        if status in (408, 429) or (status >= 500 and status != 501):
            return error if b"insufficient_quota" in body else _Trouble(error, pause_s)
        if status < 400 or status >= 500:
            return error
        refused = RequestRefused(error.what, where=error.where, remedy=error.remedy, **spent.as_error_fields())
        refused.reason = reason
        return refused

    def _error(self, what: str, remedy: str, spent: Spent) -> ModelUnavailable:
        return ModelUnavailable(what, where=self.place, remedy=remedy, **spent.as_error_fields())

    def _start(self) -> str:
        if self._is_local:
            return "is the model server running? For Ollama: `ollama serve`"
        return "check the base URL, the network and that the model server is running"

    def _remedy(self, status: int) -> str:
        if status in (401, 403):
            return "check the API key and what it may use"
        if status == 404:
            pull = f"Ollama: `ollama pull {self._model}`"
            return f"check the model's name and the base URL, which usually ends in /v1; {pull}"
        if status == 429:
            return "the server limits how much it answers: fewer workers, a higher limit or a filled account"
        if status == 501:
            return "this server does not offer what was asked: use another server or model for it"
        if status >= 500:
            return "look at the model server's log"
        return "check the model's name, the base URL and the length of the prompt"

    def _clean(self, text: object) -> str:
        """One line of at most 300 characters; a server may echo the key that it was sent."""
        line = " ".join("".join(c if c.isprintable() else " " for c in str(text)[:100_000]).split())
        return (line.replace(self._api_key, "[key]") if self._api_key else line)[:300]


def _in_own_loop(work: Coroutine[Any, Any, T], limit_s: float) -> T:
    """Run it in an event loop on a thread of its own, for asyncio can end a read that drips, and the caller may be in
    a loop itself. What asyncio cannot end, a name look-up, is left behind at the limit; a daemon, so that the program
    need not wait for it.

    Raises:
        TimeoutError: the limit has passed.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(asyncio.run(work))
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            future.set_exception(error)

    threading.Thread(target=run, name="model-call", daemon=True).start()
    return future.result(limit_s)


def _checked_url(base_url: str) -> httpx2.URL:
    remedy = "such as http://localhost:11434/v1"
    try:
        url = httpx2.URL(base_url.strip())
    except httpx2.InvalidURL:
        raise SettingsError("the model server's base URL cannot be read", remedy=remedy) from None
    if url.scheme not in ("http", "https") or not url.host or not 0 < (url.port or 80) < 65_536:
        raise SettingsError("the model server's base URL needs http:// or https://, a host and a port", remedy=remedy)
    return url


def _headers(api_key: str) -> dict[str, str]:
    key = api_key.strip()
    if not key.isascii() or not key.isprintable():
        raise SettingsError("the API key of the model server has characters that no key has", remedy="copy it again")
    # Not compressed: a small body cannot unpack into a huge one.
    headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
    return {**headers, "Authorization": f"Bearer {key}"} if key else headers


def _reason(body: bytes) -> str:
    """The error message in the shapes that servers use; empty when there is none."""
    try:
        document = read_json(body)
    except ModelOutputInvalid:
        return ""
    error = document.get("error", document) if isinstance(document, dict) else None
    if isinstance(error, dict):
        error = error.get("message") or error.get("detail")
    return error if isinstance(error, str) else ""


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Retry-After in seconds, from a number or a date; None when absent or unreadable."""
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
        except ValueError:
            return None
        seconds = (moment.astimezone(UTC) - datetime.now(UTC)).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None
