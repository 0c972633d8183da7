"""How the critic's scores drift: whether what it promises still comes, and whether it is still asked the same.

Promised and achieved are compared in the large (the mean forecast and the share that came true; Steyerberg, "Clinical
Prediction Models", 2009, chapter 15) and by bands of the score. That tells only of acts whose time is over. Whether the
scores themselves are distributed as before needs no outcome: the population stability index (Siddiqi, "Credit Risk
Scorecards", 2006, chapter 9).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from resuelve.resolution.shares import wilson

LEAST_CASES = 20
"""Acts below which nothing is said of the calibration."""

LEAST_SCORES = 50
"""Scores, on either side, below which nothing is said of their distribution."""

_BANDS = 10
_SMOOTHING = 0.5
"""Added to each band, so that one that is empty on one side has a logarithm."""

_CHANCE = (0.0, 3.841, 5.991, 7.815, 9.488, 11.070, 12.592, 14.067, 15.507, 16.919)
"""What a chi-square variable exceeds in 5 of 100 cases, by its degrees of freedom from 0 on."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """The critic's score of an act, 0 to 100, and whether the act lasted."""

    score: float
    lasted: bool


@dataclass(frozen=True, slots=True)
class Band:
    """Acts whose scores lie from `start` to below `start` + 10; in the last band, to 100.

    Attributes:
        promised: their mean score as a share, 0 to 1.
        lasted: the share of them that lasted.
        low, high: the 95 % interval of that share (`wilson`).
    """

    start: int
    cases: int
    promised: float
    lasted: float
    low: float
    high: float

    def as_json(self) -> dict[str, Any]:
        """For a report."""
        shares = {name: round(getattr(self, name), 4) for name in ("promised", "lasted", "low", "high")}
        return {"from": self.start, "to": self.start + 100 // _BANDS, "cases": self.cases, **shares}


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the critic promised of acts, and how many lasted.

    That nobody complained is no proof, so what lasted is at most too high: a drift above 0 is a warning, one below is
    none.

    Attributes:
        cases: acts whose score is known.
        promised: their mean score as a share, 0 to 1; None, as all that follows, of fewer than `LEAST_CASES`.
        lasted: the share of them that lasted.
        drift: `promised` minus `lasted`; above 0 it promised more than came.
        low, high: the drift, with the 95 % interval of what lasted (`wilson`).
        bands: by score, lowest first; those without acts are left out.
    """

    cases: int
    promised: float | None = None
    lasted: float | None = None
    drift: float | None = None
    low: float | None = None
    high: float | None = None
    bands: tuple[Band, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For a report."""
        figures = {name: _rounded(getattr(self, name)) for name in ("promised", "lasted", "drift", "low", "high")}
        return {"cases": self.cases, **figures, "bands": [one.as_json() for one in self.bands]}


@dataclass(frozen=True, slots=True)
class InputDrift:
    """How far the scores of late are distributed otherwise than before.

    Attributes:
        before, lately: how many scores were compared.
        index: the population stability index, 0 or more; None of fewer than `LEAST_SCORES` on either side.
        by_chance: what it exceeds by chance in about 5 of 100 comparisons where nothing has changed; None as `index`.
    """

    before: int
    lately: int
    index: float | None = None
    by_chance: float | None = None

    def as_json(self) -> dict[str, Any]:
        """For a report."""
        figures = {"index": _rounded(self.index), "by_chance": _rounded(self.by_chance)}
        return {"before": self.before, "lately": self.lately, **figures}


def calibration(forecasts: Sequence[Forecast]) -> Calibration:
    """What was promised of these acts, and what came; their order plays no part."""
    cases = len(forecasts)
    if cases < LEAST_CASES:
        return Calibration(cases, bands=_bands(forecasts))
    promised, lasted = _promised(forecasts), sum(one.lasted for one in forecasts)
    low, high = wilson(lasted, cases)
    share = lasted / cases
    return Calibration(cases, promised, share, promised - share, promised - high, promised - low, _bands(forecasts))


def input_drift(before: Sequence[float], lately: Sequence[float]) -> InputDrift:
    """The population stability index of scores over ten bands of equal width.

    The sum over the bands of (q - p) ln(q / p), p and q the shares before and lately (Siddiqi, 2006), half a score
    added to each band that is not empty on both sides. Where nothing has changed, it is distributed about as
    (1/n + 1/m) times a chi-square variable with as many degrees of freedom as there are bands, less one (Yurdakul,
    "Statistical properties of population stability index", 2018): so much comes by chance alone.
    """
    n, m = len(before), len(lately)
    if min(n, m) < LEAST_SCORES:
        return InputDrift(n, m)
    earlier, later = Counter(map(_band, before)), Counter(map(_band, lately))
    bands = sorted(earlier | later)
    added = _SMOOTHING * len(bands)
    shares = [((earlier[b] + _SMOOTHING) / (n + added), (later[b] + _SMOOTHING) / (m + added)) for b in bands]
    index = math.fsum((q - p) * math.log(q / p) for p, q in shares)
    return InputDrift(n, m, index, (1 / n + 1 / m) * _CHANCE[len(bands) - 1])


def _bands(forecasts: Sequence[Forecast]) -> tuple[Band, ...]:
    found: dict[int, list[Forecast]] = {}
    for one in forecasts:
        found.setdefault(_band(one.score), []).append(one)
    bands = []
    for band, these in sorted(found.items()):
        lasted = sum(one.lasted for one in these)
        share, interval = lasted / len(these), wilson(lasted, len(these))
        bands.append(Band(band * (100 // _BANDS), len(these), _promised(these), share, *interval))
    return tuple(bands)


def _promised(forecasts: Sequence[Forecast]) -> float:
    return math.fsum(one.score for one in forecasts) / (100 * len(forecasts))


def _band(score: float) -> int:
    return max(0, min(_BANDS - 1, int(score * _BANDS // 100)))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
