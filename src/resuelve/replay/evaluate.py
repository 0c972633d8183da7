"""An evaluation of one set: the table of contents, and its result.

The score learns from the calibration split where that is for the better (`replay.calibrate`), and thresholds are set on
it; every figure is measured on the test split. What a run would do now is measured with the score as it is set.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from resuelve.domain.decision import Doubt
from resuelve.domain.errors import Rejected
from resuelve.models import ChatModel
from resuelve.replay import details, metrics
from resuelve.replay.calibrate import Calibration, Label, calibrate
from resuelve.replay.operations import Columns, Operation, ScoreAlone, operations, score_alone
from resuelve.replay.predict import Prediction, RememberingEmbedder, Undecided, attempt
from resuelve.replay.risk import Guarantee, guarantees
from resuelve.replay.sets import EvaluationSet, Split
from resuelve.resolution.knowledge import Knowledge
from resuelve.resolution.report import rejected_as_json
from resuelve.resolution.rules import Rules
from resuelve.resolution.score import shipped
from resuelve.resolution.votes import ABSOLUTE

DEPTHS = (1, 3, 5, 10)
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Aim:
    """What thresholds are sought for.

    Attributes:
        target: the precision aimed at, at least .5 and below 1.
        risk, confidence: see `replay.risk.guarantees`.
    """

    target: float = 0.95
    risk: float = 0.05
    confidence: float = 0.9


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was measured on one set.

    Attributes:
        data: the set, with those of its cases that were decided.
        aim: what was aimed at.
        recall: by depth of the ranking.
        at_target: with the threshold that reaches the target on the calibration split.
        at_joint: with the one that makes joint accuracy there the highest.
        learned: what the calibration split teaches about the score; all but `as_set`, `guarantees`, `doubts`,
            `drawn_in` and `mistakes` is measured with it.
        as_set: as a run would do it now, with the score and threshold that are set (`set_threshold`, 0 to 1).
        alone: what the score alone would give, without the critic's rules: what the rules cost and what they save.
        auroc: confidence on cases with an answer against those without; None unless the test has both.
        auroc_right: confidence on right first choices against all others.
        ms: mean milliseconds an incident by stage.
        calls, tokens: of the language model, over all cases of the test split.
        undecided: cases for which a model did not answer; they count in no figure.
    """

    data: EvaluationSet
    aim: Aim
    set_threshold: float
    embedder: str
    model: str
    learned: Calibration
    accuracy: float | None
    recall: Mapping[int, float | None]
    macro_f1: float | None
    at_target: Operation
    at_joint: Operation
    as_set: Operation
    guarantees: tuple[Guarantee, ...]
    alone: ScoreAlone
    auroc: float | None
    auroc_right: float | None
    bins: tuple[metrics.Bin, ...]
    curve: tuple[metrics.Point, ...]
    ms: Mapping[str, float]
    calls: int
    tokens: int
    doubts: Mapping[str, int]
    confusions: tuple[details.Confusion, ...]
    drawn_in: tuple[details.Confusion, ...]
    mistakes: tuple[details.Mistake, ...]
    tags: tuple[details.Tagged, ...]
    undecided: tuple[Undecided, ...] = ()

    @property
    def ece(self) -> float | None:
        """The calibration error."""
        return metrics.calibration_error(self.bins)

    def as_json(self, language: str = "en") -> dict[str, Any]:
        """The report: the fields of the contract, then those that explain them. Shares are rounded to four digits.

        Args:
            language: of the reasons why lines were set aside.
        """
        data = self.data
        cases = max(1, len(data.of(Split.TEST)))
        contract = {
            "set": data.name,
            "kb": data.kb,
            "cases": data.counts(),
            "accuracy": self.accuracy,
            "recall_at": {str(k): value for k, value in self.recall.items()},
            "macro_f1": self.macro_f1,
            "joint_accuracy": self.at_joint.joint_accuracy,
            "coverage": self.at_target.answered.coverage,
            "precision": self.at_target.answered.precision,
            "precision_lower_95": self.at_target.answered.lower,
            "handover_recall": self.at_target.handover_recall,
            "auroc": self.auroc,
            "ece": self.ece,
            "ms_per_incident": sum(self.ms.values()),
            "model_calls": self.calls,
            "tokens": self.tokens,
        }
        more = {
            "dataset": data.digest,
            "target": self.aim.target,
            "calibration": self.learned.as_json(),
            "at_target": self.at_target.as_json(),
            "at_joint": self.at_joint.as_json(),
            "as_set": self.as_set.as_json(),
            "guaranteed": {
                "risk": self.aim.risk,
                "confidence": self.aim.confidence,
                "by_resolution": [one.as_json() for one in self.guarantees],
            },
            "score_alone": self.alone.as_json(),
            "auroc_right": self.auroc_right,
            "model_calls_per_incident": self.calls / cases,
            "ms_by_stage": dict(self.ms),
            "problems": len(data.dictionary.problems),
            "embedder": self.embedder,
            "model": self.model,
            "not_approved": dict(self.doubts),
            "tags": [asdict(one) for one in self.tags],
            "confusions": [asdict(one) for one in self.confusions],
            "drawn_in": [asdict(one) for one in self.drawn_in],
            "mistakes": [asdict(one) for one in self.mistakes],
            "reliability": [asdict(one) for one in self.bins],
            "risk_coverage": [asdict(one) for one in self.curve],
            "set_aside": rejected_as_json(data.rejected, language),
            "rejected_rows": rejected_as_json(data.dictionary.rejected, language),
            "undecided": self._undecided(language),
        }
        rounded: dict[str, Any] = _rounded(contract | more)
        return rounded

    def _undecided(self, language: str) -> dict[str, Any]:
        """How many of each split, and why."""
        counts = {split.value: sum(one.case.split is split for one in self.undecided) for split in Split}
        told = [Rejected(one.case.id, one.error.where, one.error.what) for one in self.undecided]
        return {**counts, "cases": rejected_as_json(told, language)}


