"""The critic that is learned: the same as scikit-learn says, better where there is something to learn, and refused."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resuelve.domain.errors import TrainingError
from resuelve.resolution.score import FEATURES, WORDS, Bend, Scoring, Weights, scoring_from, shipped
from resuelve.training.critic import Way, learn_critic, summed, ways_for
from resuelve.training.examples import JudgedChoice, choices
from resuelve.training.standing import critic_standing
from resuelve.training.students import FILE, CriticStudent, read_critic, write_critic
from tests.history_samples import EMBEDDER, MemoryHistory, critics

NUMBERS = st.floats(-1e6, 1e6)
NAMES = st.sampled_from(FEATURES)
WEIGHTS = st.builds(
    Weights,
    NUMBERS,
    st.dictionaries(NAMES, NUMBERS),
    st.lists(st.builds(Bend, NAMES, NUMBERS, NUMBERS), max_size=4).map(tuple),
)


def judged(history: MemoryHistory) -> tuple[JudgedChoice, ...]:
    return choices(history.calls(role="critique"), history.outcomes(), embedder=EMBEDDER).kept


def test_a_better_critic_is_learned_and_passes_its_test() -> None:
    found = learn_critic(judged(critics(400)), shipped())
    assert (found.outcomes, found.learned, found.held_out, found.missing) == (400, 280, 120, 0)
    assert [model for model, _ in found.ways] == ["words"]
    assert found.scoring
    assert found.scoring.no_words == shipped().no_words
    standing = found.standing
    assert standing
    assert standing.passed
    assert standing.students < 0.6 * standing.teachers
    assert standing.figures["upper_limit"] <= standing.figures["margin"]
    unseen = judged(critics(600, seed=9))
    chance = np.asarray([found.scoring.score(one.features) / 100 for one in unseen])
    right = np.asarray([one.right for one in unseen])
    for low, high in ((0.0, 0.3), (0.3, 0.7), (0.7, 1.0)):
        among = (chance >= low) & (chance < high)
        assert abs(chance[among].mean() - right[among].mean()) < 0.1, "it means what it says"


def test_weights_that_change_are_learned_where_they_do() -> None:
    examples = [replace(one, right=abs(one.features["gap"]) > 0.7) for one in judged(critics(300))]
    found = learn_critic(examples, shipped())
    assert dict(found.ways) == {"words": "bent"}
    assert found.standing
    assert found.standing.figures["auroc_student"] > 0.9 > 0.7 > found.standing.figures["auroc_teacher"]


def test_it_is_the_same_every_time() -> None:
    examples = judged(critics(120))
    assert learn_critic(examples, shipped()) == learn_critic(examples, shipped())


def test_where_chance_rules_it_does_not_beat_a_teacher_that_knows() -> None:
    even = Scoring(Weights(0.0, {}), Weights(0.0, {}))
    found = learn_critic(judged(critics(100, noise=True)), even)
    assert found.standing
    assert not found.standing.passed


def test_tickets_without_words_have_a_model_of_their_own() -> None:
    found = learn_critic(judged(critics(160, words=False)), shipped())
    assert found.scoring
    assert [model for model, _ in found.ways] == ["no_words"]
    assert found.scoring.words == shipped().words
    named = {*found.scoring.no_words.by_feature, *(one.feature for one in found.scoring.no_words.bends)}
    assert not named & set(WORDS)


def test_with_few_outcomes_nothing_is_learned() -> None:
    few = learn_critic(judged(critics(30)), shipped())
    assert (few.missing, few.scoring, few.standing) == (20, None, None)
    alike = [replace(one, right=number >= 85) for number, one in enumerate(judged(critics(100)))]
    found = learn_critic(alike, shipped())
    assert (found.missing, found.scoring) == (0, None), "the older part knows but one kind"


@pytest.mark.parametrize("name", ["linear", "bent"])
def test_the_weights_say_what_scikit_learn_says(name: str) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    examples = judged(critics(200))
    way = next(one for one in ways_for(examples, Weights(0.0, {})) if one.name == name)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=2000))
    model.fit(way.design(examples), [one.right for one in examples])
    theirs = model.predict_proba(way.design(examples))[:, 1]
    ours = scoring_from(json.loads(json.dumps(Scoring(way.fit(examples, 0.3), shipped().no_words).as_json())))
    for one, chance in zip(examples, theirs, strict=True):
        assert math.isclose(ours.score(one.features) / 100, chance, abs_tol=1e-6)


@given(WEIGHTS, WEIGHTS)
@settings(max_examples=40)
def test_the_json_form_reads_back_and_scores_the_same(words: Weights, no_words: Weights) -> None:
    scoring = Scoring(words, no_words)
    assert scoring_from(json.loads(json.dumps(scoring.as_json()))) == scoring


@given(st.lists(st.tuples(st.floats(-3, 3), WEIGHTS), max_size=3), st.dictionaries(NAMES, st.floats(-3, 3)))
def test_a_sum_of_models_is_a_model(terms: list[tuple[float, Weights]], values: dict[str, float]) -> None:
    whole = summed(0.5, [weight for weight, _ in terms], [term for _, term in terms]).odds(values)
    apart = 0.5 + sum(weight * term.odds(values) for weight, term in terms)
    assert math.isclose(whole, apart, rel_tol=1e-6, abs_tol=1e-3)


def test_a_constant_feature_does_no_harm() -> None:
    examples = [replace(one, features={**one.features, "crowd": 1.0}) for one in judged(critics(100))]
    found = Way("linear", (Weights(0.0, {"crowd": 1.0}), Weights(0.0, {"gap": 1.0}))).fit(examples, 1.0)
    assert all(math.isfinite(value) for value in found.by_feature.values())


def standing_of(teacher: float, student: float, right: list[bool], threshold: float = 65.0) -> Any:
    examples = [
        JudgedChoice(f"I{n}", "R", date(2026, 1, 1), {"echo": 1.0}, 50, threshold, one) for n, one in enumerate(right)
    ]
    models = [Weights(math.log(chance / (1 - chance)), {}) for chance in (teacher, student)]
    return critic_standing(examples, Scoring(models[0], models[0]), Scoring(models[1], models[1]))


def test_a_critic_that_foretells_worse_does_not_pass() -> None:
    assert standing_of(0.5, 0.5, [True, False] * 30).passed, "the same is not worse"
    worse = standing_of(0.5, 0.9, [True, False] * 30, threshold=95.0)
    assert (worse.passed, worse.figures["careful"]) == (False, 1.0)


def test_a_critic_that_acts_wrongly_more_often_does_not_pass_unless_it_is_surely_right_enough() -> None:
    bold = standing_of(0.5, 0.7, [True] * 42 + [False] * 18)
    assert bold.figures["not_higher"] == 1.0
    assert (bold.figures["wrong_teacher"], bold.figures["wrong_student"], bold.passed) == (0.0, 18.0, False)
    sure = standing_of(0.5, 0.9, [True] * 270 + [False] * 30)
    assert (sure.figures["wrong_student"], sure.passed) == (30.0, True)


def at_two_thresholds(*, sure_at: float, doubtful_at: float) -> Any:
    """A critic that begins to act: nearly always rightly at the one threshold, often wrongly at the other."""
    story = [(sure_at, n >= 5) for n in range(600)] + [(doubtful_at, n >= 16) for n in range(40)]
    examples = [
        JudgedChoice(f"I{n}", "R", date(2026, 1, 1), {"echo": 1.0}, 50, threshold, right)
        for n, (threshold, right) in enumerate(story)
    ]
    even, bold = Weights(0.0, {}), Weights(3.0, {})
    return critic_standing(examples, Scoring(even, even), Scoring(bold, bold))


def test_what_is_surely_right_at_one_threshold_does_not_pay_for_another() -> None:
    pooled = at_two_thresholds(sure_at=65.0, doubtful_at=90.0)
    assert pooled.figures["precision_low_student"] > 0.9, "all together it is right often enough"
    assert (pooled.figures["not_higher"], pooled.figures["careful"], pooled.passed) == (1.0, 0.0, False)
    assert at_two_thresholds(sure_at=90.0, doubtful_at=97.0).passed, "at 97 it does not act"


def test_acting_on_more_needs_its_own_evidence_even_where_no_error_shows() -> None:
    """Six right ones that the teacher left alone say little of how often acting on such is right."""
    bold = standing_of(0.5, 0.7, [True] * 6)
    assert (bold.figures["wrong_student"], bold.figures["acted_student"]) == (0.0, 6.0)
    assert (bold.figures["not_higher"], bold.figures["careful"], bold.passed) == (1.0, 0.0, False)


def test_with_every_earlier_look_the_limit_is_higher() -> None:
    examples = judged(critics(60))
    even, bold = Weights(0.0, {}), Weights(0.0, {"gap": 0.5})
    found = [critic_standing(examples, Scoring(even, even), Scoring(bold, bold), looks=looks) for looks in (0, 1, 9)]
    limits = [one.figures["upper_limit"] for one in found]
    assert limits == sorted(set(limits))
    assert [one.figures["level"] for one in found] == [0.05, 0.025, 0.005]


def test_outcomes_of_one_incident_are_drawn_together() -> None:
    apart = [JudgedChoice(f"I{n}", "R", date(2026, 1, 1), {"echo": 1.0}, 50, 99.0, n % 3 > 0) for n in range(60)]
    together = [replace(one, incident=f"I{n // 20}") for n, one in enumerate(apart)]
    even, bold = Weights(0.0, {}), Weights(0.5, {})
    limits = [critic_standing(ones, Scoring(even, even), Scoring(bold, bold)) for ones in (apart, together)]
    assert limits[0].figures["difference"] == limits[1].figures["difference"]
    assert limits[0].figures["upper_limit"] != limits[1].figures["upper_limit"]


def test_a_student_comes_back_as_it_was(tmp_path: Path) -> None:
    bent = Weights(0.1, {"gap": 0.5}, (Bend("dense", 0.2, -1.5),))
    student = CriticStudent(EMBEDDER, Scoring(bent, Weights(-1.0, {})))
    write_critic(tmp_path / "files", student)
    assert read_critic(tmp_path / "files") == student
    assert [one.name for one in (tmp_path / "files").iterdir()] == [FILE]


def written(**parts: Any) -> str:
    model = {"words": {"intercept": 0, "by_feature": {"gap": 1.0}}, "no_words": {"intercept": 0.0, "by_feature": {}}}
    return json.dumps(
        {"format": 1, "role": "critic", "embedder": "e", "model": {**model, **parts.pop("of", {})}, **parts}
    )


def test_what_was_written_by_hand_and_is_right_is_taken(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(written(), encoding="utf-8")
    assert read_critic(tmp_path).scoring.words == Weights(0.0, {"gap": 1.0})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "[" * 5000,
        written(format=2),
        written(role="rerank"),
        written(embedder=7),
        written(model=[]),
        written(of={"words": {"intercept": True, "by_feature": {}}}),
        written(of={"words": {"intercept": 10**400, "by_feature": {}}}),
        written(of={"words": {"intercept": 0, "by_feature": {"unheard": 1}}}),
        written(of={"words": {"intercept": 0, "by_feature": {"gap": "1"}}}),
        written(of={"words": {"intercept": 0, "by_feature": {}, "bends": [["gap", 0.0]]}}),
        written(of={"words": {"intercept": 0, "by_feature": {}, "bends": [["unheard", 0.0, 1.0]]}}),
        written(of={"words": {"intercept": 0, "by_feature": {}, "bends": {"gap": 1}}}),
        written(of={"words": {"intercept": 0, "by_feature": {}, "bends": None}}),
        written().replace("1.0", "NaN"),
        written().replace("1.0", "Infinity"),
        " " * 1_000_001,
    ],
)
def test_what_is_something_else_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(TrainingError, match="no model that this version can read"):
        read_critic(tmp_path)


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="cannot be read"):
        read_critic(tmp_path)
