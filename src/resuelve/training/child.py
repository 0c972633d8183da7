"""A learned model in a process of its own: what it is given, nobody trusts.

The child loads the model, then gives up network, files and programs, and only then is asked. Libraries that decode
pictures or run a model are written in C; whatever is done to them ends with the child.
"""

from __future__ import annotations

import json
import os
import select
import struct
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any

from resuelve.domain.errors import TrainingError
from resuelve.domain.message import message

_LENGTH = struct.Struct(">I")
_LONGEST_ANSWER = 65_536
_PIECE = 1 << 16
_MOST_DEATHS = 3
_KEPT = ("HOME", "LANG", "LC_ALL", "PATH", "PYTHONPATH", "HF_HOME", "HF_HUB_CACHE", "XDG_CACHE_HOME", "OMP_NUM_THREADS")


class ModelChild:
    """The parent's side. The child starts with the first question, and is asked one thing at a time, from any thread.

    Args:
        program: starts the child.
        start, seconds: how long it may take to load the model, and to answer.
    """

    def __init__(self, program: Sequence[str], *, start: float, seconds: float) -> None:
        self._program = list(program)
        self._start, self._seconds = start, seconds
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._deaths = 0
        self.held: tuple[str, ...] = ()

    @property
    def alive(self) -> bool:
        """Whether there is a process."""
        return self._process is not None

    def ask(self, question: bytes) -> Mapping[str, Any] | None:
        """What the child answers; None where it died, was too slow, or gave no answer. Then it is ended. None as well
        where others ask it for longer than an answer may take.

        Raises:
            TrainingError: the model cannot be loaded, or the child has died three times.
        """
        if not self._lock.acquire(timeout=self._seconds):
            return None
        try:
            process = self._process or self._started()
            try:
                return _asked(process, question, self._seconds)
            except (OSError, ValueError):
                self._end()
                self._deaths += 1
                return None
        finally:
            self._lock.release()

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._end()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._deaths >= _MOST_DEATHS:
            raise TrainingError(
                message("the process of the fine-tuned model has died {count} times", count=self._deaths)
            )
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        environment |= {
            "HF_HUB_OFFLINE": "1",
            "TRANSFORMERS_OFFLINE": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "OMP_NUM_THREADS": "1",  # threads that are there before give up calls, and not the reading of files
        }
        try:
            process = subprocess.Popen(  # noqa: S603 - our own program
                self._program,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            raise TrainingError("the process of the fine-tuned model does not start") from error
        self._process = process
        try:
            ready = _line(process, time.monotonic() + self._start)
        except (OSError, ValueError) as error:
            self._end()
            self._deaths += 1
            raise TrainingError("the process of the fine-tuned model does not start") from error
        if "held" not in ready:
            self._end()
            raise TrainingError(message("the fine-tuned model: {why}", why=ready.get("error", "")))
        self.held = tuple(ready["held"])
        return process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    pipe.close()


def questions(asked: IO[bytes]) -> Iterator[bytes]:
    """The child's side: what is asked, until nothing more is."""
    while len(head := asked.read(_LENGTH.size)) == _LENGTH.size:
        (size,) = _LENGTH.unpack(head)
        yield asked.read(size)


def answer(answers: IO[bytes], said: Mapping[str, Any]) -> None:
    """The child's side: one line of JSON."""
    answers.write(json.dumps(said).encode() + b"\n")
    answers.flush()


def _asked(process: subprocess.Popen[bytes], question: bytes, seconds: float) -> dict[str, Any]:
    """Send a question without waiting for ever, and read the answer. Raises OSError, ValueError."""
    until = time.monotonic() + seconds
    pipe = _pipe(process.stdin)
    os.set_blocking(pipe, False)
    rest = memoryview(_LENGTH.pack(len(question)) + question)
    while rest:
        _wait([], [pipe], until)
        rest = rest[os.write(pipe, rest[:_PIECE]) :]
    return _line(process, until)


def _line(process: subprocess.Popen[bytes], until: float) -> dict[str, Any]:
    pipe, line = _pipe(process.stdout), b""
    while not line.endswith(b"\n"):
        _wait([pipe], [], until)
        piece = os.read(pipe, _PIECE)
        line += piece
        if not piece or len(line) > _LONGEST_ANSWER:
            raise ValueError("no answer")
    try:
        said = json.loads(line)
    except RecursionError as error:
        raise ValueError("no answer") from error
    if not isinstance(said, dict):
        raise ValueError("no answer")
    return said


def _wait(reading: list[int], writing: list[int], until: float) -> None:
    left = until - time.monotonic()
    if left <= 0 or not any(select.select(reading, writing, [], left)):
        raise TimeoutError


def _pipe(stream: IO[bytes] | None) -> int:
    if stream is None:
        raise ValueError("no pipe")
    return stream.fileno()
