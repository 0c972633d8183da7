"""HTTP calls to the business system: bounded in time, size and number.

Both calls of the contract only read, so both are repeated after connection errors, 429 and 5xx.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx2
import stamina

from resuelve.domain.errors import AgentUnavailable, SettingsError

RESPONSE_LIMIT = 1024 * 1024
"""Bytes of an answer; a larger one is not used."""

LONGEST_PAUSE = 10.0
"""Seconds to wait before another attempt, at most, whatever ``Retry-After`` says."""

_SETTING = "MOCK_SISTEMA_URL"
_HOPELESS = (httpx2.UnsupportedProtocol, httpx2.LocalProtocolError, httpx2.DecodingError)


@dataclass(frozen=True, slots=True)
class Answer:
    """A status other than 429 and 5xx, and the body."""

    status: int
    body: bytes
    where: str


class NoAnswer(AgentUnavailable):
    """No usable answer: may the call be repeated, and after how many seconds."""

    def __init__(self, what: str, where: str, *, repeat: bool, pause: float | None = None) -> None:
        self.repeat = repeat
        self.pause = pause
        super().__init__(what, where=where, remedy=f"check that the business system runs and that {_SETTING} is right")


class Calls:
    """The calls of one agent; the arguments are those of `BusinessSystemAgent`."""

    def __init__(
        self,
        base_url: str,
        *,
        timeout: float,
        attempts: int,
        deadline: float,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self._base = _base_address(base_url)
        self._timeout, self._attempts, self._deadline = timeout, attempts, deadline
        self._client = httpx2.Client(
            headers={"User-Agent": "resuelve", "Accept-Encoding": "gzip"},
            verify=_certificates(),
            # A proxy of the environment is meant for the world outside, not for this machine.
            trust_env=not _is_loopback(self._base.host),
            transport=transport,
        )

    def ask(self, method: str, path: str, body: Mapping[str, str] | None = None) -> Answer:
        """One call, repeated while that may help.

        Raises:
            AgentUnavailable: no usable answer in time.
        """
        until = time.monotonic() + self._deadline

        def pause(error: Exception) -> bool | float:
            if not isinstance(error, NoAnswer) or not error.repeat:
                return False
            if time.monotonic() + (error.pause or 0.0) >= until:
                return False
            return True if error.pause is None else error.pause

        for attempt in stamina.retry_context(
            pause, self._attempts, self._deadline, wait_initial=0.1, wait_max=2.0, wait_jitter=0.1
        ):
            with attempt:
                return self._send(method, httpx2.URL(f"{self._base}/{path}"), body, until)
        raise AssertionError("stamina gives at least one attempt")

    def close(self) -> None:
        """Give back connections."""
        self._client.close()

    def _send(self, method: str, url: httpx2.URL, body: Mapping[str, str] | None, until: float) -> Answer:
        shown = url.copy_with(username="", password="") if url.userinfo else url
        where = f"{method} {shown}"[:300]
        content = json.dumps(body).encode("ascii") if body is not None else None
        headers = {"Content-Type": "application/json"} if body is not None else {}
        timeout = max(0.01, min(self._timeout, until - time.monotonic()))
        try:
            with self._client.stream(method, url, content=content, headers=headers, timeout=timeout) as response:
                return Answer(response.status_code, _read(response, until, where), where)
        except httpx2.RequestError as error:
            what = f"no answer ({type(error).__name__})"
            raise NoAnswer(what, where, repeat=not isinstance(error, _HOPELESS)) from error


def _read(response: httpx2.Response, until: float, where: str) -> bytes:
    status = response.status_code
    if status == 429:
        wait = response.headers.get("Retry-After", "").strip()
        pause = min(float(wait[:9]), LONGEST_PAUSE) if wait.isascii() and wait.isdigit() else None
        raise NoAnswer("answered 429, too many requests", where, repeat=True, pause=pause)
    if status >= 500:
        raise NoAnswer(f"answered {status}", where, repeat=True)
    content = bytearray()
    for chunk in response.iter_bytes():
        content += chunk
        if len(content) > RESPONSE_LIMIT:
            raise NoAnswer(f"the answer is larger than {RESPONSE_LIMIT} bytes", where, repeat=False)
        if time.monotonic() > until:
            raise NoAnswer("the answer came too slowly", where, repeat=False)
    return bytes(content)


def _base_address(text: str) -> httpx2.URL:
    try:
        urlsplit(text)  # the stricter of the two about brackets
        url = httpx2.URL(text.strip().rstrip("/"))
    except (httpx2.InvalidURL, ValueError):
        url = httpx2.URL("")
    if url.scheme not in ("http", "https") or not url.host:
        raise SettingsError(
            "not an address of a web service", where=_SETTING, remedy="write it as http://HOST:PORT or https://HOST"
        )
    return url


@cache
def _certificates() -> ssl.SSLContext:
    # Reading the certificates takes 40 ms: once for all agents.
    return httpx2.create_ssl_context()


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
