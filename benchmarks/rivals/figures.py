"""The figures of a way, with the measures of `resuelve evaluate`; thresholds are found on the calibration split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.rivals.task import Answer, Returned
from resuelve.domain.decision import Doubt, HandOff
from resuelve.domain.known_error import KnownError
from resuelve.replay import metrics
from resuelve.replay.operations import Columns, Operation, operations
from resuelve.replay.predict import Prediction
from resuelve.replay.sets import EvaluationSet, LabelledCase, Split
from resuelve.resolution.consult import prescribed


@dataclass(frozen=True)
class Figures:
    """What was measured on one way; of the test split, but for time and memory.

    Attributes:
        accuracy: first choice right, over the cases that have an answer.
        at_target: with the threshold that reaches the target on the calibration split; None without such cases.
        as_it_comes: with what the way decides by itself.
        per_second: cases, once encoder and index are ready.
        core_ms: milliseconds of a core a case; where others work too, it tells more than `per_second`.
    """

    accuracy: float | None
    at_target: Operation | None
    as_it_comes: Operation
    per_second: float
    core_ms: float
    setup_s: float
    peak_mb: float
    calls: float
    tokens: float

    def values(self) -> dict[str, float | None]:
        """Every figure by its name; None where it is not defined."""
        return {
            "accuracy": self.accuracy,
            **_values("as it comes", self.as_it_comes),
            **_values("at target", self.at_target),
            "incidents/s": self.per_second,
            "core ms an incident": self.core_ms,
            "set-up s": self.setup_s,
            "model calls an incident": self.calls,
            "tokens an incident": self.tokens,
            "peak memory MB": self.peak_mb,
        }


def _values(name: str, one: Operation | None) -> dict[str, float | None]:
    found: dict[str, float | None] = dict.fromkeys(("answered", "precision", "wrong", "hand-over recall"))
    if one:
        wrong = one.answered.answered - one.answered.right
        values = (one.answered.coverage, one.answered.precision, wrong, one.handover_recall)
        found = dict(zip(found, values, strict=True))
    return {f"{name}: {what}": value for what, value in found.items()}


def fastest(runs: Sequence[Returned]) -> Returned:
    """The answers of the first run with the least times of all: what others do on the machine only adds to them."""
    names = ("setup_s", "clock_s", "core_s")
    return replace(runs[0], **{name: min(getattr(one, name) for one in runs) for name in names})


def figures(data: EvaluationSet, returned: Returned, target: float) -> Figures:
    """Judge what a way returned. A row that leaves the ticket to a person is nobody's answer."""
    answers = {answer.id: answer for answer in returned.answers}
    problems = data.dictionary.problems
    found = {
        split: [_prediction(case, answers[case.id], problems) for case in data.of(split)]
        for split in (Split.CALIBRATION, Split.TEST)
    }
    test, now = found[Split.TEST], Columns.of(found[Split.TEST])
    at_target = None
    if found[Split.CALIBRATION]:
        at_target, _ = operations(Columns.of(found[Split.CALIBRATION]), now, target)
    return Figures(
        accuracy=metrics.share(now.right[now.known]),
        at_target=at_target,
        as_it_comes=now.operation(now.approved, None),
        per_second=len(answers) / returned.clock_s,
        core_ms=1000 * returned.core_s / len(answers),
        setup_s=returned.setup_s,
        peak_mb=returned.peak_mb,
        calls=sum(one.calls for one in test) / len(test),
        tokens=sum(one.tokens for one in test) / len(test),
    )


def _prediction(case: LabelledCase, answer: Answer, problems: Mapping[str, KnownError]) -> Prediction:
    problem = problems.get(answer.choice)
    by_hand = problem is not None and isinstance(prescribed(problem), HandOff)
    return Prediction(
        case=case,
        ranking=(answer.choice,) if answer.choice else (),
        confidence=answer.score,
        score=answer.score,
        may_act=answer.may_act and not by_hand,
        by_hand=by_hand,
        approved=answer.acts and not by_hand,
        doubt=Doubt.NONE,
        calls=answer.calls,
        tokens=answer.tokens,
    )


def ratio(value: float | None, ours: float | None) -> float | None:
    """The value with the product's as 1; None where that says nothing."""
    return value / ours if value is not None and ours else None


def as_json(ways: Mapping[str, Figures]) -> dict[str, Any]:
    """Figures and ratios of every way; the product is the first."""
    values = {way: found.values() for way, found in ways.items()}
    ours = next(iter(values.values()))
    ratios = {way: {name: ratio(value, ours[name]) for name, value in of.items()} for way, of in values.items()}
    return {"figures": values, "ratios": ratios}


_SHARES = ("accuracy", "answered", "precision", "recall")


def table(ways: Mapping[str, Figures]) -> str:
    """A line a figure and a column a way, the ratio to the first in brackets; costs that nobody has are left out."""
    values = [found.values() for found in ways.values()]
    lines = [["", *ways]]
    for name, ours in values[0].items():
        of = [one[name] for one in values]
        if any(of) or (ours is not None and name.endswith("answered")):
            lines.append([name, *(_cell(name, value, ours, first=not place) for place, value in enumerate(of))])
    return "\n".join(_line(cells, lines) for cells in lines)


def _cell(name: str, value: float | None, ours: float | None, *, first: bool) -> str:
    if value is None:
        return "—"
    shown = f"{100 * value:.1f} %" if name.endswith(_SHARES) else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    compared = ratio(value, ours)
    return shown if first or compared is None else f"{shown} (x{compared:.2f})"


def _line(cells: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    widths = [max(len(line[place]) for line in lines) for place in range(len(cells))]
    first, *others = zip(cells, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]).rstrip()
