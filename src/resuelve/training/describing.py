"""What a fine-tuned model says of pictures that nobody trusts: it looks at them in a process of its own.

The child loads the model, then gives up network, files and programs, and only then sees the first picture. Libraries
that decode pictures are written in C; whatever one does to them ends with the child.
"""

from __future__ import annotations

import json
import os
import select
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

from resuelve.domain.errors import TrainingError
from resuelve.domain.message import message
from resuelve.training.pictures import MOST_BYTES, PictureRefused, opened

_LENGTH = struct.Struct(">I")
_LONGEST_ANSWER = 65_536
_LONGEST_CAPTION = 2_000
_MEMORY = 2_000_000_000
"""Bytes that describing may take beyond the loaded model."""

_COMPUTING = 60.0
"""Seconds for one picture; the parent counts as well. This is for a child whose parent is gone."""

_KEPT = ("HOME", "LANG", "LC_ALL", "PATH", "PYTHONPATH", "HF_HOME", "HF_HUB_CACHE", "XDG_CACHE_HOME", "OMP_NUM_THREADS")
_MOST_DEATHS = 3
_PIECE = 1 << 16


class Describer:
    """A child that describes pictures, started with the first of them. Safe to use from several threads.

    Args:
        program: starts the child (`serve`).
        version: which version of the model it is, for the records.
        start, seconds: how long it may take to load the model, and to describe a picture.
    """

    def __init__(
        self, program: Sequence[str], *, version: str = "", start: float = 120.0, seconds: float = 30.0
    ) -> None:
        self._program = list(program)
        self.version = version
        self._start, self._seconds = start, seconds
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._deaths = 0
        self.held: tuple[str, ...] = ()

    def caption(self, picture: bytes) -> str | None:
        """What the picture shows, in the model's words; None where it cannot be told.

        Raises:
            TrainingError: the model cannot be loaded, or the child has died too often.
        """
        if len(picture) > MOST_BYTES:
            return None
        with self._lock:
            child = self._child or self._started()
            try:
                answer = _asked(child, picture, self._seconds)
            except (OSError, ValueError):  # it died, was too slow, or said something that is no answer
                self._end()
                self._deaths += 1
                return None
        said = answer.get("caption")
        return " ".join(said.split())[:_LONGEST_CAPTION] or None if isinstance(said, str) else None

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._end()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._deaths >= _MOST_DEATHS:
            raise TrainingError(
                message("the process that describes pictures has died {count} times", count=self._deaths)
            )
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        environment |= {
            "HF_HUB_OFFLINE": "1",
            "TRANSFORMERS_OFFLINE": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "OMP_NUM_THREADS": "1",  # threads that are there before give up calls, and not the reading of files
        }
        try:
            child = subprocess.Popen(  # noqa: S603 - our own program
                self._program,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            raise TrainingError("the model that describes pictures does not start") from error
        self._child = child
        try:
            ready = _line(child, time.monotonic() + self._start)
        except (OSError, ValueError) as error:
            self._end()
            self._deaths += 1
            raise TrainingError("the model that describes pictures does not start") from error
        if "held" not in ready:
            self._end()
            raise TrainingError(message("the model that describes pictures: {why}", why=ready.get("error", "")))
        self.held = tuple(ready["held"])
        return child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child:
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe:
                    pipe.close()


def serve(
    files: Path,
    give_up: Callable[[int], Sequence[str]],
    allow_seconds: Callable[[float], None],
    asked: IO[bytes],
    answers: IO[bytes],
) -> None:
    """The child's side: load the model, give up what it can, then answer until nothing more is asked.

    PyTorch has started a thread by then: what the kernel refuses holds for that too, but it may still read files.
    """
    from PIL import Image

    from resuelve.training.image import opened_version

    try:
        captioner = opened_version(files)
        captioner.caption(Image.new("RGB", (8, 8), "white"))  # whatever is loaded late is loaded now
    except TrainingError as error:
        _answer(answers, {"error": str(error)})
        return
    Image.init()
    _answer(answers, {"held": list(give_up(_MEMORY))})
    while len(head := asked.read(_LENGTH.size)) == _LENGTH.size:
        (size,) = _LENGTH.unpack(head)
        allow_seconds(_COMPUTING)
        try:
            _answer(answers, {"caption": captioner.caption(opened(asked.read(size)))})
        except PictureRefused as refused:
            _answer(answers, {"refused": str(refused)})


def _answer(answers: IO[bytes], said: dict[str, Any]) -> None:
    answers.write(json.dumps(said).encode() + b"\n")
    answers.flush()


def _asked(child: subprocess.Popen[bytes], picture: bytes, seconds: float) -> dict[str, Any]:
    """Send a picture without waiting for ever, and read the answer. Raises OSError, ValueError."""
    until = time.monotonic() + seconds
    pipe = _pipe(child.stdin)
    os.set_blocking(pipe, False)
    rest = memoryview(_LENGTH.pack(len(picture)) + picture)
    while rest:
        _wait([], [pipe], until)
        rest = rest[os.write(pipe, rest[:_PIECE]) :]
    return _line(child, until)


def _line(child: subprocess.Popen[bytes], until: float) -> dict[str, Any]:
    pipe, line = _pipe(child.stdout), b""
    while not line.endswith(b"\n"):
        _wait([pipe], [], until)
        piece = os.read(pipe, _PIECE)
        line += piece
        if not piece or len(line) > _LONGEST_ANSWER:
            raise ValueError("no answer")
    said = json.loads(line)
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
