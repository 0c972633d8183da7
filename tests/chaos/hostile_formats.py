"""A reading process whose reader of texts does what the text tells it: what no real one should do, and some would."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from resuelve.readers.formats.scope import Scope
from resuelve.readers.port import Obstacle, Passage
from resuelve.readers.process import worker


def read(data: bytes, scope: Scope) -> Iterator[Passage | Obstacle]:
    """Say that it began, do it, and say what came of it."""
    order = data.decode().strip()
    yield Passage("", f"begin {order}")
    name, _, argument = order.partition(" ")
    if name in TRIED:
        try:
            yield Passage("", f"done: {TRIED[name](argument)}")
        except OSError as error:
            yield Passage("", f"refused: {type(error).__name__}")
    elif name in DONE:
        yield from DONE[name](scope)


def _socket(_: str) -> object:
    return socket.socket()


def _address(_: str) -> object:
    return urllib.request.urlopen("http://127.0.0.1:9/")


def _program(_: str) -> object:
    return subprocess.run(["true"], check=True)


def _fork(_: str) -> object:
    if (process := os.fork()) == 0:
        os._exit(0)
    return process


def _native_socket(_: str) -> object:
    """As a library in C would, of which the interpreter knows nothing."""
    number = ctypes.CDLL(None, use_errno=True).socket(2, 1, 0)
    if number < 0:
        raise OSError(ctypes.get_errno(), "socket")
    return number


def _native_program(_: str) -> object:
    if ctypes.CDLL(None).system(b"exit 0") != 0:
        raise OSError("system")
    return 0


def _write(path: str) -> object:
    return Path(path).write_text("x", encoding="ascii")


def _delete(path: str) -> object:
    Path(path).unlink()
    return path


def _kill(number: str) -> object:
    os.kill(int(number), 0)
    return number


def _look(path: str) -> object:
    return Path(path).read_bytes()[:10]


def _environment(_: str) -> object:
    return sorted(name for name in os.environ if "RESUELVE" in name or "KEY" in name or name == "HOME")


def _hang(_: Scope) -> Iterator[Passage]:
    while True:
        pass


def _eat(_: Scope) -> Iterator[Passage]:
    pieces = []
    while True:
        pieces.append(b"x" * 10_000_000)


def _eat_native(_: Scope) -> Iterator[Passage]:
    """Memory that a library takes; without any left it ends the process, as C++ does."""
    library = ctypes.CDLL(None)
    library.malloc.restype = ctypes.c_void_p
    while library.malloc(ctypes.c_size_t(50_000_000)):
        pass
    os.write(2, b"terminate called after throwing an instance of 'std::bad_alloc'\n")
    os.abort()


def _crash(_: Scope) -> Iterator[Passage]:
    ctypes.string_at(0)
    yield Passage("", "alive")


def _leave(_: Scope) -> Iterator[Passage]:
    os._exit(0)


def _recurse(scope: Scope) -> Iterator[Passage]:
    yield from _recurse(scope)


def _raise(_: Scope) -> Iterator[Passage]:
    raise SystemError("error return without exception set")


def _flood(_: Scope) -> Iterator[Passage]:
    while True:
        yield Passage("", "word " * 50)


def _print(_: Scope) -> Iterator[Passage]:
    sys.stdout.write('{"end":true}\n')
    sys.stdout.flush()
    os.write(1, b'{"read":["","lie"]}\n')
    yield Passage("", "true words")


def _answer(text: bytes) -> Callable[[Scope], Iterator[Passage]]:
    """Write into the pipe to the parent, which code that took the process over would find."""

    def write(_: Scope) -> Iterator[Passage]:
        for number in range(3, 64):
            try:
                os.write(number, text)
            except OSError:
                continue
        yield Passage("", "after")

    return write


TRIED: dict[str, Callable[[str], object]] = {
    "socket": _socket,
    "address": _address,
    "program": _program,
    "fork": _fork,
    "native-socket": _native_socket,
    "native-program": _native_program,
    "write": _write,
    "delete": _delete,
    "kill": _kill,
    "look": _look,
    "environment": _environment,
}
DONE: dict[str, Callable[[Scope], Iterator[Passage | Obstacle]]] = {
    "hang": _hang,
    "eat": _eat,
    "eat-native": _eat_native,
    "crash": _crash,
    "leave": _leave,
    "recurse": _recurse,
    "raise": _raise,
    "flood": _flood,
    "print": _print,
    "garbage": _answer(b"\x00\xff no JSON\n"),
    "endless": _answer(b"x" * 2_000_000),
    "foreign": _answer(b'{"unread":["","because I say so",""]}\n'),
    "deep": _answer(b"[" * 100_000 + b"\n"),
    "twice": _answer(b'{"kind":"png"}\n'),
    "ahead": _answer(b'{"end":true}\n{"kind":"text"}\n{"read":["","of the next file"]}\n{"end":true}\n'),
}


def main() -> None:
    """Be the reading process, with this as the reader of texts."""
    sys.modules["resuelve.readers.formats.text"] = sys.modules[__name__]
    worker.main()
