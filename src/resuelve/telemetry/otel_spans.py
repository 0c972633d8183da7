"""Spans of OpenTelemetry, and what is measured in them, told in one go when nothing stands above them any more.

Between any two stages of an incident the encoder empties the processor's caches, and OpenTelemetry's code is slow
then: a span took 200 µs where it stood and 35 in a row (``docs/lab-notes.md``, «What being watched costs»). So what is
told within a span that has none above it, an incident's, is kept until that one ends, with the times of its spans.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import ContextVar, Token
from threading import RLock
from time import time_ns

from opentelemetry.context import Context
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import Span as OtelSpan
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer, set_span_in_context

from resuelve.telemetry.labels import sayable
from resuelve.telemetry.signals import Value

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


class Spans:
    """Opens spans, and keeps what is told in them. Safe from several threads.

    Args:
        tracer: of a provider whose id generator is `OwnTraceIds`.
    """

    def __init__(self, tracer: Tracer) -> None:
        self.tracer = tracer
        self.current: ContextVar[OpenSpan | None] = ContextVar("open", default=None)
        self.kept: set[Together] = set()

    def span(self, name: str, attributes: Mapping[str, Value], trace: str, kind: SpanKind) -> OpenSpan:
        """See `Signals.span`."""
        return OpenSpan(self, name, attributes, trace, kind)

    def keep(self, tell: Callable[[], object]) -> bool:
        """Keep a measurement; False when no span is open in this thread, or it is too late."""
        span = self.current.get()
        return span is not None and span.together.keep(tell)

    def tell_kept(self) -> None:
        """Tell what is kept although spans are open: nobody waits for their end."""
        for one in list(self.kept):
            one.tell()


class OpenSpan:
    """A span and, in its block, the one that further ones of this thread stand below.

    Args:
        trace: the id of the trace that it begins; empty where it goes on in one, or any will do.

    Attributes:
        begun, over: Unix time in nanoseconds; 0 for not yet.
        together: what is told with it.
    """

    together: Together
    _token: Token[OpenSpan | None]

    def __init__(self, spans: Spans, name: str, attributes: Mapping[str, Value], trace: str, kind: SpanKind) -> None:
        self.name, self.attributes, self.kind = name, dict(attributes), kind
        self._spans, self._trace = spans, trace
        self.above: OpenSpan | None = None
        self.begun = self.over = 0
        self._error = ""
        self._told: OtelSpan | None = None

    def __enter__(self) -> OpenSpan:
        self.above = None if self._trace else self._spans.current.get()
        self._token = self._spans.current.set(self)
        self.begun = time_ns()
        self.together = self.above.together if self.above else Together(self._spans, self._trace)
        self.together.began(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: object) -> None:
        with suppress(ValueError):  # a generator that is closed elsewhere leaves in another context than it came in
            self._spans.current.reset(self._token)
        if kind is not None and issubclass(kind, Exception):
            self.failed(kind.__name__)  # its text may be that of a ticket
        self.together.ended(self, time_ns())

    def set(self, attributes: Mapping[str, Value]) -> None:
        self.attributes.update(attributes)

    def failed(self, kind: str) -> None:
        self._error = kind

    def said(self) -> dict[str, Value]:
        """Its attributes, as they can be written."""
        attributes = dict(self.attributes)
        return {name: sayable(value) if isinstance(value, str) else value for name, value in attributes.items()}

    def tell(self) -> None:
        """Begin it for OpenTelemetry, and end it where it has ended. Those above it have been told before.

        Never raises: whoever is watched works on.
        """
        try:
            self._tell()
        except Exception as error:  # noqa: BLE001 - the boundary: a span less is no reason to stop anybody
            _logger.warning("a span is lost: %s", type(error).__name__)

    def _tell(self) -> None:
        if self._told is None:
            self._told = self._started(self.above._told if self.above else None)
        elif self.over:
            self._told.set_attributes(self.said())
        if self.over:
            if self._error:
                self._told.set_status(Status(StatusCode.ERROR))
                self._told.set_attribute("error.type", self._error)
            self._told.end(self.over)

    def _started(self, above: OtelSpan | None) -> OtelSpan:
        context = set_span_in_context(above, Context()) if above else Context()
        wanted = _wanted.set(self.together.trace)
        try:
            return self._spans.tracer.start_span(self.name, context, self.kind, self.said(), start_time=self.begun)
        finally:
            _wanted.reset(wanted)


class Together:
    """What is kept until the first of its spans ends; what is told later is told at once.

    Attributes:
        trace: the id of its trace; 0 for any.
    """

    def __init__(self, spans: Spans, trace: str) -> None:
        self.trace = int(trace, 16) if trace else 0
        self._all = spans
        self._lock = RLock()  # what the SDK warns of may be measured too
        self._spans: list[OpenSpan] = []
        self._measured: list[Callable[[], object]] = []
        self._told = False
        spans.kept.add(self)

    def began(self, span: OpenSpan) -> None:
        with self._lock:
            if self._told:
                span.tell()
            else:
                self._spans.append(span)

    def ended(self, span: OpenSpan, at: int) -> None:
        with self._lock:
            span.over = at
            if self._told:
                span.tell()
            elif span is self._spans[0]:
                self.tell()

    def keep(self, tell: Callable[[], object]) -> bool:
        """False when it is too late to keep anything."""
        with self._lock:
            if not self._told:
                self._measured.append(tell)
            return not self._told

    def tell(self) -> None:
        """Tell what is kept, once. What is still open is told of when it ends."""
        with self._lock:
            spans, measured = self._spans, self._measured
            self._told, self._spans, self._measured = True, [], []
            self._all.kept.discard(self)
            for span in spans:
                span.tell()
            for tell in measured:
                tell()
