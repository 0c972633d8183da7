"""Signals that are kept, for tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Lock

from resuelve.telemetry.labels import Bounded
from resuelve.telemetry.metrics import Metric
from resuelve.telemetry.signals import Labels, Span, Value

Series = tuple[str, tuple[tuple[str, str], ...]]
"""A metric's name with its labels."""


@dataclass(slots=True)
class KeptSpan:
    """A span.

    Attributes:
        above: the name of the span that it was in; empty for none.
        error: the kind of error that it failed with; empty for none.
    """

    name: str
    trace: str
    above: str
    attributes: dict[str, Value] = field(default_factory=dict)
    error: str = ""
    calls: bool = False

    def set(self, attributes: Mapping[str, Value]) -> None:
        self.attributes.update(attributes)

    def failed(self, kind: str) -> None:
        self.error = kind


class MemorySignals:
    """`Signals` in memory.

    Attributes:
        spans: in the order in which they began.
        counters, gauges: the value of each series.
        histograms: the values of each series.
    """

    def __init__(self) -> None:
        self.spans: list[KeptSpan] = []
        self.counters: dict[Series, float] = {}
        self.gauges: dict[Series, float] = {}
        self.histograms: dict[Series, list[float]] = {}
        self._open: ContextVar[KeptSpan | None] = ContextVar("open", default=None)
        self._bounded = Bounded()
        self._lock = Lock()

    @contextmanager
    def span(
        self, name: str, attributes: Mapping[str, Value] | None = None, *, trace: str = "", calls: bool = False
    ) -> Iterator[Span]:
        above = None if trace else self._open.get()
        one = KeptSpan(
            name,
            trace or (above.trace if above else ""),
            above.name if above else "",
            dict(attributes or {}),
            calls=calls,
        )
        self.spans.append(one)
        token = self._open.set(one)
        try:
            yield one
        except Exception as error:
            one.failed(type(error).__name__)
            raise
        finally:
            self._open.reset(token)

    def add(self, metric: Metric, amount: float = 1, labels: Labels | None = None) -> None:
        with self._lock:
            series = self._series(metric, labels)
            self.counters[series] = self.counters.get(series, 0) + amount

    def observe(self, metric: Metric, value: float, labels: Labels | None = None) -> None:
        with self._lock:
            self.histograms.setdefault(self._series(metric, labels), []).append(value)

    def put(self, metric: Metric, value: float, labels: Labels | None = None) -> None:
        with self._lock:
            self.gauges[self._series(metric, labels)] = value

    def put_each(self, metric: Metric, values: Mapping[str, float]) -> None:
        with self._lock:
            for name, value in self._bounded.each(metric, values).items():
                self.gauges[(metric.name, ((metric.labels[0], name),))] = value

    def flush(self) -> None:
        """Nothing is to be done."""

    def value(self, metric: Metric, **labels: str) -> float | None:
        """The value of a counter or a gauge with these labels; None when it has none."""
        series = (metric.name, tuple(sorted(labels.items())))
        return self.counters.get(series, self.gauges.get(series))

    def _series(self, metric: Metric, labels: Labels | None) -> Series:
        return metric.name, tuple(sorted(self._bounded(metric, labels).items()))
