"""What a run tells those who watch it, beside its log: spans of a trace, and measurements."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol, runtime_checkable

from resuelve.telemetry.metrics import Metric

Value = str | int | float | bool
"""Of an attribute of a span."""

Labels = Mapping[str, str]
"""The values of a metric's labels, by name; every label of the metric has one."""


@runtime_checkable
class Span(Protocol):
    """A piece of work that is being done."""

    def set(self, attributes: Mapping[str, Value]) -> None:
        """Add attributes; a later value of the same name takes the place of the earlier."""
        ...

    def failed(self, kind: str) -> None:
        """Note that it failed; `kind` names the error and tells no text of anybody's."""
        ...


@runtime_checkable
class Signals(Protocol):
    """Takes spans and measurements. Safe from several threads.

    Nothing here raises or waits: whoever is watched works on, whatever becomes of what it tells.
    """

    def span(
        self, name: str, attributes: Mapping[str, Value] | None = None, *, trace: str = "", calls: bool = False
    ) -> AbstractContextManager[Span]:
        """A span around the block, below the one that is open in this thread. What the block raises fails it.

        Args:
            name: of few: what is done, never to what.
            trace: begin the trace of this id (32 hex digits); no span of this thread is above it then.
            calls: True where another system is asked.
        """
        ...

    def add(self, metric: Metric, amount: float = 1, labels: Labels | None = None) -> None:
        """Add to a counter."""
        ...

    def observe(self, metric: Metric, value: float, labels: Labels | None = None) -> None:
        """Add a value to a histogram."""
        ...

    def put(self, metric: Metric, value: float, labels: Labels | None = None) -> None:
        """Set a gauge."""
        ...

    def put_each(self, metric: Metric, values: Mapping[str, float]) -> None:
        """Set a gauge of one label for each of its values; one that was set before and is not named is 0 now."""
        ...

    def flush(self) -> None:
        """What was told so far may be sent now; this does not wait for it."""
        ...


class _NoSpan:
    def set(self, attributes: Mapping[str, Value]) -> None:
        """Nobody looks."""

    def failed(self, kind: str) -> None:
        """Nobody looks."""


class _Silent:
    def span(
        self, name: str, attributes: Mapping[str, Value] | None = None, *, trace: str = "", calls: bool = False
    ) -> AbstractContextManager[Span]:
        return _NO_SPAN

    def add(self, metric: Metric, amount: float = 1, labels: Labels | None = None) -> None:
        """Nobody looks."""

    def observe(self, metric: Metric, value: float, labels: Labels | None = None) -> None:
        """Nobody looks."""

    def put(self, metric: Metric, value: float, labels: Labels | None = None) -> None:
        """Nobody looks."""

    def put_each(self, metric: Metric, values: Mapping[str, float]) -> None:
        """Nobody looks."""

    def flush(self) -> None:
        """Nobody looks."""


_NO_SPAN: AbstractContextManager[Span] = nullcontext(_NoSpan())

SILENT: Signals = _Silent()
"""Takes everything and keeps nothing."""
