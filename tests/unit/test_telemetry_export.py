"""Signals on their way to servers that are there, gone, silent or hostile: nobody waits, and what is lost is told."""

from __future__ import annotations

import logging
import re
import socket
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from resuelve.telemetry import export
from resuelve.telemetry.export import Exported, To
from resuelve.telemetry.metrics import INCIDENTS, LOST, QUEUE_DEPTH
from tests.signals_receiver import GOOD, Answer, Message, Receiver, series

TRACE = "00000000000000000000000000000abc"
SECRET = "s3cr3t-t0k3n"
HEADERS = {"Authorization": f"Bearer {SECRET}"}
SHORT = 0.3
"""Seconds at the end, for tests in which nobody answers."""

CLOSED = series("resuelve.incidents", outcome="closed", mode="live")
LOST_SPANS = series("resuelve.telemetry.lost", signal="traces")


def to(receiver: Receiver, *, traces: bool = True, metrics: bool = True, **more: Any) -> To:
    resource = {"service.name": "resuelve", "service.instance.id": "one"}
    return To(
        f"{receiver.url}/v1/traces" if traces else "",
        f"{receiver.url}/v1/metrics" if metrics else "",
        HEADERS,
        resource=resource,
        **more,
    )


def tell(exported: Exported, spans: int = 3) -> None:
    with exported.signals.span("incident", trace=TRACE):
        for number in range(spans - 1):
            with exported.signals.span(f"stage {number}"):
                pass


