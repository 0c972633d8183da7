"""Values of a report's JSON, whatever an older version, or somebody with an editor, has written there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

LISTED = 500
"""Things in a list of the summary; how many there are in all stands beside it."""

_LONGEST = 300
_MOST = 1e12
"""Far above any count of tokens or number of seconds, and sums of it are finite."""

_YEARS = range(1971, 9000)
"""Outside them a moment cannot be told in every zone of the world."""


def text(value: object, longest: int = _LONGEST) -> str:
    """A text, cut to some length; empty for anything else."""
    return value[:longest] if isinstance(value, str) else ""


def amount(value: object) -> float:
    """A number from 0 to 10^12; 0 for anything else, which nobody has counted or measured."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    try:
        number = float(value)
    except OverflowError:
        return 0.0
    return number if 0 < number <= _MOST else 0.0


def whole(value: object) -> int:
    """A whole number from 0 to 10^12; 0 for anything else."""
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
    """A time with its zone (that of this machine where it has none); None for anything else, and beyond all years."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    if found.year not in _YEARS:
        return None
    return found if found.tzinfo else found.astimezone()
