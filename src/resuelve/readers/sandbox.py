"""Reading in processes that may do nothing but read: one a thread at most, started late, and ended when in doubt."""

from __future__ import annotations

import os
import queue
from dataclasses import dataclass, field

from resuelve.readers.extract import too_large
from resuelve.readers.naming import clean_name
from resuelve.readers.port import Document, Limits, Obstacle, Passage, Unread
from resuelve.readers.process.child import PROGRAM, Child, Died
from resuelve.telemetry.logs import log

_SUSPECT = frozenset((Unread.MEMORY, Unread.DAMAGED))
"""After these a process reads no further file: memory would be missing, or a library may have been led astray."""


@dataclass(slots=True)
class _Heard:
    """What a process has said of a file so far."""

    kind: str = ""
    items: list[Passage | Obstacle] = field(default_factory=list)
    began: bool = False


class SandboxedReader:
    """Reads in processes of its own.

    A process lives on from file to file. One that took too long, needed too much, stumbled or died is replaced for the
    next file.

    Args:
        limits: what one file may cost.
        children: processes at most; so many files are read at once.
        program: what the process runs, for tests.
    """

    def __init__(self, limits: Limits | None = None, *, children: int = 1, program: str = PROGRAM) -> None:
        self._limits = limits or Limits()
        self._children = children
        self._program = program
        self._prepare()

    def read(self, name: str, data: bytes) -> Document:
        if refused := too_large(name, data, self._limits):
            return refused
        child = self._taken()
        try:
            heard, child = self._asked(child, name, data)
        except BaseException:
            self._idle.put(None)
            raise
        self._idle.put(child)
        return Document(
            clean_name(name),
            heard.kind,
            tuple(one for one in heard.items if isinstance(one, Passage)),
            tuple(one for one in heard.items if isinstance(one, Obstacle)),
        )

    def holds(self) -> tuple[str, ...]:
        """What the process has given up: some of `isolation.TOKENS`.

        Raises:
            ReaderUnavailable: it does not start.
        """
        child = self._taken()
        try:
            child = child or Child(self._limits, self._program)
            return child.held
        finally:
            self._idle.put(child)

    def close(self) -> None:
        """End the processes, those that read once they are done. Reading again starts new ones."""
        for _ in range(self._children):
            if child := self._taken():
                child.end()
        for _ in range(self._children):
            self._idle.put(None)

    def _asked(self, child: Child | None, name: str, data: bytes) -> tuple[_Heard, Child | None]:
        """What the file says, and the process if it can be asked again."""
        old = child is not None and child.used
        child = child or Child(self._limits, self._program)
        heard = _Heard()
        try:
            for said in child.read(name, data):
                heard.began = True
                if isinstance(said, str):
                    heard.kind = said
                else:
                    heard.items.append(said)
        except Died as death:
            child.end()
            if old and not heard.began and death.reason is not Unread.TIME:
                return self._asked(None, name, data)  # it may have been dead before this file came
            log.warning("reader.ended", reason=death.reason, bytes=len(data))
            detail = f"{self._limits.seconds:g} s" if death.reason is Unread.TIME else ""
            heard.items.append(Obstacle("", death.reason, detail))
            return heard, None
        except BaseException:
            child.end()
            raise
        if any(isinstance(one, Obstacle) and one.reason in _SUSPECT for one in heard.items):
            child.end()
            return heard, None
        return heard, child

    def _taken(self) -> Child | None:
        """A process that nobody else uses; None where one is to be started."""
        if os.getpid() != self._owner:  # after a fork the processes are those of the parent
            self._prepare()
        return self._idle.get()

    def _prepare(self) -> None:
        self._owner = os.getpid()
        self._idle: queue.LifoQueue[Child | None] = queue.LifoQueue()
        for _ in range(self._children):
            self._idle.put(None)
