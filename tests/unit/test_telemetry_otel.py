"""What OpenTelemetry's SDK is told, when, and what Prometheus finds of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from threading import Lock

import pytest
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.parser import text_string_to_metric_families

from resuelve.telemetry.metrics import (
    ALL,
    QUEUE_DEPTH,
    RETRIEVAL_SCORE,
    Kind,
    Metric,
    prometheus_labels,
    prometheus_name,
)
from resuelve.telemetry.otel import OtelSignals
from resuelve.telemetry.served import OneAtATime
from tests.seen_signals import TRACE, Otel, tell


def test_what_is_told_within_a_span_is_told_when_nothing_is_above_it_any_more() -> None:
    """With the times at which it was done; a gauge at once, for its last value is the one that counts."""
    seen = Otel()
    clock: list[int] = []
    with seen.signals.span("incident"):
        clock.append(time.time_ns())
        with seen.signals.span("retrieve"):
            seen.signals.observe(RETRIEVAL_SCORE, 0.5, {"mode": "live"})
        clock.append(time.time_ns())
        seen.signals.put(QUEUE_DEPTH, 3, {"queue": "SOPORTE"})
        assert (seen.spans(), seen.value(RETRIEVAL_SCORE, mode="live")) == ([], None)
        assert seen.value(QUEUE_DEPTH, queue="SOPORTE") == 3
    assert [one.name for one in seen.spans()] == ["incident", "retrieve"]
    assert seen.value(RETRIEVAL_SCORE, mode="live") == 1
    times = {span.name: (span.start_time, span.end_time) for span in seen.exported.get_finished_spans()}
    (begun, ended), (first, last) = times["incident"], times["retrieve"]
    assert begun <= clock[0] <= first <= last <= clock[1] <= ended  # type: ignore[operator]


def test_a_span_that_is_left_in_another_context_is_told() -> None:
    """As that of a generator which is closed elsewhere."""
    seen = Otel()
    span = seen.signals.span("incident", trace=TRACE)
    copy_context().run(span.__enter__)
    span.__exit__(None, None, None)
    assert [one.name for one in seen.spans()] == ["incident"]


def failing(begin: Callable[..., object], which: str) -> Callable[..., object]:
    """Begins spans, and not those of a name."""

    def begins(name: str, *given: object, **named: object) -> object:
        if name == which:
            raise RuntimeError
        return begin(name, *given, **named)

    return begins


def test_a_span_that_cannot_be_told_costs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Otel()
    monkeypatch.setattr(seen.tracer, "start_span", failing(seen.tracer.start_span, "decide"))
    with seen.signals.span("incident", trace=TRACE):
        for name in ("retrieve", "decide", "act"):
            with seen.signals.span(name):
                seen.signals.observe(RETRIEVAL_SCORE, 0.5, {"mode": "live"})
    assert [one.name for one in seen.spans()] == ["incident", "retrieve", "act"]
    assert seen.value(RETRIEVAL_SCORE, mode="live") == 3


def test_what_stands_below_a_span_that_cannot_be_told_stays_in_its_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Otel()
    monkeypatch.setattr(seen.tracer, "start_span", failing(seen.tracer.start_span, "incident"))
    with seen.signals.span("incident", trace=TRACE), seen.signals.span("retrieve"), seen.signals.span("embed"):
        pass
    assert [(one.name, one.trace, one.above) for one in seen.spans()] == [
        ("retrieve", TRACE, ""),
        ("embed", TRACE, "retrieve"),
    ]


def test_counters_of_known_labels_begin_with_zeros() -> None:
    otel = Otel()
    listed = [metric for metric in ALL if metric.values]
    assert listed
    for metric in listed:
        assert metric.kind is Kind.COUNTER
        for labels in metric.all_labels():
            assert otel.value(metric, **labels) == 0


def test_a_histogram_has_the_buckets_of_its_metric() -> None:
    otel = Otel()
    histograms = [metric for metric in ALL if metric.kind is Kind.HISTOGRAM]
    for metric in histograms:
        tell(otel.signals, metric, 1, **dict.fromkeys(metric.labels, "x"))
    data = otel.reader.get_metrics_data()
    assert data
    found = {one.name: one.data.data_points[0] for one in data.resource_metrics[0].scope_metrics[0].metrics}
    for metric in histograms:
        point = found[metric.name]
        assert isinstance(point, HistogramDataPoint)
        assert tuple(point.explicit_bounds) == metric.bounds


def in_prometheus(metrics: tuple[Metric, ...]) -> dict[str, set[tuple[str, ...]]]:
    """The names of all series with their labels, as Prometheus would fetch them."""
    registry = OneAtATime()
    meters = MeterProvider([PrometheusMetricReader(scope_info_enabled=False, registry=registry)])
    signals = OtelSignals(TracerProvider().get_tracer("test"), meters.get_meter("test"))
    for metric in metrics:
        tell(signals, metric, 1, **dict.fromkeys(metric.labels, "x"))
    found: dict[str, set[tuple[str, ...]]] = {}
    for family in text_string_to_metric_families(generate_latest(registry).decode()):
        for sample in family.samples:
            found.setdefault(sample.name, set()).add(tuple(sorted(sample.labels)))
    meters.shutdown()
    return found


def test_every_name_and_label_in_prometheus_is_the_one_that_dashboards_go_by() -> None:
    expected: dict[str, set[tuple[str, ...]]] = {}
    for metric in ALL:
        name, labels = prometheus_name(metric), prometheus_labels(metric)
        if metric.kind is Kind.HISTOGRAM:
            expected[f"{name}_bucket"] = {tuple(sorted((*labels, "le")))}
            expected[f"{name}_sum"] = expected[f"{name}_count"] = {tuple(sorted(labels))}
        else:
            expected[name] = {tuple(sorted(labels))}
    found = in_prometheus(ALL)
    assert found.pop("target_info")
    assert found == expected


class Alone:
    """A collector that notes when it is asked while it is at work, as OpenTelemetry's could not bear."""

    def __init__(self) -> None:
        self.clashes = 0
        self._free = Lock()

    def collect(self) -> Iterator[Family]:
        if not self._free.acquire(blocking=False):
            self.clashes += 1
            return
        time.sleep(0.002)
        yield Family("a", "b", "gauge")
        self._free.release()


@pytest.mark.parametrize(("kind", "clashes"), [(OneAtATime, False), (CollectorRegistry, True)])
def test_several_who_fetch_at_once_take_turns(kind: type[CollectorRegistry], clashes: bool) -> None:
    registry, alone = kind(), Alone()
    registry.register(alone)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: generate_latest(registry), range(32)))
    assert bool(alone.clashes) is clashes
