"""The filter of calls, carried out here as the kernel would, for every machine that it knows."""

from __future__ import annotations

import errno
import os

import pytest

from resuelve.readers.process.syscalls import _KNOWN, _Calls, program

ALLOWED, REFUSED, UNKNOWN = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
PROCESS = 4711
THREAD = 0x10000 | 0x100
X86 = _KNOWN["x86_64"]


def answer(calls: _Calls, number: int, *arguments: int, machine: int | None = None) -> int:
    """What the filter says to a call."""
    words = {0: number, 4: calls.machine if machine is None else machine}
    words |= {16 + 8 * n: value for n, value in enumerate(arguments)}
    lines, at, held = program(calls, PROCESS), 0, 0
    while True:
        code, holds, fails, value = lines[at]
        at += 1
        match code:
            case 0x20:
                held = words.get(value, 0)
            case 0x06:
                return value
            case 0x15:
                at += holds if held == value else fails
            case 0x35:
                at += holds if held >= value else fails
            case 0x45:
                at += holds if held & value else fails
            case _:
                raise AssertionError(code)


@pytest.fixture(params=_KNOWN)
def calls(request: pytest.FixtureRequest) -> _Calls:
    return _KNOWN[request.param]


def test_what_is_refused_and_what_is_said_not_to_exist(calls: _Calls) -> None:
    assert {answer(calls, number) for number in calls.refused} == {REFUSED}
    assert {answer(calls, number) for number in calls.unknown} == {UNKNOWN}


def test_everything_else_is_allowed(calls: _Calls) -> None:
    looked_at = {
        *calls.refused,
        *calls.unknown,
        *calls.signals,
        *calls.opens,
        calls.clone,
        calls.openat,
        calls.limits,
        calls.fcntl,
    }
    assert {answer(calls, number) for number in range(600) if number not in looked_at} == {ALLOWED}


def test_threads_are_made_and_processes_are_not(calls: _Calls) -> None:
    assert answer(calls, calls.clone, THREAD) == ALLOWED
    assert answer(calls, calls.clone, 17) == REFUSED


def test_it_signals_itself_only(calls: _Calls) -> None:
    for number in calls.signals:
        assert answer(calls, number, PROCESS, 6) == ALLOWED
        assert answer(calls, number, 1, 9) == REFUSED


def test_files_are_opened_and_neither_made_nor_emptied(calls: _Calls) -> None:
    for number, before in ((calls.openat, (0, 0)), *((one, (0,)) for one in calls.opens)):
        assert answer(calls, number, *before, os.O_RDONLY) == ALLOWED
        for flag in (os.O_CREAT, os.O_TRUNC):
            assert answer(calls, number, *before, os.O_WRONLY | flag) == REFUSED


def test_no_other_numbering_passes_by() -> None:
    assert answer(X86, 0, machine=0x40000003) == REFUSED
    assert answer(X86, 0x40000000 + 41) == REFUSED


def test_limits_are_changed_for_itself_only(calls: _Calls) -> None:
    assert answer(calls, calls.limits, 0) == ALLOWED
    assert answer(calls, calls.limits, PROCESS + 1) == REFUSED


@pytest.mark.parametrize(("command", "said"), [(3, ALLOWED), (4, ALLOWED), (8, REFUSED), (10, REFUSED), (15, REFUSED)])
def test_no_file_sends_signals_to_anybody(calls: _Calls, command: int, said: int) -> None:
    assert answer(calls, calls.fcntl, 5, command) == said
