"""Which files the reading process may open (Landlock): those of Python and its libraries, and no others.

Without it the process could read what its user can: settings with keys, other tickets, the environment of its parent.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

_MACHINES = ("x86_64", "aarch64")
_CREATE, _ADD, _RESTRICT = 444, 445, 446
_VERSION, _BENEATH = 1, 1
_WRITE, _READ, _LIST = 1 << 1, 1 << 2, 1 << 3
_ALL, _TRUNCATE, _TRUNCATE_SINCE = (1 << 13) - 1, 1 << 14, 3

_SYSTEM = (
    *("/usr", "/lib", "/lib64", "/nix/store"),
    *("/etc/ld.so.cache", "/etc/localtime", "/etc/fonts", "/etc/mime.types"),
    *("/dev/urandom", "/dev/random", "/dev/zero"),
    *("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/sys/vm"),
    *("/sys/devices/system", "/sys/fs/cgroup"),
)
"""Libraries, their data, and what they ask about the machine."""


class _Rules(ctypes.Structure):
    _fields_ = (("handled", ctypes.c_uint64),)


class _Rule(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def only_own_files(library: ctypes.CDLL) -> bool:
    """Allow no other files from now on. False where that is not possible. It needs "no new privileges"."""
    if platform.machine() not in _MACHINES:
        return False
    version = library.syscall(_CREATE, None, ctypes.c_size_t(0), _VERSION)
    if version < 1:
        return False
    rules = _Rules(_ALL | (_TRUNCATE if version >= _TRUNCATE_SINCE else 0))
    handle = library.syscall(_CREATE, ctypes.byref(rules), ctypes.c_size_t(ctypes.sizeof(rules)), 0)
    if handle < 0:
        return False
    try:
        for path in dict.fromkeys(_own()):
            _allow(library, handle, path, _READ)
        _allow(library, handle, os.devnull, _READ | _WRITE)
        return bool(library.syscall(_RESTRICT, handle, 0) == 0)
    finally:
        os.close(handle)


def _own() -> Iterator[str]:
    yield from (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix)
    yield from sys.path
    yield from os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)
    yield from _SYSTEM


def _allow(library: ctypes.CDLL, handle: int, path: str, rights: int) -> None:
    """Allow a file, or all in a folder. What is not there needs no leave."""
    if not path:
        return
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rule = _Rule(rights | (_LIST if Path(path).is_dir() else 0), opened)
        library.syscall(_ADD, handle, _BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(opened)
