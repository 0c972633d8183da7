"""Processes that take turns on the same machine: whatever else it does meanwhile slows all of them alike.

Of runs one after the other, two of one kind differ by a tenth and more where other machines share the processor; of
runs that take turns of a tenth of a second, by a hundredth.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any

TURN = 0.1
"""Seconds."""

_LONGEST_END = 60.0
"""Seconds that the end of a process may take."""


class Taking(AbstractContextManager["Taking"]):
    """A process that stands still (SIGSTOP) whenever it is not its turn, and the servers that it asks with it. It ends
    with the block.

    It says one line when what is measured begins, and one when that has ended. Only clocks go on while it stands still:
    of a wait until a moment, no more than the part in its turns is counted.

    Attributes:
        lines: what it said.
        seconds: of its turns, between its two lines.
    """

    def __init__(self, program: Sequence[str], environment: Mapping[str, str], servers: Sequence[int]) -> None:
        """Args: `servers`: processes of its own."""
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the block
        self._servers = servers
        self._process = subprocess.Popen(
            program, env=environment, stdout=subprocess.PIPE, stderr=self._errors, text=True
        )
        self._lock = Lock()
        self._active, self._since = 0.0, monotonic()
        self._stands = False
        self._said_all = Event()
        self._begun = 0.0
        self.lines: list[str] = []
        self.seconds = 0.0
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()
        self._pause()

    @property
    def over(self) -> bool:
        """True when what is measured has ended."""
        return self._said_all.is_set()

    def turn(self) -> None:
        """Let it work for a turn, or until it is over."""
        self._go_on()
        self._said_all.wait(TURN)
        if not self.over:
            self._pause()

    def end(self) -> float:
        """Wait for the end of the process; the seconds that it took.

        Raises:
            RuntimeError: it ended before it was over, with what it said of that; or it does not end.
        """
        self._go_on()  # it may have been over just when it was to stand still
        began = monotonic()
        try:
            self._process.wait(_LONGEST_END)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"it does not end: {self.errors()}") from None
        took = monotonic() - began
        self._reader.join()
        if len(self.lines) < 2:
            raise RuntimeError(self.errors())
        return took

    def errors(self) -> str:
        """What it wrote to stderr."""
        self._errors.seek(0)
        return self._errors.read()

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        _signal(self._servers, signal.SIGCONT)  # or they would not end
        self._errors.close()

    def _go_on(self) -> None:
        with self._lock:
            if self._stands:
                self._since, self._stands = monotonic(), False
                _signal((*self._servers, self._process.pid), signal.SIGCONT)

    def _pause(self) -> None:
        with self._lock:
            _signal((self._process.pid, *self._servers), signal.SIGSTOP)
            os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
            self._active += monotonic() - self._since
            self._stands = True

    def _read(self) -> None:
        stdout: Any = self._process.stdout
        with stdout:
            for line in stdout:
                with self._lock:
                    at = self._active + (0.0 if self._stands else monotonic() - self._since)
                self.lines.append(line)
                if len(self.lines) == 1:
                    self._begun = at
                elif len(self.lines) == 2:
                    self.seconds = at - self._begun
                    self._said_all.set()
        self._said_all.set()  # it has ended, one way or another


def _signal(processes: Sequence[int], what: signal.Signals) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, what)


def take_turns(runs: Sequence[Taking]) -> list[float]:
    """Let them work in turn until all are over; the seconds that the end of each process took, with nobody beside it.

    Raises:
        RuntimeError: one ended before it was over.
    """
    ends: dict[int, float] = {}
    while len(ends) < len(runs):
        for number, run in enumerate(runs):
            if number not in ends:
                run.turn()
                if run.over:
                    ends[number] = run.end()
    return [ends[number] for number in range(len(runs))]
