"""What the reading process gives up before it sees the first byte. None of it can be taken back."""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from contextlib import suppress
from pathlib import Path

from resuelve.readers.process.audit import refuse
from resuelve.readers.process.landlock import only_own_files
from resuelve.readers.process.syscalls import filter_calls

TOKENS = ("memory", "cpu", "files", "privileges", "network", "folders", "calls", "python")
"""What may hold, in this order:

- ``memory``: the address space is limited. ``cpu``: so is computing time.
- ``files``: no file can be written, and few can be open.
- ``privileges``: no program can give more rights.
- ``network``: the process is in a network of its own, in which there is nothing.
- ``folders``: only the files of Python and its libraries can be read.
- ``calls``: the kernel refuses sockets, programs, processes, and whatever else reading does not need.
- ``python``: the interpreter refuses the same, on every system.
"""

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
_NO_NEW_PRIVILEGES = 38
_DESCRIPTORS = 64


def give_up(memory: int) -> tuple[str, ...]:
    """Give up all that the system lets a process give up, and say what holds.

    Args:
        memory: bytes of address space beyond those that are used now.
    """
    held = set()
    _be_the_first_to_go()
    if _limited(resource.RLIMIT_AS, _address_space() + memory):
        held.add("memory")
    _limited(resource.RLIMIT_CORE, 0)
    if _limited(resource.RLIMIT_FSIZE, 0) and _limited(resource.RLIMIT_NOFILE, _DESCRIPTORS):
        held.add("files")
    if sys.platform == "linux":
        held |= _from_the_kernel()
    refuse()
    return tuple(token for token in TOKENS if token in held | {"cpu", "python"})


def allow_seconds(seconds: float) -> None:
    """Let the process compute for so long from now on, on every core; then it is killed.

    The parent counts the time that passes. This is for a process whose parent is gone.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime + seconds * (os.cpu_count() or 1)) + 1
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _limited(what: int, value: int) -> bool:
    try:
        hard = resource.getrlimit(what)[1]
        least = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(what, (least, least))
    except (OSError, ValueError):  # macOS does not limit the address space
        return False
    return True


def _be_the_first_to_go() -> None:
    """When the machine runs out of memory, the kernel ends this process rather than its parent."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def _address_space() -> int:
    """Bytes of address space in use; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * resource.getpagesize()


def _from_the_kernel() -> set[str]:
    library = ctypes.CDLL(None, use_errno=True)
    held = set()
    # In a new user's space root is nobody: it keeps no right over the machine. Some systems allow only one of the two.
    if library.unshare(_NEW_USER | _NEW_NETWORK) == 0 or library.unshare(_NEW_NETWORK) == 0:
        held.add("network")
    if library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0:
        held.add("privileges")
        if only_own_files(library):
            held.add("folders")
        if filter_calls(library):
            held.add("calls")
    return held
