"""What came of a call: an answer of the service, whatever its status, or none that may be used."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from resuelve.domain.errors import ResuelveError
from resuelve.domain.message import message

WORDS_LIMIT = 200
"""Characters that are kept of what a service says about a failure."""

_REASON_KEYS = ("error", "mensaje", "message", "detail", "detalle")


class NoAnswer(ResuelveError):
    """No usable answer. It stays between this room and an adapter, which says the same in the terms of its port.

    Attributes:
        sent: True when the service may have received the call.
        repeat: True when the same call may go through later.
        attempts: how often the call was made.
    """

    retry_after: float | None = None

    def __init__(self, what: str, *, where: str, sent: bool = True, repeat: bool = False) -> None:
        self.sent = sent
        self.repeat = repeat
        self.attempts = 1
        super().__init__(what, where=where)


@dataclass(slots=True)
class Answer:
    """An answer of any status, with as much of the body as was wanted.

    Attributes:
        headers: by name, in any case.
        cut: True when the body was longer.
        where: method and address, for messages.
        attempts: how often the call was made.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    cut: bool
    where: str
    attempts: int = 1

    def json(self, pairs: Callable[[list[tuple[str, Any]]], Any] | None = None) -> Any:
        """The body as JSON; `pairs` makes the objects of it.

        Raises:
            NoAnswer: it is not JSON, is nested too deep, or is cut.
        """
        if self.cut:
            raise NoAnswer(message("the answer is larger than {limit} bytes", limit=len(self.body)), where=self.where)
        try:
            return json.loads(self.body, object_pairs_hook=pairs)
        except (ValueError, RecursionError):
            raise NoAnswer("the answer is not JSON", where=self.where) from None

    def reason(self, secret: str = "") -> str:
        """What the service says about a failure: untrusted, one line, bounded, without the secret it was sent."""
        text = self.body[:100_000].decode("utf-8", "replace")
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = text
        for _ in range(2):  # {"error": "…"} or {"error": {"message": "…"}}
            if isinstance(value, Mapping):
                value = next((value[key] for key in _REASON_KEYS if isinstance(value.get(key), str | Mapping)), "")
        return one_line("" if isinstance(value, Mapping) else value, secret)

    @property
    def location(self) -> str:
        """Where a redirect points; empty when it is none."""
        return self.headers.get("Location", "") if 300 <= self.status < 400 else ""

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait (RFC 9110, 10.2.3: a number or a date; fractions are in use); None when it says nothing."""
        value = self.headers.get("Retry-After", "").strip()[:100]
        try:
            seconds = float(value)
        except ValueError:
            try:
                seconds = (parsedate_to_datetime(value).astimezone(UTC) - datetime.now(UTC)).total_seconds()
            except (ValueError, OverflowError):
                return None
        return max(seconds, 0.0) if abs(seconds) < 1e12 else None


def one_line(text: object, secret: str = "") -> str:
    """Foreign words for a message: one printable line, bounded."""
    try:
        line = " ".join("".join(c if c.isprintable() else " " for c in str(text)[:100_000]).split())
    except RecursionError:  # lists nested deeper than Python writes
        return ""
    return (line.replace(secret, "[…]") if secret else line)[:WORDS_LIMIT]
