"""What reads attachments, built from settings."""

from __future__ import annotations

from resuelve.readers import Limits, Reader
from resuelve.settings import Settings


def reader(settings: Settings) -> Reader:
    """The reader of attachments, in processes of its own. None is started before the first file."""
    from resuelve.readers.sandbox import SandboxedReader

    return SandboxedReader(Limits())
