"""An OTLP server for tests: takes traces, metrics and logs over HTTP on a free port, and is strict about the protocol.

    with Receiver() as receiver:
        ...  # send to receiver.url
        receiver.spans(), receiver.metrics()

What breaks the protocol is answered with 400 and kept in `complaints`. It can be as ill-behaved as a test needs:
say nothing, answer errors or rubbish, lead elsewhere, or die in the middle.
"""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

PROTOBUF = "application/x-protobuf"
KINDS: dict[str, tuple[Any, Any]] = {
    "/v1/traces": (ExportTraceServiceRequest, ExportTraceServiceResponse),
    "/v1/metrics": (ExportMetricsServiceRequest, ExportMetricsServiceResponse),
    "/v1/logs": (ExportLogsServiceRequest, ExportLogsServiceResponse),
}

Series = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver does with a request that keeps to the protocol.

    Attributes:
        body: instead of the protocol's own.
        never: read the request and say nothing until the receiver is closed.
        cut: break the connection off without an answer.
    """

    status: int = 200
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    never: bool = False
    cut: bool = False


GOOD = Answer()


@dataclass(frozen=True, slots=True)
class Message:
    """A request that kept to the protocol; names of headers in small letters."""

    path: str
    headers: Mapping[str, str]
    content: Any


@dataclass(frozen=True, slots=True)
class SentSpan:
    """A span as it arrived; ids are hex digits, `error` tells whether its status is one."""

    name: str
    trace: str
    id: str
    parent: str
    kind: int
    attributes: dict[str, Any]
    error: bool
    events: int
    resource: dict[str, Any]


class Receiver:
    """Use it as a context manager.

    Attributes:
        url: the address below which the paths of OTLP lie.
        messages: what kept to the protocol, in the order of arrival.
        complaints: what did not.
    """

    def __init__(self, answer: Callable[[Message], Answer] = lambda _: GOOD) -> None:
        self.messages: list[Message] = []
        self.complaints: list[str] = []
        self.answer = answer
        self.closing = threading.Event()
        self._http = _Http(self)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Receiver:
        thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()

    def spans(self) -> list[SentSpan]:
        """Every span that arrived."""
        found = []
        for message in self._of("/v1/traces"):
            for resource in message.content.resource_spans:
                about = plain(resource.resource.attributes)
                found += [_span(one, about) for scope in resource.scope_spans for one in scope.spans]
        return found

    def metrics(self) -> list[dict[Series, float]]:
        """Of each message with metrics, the value of each series; of a histogram the number of its values."""
        return [dict(_points(message.content)) for message in self._of("/v1/metrics")]

    def resources(self) -> list[dict[str, Any]]:
        """What those who sent say of themselves."""
        return [
            plain(one.resource.attributes)
            for message in self.messages
            for _, listed in message.content.ListFields()
            for one in listed
        ]

    def _of(self, path: str) -> list[Message]:
        return [message for message in self.messages if message.path == path]


def plain(attributes: Any) -> dict[str, Any]:
    """Attributes of OTLP as plain values."""
    return {one.key: getattr(one.value, one.value.WhichOneof("value") or "string_value") for one in attributes}


def series(name: str, **labels: str) -> Series:
    """The key of a series."""
    return name, tuple(sorted((key.replace("__", "."), value) for key, value in labels.items()))


def _span(one: Any, resource: dict[str, Any]) -> SentSpan:
    return SentSpan(
        one.name,
        one.trace_id.hex(),
        one.span_id.hex(),
        one.parent_span_id.hex(),
        one.kind,
        plain(one.attributes),
        one.status.code == one.status.STATUS_CODE_ERROR,
        len(one.events),
        resource,
    )


def _points(content: Any) -> Iterator[tuple[Series, float]]:
    for resource in content.resource_metrics:
        for metric in (one for scope in resource.scope_metrics for one in scope.metrics):
            kind = metric.WhichOneof("data")
            for point in getattr(metric, kind).data_points:
                labels = tuple(sorted(plain(point.attributes).items()))
                value = point.count if kind == "histogram" else getattr(point, point.WhichOneof("value"))
                yield (metric.name, labels), float(value)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The client has gone, as some tests want it to."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", -1)))
        complaint, content = _read(self.path, self.headers, body)
        if complaint:
            self.server.receiver.complaints.append(complaint)
            self._send(Answer(400, complaint.encode()))
            return
        message = Message(self.path, {name.lower(): value for name, value in self.headers.items()}, content)
        answer = self.server.receiver.answer(message)
        if answer.status == 200 and not (answer.never or answer.cut):
            self.server.receiver.messages.append(message)
        if answer.never:
            self.server.receiver.closing.wait()
        if answer.never or answer.cut:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self._send(answer)

    def do_GET(self) -> None:
        self.server.receiver.complaints.append(f"GET {self.path}")
        self._send(Answer(405, b""))

    def _send(self, answer: Answer) -> None:
        body = answer.body
        if body is None:
            body = KINDS[self.path][1]().SerializeToString()
        self.send_response(answer.status)
        for name, value in {"Content-Type": PROTOBUF, "Content-Length": str(len(body)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _read(path: str, headers: Any, body: bytes) -> tuple[str, Any]:
    """What is wrong with a request, and what it holds."""
    if path not in KINDS:
        return f"no such path: {path}", None
    if headers.get("Content-Type") != PROTOBUF:
        return f"content type {headers.get('Content-Type')}", None
    if headers.get("Content-Encoding") != "gzip":
        return f"encoding {headers.get('Content-Encoding')}", None
    request = KINDS[path][0]()
    try:
        request.ParseFromString(gzip.decompress(body))
    except (OSError, EOFError, DecodeError) as error:
        return f"{path}: {error}", None
    listed = [one for _, fields in request.ListFields() for one in fields]
    if not listed:
        return f"{path}: nothing in it", None
    missing = [one for one in listed if not plain(one.resource.attributes).get("service.name")]
    return ("no service.name", None) if missing else ("", request)
