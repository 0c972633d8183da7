"""How far a share that was counted may be from the true one."""

from __future__ import annotations

import math

_Z = 1.96
"""Of the normal distribution, 95 % lie between minus and plus so many standard deviations."""


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """The 95 % interval for a share (Wilson, 1927; Brown, Cai, DasGupta, "Interval Estimation", 2001, 3.1.1).

    Unlike the usual one it is sensible for few trials and for shares near 0 and 1. (0, 1) without trials.
    """
    if not trials:
        return 0.0, 1.0
    share = successes / trials
    middle = share + _Z**2 / (2 * trials)
    spread = _Z * math.sqrt(share * (1 - share) / trials + _Z**2 / (4 * trials**2))
    scale = 1 + _Z**2 / trials
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)
