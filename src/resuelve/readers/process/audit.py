"""What the interpreter itself refuses in the reading process: sockets, programs, processes, and changed files."""

from __future__ import annotations

import os
import sys

_REFUSED = frozenset(
    """
    subprocess.Popen pty.spawn urllib.Request webbrowser.open
    os.system os.exec os.fork os.forkpty os.posix_spawn os.spawn os.startfile os.kill os.killpg
    os.remove os.rename os.mkdir os.rmdir os.link os.symlink os.truncate os.chmod os.chown os.chflags os.lockf
    os.setxattr os.removexattr os.utime
    tempfile.mkstemp tempfile.mkdtemp signal.pthread_kill
    """.split()
)
_REFUSED_FAMILIES = ("socket.", "shutil.", "ftplib.", "http.client.", "imaplib.", "nntplib.", "poplib.", "smtplib.")
_CHANGING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Forbidden(PermissionError):
    """The reading process tried what it may not do."""


def refuse() -> None:
    """From now on, and for as long as the process lives."""
    sys.addaudithook(_look)


def _look(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open":
        _look_at_opening(arguments)
    elif event in _REFUSED or event.startswith(_REFUSED_FAMILIES):
        raise Forbidden(event)


def _look_at_opening(arguments: tuple[object, ...]) -> None:
    path, _, flags = arguments
    if isinstance(flags, int) and flags & _CHANGING and path != os.devnull and not isinstance(path, int):
        raise Forbidden("open")
