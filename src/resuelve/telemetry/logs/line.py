"""A line of the log: JSON, UTF-8, in a fixed order, of a bounded length."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from resuelve.telemetry.logs.errors import told
from resuelve.telemetry.logs.events import BY_NAME, CONTEXT, FIELDS
from resuelve.telemetry.logs.values import Words, cut, plain, text

LONGEST = 16 * 1024
"""Bytes of a line, its end included."""

SAFE = frozenset(
    "action agent answer command created doubt embedder exit kind logger mode model outcome queue reference role row "
    "status stopped system version".split()
)
"""Fields whose texts are ours or the team's, by their place: codes, kinds, names of models and mailboxes."""

FIXED = frozenset("command exit mode outcome role system".split())
"""Fields of words of ours: no secret is one, even if it reads the same."""

_WORD = re.compile(r"[a-z][a-z_ ]{0,60}", re.ASCII)
_HEAD = ("time", "level", "event", *CONTEXT)
_SHORT = 200
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class Scrubbing:
    """What is taken out of texts.

    Attributes:
        hide: takes secrets from a text.
        code: a code or a name, of a bounded length, without secrets. The same come again: they are remembered.
    """

    def __init__(self, hide: Words = str, scrub: Words = str) -> None:
        """Args: `scrub`: takes what says who from a text that is not ours."""
        self.hide, self._scrub = hide, scrub
        self.code: Words = lru_cache(maxsize=4096)(lambda value: cut(text(value, hide), _SHORT))

    def both(self, value: str) -> str:
        """A text without secrets and without what says who."""
        return self._scrub(self.hide(value))


def composed(level: str, fields: Mapping[str, object], at: float, clean: Scrubbing) -> dict[str, Any]:
    """The line as a mapping, in its order, without what is empty.

    Args:
        at: Unix time.
    """
    line: dict[str, Any] = {
        "time": f"{datetime.fromtimestamp(at, UTC).isoformat(timespec='microseconds')[:-6]}Z",
        "level": level,
        "event": _event(str(fields.get("event", "")), clean),
    }
    for name in CONTEXT:
        value = _worker() if name == "worker" else fields.get(name)
        if value not in (None, ""):
            line[name] = clean.code(value if isinstance(value, str) else f"{plain(value, str)}")
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
    return _JSON.encode(line).encode("utf-8", "replace") + b"\n"


def _named(name: str, clean: Scrubbing) -> str:
    return name if name in FIELDS else cut(text(name, clean.both), 100)


def _event(name: str, clean: Scrubbing) -> str:
    return name if name in BY_NAME else clean.code(name)


def _shown(name: str, value: object, clean: Scrubbing) -> Any:
    if type(value) is float or type(value) is int:
        return plain(value, str)
    if type(value) is str and name in FIXED and _WORD.fullmatch(value):
        return value
    if type(value) is str and name in SAFE and len(value) < _SHORT:
        return clean.code(value)
    if isinstance(value, BaseException):
        return told(value, clean.both)
    return plain(value, clean.hide if name in SAFE else clean.both)


def _worker() -> str:
    return f"{os.getpid()}/{threading.current_thread().name}"
