"""A receiver of logs by OTLP over HTTP, as strict as the protocol, which answers as it is told."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

PATH = "/v1/logs"
_KIND = "application/x-protobuf"
_SEVERITIES = {"": 0, "DEBUG": 5, "INFO": 9, "WARNING": 13, "ERROR": 17}


@dataclass(frozen=True)
class Say:
    """An answer. `keep`: whether what came is taken all the same."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    kind: str = _KIND
    keep: bool = False
    silent: bool = False


def partly(rejected: int) -> Say:
    said = ExportLogsServiceResponse()
    said.partial_success.rejected_log_records = rejected
    said.partial_success.error_message = "too old"
    return Say(body=said.SerializeToString(), keep=True)


class Receiver:
    """What came, and what is answered next; when nothing more is, all is taken.

    Attributes:
        problems: where the protocol was not kept.
        requests: the attributes of the resource of each request that was taken.
    """

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.records: list[LogRecord] = []
        self.resources: list[dict[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.batches: list[int] = []
        self.answers: deque[Say] = deque()
        self.always: Say | None = None
        self.asked = 0
        self.ended = threading.Event()
        self.url = ""

    def next(self) -> Say:
        return self.always or (self.answers.popleft() if self.answers else Say())

    @property
    def bodies(self) -> list[str]:
        return [one.body.string_value for one in self.records]

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.bodies]

    def wait_for(self, count: int, seconds: float = 30.0) -> None:
        until = time.monotonic() + seconds
        while len(self.records) < count and time.monotonic() < until:
            time.sleep(0.01)

    def take(self, path: str, headers: dict[str, str], data: bytes) -> ExportLogsServiceRequest | None:
        def must(right: bool, what: str) -> None:
            if not right:
                self.problems.append(what)

        must(path == PATH, f"path {path}")
        must(headers.get("content-type") == _KIND, f"content type {headers.get('content-type')}")
        must(headers.get("content-encoding") == "gzip", f"content encoding {headers.get('content-encoding')}")
        must(len(data) == int(headers.get("content-length", -1)), "length")
        try:
            request = ExportLogsServiceRequest()
            request.ParseFromString(gzip.decompress(data))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it is a problem
            self.problems.append(f"body: {error!r}")
            return None
        must(len(request.resource_logs) == 1, "one resource")
        for resource in request.resource_logs:
            names = {one.key for one in resource.resource.attributes}
            must({"service.name", "service.version", "service.instance.id"} <= names, f"resource {names}")
            must(len(resource.scope_logs) == 1 and bool(resource.scope_logs[0].scope.name), "scope")
            for record in resource.scope_logs[0].log_records:
                self._look_at(record, must)
        return request

    @staticmethod
    def _look_at(record: LogRecord, must: Any) -> None:
        must(bool(record.body.string_value), "no body")
        must(record.observed_time_unix_nano > 0, "not observed")
        must(record.severity_number == _SEVERITIES.get(record.severity_text, -1), f"severity {record.severity_text}")
        must(record.severity_number == 0 or record.time_unix_nano > 10**18, "time")
        must(len(record.trace_id) in (0, 16) and len(record.span_id) in (0, 8), "ids")
        must(record.trace_id.strip(b"\0") != b"" or not record.trace_id, "an empty id")
        keys = [one.key for one in record.attributes]
        must(len(keys) == len(set(keys)), f"an attribute twice: {keys}")
        must(all(one.key and one.value.WhichOneof("value") for one in record.attributes), "an empty attribute")


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            data = self.rfile.read(int(headers.get("content-length", 0)))
            receiver.asked += 1
            said = receiver.next()
            if said.silent:
                receiver.ended.wait(60)
                self.close_connection = True
                return
            request = receiver.take(self.path, headers, data)
            if request and (said.keep or said == Say()):
                for one in request.resource_logs:
                    found = list(one.scope_logs[0].log_records)
                    receiver.records += found
                    receiver.batches.append(len(found))
                    receiver.resources.append({a.key: a.value.string_value for a in one.resource.attributes})
                    receiver.headers.append(headers)
            body = said.body if said.body is not None else ExportLogsServiceResponse().SerializeToString()
            self.send_response(said.status)
            for name, value in {"Content-Type": said.kind, **said.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            receiver.problems.append("GET")
            self.send_error(405)

        def log_message(self, *_: Any) -> None: ...

    return Handler


@contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    receiver = Receiver()
    server = ThreadingHTTPServer(("127.0.0.1", port), _handler(receiver))
    server.daemon_threads = True
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.ended.set()
        server.shutdown()
        server.server_close()
