"""A score that learns from outcomes: only from enough, only for the better, and then it means what it says."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resuelve.replay.calibrate import LEAST, LEAST_OF_EACH, Calibration, Label
from resuelve.replay.calibrate import calibrate as calibrate_for
from resuelve.resolution.score import FEATURES, WORDS, Scoring, Weights, shipped

NEUTRAL = Scoring(Weights(0.0, {"gap": 1.0}), Weights(0.0, {"gap": 1.0}))


def calibrate(known: list[Label], scoring: Scoring = NEUTRAL, threshold: float = 0.65) -> Calibration:
    return calibrate_for(known, scoring, threshold)


def label(random_: random.Random, chance: Callable[[dict[str, float]], float], *, words: bool = True) -> Label:
    names = [name for name in FEATURES if name != "record" and (words or name not in WORDS)]
    values = {name: random_.uniform(0, 1) for name in names}
    values["gap"] = random_.uniform(-3, 3)
    values["record"] = 0.0  # nobody has answered anything, which is how a desk begins
    return Label(values, random_.random() < chance(values))


def labels(count: int, chance: Callable[[dict[str, float]], float], seed: int = 1, **how: bool) -> list[Label]:
    random_ = random.Random(seed)
    return [label(random_, chance, **how) for _ in range(count)]


def logistic(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))


def error(found: Calibration, held_out: list[Label]) -> float:
    """The mean distance between what the score says and what is so, in ten groups."""
    assert found.scoring
    scored = sorted((found.scoring.score(one.features) / 100, one.right) for one in held_out)
    groups = [scored[start : start + len(scored) // 10] for start in range(0, len(scored), len(scored) // 10)][:10]
    return sum(abs(sum(s for s, _ in g) - sum(r for _, r in g)) / len(g) for g in groups) / len(groups)


@pytest.mark.parametrize(("right", "wrong"), [(LEAST - 1, 0), (LEAST, LEAST_OF_EACH - 1), (LEAST_OF_EACH - 1, LEAST)])
def test_too_few_outcomes_teach_nothing_and_say_how_many_lack(right: int, wrong: int) -> None:
    values = dict.fromkeys(FEATURES, 0.5)
    found = calibrate([Label(values, True)] * right + [Label(values, False)] * wrong, NEUTRAL)
    assert found.scoring is None
    assert found.before is None
    assert found.missing > 0
    assert (found.outcomes, found.right) == (right + wrong, right)


def test_a_score_that_promises_too_much_is_stretched_and_keeps_its_order() -> None:
    def chance(values: dict[str, float]) -> float:
        return logistic(0.4 * values["gap"] - 1.5)

    found = calibrate(labels(90, chance), NEUTRAL)  # too few for weights of their own
    assert found.scoring
    assert found.before
    assert found.after
    assert found.after.log_loss < found.before.log_loss
    weights = found.scoring.words
    assert set(weights.by_feature) == {"gap"}
    assert 0 < weights.by_feature["gap"] < 1
    assert found.scoring.no_words == NEUTRAL.no_words
    assert weights.score({"gap": 1}) > weights.score({"gap": 0})


def test_many_outcomes_teach_weights_that_mean_what_they_say() -> None:
    def chance(values: dict[str, float]) -> float:
        return logistic(values["gap"] + 6 * values["dense"] - 4)

    found = calibrate(labels(800, chance), NEUTRAL)
    assert found.scoring
    assert found.before
    assert found.after
    assert found.after.auroc > found.before.auroc + 0.03  # type: ignore[operator]
    assert found.scoring.words.by_feature["dense"] > 3
    assert error(found, labels(4000, chance, seed=2)) < 0.05


def test_few_outcomes_do_not_make_it_act_on_everything() -> None:
    """Where its order tells nothing and six of ten are right, a score of base rates would act on all, wrongly."""
    for seed in range(40):
        found = calibrate(labels(60, lambda _: 0.6, seed=seed), threshold=0.65)
        if found.scoring:
            assert found.after
            assert found.before
            assert found.after.acted <= found.before.acted or found.after.acted_right >= 0.65 * found.after.acted
            scores = [found.scoring.score(one.features) for one in labels(300, lambda _: 0.6, seed=seed + 1000)]
            assert sum(score >= 65 for score in scores) <= 0.55 * len(scores)


def test_another_language_is_not_raised_without_outcomes_of_its_own() -> None:
    known = [*labels(200, lambda _: 0.9), *labels(2 * LEAST_OF_EACH - 1, lambda _: 0.9, seed=2, words=False)]
    found = calibrate(known)
    assert found.scoring
    assert found.scoring.no_words == NEUTRAL.no_words
    assert found.scoring.words != NEUTRAL.words


def test_what_is_right_already_stays() -> None:
    found = calibrate(labels(400, lambda values: logistic(values["gap"])), NEUTRAL)
    assert found.scoring is None
    assert found.before
    assert found.after


def test_chance_teaches_no_order() -> None:
    """Outcomes that have nothing to do with the features: all that is learned is how often choices are right."""
    found = calibrate(labels(300, lambda _: 0.3), NEUTRAL)
    assert found.scoring
    scores = [found.scoring.score(one.features) for one in labels(200, lambda _: 0.3, seed=3)]
    assert max(scores) - min(scores) < 25
    assert 25 < sum(scores) / len(scores) < 35


def test_what_people_answered_about_rows_is_learned_where_it_tells_right_from_wrong() -> None:
    random_ = random.Random(7)
    known = []
    for one in labels(400, lambda values: logistic(values["gap"])):
        record = random_.uniform(-1, 1)
        right = random_.random() < logistic(one.features["gap"] + 3 * record)
        known.append(Label({**one.features, "record": record}, right))
    told, untold = calibrate(known), calibrate([Label({**one.features, "record": 0.0}, one.right) for one in known])
    assert told.scoring and told.before and told.after
    assert told.scoring.words.by_feature["record"] > 1
    assert told.after.log_loss < told.before.log_loss
    assert (untold.scoring or NEUTRAL).words.by_feature.get("record", 0.0) == 0.0


def test_tickets_in_another_language_have_weights_of_their_own() -> None:
    def chance(values: dict[str, float]) -> float:
        return logistic(values["gap"] - 1)

    mixed = [
        one
        for pair in zip(labels(300, chance), labels(300, lambda _: 0.2, seed=5, words=False), strict=True)
        for one in pair
    ]
    found = calibrate(mixed, NEUTRAL)
    assert found.scoring
    assert set(found.scoring.no_words.by_feature) <= set(FEATURES) - set(WORDS)
    assert found.scoring.no_words.score({"gap": 2.0, **dict.fromkeys(FEATURES[3:], 0.5)}) < 50
    assert found.scoring.words.score({**dict.fromkeys(FEATURES, 0.5), "gap": 2.0}) > 50


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**20), st.floats(0.05, 0.95), st.integers(60, 260))
def test_whatever_the_outcomes_scores_are_scores(seed: int, share: float, count: int) -> None:
    known = labels(count, lambda _: share, seed=seed)
    found = calibrate(known, shipped())
    scoring = found.scoring or shipped()
    assert all(0 <= scoring.score(one.features) <= 100 for one in known)
    assert calibrate(known, shipped()) == found


def test_a_feature_that_is_always_the_same_is_no_obstacle() -> None:
    known = [
        Label({**one.features, "examples": 0.0, "component": 1.0}, one.right) for one in labels(300, lambda _: 0.4)
    ]
    assert calibrate(known, NEUTRAL).scoring