@contextmanager
def refusing() -> Iterator[str]:
    """An address at which nobody listens, and nobody will."""
    with closing(socket.socket()) as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def fetched(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text: str = answer.read().decode()
        return text


def test_traces_and_metrics_arrive_by_the_protocol() -> None:
    with Receiver() as receiver:
        exported = Exported(to(receiver))
        tell(exported)
        exported.signals.add(INCIDENTS, 2, {"outcome": "closed", "mode": "live"})
        assert exported.close(30) == 0
        assert receiver.complaints == []
        incident = next(span for span in receiver.spans() if span.name == "incident")
        stages = [span for span in receiver.spans() if span.name != "incident"]
        assert (incident.trace, incident.parent) == (TRACE, "")
        assert [(one.trace, one.parent) for one in stages] == [(TRACE, incident.id)] * 2
        assert receiver.metrics()[-1][CLOSED] == 2
        assert receiver.metrics()[-1][LOST_SPANS] == 0
        for about in receiver.resources():
            assert (about["service.name"], about["service.instance.id"]) == ("resuelve", "one")
        assert {message.headers["authorization"] for message in receiver.messages} == {f"Bearer {SECRET}"}


def test_counters_are_sent_as_zeros_first() -> None:
    """Of what is sent once, with its last value, Prometheus would see no increase."""
    with Receiver() as receiver:
        exported = Exported(to(receiver, traces=False))
        exported.signals.flush()
        arrived(lambda: bool(receiver.metrics()))
        exported.signals.add(INCIDENTS, 5, {"outcome": "closed", "mode": "live"})
        assert exported.close(30) == 0
        values = [message[CLOSED] for message in receiver.metrics()]
        assert (values[0], values[-1]) == (0, 5)


def test_what_a_stage_told_within_an_incident_that_nobody_waits_for_arrives() -> None:
    with Receiver() as receiver:
        exported = Exported(to(receiver))
        with exported.signals.span("incident", trace=TRACE):
            with exported.signals.span("retrieve"):
                exported.signals.add(INCIDENTS, 2, {"outcome": "closed", "mode": "live"})
            assert exported.close(30) == 0
            assert [one.name for one in receiver.spans()] == ["retrieve"]
            assert receiver.metrics()[-1][CLOSED] == 2


def arrived(true: Callable[[], bool]) -> None:
    waiting = threading.Event()
    for _ in range(1000):
        if true():
            return
        waiting.wait(0.01)
    raise TimeoutError


HOSTILE: dict[str, Answer] = {
    "silent": Answer(never=True),
    "cut": Answer(cut=True),
    "400": Answer(400),
    "401": Answer(401, b"\xff\xfe"),
    "500": Answer(500, b"<html>"),
    "503": Answer(503, headers={"Retry-After": "86400"}),
    "redirect": Answer(307, b"", {"Location": "http://127.0.0.1:1/"}),
    "moved": Answer(302, b"", {"Location": "/v1/traces"}),
    "rubbish status": Answer(299 + 700, b""),
}


@pytest.mark.parametrize("answer", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_not_taken_is_counted_and_not_waited_for(answer: Answer) -> None:
    with Receiver(lambda _: answer) as receiver:
        exported = Exported(to(receiver))
        tell(exported, 7)
        assert exported.close(SHORT) == 7
        assert receiver.complaints == []


def test_what_nobody_listens_to_is_counted() -> None:
    with refusing() as address:
        exported = Exported(To(f"{address}/v1/traces", f"{address}/v1/metrics"))
        tell(exported, 7)
        assert exported.close(SHORT) == 7


@pytest.mark.parametrize(
    "body", [b"", b"\x00\xff" * 500, b"<html>", b"x" * 5_000_000], ids=["none", "bytes", "page", "long"]
)
def test_what_is_taken_with_rubbish_is_taken(body: bytes) -> None:
    with Receiver(lambda _: Answer(200, body)) as receiver:
        exported = Exported(to(receiver))
        tell(exported)
        assert exported.close(30) == 0
        assert len(receiver.spans()) == 3


def test_a_page_for_people_is_no_yes() -> None:
    """Whoever names the port of something else loses everything, and is told."""
    with Receiver(lambda _: Answer(200, b"<html>", {"Content-Type": "text/html; charset=utf-8"})) as receiver:
        exported = Exported(to(receiver))
        tell(exported, 4)
        assert exported.close(SHORT) == 4


def test_a_measurement_that_cannot_be_kept_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver() as receiver:
        exported = Exported(to(receiver))

        def broken(*_: object) -> None:
            raise RuntimeError("an error of the SDK")

        monkeypatch.setitem(exported.signals._record, INCIDENTS.name, broken)
        exported.signals.add(INCIDENTS, 1, {"outcome": "closed", "mode": "live"})
        assert exported.close(30) == 0


def test_a_redirect_is_not_followed() -> None:
    with Receiver() as elsewhere:
        answer = Answer(307, b"", {"Location": f"{elsewhere.url}/v1/traces"})
        with Receiver(lambda _: answer) as receiver:
            exported = Exported(to(receiver))
            tell(exported)
            assert exported.close(SHORT) == 3
        assert (elsewhere.messages, elsewhere.complaints) == ([], [])


def test_a_server_that_dies_in_the_middle_costs_what_comes_after() -> None:
    taken = iter([GOOD])
    with Receiver(lambda _: next(taken, Answer(400))) as receiver:
        exported = Exported(to(receiver, metrics=False))
        tell(exported, 5)
        exported._tracers.force_flush()
        tell(exported, 4)
        assert exported.close(30) == 4
        assert len(receiver.spans()) == 5


def test_lost_spans_are_told_by_the_metrics() -> None:
    def answer(message: Message) -> Answer:
        return GOOD if message.path == "/v1/metrics" else Answer(400)

    with Receiver(answer) as receiver:
        exported = Exported(to(receiver))
        tell(exported, 6)
        assert exported.close(30) == 6
        assert receiver.metrics()[-1][LOST_SPANS] == 6


def test_a_full_queue_drops_counts_and_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_QUEUE", 8)
    monkeypatch.setattr(export, "_BATCH", 4)
    with Receiver(lambda _: Answer(never=True)) as receiver:
        exported = Exported(to(receiver, metrics=False))
        for _ in range(100):
            tell(exported)
        assert exported.close(SHORT) == 300


def test_everything_together_gets_the_seconds_that_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[float] = []

    def bounded(end: Callable[[], object], seconds: float) -> bool:
        given.append(seconds)
        return True

    monkeypatch.setattr(export, "_bounded", bounded)
    with refusing() as address:
        exported = Exported(To(f"{address}/v1/traces", f"{address}/v1/metrics", port=free_port()))
        exported.close(1.2)
    traces, metrics, served = given
    assert traces == 0.6
    assert served <= metrics <= 1.2
    exported._served.close()  # type: ignore[union-attr]


def test_nobody_waits_for_a_thread_longer_than_its_time() -> None:
    for_ever = threading.Event()
    export._bounded(for_ever.wait, 0.01)
    left = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
    assert all(thread.daemon for thread in left)
    for_ever.set()


@pytest.mark.parametrize("answer", [Answer(500), Answer(never=True)], ids=["500", "silent"])
def test_what_servers_do_is_told_to_the_log_and_not_to_the_terminal(
    answer: Answer, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with Receiver(lambda _: answer) as receiver, caplog.at_level(logging.WARNING):
        address = receiver.url.replace("http://", f"http://user:{SECRET}@")
        exported = Exported(To(f"{address}/v1/traces", f"{address}/v1/metrics", HEADERS))
        tell(exported)
        exported.close(SHORT)
    out, error = capfd.readouterr()
    assert (out, error) == ("", "")
    assert SECRET not in caplog.text
    assert caplog.records or answer.never


def test_the_terminal_is_left_alone_without_a_log(capfd: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("opentelemetry")
    root, before = logging.getLogger(), logging.getLogger().handlers
    root.handlers = []
    try:
        export._quiet()
        export._quiet()
        assert len(logger.handlers) == 1
        assert logger.propagate
        logging.getLogger("opentelemetry.exporter").error("nobody there")
    finally:
        root.handlers = before
    assert capfd.readouterr().err == ""


def test_prometheus_finds_the_metrics_as_long_as_they_are_open() -> None:
    port = free_port()
    exported = Exported(To(port=port, resource={"service.name": "mine"}))
    assert exported.port == port
    exported.signals.add(INCIDENTS, 3, {"outcome": "closed", "mode": "live"})
    exported.signals.put(QUEUE_DEPTH, 1, {"queue": 'ñ\ud800\n"'})
    text = fetched(port)
    assert 'resuelve_incidents_total{mode="live",outcome="closed"} 3.0' in text
    assert 'resuelve_queue_depth{queue="ñ?\\n\\""} 1.0' in text
    assert 'service_name="mine"' in text
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert len(lines) == len({line.rpartition(" ")[0] for line in lines})
    assert exported.close(30) == 0
    with pytest.raises(OSError, match="refused"):
        fetched(port)


def test_who_goes_away_or_says_nothing_while_fetching_bothers_nobody(capfd: pytest.CaptureFixture[str]) -> None:
    exported = Exported(To(port=free_port()))
    silent = socket.create_connection(("127.0.0.1", exported.port))
    for said in (b"", b"GET", b"\xff\x00\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", exported.port)) as rude:
            rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            rude.sendall(said)
    assert LOST.name.replace(".", "_") in fetched(exported.port)
    exported.close(30)
    silent.close()
    assert capfd.readouterr() == ("", "")


def test_a_port_that_is_taken_is_an_error_of_the_system_and_leaves_nothing_behind() -> None:
    before = threading.active_count()
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        Exported(To("http://127.0.0.1:1/v1/traces", "http://127.0.0.1:1/v1/metrics", port=taken.getsockname()[1]))
    assert threading.active_count() == before


@pytest.mark.parametrize("host", ["nobody.invalid", "127..1", f"127.{'x' * 70}"])
def test_an_address_that_is_not_of_this_machine(host: str) -> None:
    with pytest.raises((OSError, UnicodeError)):
        Exported(To(host=host, port=free_port()))


def test_what_the_process_says_of_itself_can_be_added_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "team=one,service.instance.id=worker-2")
    with Receiver() as receiver:
        exported = Exported(to(receiver))
        tell(exported)
        exported.close(30)
        about = receiver.resources()[-1]
    assert (about["team"], about["service.instance.id"], about["service.name"]) == ("one", "worker-2", "resuelve")


def test_ids_of_traces_are_32_digits_also_when_they_begin_with_zeros() -> None:
    with Receiver() as receiver:
        exported = Exported(to(receiver, metrics=False))
        tell(exported, 1)
        exported.close(30)
        assert [re.fullmatch(r"[0-9a-f]{32}", span.trace) is not None for span in receiver.spans()] == [True]
        assert receiver.spans()[0].trace == TRACE
