"""What all signals must do: those that nobody hears, those that are kept, and those of OpenTelemetry's SDK."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from threading import Lock

import pytest
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.parser import text_string_to_metric_families

from resuelve.telemetry import SILENT, Signals, Value
from resuelve.telemetry.memory import MemorySignals
from resuelve.telemetry.metrics import (
    ALL,
    CRITIC_SCORE,
    HANDOVERS,
    INCIDENTS,
    QUEUE_DEPTH,
    REJECTIONS,
    RETRIEVAL_SCORE,
    STAGE_SECONDS,
    Kind,
    Metric,
    prometheus_labels,
    prometheus_name,
)
from resuelve.telemetry.otel import OtelSignals, OwnTraceIds
from resuelve.telemetry.served import OneAtATime

TRACE = "0123456789abcdef0123456789abcdef"
SECRET = "la clave es 1234"


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
        self.signals = OtelSignals(tracers.get_tracer("test"), meters.get_meter("test"))

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


KINDS: dict[str, Callable[[], Seen]] = {"memory": InMemory, "otel": Otel}


@pytest.fixture(params=list(KINDS.values()), ids=list(KINDS))
def seen(request: pytest.FixtureRequest) -> Seen:
    made: Seen = request.param()
    return made


@pytest.fixture(params=[lambda: SILENT, MemorySignals, lambda: Otel().signals], ids=["silent", "memory", "otel"])
def signals(request: pytest.FixtureRequest) -> Signals:
    made: Signals = request.param()
    return made


def tell(signals: Signals, metric: Metric, value: float, **labels: str) -> None:
    match metric.kind:
        case Kind.COUNTER:
            signals.add(metric, value, labels)
        case Kind.GAUGE:
            signals.put(metric, value, labels)
        case Kind.HISTOGRAM:
            signals.observe(metric, value, labels)


def test_they_are_signals_and_take_everything(signals: Signals) -> None:
    assert isinstance(signals, Signals)
    with signals.span("a", {"n": 1, "t": "x", "f": 0.5, "b": True}, trace=TRACE) as span:
        span.set({"later": "yes"})
        span.failed("TicketUnavailable")
        with signals.span("b", calls=True):
            for metric in ALL:
                tell(signals, metric, 1, **dict.fromkeys(metric.labels, "x"))
    signals.put_each(QUEUE_DEPTH, {"SOPORTE": 2, "\ud800": 1})


def test_what_a_block_raises_goes_on(signals: Signals) -> None:
    for error in (ValueError(SECRET), KeyboardInterrupt(), GeneratorExit()):
        with pytest.raises(type(error)), signals.span("a"), signals.span("b"):
            raise error
    with signals.span("after"):
        pass


def test_a_span_stands_below_the_open_one(seen: Seen) -> None:
    with seen.signals.span("incident", trace=TRACE):
        with seen.signals.span("retrieve"), seen.signals.span("embed", calls=True):
            pass
        with seen.signals.span("decide"):
            pass
    told = seen.spans()
    assert [(one.name, one.above, one.calls) for one in told] == [
        ("incident", "", False),
        ("retrieve", "incident", False),
        ("embed", "retrieve", True),
        ("decide", "incident", False),
    ]
    assert {one.trace for one in told} == {TRACE}


def test_a_trace_that_is_begun_has_nothing_above_it(seen: Seen) -> None:
    other = TRACE[::-1]
    with seen.signals.span("first", trace=TRACE):
        with seen.signals.span("second", trace=other), seen.signals.span("inner"):
            pass
        with seen.signals.span("again"):
            pass
    told = {one.name: one for one in seen.spans()}
    assert told["second"].above == ""
    assert (told["second"].trace, told["inner"].trace) == (other, other)
    assert told["inner"].above == "second"
    assert (told["again"].above, told["again"].trace) == ("first", TRACE)


def test_an_id_is_for_one_trace_only(seen: Seen) -> None:
    with seen.signals.span("ours", trace=TRACE):
        pass
    with seen.signals.span("any"):
        pass
    ours, of_its_own = seen.spans()
    assert ours.trace == TRACE
    assert of_its_own.trace != TRACE


def test_attributes_come_and_the_later_one_counts(seen: Seen) -> None:
    with seen.signals.span("a", {"row": "KB-1", "score": 1.5, "n": 2}) as span:
        span.set({"row": "KB-2", "sure": True})
    assert seen.spans()[0].attributes == {"row": "KB-2", "score": 1.5, "n": 2, "sure": True}


def test_an_exception_fails_the_span_by_its_name_and_no_text_of_it_is_kept(seen: Seen) -> None:
    with pytest.raises(LookupError), seen.signals.span("incident"), seen.signals.span("decide"):
        raise LookupError(SECRET)
    with seen.signals.span("act") as span:
        span.failed("TicketRefused")
    told = {one.name: one for one in seen.spans()}
    assert {name: one.error for name, one in told.items()} == {
        "incident": "LookupError",
        "decide": "LookupError",
        "act": "TicketRefused",
    }
    assert SECRET not in repr(told)


def test_what_is_caught_inside_fails_nothing(seen: Seen) -> None:
    with seen.signals.span("decide"):
        try:
            raise ValueError
        except ValueError:
            pass
    assert seen.spans()[0].error == ""


def test_threads_do_not_mix(seen: Seen) -> None:
    def one(number: int) -> None:
        with seen.signals.span(f"incident {number}", trace=f"{number + 1:032x}"):
            for stage in ("retrieve", "decide"):
                with seen.signals.span(f"{stage} {number}"):
                    seen.signals.add(INCIDENTS, 1, {"outcome": "closed", "mode": "live"})
                    seen.signals.observe(RETRIEVAL_SCORE, 0.5, {"mode": "live"})

    with seen.signals.span("run"), ThreadPoolExecutor(8) as pool:
        # What was open goes along, and a trace that is begun is below nothing of it.
        list(pool.map(lambda number: copy_context().run(one, number), range(50)))
    told = seen.spans()
    assert len(told) == 151
    for span in told:
        kind, _, number = span.name.partition(" ")
        if number:
            assert span.trace == f"{int(number) + 1:032x}"
            assert span.above == ("" if kind == "incident" else f"incident {number}")
    assert seen.value(INCIDENTS, outcome="closed", mode="live") == 100
    assert seen.value(RETRIEVAL_SCORE, mode="live") == 100


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


def test_what_a_thread_tells_after_the_span_that_it_began_in_has_ended_is_told_at_once(seen: Seen) -> None:
    with seen.signals.span("incident", trace=TRACE):
        left_behind = copy_context()
        late = seen.signals.span("late")
        left_behind.run(late.__enter__)
    assert seen.value(RETRIEVAL_SCORE, mode="live") is None

    def later() -> None:
        seen.signals.observe(RETRIEVAL_SCORE, 0.5, {"mode": "live"})
        assert seen.value(RETRIEVAL_SCORE, mode="live") == 1
        with seen.signals.span("later", {"n": 1}):
            pass

    left_behind.run(later)
    left_behind.run(late.__exit__, None, None, None)
    told = {one.name: (one.above, one.trace) for one in seen.spans()}
    assert told == {"incident": ("", TRACE), "late": ("incident", TRACE), "later": ("late", TRACE)}


def test_threads_that_share_a_span(seen: Seen, caplog: pytest.LogCaptureFixture) -> None:
    def one(number: int) -> None:
        with seen.signals.span(f"part {number}") as span:
            span.set({"number": number})
            seen.signals.observe(RETRIEVAL_SCORE, 0.5, {"mode": "live"})

    with ThreadPoolExecutor(8) as pool:
        with seen.signals.span("incident", trace=TRACE):
            contexts = [copy_context() for _ in range(100)]
            done = [pool.submit(context.run, one, number) for number, context in enumerate(contexts)]
            done[50].result()
        for future in done:
            future.result()
    told = {one.name: one for one in seen.spans()}
    assert len(told) == 101
    assert {one.above for name, one in told.items() if name != "incident"} == {"incident"}
    assert [told[f"part {number}"].attributes for number in range(100)] == [{"number": n} for n in range(100)]
    assert seen.value(RETRIEVAL_SCORE, mode="live") == 100
    assert caplog.records == []


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GeneratorExit])
def test_what_was_told_before_a_block_was_left_is_told(seen: Seen, error: type[BaseException]) -> None:
    with pytest.raises(error), seen.signals.span("incident", trace=TRACE), seen.signals.span("decide"):
        seen.signals.observe(RETRIEVAL_SCORE, 0.5, {"mode": "live"})
        raise error
    assert [one.name for one in seen.spans()] == ["incident", "decide"]
    assert seen.value(RETRIEVAL_SCORE, mode="live") == 1


def test_a_span_that_is_left_in_another_context_is_told() -> None:
    """As that of a generator which is closed elsewhere."""
    seen = Otel()
    span = seen.signals.span("incident", trace=TRACE)
    copy_context().run(span.__enter__)
    span.__exit__(None, None, None)
    assert [one.name for one in seen.spans()] == ["incident"]


def test_a_span_that_cannot_be_told_costs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Otel()
    tracer = seen.signals._tracer  # type: ignore[attr-defined]
    begin = tracer.start_span

    def fails(name: str, *given: object, **named: object) -> object:
        if name == "decide":
            raise RuntimeError
        return begin(name, *given, **named)

    monkeypatch.setattr(tracer, "start_span", fails)
    with seen.signals.span("incident", trace=TRACE):
        for name in ("retrieve", "decide", "act"):
            with seen.signals.span(name):
                seen.signals.observe(RETRIEVAL_SCORE, 0.5, {"mode": "live"})
    assert [one.name for one in seen.spans()] == ["incident", "retrieve", "act"]
    assert seen.value(RETRIEVAL_SCORE, mode="live") == 3


def test_a_measurement_is_what_it_was_when_it_was_told(seen: Seen) -> None:
    with seen.signals.span("incident"):
        labels = {"outcome": "closed", "mode": "live"}
        seen.signals.add(INCIDENTS, 1, labels)
        labels["outcome"] = "held"
    assert seen.value(INCIDENTS, outcome="closed", mode="live") == 1


def test_counters_add_up_and_gauges_do_not(seen: Seen) -> None:
    for value in (1, 2.5):
        seen.signals.add(HANDOVERS, value, {"reason": "policy", "mode": "live"})
        seen.signals.put(QUEUE_DEPTH, value, {"queue": "SOPORTE"})
        seen.signals.observe(CRITIC_SCORE, value, {"verdict": "approved", "mode": "live"})
    assert seen.value(HANDOVERS, reason="policy", mode="live") == 3.5
    assert seen.value(QUEUE_DEPTH, queue="SOPORTE") == 2.5
    assert seen.value(CRITIC_SCORE, verdict="approved", mode="live") == 2


def test_labels_that_were_not_given_are_empty_and_others_not_shown(seen: Seen) -> None:
    seen.signals.add(INCIDENTS, 1, {"outcome": "closed", "ticket": "INC1"})
    assert seen.value(INCIDENTS, outcome="closed", mode="") == 1


def test_labels_are_few_short_and_writable(seen: Seen) -> None:
    for number in range(REJECTIONS.most + 50):
        seen.signals.add(REJECTIONS, 1, {"row": f"KB-{number}", "mode": "live"})
    seen.signals.add(REJECTIONS, 1, {"row": "KB-0", "mode": "live"})
    assert seen.value(REJECTIONS, row="KB-0", mode="live") == 2
    assert seen.value(REJECTIONS, row=f"KB-{REJECTIONS.most}", mode="live") is None
    assert seen.value(REJECTIONS, row="other", mode="live") == 50
    seen.signals.observe(STAGE_SECONDS, 1, {"stage": "x" * 1000})
    assert seen.value(STAGE_SECONDS, stage="x" * 100) == 1
    seen.signals.observe(STAGE_SECONDS, 1, {"stage": "ñ\ud800"})
    assert seen.value(STAGE_SECONDS, stage="ñ?") == 1


def test_each_of_a_gauge_and_zero_for_what_has_gone(seen: Seen) -> None:
    seen.signals.put_each(QUEUE_DEPTH, {"A": 3, "B": 1})
    assert (seen.value(QUEUE_DEPTH, queue="A"), seen.value(QUEUE_DEPTH, queue="B")) == (3, 1)
    seen.signals.put_each(QUEUE_DEPTH, {"B": 2, "C": 1})
    assert [seen.value(QUEUE_DEPTH, queue=name) for name in "ABC"] == [0, 2, 1]
    seen.signals.put_each(QUEUE_DEPTH, {})
    assert [seen.value(QUEUE_DEPTH, queue=name) for name in "ABC"] == [0, 0, 0]


def test_what_shares_a_label_is_added_up(seen: Seen) -> None:
    many = {f"Q{number:03}": 1.0 for number in range(QUEUE_DEPTH.most + 10)}
    seen.signals.put_each(QUEUE_DEPTH, many)
    assert seen.value(QUEUE_DEPTH, queue="other") == 10
    seen.signals.put_each(QUEUE_DEPTH, {"Q000": 5})
    assert seen.value(QUEUE_DEPTH, queue="other") == 0
    assert seen.value(QUEUE_DEPTH, queue="Q000") == 5


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
