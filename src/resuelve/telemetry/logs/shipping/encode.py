"""Lines of the log as a request of OTLP. Loki keeps the body as the line, and attributes as structured metadata.

Source: OpenTelemetry Protocol 1.5 (`opentelemetry-proto`), and the log data model for the numbers of severity.
"""

from __future__ import annotations

import gzip
import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

_SEVERITIES = {"DEBUG": 5, "INFO": 9, "WARNING": 13, "ERROR": 17}
_TRACE = re.compile(r"[0-9a-f]{32}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOT_ATTRIBUTES = ("time", "level", "trace")
_MOST_ATTRIBUTES = 40
_LONGEST_VALUE = 1000
_LONGEST_BODY = 16 * 1024


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose log it is.

    Attributes:
        instance: tells this log from others of the same name.
        more: what else is said of it, by OpenTelemetry's names; name, version and instance have the last word.
    """

    name: str
    version: str
    instance: str
    more: Mapping[str, str] = field(default_factory=dict)


def request(lines: Sequence[bytes], origin: Origin) -> tuple[bytes, int]:
    """The request, packed by gzip, and how many lines it holds: empty ones are none."""
    records = [_record(line.rstrip(b"\r\n")) for line in lines if line.strip()]
    resource = {
        **origin.more,
        "service.name": origin.name,
        "service.version": origin.version,
        "service.instance.id": origin.instance,
    }
    scope = InstrumentationScope(name="resuelve", version=origin.version)
    message = ExportLogsServiceRequest(
        resource_logs=[
            ResourceLogs(
                resource=Resource(attributes=list(_attributes(resource))),
                scope_logs=[ScopeLogs(scope=scope, log_records=records)],
            )
        ]
    )
    return gzip.compress(message.SerializeToString(), compresslevel=5, mtime=0), len(records)


def _record(line: bytes) -> LogRecord:
    body = line[:_LONGEST_BODY].decode("utf-8", "replace")
    fields = _fields(body)
    record = LogRecord(observed_time_unix_nano=time.time_ns(), body=AnyValue(string_value=body))
    if fields is None:  # somebody else's line, or half of one
        return record
    level, trace, event = fields.get("level"), fields.get("trace"), fields.get("event")
    record.time_unix_nano = _nanoseconds(fields.get("time"))
    if isinstance(level, str) and level in _SEVERITIES:
        record.severity_number = _SEVERITIES[level]  # type: ignore[assignment]
        record.severity_text = level
    if isinstance(event, str):
        record.event_name = event[:_LONGEST_VALUE]
    if isinstance(trace, str) and _TRACE.fullmatch(trace) and trace.strip("0"):
        record.trace_id = bytes.fromhex(trace)
    record.attributes.extend(_attributes({n: v for n, v in fields.items() if n not in _NOT_ATTRIBUTES}))
    return record


def _fields(body: str) -> dict[str, Any] | None:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _nanoseconds(value: object) -> int:
    """Since 1970; 0 for no time."""
    try:
        since = datetime.fromisoformat(str(value)) - _EPOCH
    except (ValueError, TypeError):
        return 0
    return max(0, since // timedelta(microseconds=1) * 1000)


def _attributes(fields: Mapping[str, Any]) -> Iterator[KeyValue]:
    flat = {name[:_LONGEST_VALUE]: value for name, value in _flat(fields) if name and value is not None}
    for name, value in islice(flat.items(), _MOST_ATTRIBUTES):
        yield KeyValue(key=name, value=_value(value))


def _flat(fields: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in fields.items():
        if isinstance(value, dict) and not above:
            yield from _flat(value, f"{name}.")
        else:
            yield f"{above}{name}", value


def _value(value: Any) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int) and abs(value) < 2**63:
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return AnyValue(string_value=text[:_LONGEST_VALUE].encode("utf-8", "replace").decode())
