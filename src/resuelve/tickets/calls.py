"""HTTP calls to a ticket manager: bounded in time, size and number, and a change is sent once.

Reading is repeated after connection errors, 429 and 5xx. A change is repeated only when it cannot have arrived: the
connection was refused, or the manager answered 429. After anything else its outcome is unknown, and is said to be.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx2
import stamina

from resuelve.domain.errors import SettingsError, TicketUnavailable

LONGEST_PAUSE = 10.0
"""Seconds to wait before another attempt, at most, whatever ``Retry-After`` says."""

_NOTHING_SENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.UnsupportedProtocol,
    httpx2.LocalProtocolError,
)
_HOPELESS = (httpx2.UnsupportedProtocol, httpx2.LocalProtocolError, httpx2.DecodingError)


@dataclass(frozen=True, slots=True)
class Answer:
    """A status other than 429 and 5xx, with at most `limit` bytes of the body.

    Attributes:
        cut: True when the body was longer.
        location: where a redirect points; empty when it is none.
        where: method and address, for messages.
    """

    status: int
    body: bytes
    cut: bool
    location: str
    where: str


class _NoAnswer(TicketUnavailable):
    """No usable answer: may the call be repeated, and after how many seconds."""

    def __init__(
        self, what: str, *, where: str, remedy: str, unknown: bool, repeat: bool, pause: float | None = None
    ) -> None:
        self.repeat = repeat
        self.pause = pause
        super().__init__(what, where=where, remedy=remedy, outcome_unknown=unknown)


class Calls:
    """The calls of one client.

    Args:
        base: address of the manager.
        timeout: seconds for connecting, and for each wait for data.
        attempts: how often a call that may be repeated is tried.
        deadline: seconds for a whole call, its repetitions included. Only a manager that sends the head of an answer
            byte by byte could exceed it.
        transport: replaces the network, for tests.
    """

    def __init__(
        self,
        base: httpx2.URL,
        *,
        timeout: float,
        attempts: int,
        deadline: float,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self._timeout, self._attempts, self._deadline = timeout, attempts, deadline

        def client(limits: httpx2.Limits) -> httpx2.Client:
            return httpx2.Client(
                headers={"User-Agent": "resuelve", "Accept-Encoding": "gzip"},
                verify=_certificates(),
                # A proxy of the environment is meant for the world outside, not for this machine.
                trust_env=not _is_loopback(base.host),
                limits=limits,
                transport=transport,
            )

        self._reader = client(httpx2.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=3.0))
        # A kept connection may be closed by the manager at the very moment of the next call, and the outcome of a
        # change is unknown then. A change gets a connection of its own.
        self._writer = client(httpx2.Limits(max_connections=100, max_keepalive_connections=0))

    def get(self, url: httpx2.URL, *, limit: int) -> Answer:
        """Read, repeated while that may help.

        Raises:
            TicketUnavailable: no usable answer in time.
        """
        return self._repeat(lambda until: self._send(self._reader, "GET", url, None, limit, until))

    def patch(self, url: httpx2.URL, body: bytes, *, limit: int) -> Answer:
        """Send a change once.

        Raises:
            TicketUnavailable: no usable answer; its `outcome_unknown` says whether the change may have arrived.
        """
        return self._repeat(lambda until: self._send(self._writer, "PATCH", url, body, limit, until))

    def close(self) -> None:
        """Give back the connections."""
        self._reader.close()
        self._writer.close()

    def _repeat(self, send: Callable[[float], Answer]) -> Answer:
        until = time.monotonic() + self._deadline

        def pause(error: Exception) -> bool | float:
            if not isinstance(error, _NoAnswer) or not error.repeat:
                return False
            if time.monotonic() + (error.pause or 0.0) >= until:
                return False
            return True if error.pause is None else error.pause

        for attempt in stamina.retry_context(
            pause, self._attempts, self._deadline, wait_initial=0.1, wait_max=2.0, wait_jitter=0.1
        ):
            with attempt:
                return send(until)
        raise AssertionError("stamina gives at least one attempt")

    def _send(
        self, client: httpx2.Client, method: str, url: httpx2.URL, body: bytes | None, limit: int, until: float
    ) -> Answer:
        where = f"{method} {shown(url)}"
        changes = method != "GET"
        headers = {"Content-Type": "application/json"} if changes else {}
        timeout = max(0.01, min(self._timeout, until - time.monotonic()))
        try:
            with client.stream(method, url, content=body, headers=headers, timeout=timeout) as response:
                if response.status_code == 429 or response.status_code >= 500:
                    raise _refusal(response, where, changes)
                content, cut = _read(response, limit, until, where, changes)
                return Answer(response.status_code, content, cut, response.headers.get("Location", ""), where)
        except httpx2.RequestError as error:
            unsent = isinstance(error, _NOTHING_SENT)
            raise _NoAnswer(
                f"no answer ({type(error).__name__})",
                where=where,
                remedy="check that the ticket manager runs and that its address is right",
                unknown=changes and not unsent,
                repeat=(unsent or not changes) and not isinstance(error, _HOPELESS),
            ) from error


def base_address(text: str, setting: str) -> httpx2.URL:
    """A base address without a trailing slash.

    Raises:
        SettingsError: it is not ``http://HOST…`` or ``https://HOST…``; `setting` names where it came from.
    """
    try:
        urlsplit(text)  # the stricter of the two about brackets
        url = httpx2.URL(text.strip().rstrip("/"))
    except (httpx2.InvalidURL, ValueError):
        url = httpx2.URL("")
    if url.scheme not in ("http", "https") or not url.host:
        raise SettingsError(
            "not an address of a web service", where=setting, remedy="write it as http://HOST:PORT or https://HOST"
        )
    return url


def shown(url: httpx2.URL) -> str:
    """An address for messages: no user, no password, one line, bounded."""
    return str(url.copy_with(username="", password="") if url.userinfo else url)[:300]


def _refusal(response: httpx2.Response, where: str, changes: bool) -> _NoAnswer:
    status = response.status_code
    if status == 429:
        return _NoAnswer(
            "answered 429, too many requests",
            where=where,
            remedy="run it later, or with fewer workers",
            unknown=False,
            repeat=True,
            pause=_retry_after(response.headers.get("Retry-After", "")),
        )
    return _NoAnswer(
        f"answered {status}",
        where=where,
        remedy="look into the ticket manager's log",
        unknown=changes,
        repeat=not changes,
    )


def _retry_after(value: str) -> float | None:
    """Seconds to wait (RFC 9110, 10.2.3: a number of seconds or a date), bounded; None when it says nothing."""
    if value.strip().isascii() and value.strip().isdigit():
        seconds = float(value.strip()[:9])
    else:
        try:
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 0.0), LONGEST_PAUSE)


def _read(response: httpx2.Response, limit: int, until: float, where: str, changes: bool) -> tuple[bytes, bool]:
    content = bytearray()
    for chunk in response.iter_bytes():  # as they come: in pieces of a fixed size, a slow answer would not be noticed
        content += chunk
        if len(content) > limit:
            return bytes(content[:limit]), True
        if time.monotonic() > until:
            raise _NoAnswer(
                "the answer came too slowly", where=where, remedy="try again later", unknown=changes, repeat=False
            )
    return bytes(content), False


@cache
def _certificates() -> ssl.SSLContext:
    # Reading the certificates takes 40 ms: once for all clients.
    return httpx2.create_ssl_context()


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
