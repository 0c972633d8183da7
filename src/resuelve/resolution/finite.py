"""Numbers of learned models, read strictly."""

from __future__ import annotations

import math


def finite(value: object) -> float:
    """The number that a JSON value is. Raises ValueError for everything else, and for what is beyond all numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(value)
    try:
        number = float(value)
    except OverflowError as error:
        raise ValueError("too large") from error
    if not math.isfinite(number):
        raise ValueError(value)
    return number
