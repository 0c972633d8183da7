"""A store as the child works with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Opened:
    """A store that can be asked.

    Attributes:
        client: an `MlflowClient`.
        files: where files of a new experiment go; empty for where the store decides.
        here: whether it is a database or folder of this machine, and kept by nobody else.
    """

    client: Any
    address: str
    files: str
    here: bool
