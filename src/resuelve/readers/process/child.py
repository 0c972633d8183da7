"""One reading process as its parent sees it: started, asked, watched, ended. Not safe for several threads at once."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import resuelve
from resuelve.domain.errors import ReaderUnavailable
from resuelve.domain.message import message, system_said
from resuelve.readers.extract import MOST_ITEMS, NO_MEMORY
from resuelve.readers.port import Limits, Obstacle, Passage, Unread
from resuelve.readers.process import frames

PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); "
    "from resuelve.readers.process.worker import main; main()"
)
_STARTS_WITHIN = 60.0
"""Seconds. It takes a tenth of one; a machine may be very busy."""

_GRACE = 5.0
_LOOK_EVERY = 0.1
_PIECE = 65_536
_KEPT_ERRORS = 4000
_ENVIRONMENT = {
    "PATH": os.defpath,
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONUTF8": "1",
    "MALLOC_ARENA_MAX": "2",  # each further one takes 64 MB of address space
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
_KEPT_NAMES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class Died(Exception):
    """The process is gone, or had to be ended.

    Attributes:
        reason: TIME, MEMORY or CRASHED.
    """

    def __init__(self, reason: Unread) -> None:
        self.reason = reason
        super().__init__(reason)


class Child:
    """A process that reads files, and what it has given up.

    Attributes:
        held: see `isolation.TOKENS`.
        used: True once it was asked for a file.
    """

    def __init__(self, limits: Limits, program: str = PROGRAM) -> None:
        self.used = False
        self._limits = limits
        self._errors = b""
        self._rest = b""
        self._largest = 0
        self._process = _started(limits, program)
        try:
            self.held = self._introduced()
        except BaseException:
            self.end()
            raise

    def read(self, name: str, data: bytes) -> Iterator[str | Passage | Obstacle]:
        """The kind of the file, then what it says, piece by piece.

        Raises:
            Died: what came before holds; the process cannot be asked again.
        """
        self.used = True
        self._largest = 0
        until = time.monotonic() + self._limits.seconds
        left = self._limits.characters
        if self._rest:  # nobody asked for that
            raise Died(Unread.CRASHED)
        for number, line in enumerate(self._lines(frames.request(name, data), until)):
            try:
                said = frames.heard(line)
            except frames.Unbelievable:
                raise Died(Unread.CRASHED) from None
            if said is None:
                return
            if isinstance(said, Passage):
                left -= len(said.text)
            if isinstance(said, tuple) or isinstance(said, str) != (number == 0) or left < 0 or number > MOST_ITEMS + 2:
                raise Died(Unread.CRASHED)
            yield said

    def end(self) -> None:
        """End the process, whatever it is doing, and wait until it is gone."""
        with suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        self.forget()

    def forget(self) -> None:
        """Close our ends of its pipes. A process that waits for a file ends by that."""
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe:
                with suppress(OSError):
                    pipe.close()

    def _introduced(self) -> tuple[str, ...]:
        """What the process says first."""
        try:
            held = frames.heard(next(self._lines(b"", time.monotonic() + _STARTS_WITHIN)))
        except (Died, frames.Unbelievable) as error:
            last = self._errors.decode("utf-8", "replace").strip().splitlines()[-1:]
            raise ReaderUnavailable(
                message("the process that reads attachments does not start: {error}", error="".join(last) or "?"),
                where="attachments",
                remedy="see that Resuelve is installed whole and that the machine has memory left",
            ) from error
        return held if isinstance(held, tuple) else ()

    def _lines(self, request: bytes, until: float) -> Iterator[bytes]:
        """Send the request, and give the lines of the answer while they come.

        Raises:
            Died: the process ended, or took too much time, memory or words.
        """
        process, longest = self._process, 12 * self._limits.characters + 10_000
        assert process.stdin and process.stdout and process.stderr  # noqa: S101 - for the type checker
        waiting = memoryview(request)
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            selector.register(process.stderr, selectors.EVENT_READ)
            if waiting:
                selector.register(process.stdin, selectors.EVENT_WRITE)
            while True:
                while b"\n" in self._rest:
                    line, _, self._rest = self._rest.partition(b"\n")
                    yield line
                if time.monotonic() > until:
                    raise Died(Unread.TIME)
                if len(self._rest) > longest:
                    raise Died(Unread.CRASHED)
                self._watch_memory()
                for key, _ in selector.select(_LOOK_EVERY):
                    if key.fileobj is process.stdin:
                        waiting = self._sent(waiting)
                        if not waiting:
                            selector.unregister(process.stdin)
                    elif not self._took(key.fd, errors=key.fileobj is process.stderr):
                        if key.fileobj is process.stdout:
                            raise Died(self._why_gone())
                        selector.unregister(process.stderr)

    def _sent(self, waiting: memoryview) -> memoryview:
        """What is still to be sent. A process that is gone takes nothing; its output tells the rest."""
        assert self._process.stdin  # noqa: S101 - for the type checker
        try:
            return waiting[os.write(self._process.stdin.fileno(), waiting[:_PIECE]) :]
        except BlockingIOError:
            return waiting
        except BrokenPipeError:
            return waiting[:0]

    def _took(self, descriptor: int, *, errors: bool) -> bool:
        """Take what there is. False when no more will come."""
        piece = os.read(descriptor, _PIECE)
        if errors:
            self._errors = (self._errors + piece)[-_KEPT_ERRORS:]
        else:
            self._rest += piece
        return bool(piece)

    def _watch_memory(self) -> None:
        """Where the system does not limit it, we do."""
        try:
            whole, resident = Path(f"/proc/{self._process.pid}/statm").read_text(encoding="ascii").split()[:2]
        except (OSError, ValueError):
            return
        page = os.sysconf("SC_PAGE_SIZE")
        self._largest = max(self._largest, int(whole) * page)
        if int(resident) * page > self._limits.memory + 200_000_000:
            raise Died(Unread.MEMORY)

    def _why_gone(self) -> Unread:
        """Why the process ended by itself."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE)
        assert self._process.stderr  # noqa: S101 - for the type checker
        with suppress(OSError):
            self._errors += os.read(self._process.stderr.fileno(), _PIECE)
        status = self._process.returncode
        if status == -signal.SIGXCPU:
            return Unread.TIME
        short = any(words.encode() in self._errors for words in NO_MEMORY) or self._largest > 0.9 * self._limits.memory
        return Unread.MEMORY if short or status == -signal.SIGKILL else Unread.CRASHED


def _started(limits: Limits, program: str) -> subprocess.Popen[bytes]:
    """A process of this very interpreter, with the same modules, and with nothing of our environment."""
    arguments = (json.dumps(asdict(limits)), json.dumps(_module_path()))
    command: Sequence[str] = (sys.executable, "-I", "-B", "-c", program, *arguments)
    kept = {name: os.environ[name] for name in _KEPT_NAMES if name in os.environ}
    try:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own program
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd="/",
            env={**_ENVIRONMENT, **kept},
            start_new_session=True,
        )
    except OSError as error:
        raise ReaderUnavailable(
            message("the process that reads attachments does not start: {error}", error=system_said(error)),
            where="attachments",
            remedy="see that Resuelve is installed whole and that the machine has memory left",
        ) from error
    assert process.stdin  # noqa: S101 - for the type checker
    os.set_blocking(process.stdin.fileno(), False)
    return process


def _module_path() -> list[str]:
    """Where we find modules ourselves, but not in the current folder: attachments may lie there."""
    home = str(Path(resuelve.__file__).resolve().parents[1])
    here = str(Path.cwd())
    return [home, *(one for one in sys.path if one and Path(one).is_absolute() and one not in (home, here))]
