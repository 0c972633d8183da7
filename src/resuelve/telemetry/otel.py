"""Signals of OpenTelemetry."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from threading import Lock, Thread
from typing import Any

from opentelemetry.metrics import Meter
from opentelemetry.trace import SpanKind, Tracer

from resuelve.telemetry.labels import Bounded
from resuelve.telemetry.metrics import ALL, Kind, Metric
from resuelve.telemetry.otel_spans import Spans
from resuelve.telemetry.signals import Labels, Span, Value

_logger = logging.getLogger("opentelemetry.resuelve")


class OtelSignals:
    """`Signals` that OpenTelemetry's SDK takes: gauges at once, the rest when the first span of the trace ends.

    Args:
        tracer: of a provider whose id generator is `OwnTraceIds`.
        flush: sends what was measured so far.
    """

    def __init__(self, tracer: Tracer, meter: Meter, flush: Callable[[], object] = lambda: None) -> None:
        self._flush = flush
        self._bounded = Bounded()
        self._lock = Lock()
        self._spans = Spans(tracer)
        self._record = {metric.name: _recorder(meter, metric) for metric in ALL}

    def span(
        self, name: str, attributes: Mapping[str, Value] | None = None, *, trace: str = "", calls: bool = False
    ) -> AbstractContextManager[Span]:
        kind = SpanKind.CLIENT if calls else SpanKind.INTERNAL
        return self._spans.span(name, attributes or {}, trace, kind)

    def add(self, metric: Metric, amount: float = 1, labels: Labels | None = None) -> None:
        self._keep(metric, amount, labels)

    def observe(self, metric: Metric, value: float, labels: Labels | None = None) -> None:
        self._keep(metric, value, labels)

    def put(self, metric: Metric, value: float, labels: Labels | None = None) -> None:
        self._tell(metric, value, labels)

    def put_each(self, metric: Metric, values: Mapping[str, float]) -> None:
        with self._lock:
            shown = self._bounded.each(metric, values)
        for name, value in shown.items():
            self._record[metric.name](value, {metric.labels[0]: name})

    def flush(self) -> None:
        Thread(target=self._flush, name="resuelve-first-metrics", daemon=True).start()

    def tell_kept(self) -> None:
        """Tell what is kept within spans that nobody waits for any more."""
        self._spans.tell_kept()

    def _keep(self, metric: Metric, value: float, labels: Labels | None) -> None:
        if not self._spans.keep(partial(self._tell, metric, value, dict(labels or {}))):
            self._tell(metric, value, labels)

    def _tell(self, metric: Metric, value: float, labels: Labels | None) -> None:
        try:
            with self._lock:
                shown = self._bounded(metric, labels)
            self._record[metric.name](value, shown)
        except Exception as error:  # noqa: BLE001 - the boundary: whoever is watched works on
            _logger.warning("a measurement is lost: %s", type(error).__name__)


def _recorder(meter: Meter, metric: Metric) -> Callable[[float, Mapping[str, str]], Any]:
    match metric.kind:
        case Kind.COUNTER:
            counter = meter.create_counter(metric.name, metric.unit, metric.description)
            # What is sent once at the end of a short run would otherwise begin with its last value, and Prometheus
            # would see no increase.
            for labels in metric.all_labels():
                counter.add(0, labels)
            return counter.add
        case Kind.HISTOGRAM:
            return meter.create_histogram(
                metric.name, metric.unit, metric.description, explicit_bucket_boundaries_advisory=metric.bounds
            ).record
        case Kind.GAUGE:
            return meter.create_gauge(metric.name, metric.unit, metric.description).set
