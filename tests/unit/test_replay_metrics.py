"""Each measure against scikit-learn or SciPy where they have it, and against its definition where they have not."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import f1_score, roc_auc_score, top_k_accuracy_score

from resuelve.replay import metrics

CONFIDENCES = st.sampled_from([0.0, 0.1, 0.25, 0.49, 0.5, 0.65, 0.9, 0.99]) | st.floats(0, 1)
CASES = st.lists(st.tuples(CONFIDENCES, st.booleans()), min_size=1, max_size=60)
TARGETS = st.sampled_from([0.5, 0.6, 0.75, 0.9, 0.95])


def columns(cases: list[tuple[float, bool]]) -> tuple[metrics.Floats, metrics.Flags]:
    return np.array([c for c, _ in cases], dtype=np.float64), np.array([r for _, r in cases], dtype=np.bool_)


@given(CASES)
def test_auroc_is_that_of_scikit_learn(cases: list[tuple[float, bool]]) -> None:
    confidence, known = columns(cases)
    found = metrics.auroc(confidence[known], confidence[~known])
    if known.all() or not known.any():
        assert found is None
    else:
        assert found == pytest.approx(roc_auc_score(known, confidence))


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcde")), min_size=1, max_size=40))
def test_macro_f1_is_that_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    truth, chosen = [t for t, _ in pairs], [c for _, c in pairs]
    assert metrics.macro_f1(truth, chosen) == pytest.approx(f1_score(truth, chosen, average="macro", zero_division=0))


def test_no_choice_is_no_problem_of_its_own() -> None:
    assert metrics.macro_f1(["a", "a"], ["a", ""]) == pytest.approx(2 / 3)
    assert metrics.macro_f1([], []) is None


@given(st.lists(st.tuples(st.integers(0, 4), st.permutations(range(5))), min_size=1, max_size=30), st.integers(1, 4))
def test_recall_is_the_top_k_accuracy_of_scikit_learn(cases: list[tuple[int, list[int]]], k: int) -> None:
    rankings = [[str(problem) for problem in ranking] for _, ranking in cases]
    expected = [{str(truth)} for truth, _ in cases]
    scores = np.array([[-ranking.index(problem) for problem in range(5)] for _, ranking in cases])
    wanted = top_k_accuracy_score([truth for truth, _ in cases], scores, k=k, labels=range(5))
    assert metrics.recall_at(rankings, expected, k) == pytest.approx(wanted)


def test_recall_leaves_out_what_has_no_answer_and_takes_any_of_several() -> None:
    assert metrics.recall_at([["a", "b"], ["a"], []], [{"b", "z"}, set(), {"a"}], 2) == 0.5
    assert metrics.recall_at([["a"]], [set()], 1) is None


@given(st.integers(1, 400), st.data())
def test_the_bound_is_wilsons(answers: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, answers))
    found = metrics.Answered(cases=500, answered=answers, right=right)
    wanted = binomtest(right, answers).proportion_ci(0.95, method="wilson").low
    assert found.lower == pytest.approx(wanted, abs=1e-4)
    assert found.precision == right / answers
    assert found.coverage == answers / 500


def test_of_no_answer_there_is_no_precision() -> None:
    found = metrics.answered(np.zeros(3, dtype=np.bool_), np.ones(3, dtype=np.bool_))
    assert (found.coverage, found.precision, found.lower) == (0.0, None, None)


@given(CASES, TARGETS)
def test_the_threshold_is_the_smallest_that_reaches_the_target(cases: list[tuple[float, bool]], target: float) -> None:
    confidence, right = columns(cases)
    good = []
    for value in sorted(set(confidence.tolist())):
        chosen = confidence >= value
        enough = chosen.sum() >= metrics.least_answers(target)
        if enough and right[chosen].sum() >= target * chosen.sum() - 1e-9:
            good.append(value)
    assert metrics.threshold_for(confidence, right, target) == (good[0] if good else None)


def test_few_answers_are_no_evidence() -> None:
    assert [metrics.least_answers(target) for target in (0.5, 0.8, 0.9, 0.95, 0.99)] == [2, 5, 10, 20, 100]
    all_right = np.ones(19, dtype=np.bool_)
    assert metrics.threshold_for(np.linspace(0.5, 0.9, 19), all_right, 0.95) is None
    assert metrics.threshold_for(np.linspace(0.5, 0.9, 20), np.ones(20, dtype=np.bool_), 0.95) == 0.5


def test_equal_confidences_are_answered_together() -> None:
    confidence = np.array([0.9] * 5 + [0.5] * 5)
    right = np.array([True] * 7 + [False] * 3)  # the first two of the ties alone would reach the target
    assert metrics.threshold_for(confidence, right, 0.8) == 0.9
    assert metrics.threshold_for(confidence, right, 0.7) == 0.5


@given(st.lists(st.tuples(CONFIDENCES, st.booleans(), st.booleans()), max_size=40))
def test_no_threshold_is_right_more_often_together(cases: list[tuple[float, bool, bool]]) -> None:
    confidence, right = columns([(c, r) for c, r, _ in cases])
    kept = np.array([k for _, _, k in cases], dtype=np.bool_)

    def joint(threshold: float) -> int:
        chosen = confidence >= threshold
        return int((chosen & right).sum() + (~chosen & kept).sum())

    found = metrics.threshold_for_joint(confidence, right, kept)
    tried = [*sorted(set(confidence.tolist())), math.inf]
    best = max(joint(one) for one in tried)
    assert joint(found) == best
    assert found == max(one for one in tried if joint(one) == best)


@given(CASES, st.integers(1, 12))
def test_bins_hold_every_case_once_in_order(cases: list[tuple[float, bool]], bins: int) -> None:
    confidence, right = columns(cases)
    found = metrics.reliability(confidence, right, bins)
    assert len(found) <= bins
    assert sum(one.cases for one in found) == len(cases)
    assert sum(one.cases * one.right for one in found) == pytest.approx(right.sum())
    assert sum(one.cases * one.confidence for one in found) == pytest.approx(confidence.sum())
    assert all(one.low <= one.right + 1e-9 and one.right <= one.high + 1e-9 for one in found)
    assert all(one.confidence <= other.confidence for one, other in pairwise(found))
    backwards = metrics.reliability(confidence[::-1], right[::-1], bins)
    assert [(one.cases, one.right) for one in backwards] == [(one.cases, one.right) for one in found]


def test_bins_are_of_equal_size_without_ties() -> None:
    confidence = np.linspace(0, 1, 50)
    assert [one.cases for one in metrics.reliability(confidence, confidence > 0.5, 10)] == [5] * 10


def test_calibration_error() -> None:
    honest = metrics.reliability(np.full(10, 0.7), np.arange(10) < 7)
    assert metrics.calibration_error(honest) == pytest.approx(0)
    boasting = metrics.reliability(np.array([0.9] * 10 + [0.1] * 10), np.arange(20) < 6, 2)
    assert metrics.calibration_error(boasting) == pytest.approx((0.3 + 0.1) / 2)
    assert metrics.calibration_error(()) is None


@given(CASES, st.integers(0, 20))
def test_every_point_of_the_curve_is_a_threshold(cases: list[tuple[float, bool]], silent: int) -> None:
    confidence, right = columns(cases)
    total = len(cases) + silent
    for point in metrics.risk_coverage(confidence, right, total):
        chosen = confidence >= point.threshold
        assert point.coverage == pytest.approx(chosen.sum() / total)
        assert point.precision == pytest.approx(right[chosen].mean())


def test_a_long_curve_is_thinned_and_keeps_its_end() -> None:
    confidence = np.linspace(0, 1, 5000)
    curve = metrics.risk_coverage(confidence, confidence > 0.5, 5000)
    assert len(curve) == 200
    assert curve[-1].coverage == 1.0
    assert metrics.risk_coverage(confidence[:0], confidence[:0] > 0, 5) == ()
