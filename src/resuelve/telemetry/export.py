"""Where signals go: to servers by OTLP, and to a Prometheus that fetches them. Nothing here keeps anybody waiting."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from threading import Thread
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import requests
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from resuelve.http.address import is_loopback
from resuelve.telemetry.metrics import LOST
from resuelve.telemetry.otel import OtelSignals
from resuelve.telemetry.otel_spans import OwnTraceIds
from resuelve.telemetry.resource import surrounding
from resuelve.telemetry.served import OneAtATime, Served

_TIMEOUT = 10.0
"""Seconds for sending a batch, repetitions included; at the end the process does not wait for them."""

_INTERVAL = 15.0
"""Seconds between two messages with all metrics."""

_QUEUE, _BATCH = 8192, 512
"""Spans that wait to be sent, 1 KB each; an incident makes some fifteen."""

_ANSWER = 4096
"""Bytes of a server's answer that are read; nothing in it is of use."""


@dataclass(frozen=True, slots=True)
class To:
    """Where to.

    Attributes:
        traces, metrics: whole addresses; empty for none.
        headers: of everything that is sent.
        port: for Prometheus, on `host`; 0 for none.
        resource: what the process says of itself, by OpenTelemetry's names; ``OTEL_RESOURCE_ATTRIBUTES`` adds to it
            and has the last word.
    """

    traces: str = ""
    metrics: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    host: str = "127.0.0.1"
    port: int = 0
    resource: Mapping[str, str] = field(default_factory=dict)


class Exported:
    """`Signals` on their way; ended by `close`.

    Attributes:
        signals: what is told is sent from here.
        port: the one on which Prometheus finds the metrics; 0 for none.

    Raises:
        OSError: the port is taken, or the address is not of this machine.
        UnicodeError: the address is none.
    """

    def __init__(self, to: To) -> None:
        _quiet()
        registry = OneAtATime()
        self._served = Served(registry, to.host, to.port) if to.port else None
        resource = Resource.create({**to.resource, **surrounding()})
        self._spans = _Spans(_span_exporter(to)) if to.traces else None
        self._tracers = TracerProvider(resource=resource, id_generator=OwnTraceIds(), shutdown_on_exit=False)
        if self._spans:
            self._tracers.add_span_processor(self._spans.processor)
        self._sent = _metric_exporter(to) if to.metrics else None
        sent = _every_so_often(self._sent) if self._sent else None
        fetched = PrometheusMetricReader(scope_info_enabled=False, registry=registry) if to.port else None
        readers = [reader for reader in (fetched, sent) if reader]
        self._meters = MeterProvider(
            readers, resource=resource, shutdown_on_exit=False, exemplar_filter=AlwaysOffExemplarFilter()
        )
        tracer, meter = self._tracers.get_tracer("resuelve"), self._meters.get_meter("resuelve")
        self.signals = OtelSignals(tracer, meter, sent.force_flush if sent else lambda: None)
        if self._spans:
            self._spans.on_lost = self._lost

    @property
    def port(self) -> int:
        return self._served.port if self._served else 0

    def close(self, seconds: float) -> int:
        """Send what is left, within this time.

        Returns:
            How many spans were told and not sent; nobody will see them.
        """
        until = monotonic() + seconds
        self.signals.tell_kept()
        # Metrics go last: they tell how many spans were lost.
        if not _bounded(self._tracers.shutdown, seconds / 2) and self._spans:
            self._spans.shutdown()  # whoever tries again gives up
        lost = self._spans.lost if self._spans else 0
        if self._spans and lost > self._spans.told:
            self._lost(lost - self._spans.told)
        if not _bounded(self._meters.shutdown, until - monotonic()) and self._sent:
            self._sent.shutdown()
        if self._served:
            _bounded(self._served.close, until - monotonic())
        return lost

    def _lost(self, spans: int) -> None:
        self.signals.add(LOST, spans, {"signal": "traces"})


class _Spans(SpanExporter):
    """Counts what ended and what went through; the difference, the SDK's queue has dropped, or the server not taken.

    Attributes:
        on_lost: told at once how many spans the server has not taken.
        told: how many it was told of.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._sent = 0
        self.told = 0
        self.on_lost: Callable[[int], None] = lambda _: None
        self._ended = count()
        self.processor = _Counting(self, lambda: next(self._ended))

    @property
    def lost(self) -> int:
        """Right when no span is open any more, and the processor has shut down."""
        return next(self._ended) - self._sent

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        if result is SpanExportResult.SUCCESS:
            self._sent += len(spans)
        else:
            self.told += len(spans)
            self.on_lost(len(spans))
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()


class _Counting(BatchSpanProcessor):
    def __init__(self, exporter: SpanExporter, on_ended: Callable[[], object]) -> None:
        super().__init__(exporter, max_queue_size=_QUEUE, max_export_batch_size=_BATCH)
        self._on_ended = on_ended

    def on_end(self, span: ReadableSpan) -> None:
        self._on_ended()
        super().on_end(span)


def _every_so_often(exporter: OTLPMetricExporter) -> MetricReader:
    return PeriodicExportingMetricReader(
        exporter, export_interval_millis=1000 * _INTERVAL, export_timeout_millis=1000 * _TIMEOUT
    )


def _metric_exporter(to: To) -> OTLPMetricExporter:
    return OTLPMetricExporter(
        to.metrics, headers=to.headers, timeout=_TIMEOUT, compression=Compression.Gzip, session=_Session(to.metrics)
    )


def _span_exporter(to: To) -> SpanExporter:
    return OTLPSpanExporter(
        to.traces, headers=to.headers, timeout=_TIMEOUT, compression=Compression.Gzip, session=_Session(to.traces)
    )


class _Session(requests.Session):
    """Takes a redirect, and a page for people, for the refusal that each is, and reads no more of an answer than its
    beginning.

    The exporter would count both as a success, and read whatever a server sends for as long as it sends.
    """

    def __init__(self, address: str) -> None:
        super().__init__()
        self.trust_env = not is_loopback(urlsplit(address).hostname or "")
        self.stream = True

    def send(self, request: requests.PreparedRequest, **how: Any) -> requests.Response:
        """See `requests.Session.send`."""
        with super().send(request, **how) as answer:
            answer.raw.read1(_ANSWER)  # a short one is whole then, and the connection can serve again
        if 300 <= answer.status_code < 400:
            answer.status_code, answer.reason = 502, "redirected"
        if answer.ok and answer.headers.get("Content-Type", "").lower().startswith("text/html"):
            answer.status_code, answer.reason = 502, "a page for people"
        return answer


def _quiet() -> None:
    """Keep what OpenTelemetry says of servers off the terminal; whoever keeps a log gets it, as it goes on upwards."""
    logger = logging.getLogger("opentelemetry")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


def _bounded(end: Callable[[], object], seconds: float) -> bool:
    """True when it ended within the time."""
    thread = Thread(target=end, daemon=True)
    thread.start()
    thread.join(max(0.0, seconds))
    return not thread.is_alive()
