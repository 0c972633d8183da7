"""One call that delivers a batch, and what its answer means.

Source: OTLP 1.5, "OTLP/HTTP Response", but for answers that speak of the address and not of the batch (401, 403, 404, a
redirect, a page of a web site): the specification gives such a batch up. Here it stays on the disk and is sent later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import httpx2
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from resuelve.http import Answer, Calls, Limits, NoAnswer

_LIMITS = Limits(timeout=5.0, attempts=1, deadline=10.0, connect=3.0)
_ANSWER_BYTES = 64 * 1024
_HEADERS = {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip", "Accept": "application/x-protobuf"}
_OF_THE_ADDRESS = (401, 403, 404, 405, 407, 408, 425, 429)


class Verdict(StrEnum):
    """What became of a batch."""

    TAKEN = "taken"
    LATER = "later"
    REFUSED = "refused"
    TOO_LARGE = "too large"
    FAILED = "failed"
    """The server failed on it (500): perhaps on this batch, perhaps on all."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an answer means.

    Attributes:
        rejected: lines of a taken batch that the server threw away.
        wait: seconds after which the server wants to be asked again; None when it does not say.
        reason: the status of the answer; else why there is none.
    """

    verdict: Verdict
    rejected: int = 0
    wait: float | None = None
    reason: str = ""


class Deliver(Protocol):
    """Delivers a batch, packed. Never raises."""

    def __call__(self, data: bytes) -> Outcome: ...


class Delivery:
    """`Deliver` by HTTP. Redirects are not followed.

    Args:
        url: the whole address.
        headers: of every call.
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        limits: Limits = _LIMITS,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self._given = url, headers, limits, transport
        self._calls: Calls | None = None

    def __call__(self, data: bytes) -> Outcome:
        try:
            return judged(self._sent(data))
        except NoAnswer as error:
            return Outcome(Verdict.LATER, reason=type(error.__cause__).__name__)
        except (httpx2.InvalidURL, ValueError) as error:  # an address, or a header, that cannot be sent
            return Outcome(Verdict.LATER, reason=type(error).__name__)

    def _sent(self, data: bytes) -> Answer:
        url, headers, limits, transport = self._given
        to = httpx2.URL(url)
        if self._calls is None:  # reading the certificates takes a moment: in the thread that ships
            self._calls = Calls(to.host, limits, headers=headers, transport=transport)
        return self._calls.send("POST", to, limit=_ANSWER_BYTES, content=data, headers=_HEADERS, again=lambda _: False)

    def close(self) -> None:
        """Give back the connections."""
        if self._calls is not None:
            self._calls.close()


def judged(answer: Answer) -> Outcome:
    """What the answer to a batch means."""
    status, reason = answer.status, str(answer.status)
    if 200 <= status < 300:
        return _taken(answer)
    if status == 413:
        return Outcome(Verdict.TOO_LARGE, reason=reason)
    if 400 <= status < 500 and _kind(answer) == "text/html":  # a web page: whoever answers is no receiver of logs
        return Outcome(Verdict.LATER, wait=answer.retry_after, reason=reason)
    if status in _OF_THE_ADDRESS or status in (502, 503, 504) or status < 400:
        return Outcome(Verdict.LATER, wait=answer.retry_after, reason=reason)
    return Outcome(Verdict.FAILED if status >= 500 else Verdict.REFUSED, wait=answer.retry_after, reason=reason)


def _taken(answer: Answer) -> Outcome:
    """Loki answers 204, others 200 with a message, some in JSON. Anything else is no receiver's answer."""
    kind = _kind(answer)
    strange = Outcome(Verdict.LATER, reason="no receiver of logs")
    if not answer.body:
        return Outcome(Verdict.TAKEN)
    try:
        if kind == "application/json":
            return Outcome(Verdict.TAKEN, _rejected_by_json(answer))
        if kind not in ("application/x-protobuf", "application/octet-stream") or answer.cut:
            return strange
        said = ExportLogsServiceResponse.FromString(answer.body)
    except (DecodeError, NoAnswer, ValueError):
        return strange
    return Outcome(Verdict.TAKEN, max(0, said.partial_success.rejected_log_records))


def _rejected_by_json(answer: Answer) -> int:
    """Lines that were thrown away, a number or its digits; 0 for what is no number. Raises ValueError: no object."""
    said = answer.json()
    if not isinstance(said, dict):
        raise ValueError
    partial = said.get("partialSuccess")
    value = partial.get("rejectedLogRecords") if isinstance(partial, dict) else None
    try:
        return max(0, int(value)) if isinstance(value, int | float | str) else 0
    except (ValueError, OverflowError):
        return 0


def _kind(answer: Answer) -> str:
    return answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
