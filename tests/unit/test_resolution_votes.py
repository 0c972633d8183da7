"""What a no of a language model is worth can only be learned, only of one model, and never adds to a score."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.resolution import votes as module
from resuelve.resolution.prompts import ASKED, version
from resuelve.resolution.prompts.schemas import Answer
from resuelve.resolution.score import Scoring, Weights, scoring_from
from resuelve.resolution.votes import (
    ABSOLUTE,
    CHOICE,
    MATTER,
    REVIEW,
    VOTES,
    Votes,
    against,
    cast,
    speaker_of,
    votes_from,
)

WORTH = st.dictionaries(st.sampled_from(VOTES), st.floats(-40, 40))
POINTS = st.floats(0, 100)


@given(WORTH, POINTS, st.sampled_from(VOTES), POINTS, POINTS)
def test_no_vote_adds_to_a_score_or_acts_below_a_threshold(
    weights: dict[str, float], score: float, vote: str, threshold: float, shown: float
) -> None:
    votes = Votes("m", shown, weights)
    left = votes.after_no(score, vote)
    assert (left is None) == (vote not in weights)
    assert left is None or 0 <= left <= score
    assert threshold == shown or not votes.spares(score, vote, threshold)
    if votes.spares(score, vote, shown):
        assert left is not None
        assert score >= left >= shown


@given(st.fixed_dictionaries(dict.fromkeys(VOTES, st.floats(-8, 8))), st.floats(1, 99), st.floats(0.1, 99.9))
def test_who_is_not_asked_would_act_after_any_no(weights: dict[str, float], threshold: float, score: float) -> None:
    votes = Votes("m", threshold, weights)
    limit = votes.certain_from(threshold)
    assert limit is not None
    assert limit >= threshold
    if abs(score - limit) > 1e-6:
        assert votes.certain(score, threshold) == (score > limit)
    assert votes.certain(score, threshold) == all(votes.spares(score, vote, threshold) for vote in VOTES)


@pytest.mark.parametrize("missing", VOTES)
def test_two_questions_do_not_excuse_the_third(missing: str) -> None:
    votes = Votes("m", 65.0, {vote: 5.0 for vote in VOTES if vote != missing})
    assert not votes.spares(99.0, missing, 65.0)
    assert not votes.certain(99.0, 65.0)
    assert votes.certain_from(65.0) is None


def test_untaught_every_no_takes_all() -> None:
    assert ABSOLUTE.after_no(99.9, CHOICE) is None
    assert not ABSOLUTE.spares(99.9, REVIEW, 0.0)
    assert not ABSOLUTE.certain(100.0, 0.0)
    assert ABSOLUTE.certain_from(65.0) is None


def test_a_number_that_is_learned() -> None:
    votes = Votes("m", 65.0, {CHOICE: -2.0, MATTER: 0.0, REVIEW: -1.0})
    assert votes.after_no(90.0, CHOICE) == pytest.approx(54.9, abs=0.1)  # ln 9 less 2
    assert votes.after_no(90.0, REVIEW) == pytest.approx(76.8, abs=0.1)
    assert (votes.spares(90.0, CHOICE, 65.0), votes.spares(90.0, REVIEW, 65.0)) == (False, True)
    assert votes.certain_from(65.0) == pytest.approx(93.2, abs=0.1)


@pytest.mark.parametrize("other", [40.0, 64.9, 65.1, 70.0])
def test_it_was_shown_for_one_threshold(other: float) -> None:
    votes = Votes("m", 65.0, dict.fromkeys(VOTES, 0.0))
    assert all(votes.spares(99.0, vote, 65.0) for vote in VOTES)
    assert not any(votes.spares(99.0, vote, other) for vote in VOTES)
    assert not votes.certain(99.0, other)
    assert votes.certain_from(other) is None


def test_a_speaker_is_one_model_asked_in_one_way() -> None:
    plain = speaker_of("one", "http://a", 2)
    assert plain == speaker_of("one", "http://a", 2)
    others = [speaker_of("another", "http://a", 2), speaker_of("one", "http://b", 2), speaker_of("one", "http://a", 3)]
    assert len({plain, *others}) == 4
    weights = Weights(0.0, {"gap": 1.0})
    scoring = Scoring(weights, weights, Votes(plain, 65.0, {CHOICE: 1.0}))
    assert scoring.votes_of("one").weights
    assert scoring.votes_of("another") is ABSOLUTE


@pytest.mark.parametrize("role", ASKED)
def test_another_wording_of_any_question_is_another_speaker(role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = speaker_of("one")
    monkeypatch.setattr(module, "version", lambda one: "reworded" if one == role else version(one))
    assert speaker_of("one") != before


@pytest.mark.parametrize("name", ["Reformulation", "Review", "selection_among"])
def test_another_form_of_any_answer_is_another_speaker(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Other(Answer):
        otra: str

    before = speaker_of("one")
    monkeypatch.setattr(module, name, (lambda _: Other) if name == "selection_among" else Other)
    assert speaker_of("one") != before


def test_json_and_back_read_strictly() -> None:
    weights = Weights(0.0, {"gap": 1.0})
    plain, taught = Scoring(weights, weights), Scoring(weights, weights, Votes("m", 65.0, {CHOICE: -0.5, MATTER: 2.0}))
    assert "votes" not in plain.as_json()
    assert scoring_from(plain.as_json()) == plain
    assert scoring_from(taught.as_json()) == taught
    good = taught.votes.as_json()
    for wrong in (
        {"weights": {"gap": 1.0}},
        {"weights": {"vote_any": 1.0}},
        {"weights": {CHOICE: float("nan")}},
        {"threshold": "65"},
        {"threshold": -0.1},
        {"threshold": 100.1},
    ):
        with pytest.raises(ValueError):
            votes_from({**good, **wrong})


def test_votes_among_features() -> None:
    assert cast({"gap": -2.0, CHOICE: 1.0, MATTER: -1.0}) == {CHOICE: 1.0, MATTER: -1.0}
    assert against({"gap": -2.0, CHOICE: 1.0, MATTER: -1.0}) == MATTER
    assert against({CHOICE: 1.0, MATTER: 1.0, REVIEW: 1.0}) == against({"gap": -1.0}) == ""
