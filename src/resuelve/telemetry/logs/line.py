"""A line of the log: JSON, UTF-8, in a fixed order, of a bounded length."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from resuelve.telemetry.logs.errors import told
from resuelve.telemetry.logs.events import CONTEXT
from resuelve.telemetry.logs.values import Words, cut, plain, text

LONGEST = 16 * 1024
"""Bytes of a line, its end included."""

SAFE = frozenset(
    "action agent answer command created doubt embedder exit kind logger mode model outcome queue reference role row "
    "status stopped system version".split()
)
"""Fields whose texts are ours or the team's, by their place: codes, kinds, names of models and mailboxes."""

_HEAD = ("time", "level", "event", *CONTEXT)
_SHORT = 200


@dataclass(frozen=True, slots=True)
class Scrubbing:
    """What is taken out of texts.

    Attributes:
        hide: secrets, from every text.
        scrub: what says who, from every text that is not ours.
    """

    hide: Words = str
    scrub: Words = str

    def both(self, value: str) -> str:
        """A text without either."""
        return self.scrub(self.hide(value))


def composed(level: str, fields: Mapping[str, object], at: float, clean: Scrubbing) -> dict[str, Any]:
    """The line as a mapping, in its order, without what is empty.

    Args:
        at: Unix time.
    """
    line: dict[str, Any] = {
        "time": f"{datetime.fromtimestamp(at, UTC).isoformat(timespec='microseconds')[:-6]}Z",
        "level": level,
        "event": cut(text(str(fields.get("event", "")), clean.hide), _SHORT),
    }
    for name in CONTEXT:
        value = _worker() if name == "worker" else fields.get(name)
        if value not in (None, ""):
            line[name] = cut(text(value if isinstance(value, str) else f"{plain(value, str)}", clean.hide), _SHORT)
    for name, value in fields.items():
        if name not in _HEAD:
            line[_named(name, clean)] = _shown(name, value, clean)
    return line


def encoded(line: Mapping[str, Any]) -> bytes:
    """The line as bytes, of at most `LONGEST`: long texts are cut, then fields are left out from the end on."""
    data = _json(line)
    if len(data) <= LONGEST:
        return data
    short: dict[str, Any] = {n: v if n in _HEAD else plain(v, lambda t: cut(t, _SHORT)) for n, v in line.items()}
    short["cut"] = True
    while len(data := _json(short)) > LONGEST:
        del short[next(name for name in reversed(short) if name not in (*_HEAD, "cut"))]
    return data


def _json(line: Mapping[str, Any]) -> bytes:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"


def _named(name: str, clean: Scrubbing) -> str:
    return cut(text(name, clean.both), 100)


def _shown(name: str, value: object, clean: Scrubbing) -> Any:
    if isinstance(value, BaseException):
        return told(value, clean.both)
    return plain(value, clean.hide if name in SAFE else clean.both)


def _worker() -> str:
    return f"{os.getpid()}/{threading.current_thread().name}"
