"""The log on the error output: in colour on a terminal, as JSON elsewhere."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TextIO

from structlog.dev import ConsoleRenderer

from resuelve.telemetry.logs.begin import Write

_OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def on_error_output(stream: TextIO | None = None, *, colours: bool = True) -> Write:
    """What writes lines there.

    On a terminal the stream is looked up for each line: a progress bar puts its own in its place, which writes above.
    """
    ours = stream or sys.stderr
    if not ours.isatty():
        return _as_json(ours)
    draw = ConsoleRenderer(colors=colours, sort_keys=False, timestamp_key="time", pad_event_to=24)
    return _drawn(draw, lambda: stream or sys.stderr)


def _as_json(stream: TextIO) -> Write:
    def write(_: Mapping[str, Any], data: bytes) -> None:
        with suppress(OSError, ValueError):  # a pipe that nobody reads, a stream that was closed
            stream.write(data.decode())
            stream.flush()

    return write


def _drawn(draw: ConsoleRenderer, stream: Callable[[], TextIO]) -> Write:
    def write(line: Mapping[str, Any], _: bytes) -> None:
        shown = {name: _harmless(value) for name, value in line.items()}
        shown |= {"time": str(line["time"])[11:23], "level": str(line["level"]).lower()}
        with suppress(OSError, ValueError):
            stream().write(draw(None, "", shown) + "\n")
            stream().flush()

    return write


def _harmless(value: Any) -> Any:
    """The value without what a terminal obeys instead of showing it."""
    if isinstance(value, str):
        return _OBEYED.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_harmless(name): _harmless(one) for name, one in value.items()}
    return [_harmless(one) for one in value] if isinstance(value, list) else value
