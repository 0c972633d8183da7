"""Signals of OpenTelemetry."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar, Token
from threading import Lock, Thread
from typing import Any

from opentelemetry.context import Context, attach, detach, get_current
from opentelemetry.metrics import Meter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import Span as OtelSpan
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer, set_span_in_context

from resuelve.telemetry.labels import Bounded, sayable
from resuelve.telemetry.metrics import ALL, Kind, Metric
from resuelve.telemetry.signals import Labels, Span, Value

_logger = logging.getLogger("opentelemetry.resuelve")
_wanted: ContextVar[int] = ContextVar("wanted", default=0)
"""The id of the trace that is just begun; 0 for any."""


class OwnTraceIds(RandomIdGenerator):
    """Gives a trace that is begun with an id of ours that id; without one, and for spans, a random one."""

    def generate_trace_id(self) -> int:
        """See `IdGenerator.generate_trace_id`."""
        return _wanted.get() or super().generate_trace_id()

    def is_trace_id_random(self) -> bool:
        """See `IdGenerator.is_trace_id_random`: ours are the beginning of a hash."""
        return True


class OtelSignals:
    """`Signals` that OpenTelemetry's SDK takes.

    Args:
        tracer: of a provider whose id generator is `OwnTraceIds`.
        flush: sends what was measured so far.
    """

    def __init__(self, tracer: Tracer, meter: Meter, flush: Callable[[], object] = lambda: None) -> None:
        self._tracer = tracer
        self._flush = flush
        self._bounded = Bounded()
        self._lock = Lock()
        self._record = {metric.name: _recorder(meter, metric) for metric in ALL}

    def span(
        self, name: str, attributes: Mapping[str, Value] | None = None, *, trace: str = "", calls: bool = False
    ) -> AbstractContextManager[Span]:
        return _Opened(self._tracer, name, attributes or {}, trace, SpanKind.CLIENT if calls else SpanKind.INTERNAL)

    def add(self, metric: Metric, amount: float = 1, labels: Labels | None = None) -> None:
        self._tell(metric, amount, labels)

    def observe(self, metric: Metric, value: float, labels: Labels | None = None) -> None:
        self._tell(metric, value, labels)

    def put(self, metric: Metric, value: float, labels: Labels | None = None) -> None:
        self._tell(metric, value, labels)

    def put_each(self, metric: Metric, values: Mapping[str, float]) -> None:
        with self._lock:
            shown = self._bounded.each(metric, values)
        for name, value in shown.items():
            self._record[metric.name](value, {metric.labels[0]: name})

    def flush(self) -> None:
        Thread(target=self._flush, name="resuelve-first-metrics", daemon=True).start()

    def _tell(self, metric: Metric, value: float, labels: Labels | None) -> None:
        try:
            with self._lock:
                shown = self._bounded(metric, labels)
            self._record[metric.name](value, shown)
        except Exception as error:  # noqa: BLE001 - the boundary: whoever is watched works on
            _logger.warning("a measurement is lost: %s", type(error).__name__)


class _Opened:
    """A span, current from where its block is entered. A class, and the SDK's own context managers are left out: a
    stage is entered some thirteen times an incident, and each of three generators costs as much as the span.
    """

    __slots__ = ("_attached", "_given", "_span", "_tracer")

    _span: OtelSpan
    _attached: Token[Context]

    def __init__(self, tracer: Tracer, *given: Any) -> None:
        self._tracer, self._given = tracer, given

    def __enter__(self) -> Span:
        name, attributes, trace, kind = self._given
        context = Context() if trace else get_current()
        wanted = _wanted.set(int(trace, 16) if trace else 0)
        try:
            self._span = self._tracer.start_span(name, context, kind, _sayable(attributes))
        finally:
            _wanted.reset(wanted)
        self._attached = attach(set_span_in_context(self._span, context))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: object) -> None:
        detach(self._attached)
        if kind is not None and issubclass(kind, Exception):
            self.failed(kind.__name__)  # its text may be that of a ticket
        self._span.end()

    def set(self, attributes: Mapping[str, Value]) -> None:
        if attributes:
            self._span.set_attributes(_sayable(attributes))

    def failed(self, kind: str) -> None:
        self._span.set_status(Status(StatusCode.ERROR))
        self._span.set_attribute("error.type", kind)


def _sayable(attributes: Mapping[str, Value]) -> dict[str, Value]:
    return {name: sayable(value) if isinstance(value, str) else value for name, value in attributes.items()}


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
