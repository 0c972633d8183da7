"""What rooms log with. Nothing is written, and structlog is not imported, until somebody begins a log (`begin`)."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class Logger(Protocol):
    """What takes events: structlog's bound logger."""

    def debug(self, event: str, /, **fields: object) -> object: ...
    def info(self, event: str, /, **fields: object) -> object: ...
    def warning(self, event: str, /, **fields: object) -> object: ...
    def error(self, event: str, /, **fields: object) -> object: ...


class Nobody:
    """Takes events, and nobody hears of them."""

    def debug(self, event: str, /, **fields: object) -> None:
        """Say nothing."""

    info = warning = error = debug


class Log:
    """Takes events of the list in `events`, by name, with their fields. Safe from several threads; never raises.

    A field may hold anything: what cannot be written down becomes the name of its kind. The field `error` takes an
    exception, of which only what is ours is written.
    """

    __slots__ = ("to",)

    def __init__(self) -> None:
        self.to: Logger = Nobody()

    @property
    def silent(self) -> bool:
        """True as long as nobody has begun a log."""
        return type(self.to) is Nobody

    def debug(self, event: str, /, **fields: object) -> None:
        """Detail, for those who look for a fault."""
        self.to.debug(event, **fields)

    def info(self, event: str, /, **fields: object) -> None:
        """Progress."""
        self.to.info(event, **fields)

    def warning(self, event: str, /, **fields: object) -> None:
        """Odd, and it goes on."""
        self.to.warning(event, **fields)

    def error(self, event: str, /, **fields: object) -> None:
        """Failed."""
        self.to.error(event, **fields)


log = Log()
"""The log of this process."""


def bound(**fields: object) -> AbstractContextManager[None]:
    """Inside the block, each line of this thread has these fields: ``run``, ``incident``, ``stage``, ``trace``.

    Another thread has them only when its work was begun in a copy of this one's context (`contextvars`).
    """
    if log.silent:
        return nullcontext()
    from structlog.contextvars import bound_contextvars

    return bound_contextvars(**fields)
