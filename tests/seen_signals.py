"""Signals, and what those who watch see of them: kept in memory, or told to OpenTelemetry's SDK. For tests."""

from __future__ import annotations

from dataclasses import dataclass

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from resuelve.telemetry import Signals, Value
from resuelve.telemetry.memory import MemorySignals
from resuelve.telemetry.metrics import (
    Kind,
    Metric,
)
from resuelve.telemetry.otel import OtelSignals
from resuelve.telemetry.otel_spans import OwnTraceIds

TRACE = "0123456789abcdef0123456789abcdef"


@dataclass(frozen=True, slots=True)
class Told:
    """A span, as those who watch see it."""

    name: str
    trace: str
    above: str
    attributes: dict[str, Value]
    error: str
    calls: bool


class Seen:
    """Signals, and what those who watch see of them."""

    signals: Signals

    def spans(self) -> list[Told]:
        raise NotImplementedError

    def value(self, metric: Metric, **labels: str) -> float | None:
        """Of a counter or a gauge; of a histogram how many values it has."""
        raise NotImplementedError


class InMemory(Seen):
    def __init__(self) -> None:
        self.signals = self.kept = MemorySignals()

    def spans(self) -> list[Told]:
        return [Told(s.name, s.trace, s.above, s.attributes, s.error, s.calls) for s in self.kept.spans]

    def value(self, metric: Metric, **labels: str) -> float | None:
        values = self.kept.histograms.get((metric.name, tuple(sorted(labels.items()))))
        return len(values) if values is not None else self.kept.value(metric, **labels)


class Otel(Seen):
    def __init__(self) -> None:
        self.exported = InMemorySpanExporter()
        self.reader = InMemoryMetricReader()
        tracers = TracerProvider(id_generator=OwnTraceIds())
        tracers.add_span_processor(SimpleSpanProcessor(self.exported))
        meters = MeterProvider([self.reader])
        self.tracer = tracers.get_tracer("test")
        self.signals = OtelSignals(self.tracer, meters.get_meter("test"))

    def spans(self) -> list[Told]:
        finished = sorted(self.exported.get_finished_spans(), key=lambda span: span.start_time or 0)
        names = {span.context.span_id: span.name for span in finished}
        told = []
        for span in finished:
            assert not span.events
            assert not span.status.description
            attributes = dict(span.attributes or {})
            above = names[span.parent.span_id] if span.parent else ""
            error = str(attributes.get("error.type", ""))
            assert span.status.is_ok is not bool(error)
            calls = span.kind is SpanKind.CLIENT
            told.append(Told(span.name, f"{span.context.trace_id:032x}", above, attributes, error, calls))  # type: ignore[arg-type]
        return told

    def value(self, metric: Metric, **labels: str) -> float | None:
        data = self.reader.get_metrics_data()
        for one in data.resource_metrics[0].scope_metrics[0].metrics if data else ():
            for point in one.data.data_points if one.name == metric.name else ():
                if dict(point.attributes or {}) == labels:
                    return point.count if isinstance(point, HistogramDataPoint) else point.value  # type: ignore[union-attr]
        return None


def tell(signals: Signals, metric: Metric, value: float, **labels: str) -> None:
    match metric.kind:
        case Kind.COUNTER:
            signals.add(metric, value, labels)
        case Kind.GAUGE:
            signals.put(metric, value, labels)
        case Kind.HISTOGRAM:
            signals.observe(metric, value, labels)
