"""Whether a tuned encoder finds more: examples that it has not learned from, put to the dictionary without them.

Of each row with three examples or more a fifth, and at least one, is held out. Both encoders are asked for the first
row of each, by the stages of a run. The tuned one passes when it puts the right row first on so many more of them than
it loses that chance alone would not (McNemar's exact test, as for an order: `standing.order_standing`), and when it
would not act wrongly on more of them, with the score that comes with the product, or would surely act rightly often
enough: the lower end of the 95 % interval of its precision (Wilson) reaches the threshold.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from resuelve.domain.incident import Incident
from resuelve.domain.known_error import KnownError
from resuelve.replay.predict import Prediction
from resuelve.replay.sets import LabelledCase, Split
from resuelve.resolution.shares import wilson
from resuelve.training.standing import Standing, order_standing

LEAST_HELD_OUT = 20
"""Held-out examples below which nothing would be shown."""

_MOST_HELD_OUT = 500
_SHARE = 5
_LEAST_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A dictionary without some of its examples, and these as tickets.

    Attributes:
        rows: how many rows have several examples; texts: how many examples these have.
        missing: how many more are needed at least for a test; 0 when there are enough.
    """

    problems: Mapping[str, KnownError]
    cases: tuple[LabelledCase, ...]
    rows: int
    texts: int

    @property
    def missing(self) -> int:
        return max(LEAST_HELD_OUT - len(self.cases), 0)


def hold_out(problems: Mapping[str, KnownError], read_as: Callable[[str], str]) -> HeldOut:
    """Hold out examples, the same ones every time, whatever the order in which they stand.

    Args:
        read_as: what the encoder reads of a text: examples that are the same to it stay together.
    """
    chosen = sorted(
        (mark, problem.id, example) for problem in problems.values() for mark, example in _drawn(problem, read_as)
    )[:_MOST_HELD_OUT]
    out: dict[str, set[str]] = {}
    for _, row, example in chosen:
        out.setdefault(row, set()).add(read_as(example))
    kept = {row: _without(problem, out[row], read_as) if row in out else problem for row, problem in problems.items()}
    cases = tuple(
        LabelledCase(mark, Split.TEST, Incident(mark, description=example), frozenset({row}))
        for mark, row, example in chosen
    )
    several = [problem for problem in problems.values() if len(problem.examples) > 1]
    return HeldOut(kept, cases, len(several), sum(len(problem.examples) for problem in several))


def encoder_standing(
    before: Sequence[Prediction], after: Sequence[Prediction], *, threshold: float, looks: int
) -> Standing:
    """Judge a tuned encoder by what became of each held-out example with the one as it came, and with the tuned one.

    Args:
        threshold: of the score, between 0 and 100.
        looks: versions that were tested before on mostly the same examples; see `standing.looks_before`.
    """
    found = order_standing([one.right for one in before], [one.right for one in after], looks=looks)
    acted, wrong = _acts(after)
    acted_before, wrong_before = _acts(before)
    careful = wrong <= wrong_before or wilson(acted - wrong, acted)[0] >= threshold / 100
    figures = {"acted_teacher": acted_before, "wrong_teacher": wrong_before, "acted_student": acted}
    figures |= {"wrong_student": wrong, "careful": careful}
    told = {**found.figures, **{name: float(value) for name, value in figures.items()}}
    return replace(found, passed=found.passed and careful, figures=told)


def _acts(predictions: Sequence[Prediction]) -> tuple[int, int]:
    """How many would be acted on, and wrongly."""
    acted = [one for one in predictions if one.approved]
    return len(acted), sum(not one.right for one in acted)


def _drawn(problem: KnownError, read_as: Callable[[str], str]) -> list[tuple[str, str]]:
    """A fifth of a row's examples, each with its digest; none where fewer than two others would be left."""
    different = {read_as(example): example for example in sorted(problem.examples)}
    if len(different) < _LEAST_EXAMPLES:
        return []
    marked = sorted(
        (hashlib.sha256(one.encode("utf-8", "surrogatepass")).hexdigest(), one) for one in different.values()
    )
    return marked[: max(1, len(marked) // _SHARE)]


def _without(problem: KnownError, texts: set[str], read_as: Callable[[str], str]) -> KnownError:
    return replace(problem, examples=tuple(one for one in problem.examples if read_as(one) not in texts))
