"""The measures, each with its source; no I/O, and no other room's values.

A case has a first choice, which is right or not, and a confidence in it. A case that must go to a person has no right
choice. None stands for a measure that is not defined, such as the precision of no answer.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from resuelve.resolution.shares import wilson

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def chances(odds: Floats) -> Floats:
    """The chances, 0 to 1, of log-odds within ±30."""
    found: Floats = 1.0 / (1.0 + np.exp(-np.clip(odds, -30.0, 30.0)))
    return found


def share(flags: Flags) -> float | None:
    """The share of true ones; None of none."""
    return float(flags.mean()) if flags.size else None


def recall_at(rankings: Sequence[Sequence[str]], expected: Sequence[Collection[str]], k: int) -> float | None:
    """The share of cases that have an acceptable problem among their first `k`.

    Cases without any acceptable problem are left out. With one right answer a case it is recall, with several it is
    also called success at k (Manning, Raghavan, Schütze, "Introduction to Information Retrieval", 2008, 8.4).
    """
    found = [not set(right).isdisjoint(ranking[:k]) for ranking, right in zip(rankings, expected, strict=True) if right]
    return share(np.asarray(found, dtype=np.bool_))


def macro_f1(truth: Sequence[str], chosen: Sequence[str]) -> float | None:
    """The unweighted mean over problems of F1, the harmonic mean of precision and recall.

    Over every problem that is the truth of a case or was chosen for one, as scikit-learn does; an empty choice is none
    and counts against its truth only. (Sokolova, Lapalme, "A systematic analysis of performance measures for
    classification tasks", 2009; the mean of F1 scores, Opitz, Burst, "Macro F1 and Macro F1", 2019.)
    """
    expected, given = Counter(truth), Counter(chosen)
    hits = Counter(one for one, other in zip(truth, chosen, strict=True) if one == other)
    labels = (expected | given).keys() - {""}
    if not labels:
        return None
    return sum(2 * hits[label] / (expected[label] + given[label]) for label in sorted(labels)) / len(labels)


def auroc(positive: Floats, negative: Floats) -> float | None:
    """The probability that a case of the one kind has more confidence than one of the other, ties counting half.

    From the ranks, equal values sharing the mean of theirs: the statistic of Mann and Whitney, which is the area under
    the ROC curve (Hanley, McNeil, "The meaning and use of the area under a ROC curve", 1982). None unless there are
    cases of both kinds.
    """
    if not positive.size or not negative.size:
        return None
    _, place, counts = np.unique(np.concatenate([positive, negative]), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks = (last - (counts - 1) / 2)[place[: positive.size]]
    wins = float(ranks.sum()) - positive.size * (positive.size + 1) / 2
    return wins / (positive.size * negative.size)


@dataclass(frozen=True, slots=True)
class Bin:
    """Cases of similar confidence.

    Attributes:
        confidence: their mean confidence.
        right: the share of them whose first choice is right.
        low, high: the 95 % interval of that share (`wilson`).
    """

    cases: int
    confidence: float
    right: float
    low: float
    high: float


def reliability(confidence: Floats, right: Flags, bins: int = 10) -> tuple[Bin, ...]:
    """Cases by confidence in at most `bins` bins of about equal size: what was promised, and what came.

    Bins of equal size, because those of equal width are nearly empty where no confidence falls (Nguyen, O'Connor,
    "Posterior calibration and exploratory analysis for NLP models", 2015, section 3). Equal confidences share a bin, so
    that the order of the cases plays no part.
    """
    values, counts, hits = by_confidence(confidence, right)
    before = np.cumsum(counts) - counts
    places = (before * bins) // max(1, confidence.size)
    found = []
    for place in np.unique(places):
        these = places == place
        cases, good = int(counts[these].sum()), int(hits[these].sum())
        mean = float((values[these] * counts[these]).sum()) / cases
        found.append(Bin(cases, mean, good / cases, *wilson(good, cases)))
    return tuple(found)


def calibration_error(bins: Sequence[Bin]) -> float | None:
    """The mean distance between promised and achieved, weighted by cases: ECE.

    (Naeini, Cooper, Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning", 2015; Guo et al.,
    "On calibration of modern neural networks", 2017, equation 3; here over bins of equal size.)
    """
    cases = sum(one.cases for one in bins)
    return sum(one.cases * abs(one.right - one.confidence) for one in bins) / cases if cases else None


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of answering some cases and handing the others over.

    Attributes:
        coverage: share of all cases that were answered.
        precision: share of the answered ones that were right; None when none was.
        lower: the lower end of the two-sided 95 % interval of `precision` (`wilson`); None when none was.
    """

    cases: int
    answered: int
    right: int

    @property
    def coverage(self) -> float:
        return self.answered / self.cases if self.cases else 0.0

    @property
    def precision(self) -> float | None:
        return self.right / self.answered if self.answered else None

    @property
    def lower(self) -> float | None:
        return wilson(self.right, self.answered)[0] if self.answered else None


def answered(chosen: Flags, right: Flags) -> Answered:
    """Count what was answered, and how much of it rightly."""
    return Answered(int(chosen.size), int(chosen.sum()), int((chosen & right).sum()))


def least_answers(target: float) -> int:
    """With fewer answers than this a single wrong one misses the target, so that reaching it proves nothing."""
    return math.ceil(1 / (1 - target) - 1e-9)


def threshold_for(confidence: Floats, right: Flags, target: float) -> float | None:
    """The smallest confidence from which on the answers reach the target precision; None when none does.

    This is the most coverage that the target allows on these cases (selective classification: El-Yaniv, Wiener, "On the
    foundations of noise-free selective classification", 2010; Geifman, El-Yaniv, "Selective classification for deep
    neural networks", 2017, without their bound). It promises nothing about other cases: what is achieved is measured
    on the test split.

    Ties: cases of equal confidence are answered together or not at all, so only confidences that occur are tried. Small
    counts: fewer answers than `least_answers` are no evidence, and such a threshold is not taken.

    Args:
        confidence: of the cases that may be answered; target: below 1.
    """
    values, counts, hits = by_confidence(confidence, right)
    answers, good = np.cumsum(counts[::-1])[::-1], np.cumsum(hits[::-1])[::-1]
    reached = (good >= target * answers - 1e-9) & (answers >= least_answers(target))
    return float(values[reached][0]) if reached.any() else None


def threshold_for_joint(confidence: Floats, right: Flags, kept: Flags) -> float:
    """The confidence from which on answering gives the most cases that are answered rightly or rightly handed over.

    Infinity (answer nothing) is tried, too; of equally good ones the highest is taken, the most careful. Joint accuracy
    as in Larson et al., "An evaluation dataset for intent classification and out-of-scope prediction", 2019, with
    its two measures in one count; the threshold as for HINT3 (Arora et al., 2020), but found on the calibration split.

    Args:
        kept: the case is rightly handed over when it is not answered.
    """
    values, gains, _ = by_confidence(confidence, right, right.astype(np.int64) - kept.astype(np.int64))
    total = np.concatenate([np.cumsum(gains[::-1]), [0]]) if gains.size else np.zeros(1, dtype=np.int64)
    tried = np.concatenate([values[::-1], [np.inf]])
    best = total.max()
    return float(tried[total == best].max())


@dataclass(frozen=True, slots=True)
class Point:
    """One threshold: from this confidence on, so many are answered, with so much precision."""

    threshold: float
    coverage: float
    precision: float


def risk_coverage(confidence: Floats, right: Flags, cases: int, most: int = 200) -> tuple[Point, ...]:
    """Coverage and precision (one minus the risk) at every threshold, the highest threshold first.

    (El-Yaniv, Wiener, 2010.) At most `most` points, evenly spaced, the last always among them.

    Args:
        cases: of which the coverage is a share, also those that may not be answered at all.
    """
    values, counts, hits = (part[::-1] for part in by_confidence(confidence, right))
    answers, good = np.cumsum(counts), np.cumsum(hits)
    places = np.unique(np.linspace(0, values.size - 1, min(most, values.size)).round().astype(np.int64))
    return tuple(Point(float(values[i]), float(answers[i]) / cases, float(good[i]) / float(answers[i])) for i in places)


_Counts = npt.NDArray[np.int64]


def by_confidence(confidence: Floats, right: Flags, gain: _Counts | None = None) -> tuple[Floats, _Counts, _Counts]:
    """The different confidences, ascending, with the cases of each (or the sum of their gains), and the right ones."""
    values, place = np.unique(confidence, return_inverse=True)
    counts = np.zeros(values.size, dtype=np.int64)
    hits = np.zeros(values.size, dtype=np.int64)
    np.add.at(counts, place, 1 if gain is None else gain)
    np.add.at(hits, place, right.astype(np.int64))
    return values, counts, hits
