"""Which cases are answered automatically, by a threshold on the confidence, and what comes of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from resuelve.replay import metrics
from resuelve.replay.metrics import Answered, Flags, Floats
from resuelve.replay.predict import Prediction


@dataclass(frozen=True, slots=True)
class Operation:
    """What comes of one way to decide which cases are answered automatically.

    Attributes:
        threshold: the confidence (0 to 1) from which on they are; None when none is.
        handover_recall: share of the cases that a person must get that were handed over; None without such cases.
        joint_accuracy: share of all cases answered rightly or rightly handed over.
    """

    threshold: float | None
    answered: Answered
    handover_recall: float | None
    joint_accuracy: float

    def as_json(self) -> dict[str, Any]:
        """For the report."""
        return {
            "threshold": self.threshold,
            "coverage": self.answered.coverage,
            "precision": self.answered.precision,
            "precision_lower_95": self.answered.lower,
            "answered": self.answered.answered,
            "right": self.answered.right,
            "handover_recall": self.handover_recall,
            "joint_accuracy": self.joint_accuracy,
        }


@dataclass(frozen=True, slots=True)
class ScoreAlone:
    """The measures of `Evaluation` of the same names, with the score in the place of the confidence, and no rules."""

    at_target: Operation
    at_joint: Operation
    auroc: float | None
    ece: float | None

    def as_json(self) -> dict[str, Any]:
        """For the report."""
        return {
            "at_target": self.at_target.as_json(),
            "at_joint": self.at_joint.as_json(),
            "auroc": self.auroc,
            "ece": self.ece,
        }


@dataclass(frozen=True, slots=True)
class Columns:
    """Predictions as columns. `kept`: not answering it is right."""

    confidence: Floats
    right: Flags
    known: Flags
    may_act: Flags
    approved: Flags
    kept: Flags

    @classmethod
    def of(cls, predictions: Sequence[Prediction]) -> Columns:
        def flags(values: list[bool]) -> Flags:
            return np.asarray(values, dtype=np.bool_)

        right = flags([one.right for one in predictions])
        known = flags([bool(one.case.expected) for one in predictions])
        return cls(
            confidence=np.asarray([one.confidence for one in predictions], dtype=np.float64),
            right=right,
            known=known,
            may_act=flags([one.may_act for one in predictions]),
            approved=flags([one.approved for one in predictions]),
            kept=~known | (right & flags([one.by_hand for one in predictions])),
        )

    def from_confidence(self, threshold: float | None) -> Flags:
        """Which are answered from this confidence on; with None, none."""
        return self.may_act & (self.confidence >= (math.inf if threshold is None else threshold))

    def operation(self, chosen: Flags, threshold: float | None) -> Operation:
        rightly = (chosen & self.right) | (~chosen & self.kept)
        return Operation(
            threshold=None if threshold is None or math.isinf(threshold) else threshold,
            answered=metrics.answered(chosen, self.right),
            handover_recall=metrics.share(~chosen[~self.known]),
            joint_accuracy=float(rightly.mean()),
        )


def operations(past: Columns, now: Columns, target: float) -> tuple[Operation, Operation]:
    """With the thresholds that `past` gives for the target, and for joint accuracy."""
    allowed = past.may_act
    threshold = metrics.threshold_for(past.confidence[allowed], past.right[allowed], target)
    joint = metrics.threshold_for_joint(past.confidence[allowed], past.right[allowed], past.kept[allowed])
    return now.operation(now.from_confidence(threshold), threshold), now.operation(now.from_confidence(joint), joint)


def score_alone(calibration: Sequence[Prediction], test: Sequence[Prediction], target: float) -> ScoreAlone:
    """What there would be without the critic's rules; a case for which no row was considered stays unanswered."""
    past, now = (
        Columns.of([replace(one, confidence=one.score, may_act=one.score > 0 and not one.by_hand) for one in part])
        for part in (calibration, test)
    )
    at_target, at_joint = operations(past, now, target)
    return ScoreAlone(
        at_target,
        at_joint,
        metrics.auroc(now.confidence[now.known], now.confidence[~now.known]),
        metrics.calibration_error(metrics.reliability(now.confidence, now.right)),
    )
