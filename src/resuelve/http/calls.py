"""HTTP calls bounded in time, size and number, and what may have arrived is sent once unless repeating is harmless.

Redirects are not followed, and a proxy of the environment is not used for this machine.
"""

from __future__ import annotations

import random
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from time import monotonic, sleep
from typing import Any

import httpx2

from resuelve.domain.message import message
from resuelve.http.address import is_loopback, shown
from resuelve.http.answer import Answer, NoAnswer, one_line

_NOTHING_SENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.UnsupportedProtocol,
    httpx2.LocalProtocolError,
)
_HOPELESS = (httpx2.UnsupportedProtocol, httpx2.LocalProtocolError, httpx2.DecodingError, UnicodeError)
_current = threading.local()
"""`until`: when the call that this thread is making must be over."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how often; times in seconds.

    Attributes:
        timeout: for each wait for data.
        attempts: how often a call that may be repeated is tried.
        deadline: for a whole call, repetitions included, to the last byte. A look-up of a name may take longer: the
            operating system has limits of its own for it.
        connect: for connecting; `timeout` when None.
        first_pause: before the first repetition, doubled for each further one.
        longest_pause: however often it was tried, and whatever ``Retry-After`` says.
        keep_alive: how long an idle connection is kept for the next harmless call.
    """

    timeout: float
    attempts: int
    deadline: float
    connect: float | None = None
    first_pause: float = 0.1
    longest_pause: float = 10.0
    keep_alive: float = 3.0


def passing(answer: Answer) -> bool:
    """Does the status say that the same call may go through later?"""
    return answer.status in (408, 429) or (answer.status >= 500 and answer.status != 501)


class Calls:
    """The calls to one service. Safe to share between threads.

    Args:
        host: of the service.
        headers: of every call.
        transport: replaces the network, for tests.
    """

    def __init__(
        self,
        host: str,
        limits: Limits,
        *,
        headers: Mapping[str, str] | None = None,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self._limits = limits

        def client(kept: int) -> httpx2.Client:
            return httpx2.Client(
                headers={"User-Agent": "resuelve", "Accept-Encoding": "gzip", **(headers or {})},
                verify=_certificates(),
                # A proxy of the environment is meant for the world outside, not for this machine.
                trust_env=not is_loopback(host),
                limits=httpx2.Limits(
                    max_connections=100, max_keepalive_connections=kept, keepalive_expiry=limits.keep_alive
                ),
                transport=transport,
            )

        self._harmless = client(20 if limits.keep_alive else 0)
        # A kept connection may be closed by the service at the very moment of the next call, and the outcome of a
        # change is unknown then. A change gets a connection of its own.
        self._once_only = client(0)

    def send(
        self,
        method: str,
        url: httpx2.URL,
        *,
        limit: int,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        safe: bool = True,
        again: Callable[[Answer], bool] = passing,
    ) -> Answer:
        """Make a call, and again while that may help and does no harm; the last answer, whatever its status.

        Args:
            limit: bytes of the body that are read.
            content: what is sent: JSON, unless `headers` say otherwise.
            headers: of this call.
            safe: False when two calls are not as good as one. It is then repeated only when it cannot have arrived,
                or was refused for haste (429).
            again: which answers a repetition may better.

        Raises:
            NoAnswer: no answer in time.
        """
        until = monotonic() + self._limits.deadline
        attempt = 0
        sent_with = {**({} if content is None else {"Content-Type": "application/json"}), **(headers or {})}
        while True:
            attempt += 1
            outcome: Answer | NoAnswer
            try:
                outcome = answer = self._try(method, url, limit, content, sent_with, safe, until)
                repeat = again(answer) and (safe or answer.status == 429)
            except NoAnswer as error:
                outcome, repeat = error, error.repeat and (safe or not error.sent)
            outcome.attempts = attempt
            pause = self._pause(outcome.retry_after, attempt)
            if repeat and attempt < self._limits.attempts and monotonic() + pause < until:
                sleep(pause)
            elif isinstance(outcome, NoAnswer):
                raise outcome
            else:
                return outcome

    def close(self) -> None:
        """Give back the connections."""
        self._harmless.close()
        self._once_only.close()

    def _pause(self, asked: float | None, attempt: int) -> float:
        # Jitter, so that several workers do not come back all at once.
        pause = self._limits.first_pause * 2.0 ** min(attempt - 1, 30) * random.uniform(0.75, 1.25)
        return min(pause if asked is None else asked, self._limits.longest_pause)

    def _try(
        self,
        method: str,
        url: httpx2.URL,
        limit: int,
        content: bytes | None,
        headers: Mapping[str, str],
        safe: bool,
        until: float,
    ) -> Answer:
        client = self._harmless if safe else self._once_only
        where = f"{method} {shown(url)}"
        left = max(0.01, until - monotonic())
        wait = min(self._limits.timeout, left)
        timeout = httpx2.Timeout(wait, connect=min(self._limits.connect or wait, left))
        _current.until = until
        try:
            with client.stream(
                method, url, content=content, headers=headers, timeout=timeout, extensions={"trace": _bound_reads}
            ) as response:
                body, cut = _read(response, limit)
                return Answer(response.status_code, response.headers, body, cut, where)
        except (httpx2.RequestError, UnicodeError) as error:  # the latter from a name that no look-up takes
            what = message("no answer ({why})", why=one_line(f"{type(error).__name__}: {error}"))
            if late := isinstance(error, httpx2.TimeoutException) and monotonic() >= until - 0.01:
                seconds = f"{self._limits.deadline:g}"
                what = message("the answer came too slowly: not whole within {seconds} s", seconds=seconds)
            sent = not isinstance(error, (*_NOTHING_SENT, UnicodeError))
            raise NoAnswer(
                what, where=where, sent=sent, repeat=not late and not isinstance(error, _HOPELESS)
            ) from error


def _read(response: httpx2.Response, limit: int) -> tuple[bytes, bool]:
    content = bytearray()
    for chunk in response.iter_bytes():  # as they come: in pieces of a fixed size, a slow answer would not be noticed
        content += chunk
        if len(content) > limit:
            return bytes(content[:limit]), True
        _time_left()
    return bytes(content), False


def _bound_reads(_: str, info: Mapping[str, Any]) -> None:
    """Let the reads of a new connection end with the call that they are for.

    A time limit of httpx2 is for one read, so that a service which sends the head of its answer byte by byte could
    keep a call for ever. New connections are seen in the events of its documented `trace` extension.
    """
    stream: Any = info.get("return_value")
    if not hasattr(stream, "start_tls"):  # other events return other things
        return
    read = stream.read

    def bounded(max_bytes: int, timeout: float | None = None) -> bytes:
        left = _time_left()
        data: bytes = read(max_bytes, left if timeout is None else min(timeout, left))
        return data

    stream.read = bounded


def _time_left() -> float:
    left: float = _current.until - monotonic()
    if left <= 0:
        raise httpx2.ReadTimeout("the time of the call is over")
    return left


@cache
def _certificates() -> ssl.SSLContext:
    # Reading the certificates takes 40 ms: once for all clients.
    return httpx2.create_ssl_context()