def evaluate(
    data: EvaluationSet,
    knowledge: Knowledge,
    embedder: RememberingEmbedder,
    rules: Rules,
    *,
    aim: Aim,
    chat: ChatModel | None = None,
    workers: int = 1,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Evaluation:
    """Decide every case of a set, and measure.

    Args:
        knowledge: the set's dictionary, on `embedder`.
        progress: told how many of how many cases are decided.

    Raises:
        ModelUnavailable: see `attempt`; or no case of the test split could be decided.
        VectorIndexError: see `attempt`.
    """
    # Votes that an earlier calibration has silenced or outvoted would be missing among those that are learned from.
    rules = replace(rules, scoring=replace(rules.scoring, votes=ABSOLUTE))
    cases = [*data.of(Split.CALIBRATION), *data.of(Split.TEST)]
    tried = attempt(cases, knowledge, embedder, rules, chat=chat, workers=workers, progress=progress)
    found = [one for one in tried if isinstance(one, Prediction)]
    aside = [one for one in tried if isinstance(one, Undecided)]
    calibration = [one for one in found if one.case.split is Split.CALIBRATION]
    test = [one for one in found if one.case.split is Split.TEST]
    if not test and aside:
        raise aside[-1].error
    labels = [
        Label(one.features, one.right, one.votes, excused=one.doubt is Doubt.MODEL_FAILED)
        for one in calibration
        if one.weighable
    ]
    figures = measured(
        replace(data, cases=tuple(one.case for one in found)),
        calibration,
        test,
        aim=aim,
        learned=calibrate(labels, shipped(), rules.lowest_threshold / 100),
        set_threshold=rules.threshold / 100,
        embedder=embedder.identity,
        model=chat.name if chat else "",
    )
    return replace(figures, undecided=tuple(aside))


def measured(
    data: EvaluationSet,
    calibration: Sequence[Prediction],
    test: Sequence[Prediction],
    *,
    aim: Aim,
    learned: Calibration,
    set_threshold: float,
    embedder: str,
    model: str,
) -> Evaluation:
    """The figures of predictions that were made, as it is set."""
    as_set = Columns.of(test)
    as_set_operation = as_set.operation(as_set.approved, set_threshold)
    guaranteed = guarantees(calibration, test, risk=aim.risk, confidence=aim.confidence)
    doubts, approved = _doubts(test), as_set.approved.tolist()
    drawn_in, mistakes = details.confusions(test, approved, known=False), details.mistakes(test, approved)
    # Without votes: these figures are for many thresholds, and what a no is worth has been shown for one.
    if scoring := learned.scoring:
        calibration = [one.rescored(scoring) for one in calibration]
        test = [one.rescored(scoring) for one in test]
    past, now = Columns.of(calibration), Columns.of(test)
    at_target, at_joint = operations(past, now, aim.target)
    acted = now.from_confidence(at_target.threshold).tolist()
    with_answer = [one for one in test if one.case.expected]
    return Evaluation(
        data=data,
        aim=aim,
        set_threshold=set_threshold,
        embedder=embedder,
        model=model,
        learned=learned,
        accuracy=metrics.share(now.right[now.known]),
        recall={k: _recall(with_answer, k) for k in DEPTHS},
        macro_f1=metrics.macro_f1([_truth(one) for one in with_answer], [one.choice for one in with_answer]),
        at_target=at_target,
        at_joint=at_joint,
        as_set=as_set_operation,
        guarantees=guaranteed,
        alone=score_alone(calibration, test, aim.target),
        auroc=metrics.auroc(now.confidence[now.known], now.confidence[~now.known]),
        auroc_right=metrics.auroc(now.confidence[now.right], now.confidence[~now.right]),
        bins=metrics.reliability(now.confidence, now.right),
        curve=metrics.risk_coverage(now.confidence[now.may_act], now.right[now.may_act], len(test)),
        ms=_mean_ms(test),
        calls=sum(one.calls for one in test),
        tokens=sum(one.tokens for one in test),
        doubts=doubts,
        confusions=details.confusions(test, acted, known=True),
        drawn_in=drawn_in,
        mistakes=mistakes,
        tags=details.by_tag(test, acted),
    )


def _recall(predictions: Sequence[Prediction], k: int) -> float | None:
    return metrics.recall_at([one.ranking for one in predictions], [one.case.expected for one in predictions], k)


def _truth(one: Prediction) -> str:
    """The right problem; of several the one that was chosen, or else the first by name."""
    return one.choice if one.right else min(one.case.expected)


def _mean_ms(predictions: Sequence[Prediction]) -> dict[str, float]:
    stages = dict.fromkeys(stage for one in predictions for stage in one.ms)
    return {stage: sum(one.ms.get(stage, 0.0) for one in predictions) / len(predictions) for stage in stages}


def _doubts(predictions: Sequence[Prediction]) -> dict[str, int]:
    """Why cases were not approved at the threshold that is set, the most frequent reason first."""
    counted: dict[str, int] = {}
    for one in predictions:
        if not one.approved:
            counted[one.doubt.value] = counted.get(one.doubt.value, 0) + 1
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, _DIGITS)
    if isinstance(value, Mapping):
        return {key: _rounded(one) for key, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list | tuple) else value
