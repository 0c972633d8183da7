"""Whether a student is not worse than its teacher: both judged on the same held-out outcomes, by a stated test.

A critic passes when (a) the mean log loss is not higher: the upper end of the one-sided 95 % interval of student minus
teacher, by a paired bootstrap over whole incidents, is at most `MARGIN` (a test of non-inferiority: Piaggio et al.,
"Reporting of noninferiority and equivalence randomized trials", 2012; the percentile bootstrap: Efron and Tibshirani,
An Introduction to the Bootstrap, 1993, chapter 13); and (b) for each threshold in force it acts on no more of them than
its teacher and wrongly on no more, or the lower end of the 95 % interval of its precision (Wilson) reaches that very
threshold; for tickets in the dictionary's language and for others, each by themselves.

An order passes when it puts the right row first on so many more tickets than it loses that chance alone would not:
McNemar's exact test, one-sided, at 5 % (McNemar, "Note on the sampling error of the difference between correlated
proportions or percentages", 1947). One that changes nothing takes no role.

Whoever tries often enough passes by chance. Candidates that were tested before on mostly the same incidents count:
the level is divided by their number plus one (as Bonferroni does; Miller, Simultaneous Statistical Inference, 2nd ed.,
1981, section 1.1). That is not exact, since how often it will be tried is not known beforehand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import comb

import numpy as np

from resuelve.replay import metrics
from resuelve.replay.metrics import Flags, Floats
from resuelve.resolution.score import Scoring
from resuelve.resolution.shares import wilson
from resuelve.training.examples import JudgedChoice, JudgedRanking

MARGIN = 0.01
"""Nats of log loss; what is below nobody would notice."""

LEVEL = 0.05
"""Of both tests, one-sided, when nobody has looked at the held-out incidents before."""

_RESAMPLES = 4_000
_SEED = 27
_SMALLEST = 1e-9


@dataclass(frozen=True, slots=True)
class Standing:
    """What the test found.

    Attributes:
        passed: the student is not worse.
        teachers, students: mean log loss in nats, or share of tickets whose first row is right.
        figures: everything that was measured, by name.
    """

    passed: bool
    teachers: float
    students: float
    figures: dict[str, float]


def looks_before(held_out: Sequence[JudgedChoice | JudgedRanking], looked: Sequence[date]) -> int:
    """How many earlier candidates may have been tested on half of these or more.

    Args:
        held_out: at least one.
        looked: of each candidate the day of the newest incident that it was tested on.
    """
    days = sorted(one.day for one in held_out)
    return sum(until >= days[(len(days) - 1) // 2] for until in looked)


def critic_standing(
    held_out: Sequence[JudgedChoice], teacher: Scoring, student: Scoring, *, looks: int = 0
) -> Standing:
    """Judge a critic by outcomes that it has not seen, at least one.

    Args:
        looks: see `looks_before`.
    """
    level = LEVEL / (looks + 1)
    right = np.asarray([one.right for one in held_out], dtype=np.bool_)
    before, after = (chances(held_out, scoring) for scoring in (teacher, student))
    lost, loses = log_losses(before, right), log_losses(after, right)
    upper = _upper_limit(loses - lost, [one.incident for one in held_out], level)
    words = np.asarray([teacher.of(one.features) is teacher.words for one in held_out], dtype=np.bool_)
    threshold = np.asarray([one.threshold / 100 for one in held_out], dtype=np.float64)
    alike = [kind & (threshold == one) for kind in (words, ~words) for one in np.unique(threshold[kind])]
    careful = all(_careful(before[some], after[some], right[some], float(threshold[some][0])) for some in alike)
    then = np.asarray([one.score / 100 for one in held_out], dtype=np.float64)
    figures = {
        "difference": float((loses - lost).mean()),
        "upper_limit": upper,
        "margin": MARGIN,
        "level": level,
        "looks": float(looks),
        "not_higher": float(upper <= MARGIN),
        "careful": float(careful),
        "log_loss_then": float(log_losses(then, right).mean()),
        **_measures("teacher", before, right, threshold),
        **_measures("student", after, right, threshold),
    }
    return Standing(upper <= MARGIN and careful, float(lost.mean()), float(loses.mean()), figures)


def order_standing(teachers: Sequence[bool | None], students: Sequence[bool | None], *, looks: int = 0) -> Standing:
    """Judge an order by whether the first row of each held-out ticket is right with the one and with the other.

    Args:
        looks: see `looks_before`.
        teachers, students: None where nobody knows: that is nothing won, but lost where the other one's row is right.
    """
    before, after = (np.asarray([one is True for one in told], dtype=np.bool_) for told in (teachers, students))
    lost = int((before & ~after).sum())
    won = sum(was is False and now is True for was, now in zip(teachers, students, strict=True))
    chance, level = mcnemar(won, lost), LEVEL / (looks + 1)
    figures = {"won": float(won), "lost": float(lost), "p": chance, "level": level, "looks": float(looks)}
    return Standing(chance <= level, float(before.mean()), float(after.mean()), figures)


def mcnemar(won: int, lost: int) -> float:
    """The chance of so many won, or more, of those on which the two differ, if neither were better."""
    differ = won + lost
    return float(sum(comb(differ, many) for many in range(won, differ + 1)) / 2**differ)


def chances(choices: Sequence[JudgedChoice], scoring: Scoring) -> Floats:
    """The probability of each, by these models."""
    return np.asarray([scoring.score(one.features) / 100 for one in choices], dtype=np.float64)


def log_losses(chance: Floats, right: Flags) -> Floats:
    """Of each outcome, in nats."""
    found: Floats = -np.log(np.clip(np.where(right, chance, 1.0 - chance), _SMALLEST, 1.0))
    return found


def _upper_limit(differences: Floats, incidents: Sequence[str], level: float) -> float:
    """The upper end of the one-sided interval of the mean; the outcomes of one incident are drawn together."""
    places = {incident: place for place, incident in enumerate(dict.fromkeys(incidents))}
    of_each = np.asarray([places[incident] for incident in incidents])
    sums, counts = np.bincount(of_each, weights=differences), np.bincount(of_each)
    chance = np.random.default_rng(_SEED)
    means = []
    for _ in range(_RESAMPLES):
        drawn = chance.integers(0, len(places), len(places))
        means.append(sums[drawn].sum() / counts[drawn].sum())
    return float(np.quantile(means, 1.0 - level))


def _careful(before: Floats, after: Floats, right: Flags, threshold: float) -> bool:
    """True when no more is acted on, and wrongly on no more, or when what is acted on is surely right often enough."""
    acted, acted_before = after >= threshold, before >= threshold
    wrong, wrong_before = int((acted & ~right).sum()), int((acted_before & ~right).sum())
    if int(acted.sum()) <= int(acted_before.sum()) and wrong <= wrong_before:
        return True
    return wilson(int(right[acted].sum()), int(acted.sum()))[0] >= threshold


def _measures(who: str, chance: Floats, right: Flags, threshold: Floats) -> dict[str, float]:
    acted = chance >= threshold
    auroc = metrics.auroc(chance[right], chance[~right])
    ece = metrics.calibration_error(metrics.reliability(chance, right))
    found = {
        f"acted_{who}": float(acted.sum()),
        f"wrong_{who}": float((acted & ~right).sum()),
        f"precision_low_{who}": wilson(int(right[acted].sum()), int(acted.sum()))[0] if acted.any() else None,
        f"auroc_{who}": auroc,
        f"ece_{who}": ece,
    }
    return {name: value for name, value in found.items() if value is not None}
