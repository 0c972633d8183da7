"""The page of `resuelve evaluate`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def evaluated_page(reports: Sequence[Mapping[str, Any]], *, made: str, language: str) -> str:
    """TODO."""
    return ""
