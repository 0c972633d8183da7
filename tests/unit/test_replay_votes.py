"""A no of a model loses weight only by outcomes that it was not fitted on, and only where surely enough are right."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resuelve.replay.calibrate import Label, calibrate
from resuelve.replay.votes import LEAST, Heard, hear
from resuelve.resolution.score import Scoring, Weights
from resuelve.resolution.shares import wilson
from resuelve.resolution.votes import ABSOLUTE, CHOICE, MATTER, REVIEW, VOTES

Outcome = tuple[dict[str, float], bool, float]
"""Votes, whether it was right, and the chance by the score, held out and not."""

NO = {CHOICE: {CHOICE: -1.0}, MATTER: {CHOICE: 1.0, MATTER: -1.0}, REVIEW: {CHOICE: 1.0, MATTER: 1.0, REVIEW: -1.0}}
YES = dict.fromkeys(VOTES, 1.0)


def heard(outcomes: list[Outcome], threshold: float = 0.65, held_out: float | None = None) -> Heard | None:
    votes, right, chances = zip(*outcomes, strict=True)
    scores = np.asarray(chances, dtype=np.float64)
    unseen = scores if held_out is None else np.full(len(scores), held_out)
    return hear(votes, np.asarray(right, dtype=np.bool_), unseen, scores, threshold, "model 1")


def noes(vote: str, right: int, wrong: int, chance: float = 0.9) -> list[Outcome]:
    found = [(NO[vote], True, chance)] * right + [(NO[vote], False, chance)] * wrong
    Random(1).shuffle(found)
    return found


def test_nobody_was_asked() -> None:
    assert heard([({}, True, 0.9)] * 100) is None


def test_a_no_that_is_mostly_wrong_is_worth_little() -> None:
    found = heard([*noes(CHOICE, 54, 6), *([(YES, True, 0.9)] * 20), ({}, False, 0.3)])
    assert found is not None
    assert (found.asked, found.right) == (80, 74)
    assert (found.noes[CHOICE].said, found.noes[CHOICE].right) == (60, 54)
    assert set(found.votes.weights) == {CHOICE}
    assert found.votes.weights[CHOICE] == pytest.approx(0.0, abs=0.05)  # nine of ten, as the score said
    assert (found.votes.speaker, found.votes.threshold) == ("model 1", 65.0)
    assert found.certain_from is None  # nothing is known of the other two questions


def test_where_all_three_are_worth_little_there_is_a_score_that_is_certain() -> None:
    found = heard([one for vote in VOTES for one in noes(vote, 54, 6)])
    assert found is not None
    assert set(found.votes.weights) == set(VOTES)
    assert found.certain_from == pytest.approx(65.0, abs=2.0)
    assert found.as_json()["certain_from"] == round(found.certain_from or 0.0, 2)


def test_noes_to_one_question_do_not_excuse_those_to_another() -> None:
    """Of all noes together surely enough were right; of those to the review not one was."""
    found = heard([*noes(CHOICE, 270, 30), *noes(REVIEW, 0, 40)])
    assert found is not None
    assert set(found.votes.weights) == {CHOICE}
    assert not found.votes.spares(99.9, REVIEW, 65.0)
    assert not found.votes.certain(99.9, 65.0)


def test_what_was_shown_for_one_threshold_is_not_used_for_a_higher_one() -> None:
    """Noes to what is uncertain were mostly wrong, those to what is certain right: nobody has looked at these alone."""
    found = heard([*noes(CHOICE, 270, 30, chance=0.7), *noes(CHOICE, 10, 30, chance=0.97)])
    assert found is not None
    left = found.votes.after_no(97.0, CHOICE)
    assert left is not None
    assert left > 90
    assert found.votes.spares(97.0, CHOICE, 65.0)
    assert not found.votes.spares(97.0, CHOICE, 90.0)


@pytest.mark.parametrize("percent", [57.0, 65.5, 82.3, 99.9])
def test_the_threshold_is_the_one_that_was_set(percent: float) -> None:
    found = heard(noes(CHOICE, 60, 0, chance=0.9999), percent / 100)
    assert found is not None
    assert found.votes.weights or percent > 90
    assert found.threshold == percent


def test_the_proof_is_by_chances_that_were_held_out() -> None:
    outcomes = noes(CHOICE, 54, 6)
    sure, unsure = heard(outcomes), heard(outcomes, held_out=0.5)
    assert sure is not None
    assert unsure is not None
    assert (sure.noes[CHOICE].spared, unsure.noes[CHOICE].spared) == (60, 0)
    assert unsure.votes is ABSOLUTE
    # What is used besides is fitted on the chances that will be used.
    doubtful = heard(noes(CHOICE, 54, 6, chance=0.99), held_out=0.9)
    assert doubtful is not None
    assert doubtful.votes.weights[CHOICE] == pytest.approx(math.log(9) - math.log(99), abs=0.05)


def test_the_proof_is_by_weights_that_have_not_seen_the_fold() -> None:
    """All wrong ones lie in one fold: by the four others it is spared, and only then they are seen to be wrong."""
    outcomes: list[Outcome] = [(NO[CHOICE], place % 5 != 0, 0.9) for place in range(1000)]
    found = heard(outcomes, 0.77)
    assert found is not None
    assert wilson(800, 1000)[0] > 0.77  # by a weight that has seen all of them, it would be proven
    assert (found.noes[CHOICE].spared, found.noes[CHOICE].spared_right) == (200, 0)
    assert found.votes is ABSOLUTE


def test_a_no_that_is_mostly_right_takes_all() -> None:
    found = heard([*noes(CHOICE, 20, 40), *([(YES, True, 0.9)] * 20)])
    assert found is not None
    assert found.votes is ABSOLUTE
    assert found.certain_from is None
    assert found.as_json()["weights"] == {}


def test_one_kind_of_no_does_not_excuse_another() -> None:
    found = heard([*noes(MATTER, 40, 0), *noes(REVIEW, 10, 40)])
    assert found is not None
    assert set(found.votes.weights) == {MATTER}
    assert found.certain_from is None
    assert not found.votes.spares(99.0, REVIEW, 65.0)


def test_too_few_noes_take_all() -> None:
    found = heard([*noes(REVIEW, LEAST - 1, 0), *([(YES, True, 0.9)] * 100)])
    assert found is not None
    assert found.votes is ABSOLUTE
    found = heard([*noes(REVIEW, LEAST, 0), *([(YES, True, 0.9)] * 100)])
    assert found is not None
    assert set(found.votes.weights) == {REVIEW}


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from([{}, YES, *NO.values()]), st.booleans(), st.floats(0.5, 0.999)),
        min_size=1,
        max_size=120,
    ),
    st.sampled_from([0.5, 0.65, 0.8, 0.95]),
)
def test_nothing_is_spared_that_was_not_surely_right_often_enough(outcomes: list[Outcome], threshold: float) -> None:
    found = heard(outcomes, threshold)
    if found is None:
        assert not any(votes for votes, _, _ in outcomes)
        return
    for name, one in found.noes.items():
        if name in found.votes.weights:
            assert one.said >= LEAST
            assert wilson(one.spared_right, one.spared)[0] >= threshold
    assert all(math.isfinite(weight) for weight in found.votes.weights.values())
    said = [votes for votes, _, _ in outcomes if any(value < 0 for value in votes.values())]
    assert sum(one.said for one in found.noes.values()) == len(said)


def test_calibration_learns_them_beside_the_score_and_of_nothing_else() -> None:
    random = Random(7)
    neutral = Scoring(Weights(0.0, {"gap": 1.0}), Weights(0.0, {"gap": 1.0}))

    def label(said: bool) -> Label:
        gap = random.uniform(-3, 3)
        right = random.random() < 1 / (1 + math.exp(-gap))
        votes = NO[CHOICE] if said and gap >= math.log(0.65 / 0.35) else {}
        return Label({"gap": gap, "echo": 0.0}, right, votes)

    known = [label(said=True) for _ in range(400)]
    found = calibrate(known, neutral, 0.65, "model 1")
    assert found.heard is not None
    assert found.heard.votes.weights[CHOICE] == pytest.approx(0.0, abs=0.6)  # it says no at random
    scoring = found.over(neutral)
    assert scoring is not None
    assert scoring.votes == found.heard.votes
    assert found.as_json()["votes"]["asked"] == found.heard.asked

    assert found.heard.unasked == 0

    without = calibrate([Label(one.features, one.right) for one in known], neutral, 0.65)
    assert without.heard is None
    assert without.as_json()["votes"] is None
    assert (without.scoring, without.before, without.after) == (found.scoring, found.before, found.after)
    assert without.over(neutral) == without.scoring


NEUTRAL = Scoring(Weights(0.0, {"gap": 1.0}), Weights(0.0, {"gap": 1.0}))
DOUBTING = Scoring(Weights(-1.5, {"gap": 1.0}), Weights(-1.5, {"gap": 1.0}))


def replayed(scoring: Scoring, *, excused: bool = False, count: int = 600) -> list[Label]:
    """Outcomes as likely as their gap says, and a model that says no at random to all that this score acts on."""
    random, found = Random(3), []
    for _ in range(count):
        features = {"gap": random.uniform(-3, 6), "echo": 0.0}
        right = random.random() < NEUTRAL.score(features) / 100
        asked = scoring.score(features) >= 65
        found.append(Label(features, right, NO[CHOICE] if asked else {}, excused=excused and not asked))
    return found


def test_votes_say_nothing_of_what_only_a_learned_score_acts_on() -> None:
    """The score that comes with the product gives too little; the one that is learned acts on what nobody voted on."""
    found = calibrate(replayed(DOUBTING), DOUBTING, 0.65, "model 1")
    assert found.scoring is not None
    assert found.heard is not None
    assert found.heard.noes[CHOICE].spared >= LEAST
    assert found.heard.unasked >= LEAST
    assert found.heard.as_json()["unasked"] == found.heard.unasked
    assert found.heard.votes is ABSOLUTE
    assert found.over(DOUBTING) == found.scoring


def test_a_model_that_failed_has_been_asked() -> None:
    found = calibrate(replayed(DOUBTING, excused=True), DOUBTING, 0.65, "model 1")
    assert found.scoring is not None
    assert found.heard is not None
    assert found.heard.unasked == 0
    assert set(found.heard.votes.weights) == {CHOICE}


def test_without_a_learned_score_too_one_that_was_not_asked_about_is_one_too_many() -> None:
    labels = replayed(NEUTRAL)
    whole = calibrate(labels, NEUTRAL, 0.65, "model 1")
    assert whole.scoring is None
    assert whole.heard is not None
    assert whole.heard.votes.weights
    place = next(at for at, one in enumerate(labels) if one.votes)
    labels[place] = Label(labels[place].features, labels[place].right)
    holed = calibrate(labels, NEUTRAL, 0.65, "model 1")
    assert holed.heard is not None
    assert (holed.heard.unasked, holed.heard.votes) == (1, ABSOLUTE)
