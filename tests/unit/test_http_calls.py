"""Calls over HTTP: how often, how long, and what is never said twice."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.http import Answer, Calls, Limits, NoAnswer, calls, is_loopback, shown

URL = httpx2.URL("http://service.test/a")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
DRIPS = {
    "head": (b"HTTP/1.1 200 OK\r\nX-Drip: ", b"x"),
    "heads before the head": (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "length of a chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
    "body": (b"HTTP/1.1 200 OK\r\n\r\n", b" "),
}


def answer(status: int = 200, body: bytes = b"", **headers: str) -> Answer:
    return Answer(status, httpx2.Headers({k.replace("_", "-"): v for k, v in headers.items()}), body, False, "GET x")


@contextmanager
def server(*scripts: tuple[bytes, bytes]) -> Iterator[str]:
    """On one connection, an answer to each request: bytes sent at once, and bytes sent again and again."""
    over = threading.Event()

    def serve(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            for start, drip in scripts:
                connection.recv(65_536)
                connection.sendall(start)
                while drip and not over.wait(0.01):
                    try:
                        connection.sendall(drip)
                    except OSError:
                        return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/a"
        finally:
            over.set()
            thread.join(5)


@pytest.mark.parametrize("drip", DRIPS.values(), ids=DRIPS.keys())
@pytest.mark.parametrize("safe", [True, False])
def test_what_drips_for_ever_ends_at_the_deadline(drip: tuple[bytes, bytes], safe: bool) -> None:
    began = time.monotonic()
    with server(drip) as url:
        service = Calls("127.0.0.1", Limits(5.0, 3, 0.2))
        with pytest.raises(NoAnswer, match=r"within 0\.2 s") as caught:
            service.send("GET", httpx2.URL(url), limit=10**9, safe=safe)
        service.close()
    assert caught.value.sent
    assert caught.value.attempts == 1
    assert time.monotonic() - began < 4


def test_a_kept_connection_has_the_deadline_of_each_call() -> None:
    with server((HEAD + b"ok", b""), (HEAD + b"ok", b""), DRIPS["head"]) as url:
        service = Calls("127.0.0.1", Limits(5.0, 1, 0.5))
        assert service.send("GET", httpx2.URL(url), limit=10).body == b"ok"
        time.sleep(0.6)  # the first call's time is over, which is nothing to the second
        assert service.send("GET", httpx2.URL(url), limit=10).body == b"ok"
        with pytest.raises(NoAnswer, match="too slowly"):
            service.send("GET", httpx2.URL(url), limit=10)
        service.close()


def test_pauses_double_and_keep_to_what_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(calls, "sleep", pauses.append)
    heads = iter([{}, {}, {"Retry-After": "3"}, {"Retry-After": "99999"}])
    transport = httpx2.MockTransport(lambda _: httpx2.Response(429, headers=next(heads, {})))
    service = Calls(URL.host, Limits(1.0, 40, 60.0, first_pause=0.4), transport=transport)
    assert service.send("GET", URL, limit=10).attempts == 40
    assert 0.3 <= pauses[0] <= 0.5
    assert 0.6 <= pauses[1] <= 1.0
    assert pauses[2:4] == [3.0, 10.0]
    assert max(pauses) == 10.0


@pytest.mark.parametrize(("status", "asked"), [(200, 1), (302, 1), (404, 1), (408, 1), (429, 2), (500, 1), (503, 1)])
def test_what_may_do_harm_is_repeated_only_when_refused_for_haste(status: int, asked: int) -> None:
    service = Calls(
        URL.host,
        Limits(1.0, 2, 60.0, first_pause=0.0),
        transport=httpx2.MockTransport(lambda _: httpx2.Response(status)),
    )
    assert service.send("PATCH", URL, limit=10, safe=False, again=lambda _: True).attempts == asked


def test_a_name_that_no_look_up_takes_is_no_answer() -> None:
    with pytest.raises(NoAnswer) as caught:
        Calls("x", Limits(1.0, 2, 2.0)).send("GET", httpx2.URL("http://127.0.0.1" + "x" * 70 + ".invalid/"), limit=10)
    assert not caught.value.sent


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("3", 3.0),
        ("0.5", 0.5),
        ("99999999999", 99999999999.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("-1", 0.0),
        *((value, None) for value in ("", "x", "nan", "inf", "1e300", "Wed, 21 Oct 99999 07:28:00 GMT")),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    assert answer(429, Retry_After=value).retry_after == seconds


@given(st.binary(max_size=200), st.text(max_size=20))
def test_any_answer_is_read_or_is_none(body: bytes, head: str) -> None:
    found = Answer(500, {"Retry-After": head}, body, False, "GET x")
    assert found.retry_after is None or found.retry_after >= 0
    assert len(found.reason()) <= 200
    assert found.reason() == "" or found.reason().isprintable()
    with suppress(NoAnswer):
        found.json()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"error": "no"}', "no"),
        (b'{"error": {"message": "no\\n\\u001b[31m"}}', "no [31m"),
        (b'{"detalle": "no", "x": 1}', "no"),
        (b'{"x": 1}', ""),
        (b"<html>", "<html>"),
        (b'{"error": "key k-123 is wrong"}', "key […] is wrong"),
        (b'{"error": "' + b"a" * 198 + b'k-123"}', "a" * 198 + "[…"),
        (b"1" + b"0" * 5_000, "1" + "0" * 199),
    ],
)
def test_the_words_of_a_failure(body: bytes, reason: str) -> None:
    assert answer(400, body).reason("k-123") == reason


@pytest.mark.parametrize(
    ("host", "is_here"),
    [("localhost", True), ("a.localhost", True), ("127.8.0.1", True), ("::1", True), ("localhost.test", False)],
)
def test_this_machine(host: str, is_here: bool) -> None:
    assert is_loopback(host) is is_here


def test_addresses_are_shown_without_secrets() -> None:
    assert shown(httpx2.URL("http://ana:clave@service.test/a")) == "http://service.test/a"


def test_certificates_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[ssl.SSLContext] = []

    def create() -> ssl.SSLContext:
        read.append(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        return read[-1]

    calls._certificates.cache_clear()
    monkeypatch.setattr(httpx2, "create_ssl_context", create)
    for _ in range(2):
        Calls(URL.host, Limits(1.0, 1, 1.0)).close()
    calls._certificates.cache_clear()
    assert len(read) == 1
