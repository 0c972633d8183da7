"""How a batch is delivered over HTTP, and what answers mean; and the thread that does it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from resuelve import durable
from resuelve.http import Limits
from resuelve.telemetry.logs.begin import Sink, begun
from resuelve.telemetry.logs.counts import Counts
from resuelve.telemetry.logs.line import Scrubbing
from resuelve.telemetry.logs.shipping.backlog import Backlog, pending
from resuelve.telemetry.logs.shipping.delivery import Delivery, Outcome, Verdict
from resuelve.telemetry.logs.shipping.encode import Origin, request
from resuelve.telemetry.logs.shipping.places import Places
from resuelve.telemetry.logs.shipping.shipper import Shipper
from resuelve.telemetry.logs.shipping.thread import LOCK, Shipping
from tests.otlp_receiver import PATH, Receiver, Say, partly, receiving

FILE = "resuelve-20260131.jsonl"
QUICK = Limits(timeout=0.2, attempts=1, deadline=0.3)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one
        assert one.problems == []


def _deliver(url: str, limits: Limits = QUICK, headers: dict[str, str] | None = None) -> Outcome:
    deliver = Delivery(url, headers or {}, limits=limits)
    try:
        return deliver(
            request([b'{"event": "e", "level": "INFO", "time": "2026-01-31T10:00:00Z"}\n'], Origin("s", "1", "i"))[0]
        )
    finally:
        deliver.close()


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (Say(), Outcome(Verdict.TAKEN)),
        (Say(204, body=b"", keep=True), Outcome(Verdict.TAKEN)),  # Loki
        (partly(2), Outcome(Verdict.TAKEN, rejected=2)),
        (Say(body=b"{}", kind="application/json; charset=utf-8", keep=True), Outcome(Verdict.TAKEN)),
        (
            Say(body=b'{"partialSuccess": {"rejectedLogRecords": "4"}}', kind="application/json", keep=True),
            Outcome(Verdict.TAKEN, rejected=4),
        ),
        *(
            (
                Say(
                    body=b'{"partialSuccess": {"rejectedLogRecords": %b}}' % said,
                    kind="application/json",
                    keep=True,
                ),
                Outcome(Verdict.TAKEN),
            )
            for said in (b"null", b"[]", b"Infinity", b"NaN", b'"x"', b"-3", b"{}")
        ),
        (Say(body=b"[]", kind="application/json"), Outcome(Verdict.LATER, reason="no receiver of logs")),
        (Say(body=b"<html>", kind="text/html"), Outcome(Verdict.LATER, reason="no receiver of logs")),
        (Say(body=b"\xff\xff\xff"), Outcome(Verdict.LATER, reason="no receiver of logs")),
        (Say(body=b"{", kind="application/json"), Outcome(Verdict.LATER, reason="no receiver of logs")),
        (Say(301, {"Location": "/elsewhere"}), Outcome(Verdict.LATER, reason="301")),
        (Say(400), Outcome(Verdict.REFUSED, reason="400")),
        (Say(400, body=b"<html>", kind="text/html; charset=utf-8"), Outcome(Verdict.LATER, reason="400")),
        (Say(413, body=b"<html>", kind="text/html"), Outcome(Verdict.TOO_LARGE, reason="413")),  # nginx
        (Say(401), Outcome(Verdict.LATER, reason="401")),
        (Say(404), Outcome(Verdict.LATER, reason="404")),
        (Say(413), Outcome(Verdict.TOO_LARGE, reason="413")),
        (Say(422), Outcome(Verdict.REFUSED, reason="422")),
        (Say(429, {"Retry-After": "7"}), Outcome(Verdict.LATER, wait=7.0, reason="429")),
        (Say(500), Outcome(Verdict.FAILED, reason="500")),
        (Say(503), Outcome(Verdict.LATER, reason="503")),
        (Say(503, {"Retry-After": "0.5"}), Outcome(Verdict.LATER, wait=0.5, reason="503")),
        (Say(silent=True), Outcome(Verdict.LATER, reason="ReadTimeout")),
    ],
    ids=lambda value: str(value.status) if isinstance(value, Say) else str(value.verdict),
)
def test_answers(receiver: Receiver, said: Say, outcome: Outcome) -> None:
    receiver.always = said
    assert _deliver(receiver.url + PATH) == outcome
    assert receiver.asked == 1  # a redirect is not followed, and nothing is repeated here


def test_headers_go_along(receiver: Receiver) -> None:
    _deliver(receiver.url + PATH, headers={"Authorization": "Bearer x", "X-Scope-OrgID": "team"})
    assert (receiver.headers[0]["authorization"], receiver.headers[0]["x-scope-orgid"]) == ("Bearer x", "team")


def test_nobody_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        outcome = _deliver(f"http://127.0.0.1:{taken.getsockname()[1]}{PATH}")
    assert outcome == Outcome(Verdict.LATER, reason="ConnectError")
    assert _deliver(f"http://nowhere.invalid{PATH}").verdict is Verdict.LATER


@pytest.mark.parametrize(
    ("url", "headers", "reason"),
    [
        ("http://127.0.0.1:abc/x", {}, "InvalidURL"),
        ("http://127.0.0.1:9/x", {"X-Who": "\u00f1\u20ac"}, "UnicodeEncodeError"),
    ],
)
def test_a_setting_that_cannot_be_sent_is_an_outage(url: str, headers: dict[str, str], reason: str) -> None:
    outcome = _deliver(url, headers=headers)
    assert outcome == Outcome(Verdict.LATER, reason=reason)


def test_whatever_breaks_shipping_is_told_once_and_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    monkeypatch.setattr("resuelve.telemetry.logs.shipping.thread._BROKEN_SECONDS", 0.01)
    _write(tmp_path, 0)
    sound, broken = _shipping(tmp_path, receiver.url)._build, [0]

    def build() -> Shipper:
        broken[0] += 1
        if broken[0] < 4:
            raise ZeroDivisionError
        return sound()

    told: list[Any] = []
    with begun([Sink("DEBUG", lambda line, _: told.append(line))], Scrubbing()):
        shipping = Shipping(tmp_path, build)
        shipping.start()
        receiver.wait_for(1)
        assert shipping.close(5) == 0
    assert [(line["event"], line["error"]["kind"]) for line in told] == [("log.broken", "ZeroDivisionError")]


def test_what_is_no_http_is_an_outage() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def garble() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"\x00\xffgarbage\r\n\r\n")

        threading.Thread(target=garble, daemon=True).start()
        outcome = _deliver(f"http://127.0.0.1:{server.getsockname()[1]}{PATH}")
    assert outcome == Outcome(Verdict.LATER, reason="RemoteProtocolError")


def _shipping(folder: Path, url: str, limits: Limits = QUICK) -> Shipping:
    def build() -> Shipper:
        places = Places(folder)
        deliver = Delivery(url + PATH, {}, limits=limits)
        return Shipper(Backlog(folder, places), deliver, Origin("resuelve", "1", places.instance), counts=Counts())

    return Shipping(folder, build)


def _write(folder: Path, *numbers: int) -> None:
    with (folder / FILE).open("ab") as file:
        for number in numbers:
            file.write(f'{{"time":"2026-01-31T10:00:00Z","level":"INFO","event":"e","n":{number}}}\n'.encode())


def test_the_thread_ships_what_is_there_and_what_comes(tmp_path: Path, receiver: Receiver) -> None:
    _write(tmp_path, *range(1000))
    shipping = _shipping(tmp_path, receiver.url)
    shipping.start()
    receiver.wait_for(1000)
    _write(tmp_path, *range(1000, 20_000))
    assert shipping.close(30) == 0
    assert [line["n"] for line in receiver.lines] == list(range(20_000))
    assert max(receiver.batches) == 500


def test_one_process_ships_for_all_and_the_next_takes_over(tmp_path: Path, receiver: Receiver) -> None:
    _write(tmp_path, 0)
    with durable.alone(tmp_path / LOCK, seconds=0):
        shipping = _shipping(tmp_path, receiver.url)
        shipping.start()
        assert shipping.close(5) == 0  # whoever has the lock ships it
    assert receiver.records == []
    assert pending(tmp_path) > 0
    shipping = _shipping(tmp_path, receiver.url)
    shipping.start()
    assert shipping.close(5) == 0
    assert [line["n"] for line in receiver.lines] == [0]


def test_what_could_not_be_shipped_is_told_and_shipped_by_the_next(tmp_path: Path, receiver: Receiver) -> None:
    _write(tmp_path, 0, 1)
    receiver.always = Say(503)
    shipping = _shipping(tmp_path, receiver.url)
    shipping.start()
    assert shipping.close(5) == (tmp_path / FILE).stat().st_size
    receiver.always = None
    _write(tmp_path, 2)
    shipping = _shipping(tmp_path, receiver.url)
    shipping.start()
    assert shipping.close(5) == 0
    assert [line["n"] for line in receiver.lines] == [0, 1, 2]


def test_whoever_asked_to_wait_is_not_asked_at_the_end(tmp_path: Path, receiver: Receiver) -> None:
    _write(tmp_path, 0)
    receiver.always = Say(429, {"Retry-After": "60"})
    shipping = _shipping(tmp_path, receiver.url)
    shipping.start()
    until = time.monotonic() + 30
    while not receiver.asked and time.monotonic() < until:
        time.sleep(0.01)
    assert shipping.close(5) > 0
    assert receiver.asked == 1


def test_a_server_that_says_nothing_is_not_waited_for(tmp_path: Path, receiver: Receiver) -> None:
    _write(tmp_path, 0)
    receiver.always = Say(silent=True)
    shipping = _shipping(tmp_path, receiver.url, Limits(timeout=60, attempts=1, deadline=60))
    shipping.start()
    assert shipping.close(0.2) > 0  # were it waited for, it would be for a minute
    assert shipping._thread.is_alive()


def test_a_folder_that_cannot_be_written_ships_nothing(tmp_path: Path, receiver: Receiver) -> None:
    _write(tmp_path, 0)
    (tmp_path / LOCK).mkdir()
    shipping = _shipping(tmp_path, receiver.url)
    shipping.start()
    assert shipping.close(5) > 0
    assert receiver.asked == 0


PROGRAM = """
import sys, time
from pathlib import Path
from resuelve.telemetry.logs.counts import Counts
from resuelve.telemetry.logs.shipping.backlog import Backlog
from resuelve.telemetry.logs.shipping.delivery import Delivery
from resuelve.telemetry.logs.shipping.encode import Origin
from resuelve.telemetry.logs.shipping.places import Places
from resuelve.telemetry.logs.shipping.shipper import Shipper
from resuelve.telemetry.logs.shipping.thread import Shipping

folder = Path(sys.argv[1])

def build():
    places = Places(folder)
    return Shipper(Backlog(folder, places), Delivery(sys.argv[2], {}), Origin("r", "1", "i"), counts=Counts())

shipping = Shipping(folder, build)
shipping.start()
print("started", flush=True)
time.sleep(600)
"""


def test_killed_in_between_nothing_is_lost_and_one_batch_comes_twice_at_most(
    tmp_path: Path, receiver: Receiver
) -> None:
    _write(tmp_path, *range(6000))
    for count in (700, 2300, 4100):
        child = subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path), receiver.url + PATH])
        before = len(receiver.records)
        receiver.wait_for(max(count, before + 1))
        os.kill(child.pid, signal.SIGKILL)
        child.wait(30)
        time.sleep(0.05)  # what the server had in hand
    shipping = _shipping(tmp_path, receiver.url, Limits(timeout=30, attempts=1, deadline=30))
    shipping.start()
    assert shipping.close(60) == 0
    found = [line["n"] for line in receiver.lines]
    assert sorted(set(found)) == list(range(6000))
    assert len(found) - 6000 <= 3 * 500
