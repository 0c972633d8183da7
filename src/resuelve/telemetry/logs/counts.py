"""What the log itself measures, told to the signals of the run, once there are some."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from resuelve.telemetry.metrics import Metric
from resuelve.telemetry.signals import SILENT, Labels, Signals


class Counts:
    """Hands measurements on to the signals that are open. What was added before them is told to them when they come.

    Attributes:
        told: signals have been open.
    """

    def __init__(self) -> None:
        self._to: Signals = SILENT
        self._early: dict[tuple[Metric, tuple[tuple[str, str], ...]], float] = {}
        self.told = False

    def add(self, metric: Metric, amount: float, labels: Labels) -> None:
        """See `Signals.add`."""
        if self._to is SILENT and not self.told:
            key = metric, tuple(labels.items())
            self._early[key] = self._early.get(key, 0) + amount
        self._to.add(metric, amount, labels)

    def put(self, metric: Metric, value: float) -> None:
        """See `Signals.put`."""
        self._to.put(metric, value)

    @contextmanager
    def counting(self, signals: Signals) -> Iterator[None]:
        """Inside the block, what the log measures goes to `signals`."""
        before, self._to, self.told = self._to, signals, self.told or signals is not SILENT
        early, self._early = self._early, {}
        for (metric, labels), amount in early.items():
            signals.add(metric, amount, dict(labels))
        try:
            yield
        finally:
            self._to = before


counts = Counts()
"""Those of this process's log."""
