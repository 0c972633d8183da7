"""What reads attachments, built from settings."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from resuelve.readers import Limits, Reader
from resuelve.settings import Settings

if TYPE_CHECKING:
    from resuelve.readers.sandbox import SandboxedReader

_PACKAGES = ("lxml", "olefile", "onnxruntime", "PIL", "pypdfium2", "rapidocr")
"""What the extra `reading` brings, by the names under which it is imported."""


def limits(settings: Settings) -> Limits:  # noqa: ARG001 - none of them can be set yet
    """What reading one file may cost."""
    return Limits()


def reader(settings: Settings) -> Reader:
    """The reader of attachments, in processes of its own. None is started before the first file."""
    return _sandboxed(settings)


def held(settings: Settings) -> tuple[str, ...]:
    """What the process that reads has given up: tokens, each with its words in ``texts/*/readers.json``.

    Raises:
        ReaderUnavailable: it does not start.
    """
    one = _sandboxed(settings)
    try:
        return one.holds()
    finally:
        one.close()


def missing() -> tuple[str, ...]:
    """Packages of the extra `reading` that are not installed."""
    return tuple(name for name in _PACKAGES if find_spec(name) is None)


def _sandboxed(settings: Settings) -> SandboxedReader:
    from resuelve.readers.sandbox import SandboxedReader

    return SandboxedReader(limits(settings))
