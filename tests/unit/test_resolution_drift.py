"""What the critic promised beside what lasted, and scores that are distributed otherwise than before."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.resolution.drift import LEAST_CASES, LEAST_SCORES, Forecast, calibration, input_drift

SCORES = st.floats(0, 100)


def forecasts(score: float, cases: int, lasted: int) -> list[Forecast]:
    return [Forecast(score, number < lasted) for number in range(cases)]


def test_more_was_promised_than_lasted() -> None:
    found = calibration([*forecasts(90, 30, 24), *forecasts(70, 10, 6)])
    assert (found.cases, found.lasted) == (40, 0.75)
    assert found.promised == pytest.approx(0.85)
    assert found.drift == pytest.approx(0.1)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.1 < found.high
    assert [(band.start, band.cases, band.lasted) for band in found.bands] == [(70, 10, 0.6), (90, 30, 0.8)]
    assert [band.promised for band in found.bands] == pytest.approx([0.7, 0.9])


def test_of_too_few_acts_nothing_is_said() -> None:
    found = calibration(forecasts(80, LEAST_CASES - 1, 3))
    assert found.as_json() | {"bands": []} == {
        "cases": LEAST_CASES - 1,
        **dict.fromkeys(("promised", "lasted", "drift", "low", "high")),
        "bands": [],
    }
    assert calibration([]).bands == ()
    assert calibration(forecasts(80, LEAST_CASES, 3)).drift is not None


def test_the_best_score_is_in_the_last_band() -> None:
    found = calibration([Forecast(100, lasted=True), Forecast(90, lasted=True), Forecast(0, lasted=False)])
    assert [band.start for band in found.bands] == [0, 90]
    assert found.bands[-1].as_json()["to"] == 100


@given(st.lists(st.tuples(SCORES, st.booleans()), min_size=LEAST_CASES, max_size=60), st.randoms())
def test_the_drift_lies_between_its_bounds_whatever_the_order(
    pairs: list[tuple[float, bool]], by: random.Random
) -> None:
    found = calibration([Forecast(*one) for one in pairs])
    assert found.drift is not None
    assert found.low is not None
    assert found.high is not None
    assert -1 <= found.low <= found.drift + 1e-9
    assert found.drift - 1e-9 <= found.high <= 1
    assert sum(band.cases for band in found.bands) == found.cases
    by.shuffle(pairs)
    assert calibration([Forecast(*one) for one in pairs]) == found


def test_the_index_by_hand() -> None:
    before, lately = [10.0] * 60 + [80.0] * 40, [10.0] * 30 + [80.0] * 70
    p, q = (60.5 / 101, 40.5 / 101), (30.5 / 101, 70.5 / 101)
    found = input_drift(before, lately)
    assert found.index == pytest.approx(sum((b - a) * math.log(b / a) for a, b in zip(p, q, strict=True)))
    assert found.by_chance == pytest.approx(2 / 100 * 3.841)


def test_of_too_few_scores_nothing_is_said() -> None:
    many, few = [50.0] * LEAST_SCORES, [50.0] * (LEAST_SCORES - 1)
    assert input_drift(many, few).as_json() == {
        "before": LEAST_SCORES,
        "lately": LEAST_SCORES - 1,
        "index": None,
        "by_chance": None,
    }
    assert input_drift(few, many).index is None
    assert input_drift(many, many).index == 0


def test_scores_that_only_chance_moved_stay_below_what_comes_by_chance() -> None:
    by = random.Random(7)

    def drawn(number: int) -> list[float]:
        return [min(100.0, max(0.0, by.gauss(60, 20))) for _ in range(number)]

    compared = [input_drift(drawn(400), drawn(120)) for _ in range(300)]
    beyond = sum(1 for one in compared if one.index and one.by_chance and one.index > one.by_chance)
    assert beyond / len(compared) < 0.1


@given(st.lists(SCORES, min_size=LEAST_SCORES, max_size=90), st.lists(SCORES, min_size=LEAST_SCORES, max_size=90))
def test_the_index_is_never_below_nothing_and_the_same_both_ways(before: list[float], lately: list[float]) -> None:
    one, other = input_drift(before, lately), input_drift(lately, before)
    assert one.index is not None
    assert one.index >= 0
    assert one.index == pytest.approx(other.index)
