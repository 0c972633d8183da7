"""A filter in the kernel (seccomp): calls that reading a file never needs are refused, whoever makes them.

The libraries that take files apart are written in C. What the interpreter refuses does not bind them; this does.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass

_SET_FILTER, _ALL_THREADS = 1, 1
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000
_NUMBER, _MACHINE, _ARGUMENT, _WORD = 0, 4, 16, 8
_THREAD = 0x00010000
_SIGNALLING = (8, 10, 15)
"""F_SETOWN, F_SETSIG, F_SETOWN_EX."""

_MAKES_OR_EMPTIES = os.O_CREAT | os.O_TRUNC


@dataclass(frozen=True, slots=True)
class _Calls:
    """The numbers of a machine's calls."""

    machine: int
    refused: tuple[int, ...]
    """Sockets; programs and processes; other processes; names of files; what is shared with others, and their priority;
    mounts, modules, keys, other interfaces."""
    unknown: tuple[int, ...]
    """Said not to exist, so that the C library falls back to calls that can be looked at: clone3, openat2, io_uring."""
    clone: int
    openat: int
    signals: tuple[int, ...]
    """Allowed to itself only: kill, tgkill."""
    limits: int
    """prlimit64: allowed for itself only, which it calls 0."""
    seccomp: int
    """By which the filter is set for every thread at once."""
    fcntl: int
    """All but its commands that have signals sent to somebody."""
    opens: tuple[int, ...] = ()
    """The older call, with its flags in the second argument."""


_KNOWN = {
    "x86_64": _Calls(
        machine=0xC000003E,
        refused=(
            *(41, 42, 43, 44, 49, 50, 53, 288, 307),
            *(57, 58, 59, 322),
            *(101, 129, 200, 297, 310, 311, 424, 434, 438),
            *(76, 82, 83, 84, 85, 86, 87, 88, 90, 91, 92, 93, 94, 133, 188, 189, 190, 258, 259, 260, 263, 264, 265),
            *(266, 268, 285, 316, 452),
            *(29, 30, 31, 64, 65, 66, 67, 68, 69, 70, 71, 141, 142, 144, 220, 240, 241, 242, 243, 244, 245, 314),
            *(155, 161, 165, 166, 175, 176, 246, 248, 249, 250, 272, 298, 304, 308, 313, 320, 321, 323),
        ),
        unknown=(425, 426, 427, 435, 437),
        clone=56,
        openat=257,
        signals=(62, 234),
        limits=302,
        seccomp=317,
        fcntl=72,
        opens=(2,),
    ),
    "aarch64": _Calls(
        machine=0xC00000B7,
        refused=(
            *(198, 199, 200, 201, 202, 203, 206, 242, 269),
            *(221, 281),
            *(117, 130, 138, 240, 270, 271, 424, 434, 438),
            *(5, 6, 7, 33, 34, 35, 36, 37, 38, 45, 47, 52, 53, 54, 55, 276, 452),
            *(118, 119, 140, 180, 181, 182, 183, 184, 185, *range(186, 198), 274),
            *(39, 40, 41, 51, 97, 104, 105, 106, 217, 218, 219, 241, 265, 268, 273, 280, 282, 294),
        ),
        unknown=(425, 426, 427, 435, 437),
        clone=220,
        openat=56,
        signals=(129, 131),
        limits=261,
        seccomp=277,
        fcntl=25,
    ),
}

Line = tuple[int, int, int, int]
"""An instruction: code, lines to jump when it holds, when it does not, operand."""


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.POINTER(_Instruction)))


def filter_calls(library: ctypes.CDLL) -> bool:
    """Refuse them from now on, in every thread. False where that is not possible."""
    calls = _KNOWN.get(platform.machine())
    if calls is None:
        return False
    lines = program(calls, os.getpid())
    instructions = (_Instruction * len(lines))(*(_Instruction(*line) for line in lines))
    whole = _Program(len(lines), instructions)
    return bool(library.syscall(calls.seccomp, _SET_FILTER, _ALL_THREADS, ctypes.byref(whole)) == 0)


def program(calls: _Calls, process: int) -> list[Line]:
    """The filter's instructions."""
    no, unknown = _REFUSE | errno.EPERM, _REFUSE | errno.ENOSYS
    lines: list[Line] = [
        (_LOAD, 0, 0, _MACHINE),
        (_EQUAL, 1, 0, calls.machine),
        (_RETURN, 0, 0, no),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if calls.opens:  # the second numbering of x86-64 would pass by all that follows
        lines += [(_AT_LEAST, 0, 1, 0x40000000), (_RETURN, 0, 0, no)]
    lines += _answered(calls.refused, no)
    lines += _answered(calls.unknown, unknown)
    lines += [(_EQUAL, 0, 4, calls.clone), (_LOAD, 0, 0, _ARGUMENT), (_ANY_BIT, 1, 0, _THREAD), (_RETURN, 0, 0, no)]
    lines.append((_RETURN, 0, 0, _ALLOW))
    for number in calls.signals:
        lines += [(_EQUAL, 0, 4, number), (_LOAD, 0, 0, _ARGUMENT), (_EQUAL, 1, 0, process), (_RETURN, 0, 0, no)]
        lines.append((_RETURN, 0, 0, _ALLOW))
    lines += [(_EQUAL, 0, 4, calls.limits), (_LOAD, 0, 0, _ARGUMENT), (_EQUAL, 1, 0, 0), (_RETURN, 0, 0, no)]
    lines.append((_RETURN, 0, 0, _ALLOW))
    signalling = _answered(_SIGNALLING, no)
    lines += [(_EQUAL, 0, len(signalling) + 2, calls.fcntl), (_LOAD, 0, 0, _ARGUMENT + _WORD), *signalling]
    lines.append((_RETURN, 0, 0, _ALLOW))
    for number, flags in ((calls.openat, 2), *((one, 1) for one in calls.opens)):
        lines += [(_EQUAL, 0, 4, number), (_LOAD, 0, 0, _ARGUMENT + _WORD * flags)]
        lines += [(_ANY_BIT, 0, 1, _MAKES_OR_EMPTIES), (_RETURN, 0, 0, no), (_RETURN, 0, 0, _ALLOW)]
    return [*lines, (_RETURN, 0, 0, _ALLOW)]


def _answered(numbers: Iterable[int], answer: int) -> list[Line]:
    return [line for number in numbers for line in ((_EQUAL, 0, 1, number), (_RETURN, 0, 0, answer))]
