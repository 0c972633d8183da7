"""Where a log begins and ends: structlog's chain from an event to its line, and those that take the line."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog

from resuelve.telemetry.logs.line import Scrubbing, composed, encoded
from resuelve.telemetry.logs.log import log

Write = Callable[[Mapping[str, Any], bytes], None]


@dataclass(frozen=True, slots=True)
class Sink:
    """Takes lines of a level and above: as a mapping, and as bytes."""

    level: str
    write: Write


class _Sinks:
    """What structlog calls with the finished line, by the name of the level."""

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self.debug, self.info, self.warning, self.error = (
            self._to([sink.write for sink in sinks if _number(sink.level) <= level])
            for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR)
        )

    @staticmethod
    def _to(writers: list[Write]) -> Callable[[Mapping[str, Any]], None]:
        def take(line: Mapping[str, Any]) -> None:
            data = encoded(line)
            for write in writers:
                write(line, data)

        return take


@contextmanager
def begun(sinks: Sequence[Sink], clean: Scrubbing, *, now: Callable[[], float] = time.time) -> Iterator[None]:
    """Inside the block, what rooms log goes to `sinks`; whoever logged before is heard again when it ends."""

    def finished(_: Any, level: str, event: MutableMapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (composed(level.upper(), event, now(), clean),), {}

    least = min((_number(sink.level) for sink in sinks), default=logging.CRITICAL)
    before = log.to
    logger: Any = structlog.make_filtering_bound_logger(least)
    log.to = logger(_Sinks(sinks), [structlog.contextvars.merge_contextvars, finished], {})
    try:
        yield
    finally:
        log.to = before


def _number(level: str) -> int:
    return logging.getLevelNamesMapping()[level]
