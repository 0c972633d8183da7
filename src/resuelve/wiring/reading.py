"""What reads attachments, built from settings."""

from __future__ import annotations

from importlib.util import find_spec

from resuelve.readers import Limits, Reader
from resuelve.settings import Settings


_PACKAGES = ("lxml", "onnxruntime", "openpyxl", "PIL", "pypdfium2", "docx", "oxmsg", "rapidocr")
"""What the extra `reading` brings, by the names under which it is imported."""


def reader(settings: Settings) -> Reader:
    """The reader of attachments, in processes of its own. None is started before the first file."""
    from resuelve.readers.sandbox import SandboxedReader

    return SandboxedReader(Limits())


def largest(settings: Settings) -> int:
    """Bytes of a file beyond which it is not read."""
    return Limits().bytes


def held(settings: Settings) -> tuple[str, ...]:
    """What the process that reads has given up: tokens, each with its words in ``texts/*/readers.json``.

    Raises:
        ReaderUnavailable: it does not start.
    """
    from resuelve.readers.sandbox import SandboxedReader

    one = SandboxedReader(Limits())
    try:
        return one.holds()
    finally:
        one.close()


def missing() -> tuple[str, ...]:
    """Packages of the extra `reading` that are not installed."""
    return tuple(name for name in _PACKAGES if find_spec(name) is None)
