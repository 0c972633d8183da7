"""Values of a report's JSON, whatever an older version, or somebody with an editor, has written there."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

_LONGEST = 300


def text(value: object, longest: int = _LONGEST) -> str:
    """A text, cut to some length; empty for anything else."""
    return value[:longest] if isinstance(value, str) else ""


def amount(value: object) -> float:
    """A finite number of 0 or more; 0 for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    try:
        number = float(value)
    except OverflowError:
        return 0.0
    return number if math.isfinite(number) and number > 0 else 0.0


def whole(value: object) -> int:
    """A whole number of 0 or more; 0 for anything else."""
    return int(amount(value))


def mapping(value: object) -> Mapping[str, Any]:
    """An object; an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def items(value: object) -> Sequence[Any]:
    """A list; an empty one for anything else."""
    return value if isinstance(value, list) else ()


def counts(value: object, most: int = 100) -> dict[str, int]:
    """Counts by name."""
    return {text(name, 80): whole(count) for name, count in list(mapping(value).items())[:most]}


def moment(value: object) -> datetime | None:
    """A time with its zone (that of this machine where it has none); None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        return found if found.tzinfo else found.astimezone()
    except (ValueError, OverflowError, OSError):
        return None
