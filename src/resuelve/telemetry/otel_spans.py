"""Spans of OpenTelemetry, and what is measured in them, told in one go when nothing stands above them any more.

Between any two stages of an incident the encoder empties the processor's caches, and OpenTelemetry's code is slow
then: a span took 200 µs where it stood and 35 in a row (``docs/lab-notes.md``, «What being watched costs»). So what is
told within a span that has none above it, an incident's, is kept until that one ends, with the times of its spans.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar, Token
from threading import Lock
from time import time_ns

from opentelemetry.context import Context
from opentelemetry.trace import Span as OtelSpan
from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context

from resuelve.telemetry.labels import sayable
from resuelve.telemetry.signals import Value

Start = Callable[["OpenSpan", Context], OtelSpan]
"""Begins OpenTelemetry's span of one of ours, below that of the context, at its time."""


class OpenSpan:
    """A span and, in its block, the one that further ones of this thread stand below.

    Attributes:
        trace: the id of the trace that it begins; empty where it only goes on in one.
        begun: Unix time in nanoseconds.
        together: what is told with it.
    """

    together: Together
    _token: Token[OpenSpan | None]

    def __init__(
        self,
        name: str,
        attributes: Mapping[str, Value],
        trace: str,
        kind: SpanKind,
        start: Start,
        current: ContextVar[OpenSpan | None],
    ) -> None:
        self.name, self.attributes, self.trace, self.kind = name, dict(attributes), trace, kind
        self._start, self._current = start, current
        self.above: OpenSpan | None = None
        self.begun = self._ended = 0
        self._error = ""
        self._told: OtelSpan | None = None

    def __enter__(self) -> OpenSpan:
        self.above = None if self.trace else self._current.get()
        self._token = self._current.set(self)
        self.begun = time_ns()
        self.together = self.above.together if self.above else Together()
        self.together.began(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: object) -> None:
        self._current.reset(self._token)
        if kind is not None and issubclass(kind, Exception):
            self.failed(kind.__name__)  # its text may be that of a ticket
        self._ended = time_ns()
        self.together.ended(self)

    def set(self, attributes: Mapping[str, Value]) -> None:
        self.attributes.update(attributes)

    def failed(self, kind: str) -> None:
        self._error = kind

    def said(self) -> dict[str, Value]:
        """Its attributes, as they can be written."""
        return {name: sayable(value) if isinstance(value, str) else value for name, value in self.attributes.items()}

    def tell(self) -> None:
        """Begin it for OpenTelemetry, and end it where it has ended. Those above it have been told before."""
        if self._told is None:
            above = self.above._told if self.above else None
            self._told = self._start(self, set_span_in_context(above, Context()) if above else Context())
        elif self._ended:
            self._told.set_attributes(self.said())
        if self._ended:
            if self._error:
                self._told.set_status(Status(StatusCode.ERROR))
                self._told.set_attribute("error.type", self._error)
            self._told.end(self._ended)


class Together:
    """What is kept until the first of its spans ends. Safe from several threads; what is told later is told at once."""

    __slots__ = ("_lock", "_measured", "_spans", "_told")

    def __init__(self) -> None:
        self._lock = Lock()
        self._spans: list[OpenSpan] = []
        self._measured: list[Callable[[], object]] = []
        self._told = False

    def began(self, span: OpenSpan) -> None:
        with self._lock:
            if self._told:
                span.tell()
            else:
                self._spans.append(span)

    def ended(self, span: OpenSpan) -> None:
        with self._lock:
            if self._told:
                span.tell()
                return
            if span is not self._spans[0]:
                return
            self._told = True
            for one in self._spans:
                one.tell()
            measured, self._spans, self._measured = self._measured, [], []
        for tell in measured:
            tell()

    def keep(self, tell: Callable[[], object]) -> bool:
        """False when it is too late to keep anything."""
        with self._lock:
            if not self._told:
                self._measured.append(tell)
            return not self._told
