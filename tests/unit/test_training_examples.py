"""What the history teaches: which calls count, with which outcome, and what becomes of the others."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.journal.port import ModelCall
from resuelve.resolution.order import PLACES
from resuelve.training.examples import (
    HELD_OUT,
    LEAST_HELD_OUT,
    Aside,
    JudgedChoice,
    choices,
    embedders_of,
    newest_incidents,
    rankings,
)
from tests.history_samples import EMBEDDER, START, critics, critique, features, outcome, rerank, rerankings

VALUES = features(random.Random(3))
PLACED = dict.fromkeys(PLACES, 0.5)


def test_of_several_calls_the_first_counts_and_of_several_outcomes_the_newest() -> None:
    late = {**VALUES, "gap": 9.0}
    calls = [critique("A", late, day=3), critique("A", VALUES, day=1), critique("A", VALUES, row="R2")]
    known = [outcome("A", right=True, day=9), outcome("A", right=False, day=5), outcome("A", right=False, row="R2")]
    found = choices(calls, known, embedder=EMBEDDER, threshold_of=lambda row, then: then + (row == "R2"))
    assert [(one.row, one.right, one.features["gap"], one.threshold) for one in found.kept] == [
        ("R2", False, VALUES["gap"], 66.0),
        ("R1", True, VALUES["gap"], 65.0),
    ]
    assert found.aside == {Aside.LATER: 1}


def test_a_call_from_before_rows_had_a_record_teaches_as_one_without_answers() -> None:
    earlier = {name: value for name, value in VALUES.items() if name != "record"}
    (one,) = choices([critique("A", earlier)], [outcome("A", right=True)], embedder=EMBEDDER).kept
    assert one.features == {**earlier, "record": 0.0}


def test_what_was_asked_after_people_had_written_on_the_ticket_does_not_teach() -> None:
    """The answer that the team wrote down makes the right row easy: nothing may be learned from it, or tested on it."""
    answered = replace(critique("A", VALUES, row="R2", day=2), revision="b")
    known = [outcome("A", right=False), outcome("A", right=True, row="R2")]
    found = choices([answered, critique("A", VALUES)], known, embedder=EMBEDDER)
    assert ([one.row for one in found.kept], found.aside) == (["R1"], {Aside.LATER: 1})
    rule = critique("A", VALUES, verdict="rejected", doubt="ambiguous")
    assert choices([answered, rule], known, embedder=EMBEDDER).aside == {Aside.LATER: 1, Aside.RULE: 1}
    foreign = replace(critique("A", VALUES), run="foreign")
    again = choices([answered, foreign], known, embedder=EMBEDDER, embedders={"foreign": "other"})
    assert [one.row for one in again.kept] == ["R2"], "the first of the embedder in use"

    rows = [("R1", PLACED), ("R2", PLACED)]
    later = replace(rerank("A", [("R2", PLACED), ("R1", PLACED)], day=2), revision="b")
    (ticket,) = rankings([later, rerank("A", rows)], known, embedder=EMBEDDER).kept
    assert [one.row for one in ticket.candidates] == ["R1", "R2"]


def broken(**parts: Any) -> ModelCall:
    call = critique("A", VALUES)
    return replace(call, input={**call.input, **parts})


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (critique("A", VALUES, error="timeout"), Aside.FAILED),
        (critique("A", VALUES, model="gemma3"), Aside.CHAT),
        (critique("A", VALUES, model="resuelve-critic"), Aside.CHAT),
        (critique("A", VALUES, prompt="abc"), Aside.CHAT),
        (critique("A", VALUES, verdict="rejected", doubt="ambiguous"), Aside.RULE),
        (critique("A", VALUES, run="foreign"), Aside.EMBEDDER),
        (critique("A", {"gap": 1.0, "echo": 0.1}), Aside.FEATURES),
        (critique("B", VALUES), Aside.NO_OUTCOME),
        (broken(state="R1\x1fy"), Aside.NO_OUTCOME),
        (broken(features={**VALUES, "gap": float("nan")}), Aside.UNREADABLE),
        (broken(features=["gap"]), Aside.UNREADABLE),
        (broken(threshold="65"), Aside.UNREADABLE),
        (replace(critique("A", VALUES), output=["approved"]), Aside.UNREADABLE),
        (replace(critique("A", VALUES), input=None), Aside.UNREADABLE),
    ],
)
def test_what_teaches_nothing_is_counted_with_its_reason(call: ModelCall, reason: Aside) -> None:
    used = embedders_of([replace(call, run="foreign", role="embed", model="other")])
    found = choices([call], [outcome("A", right=True)], embedder=EMBEDDER, embedders={} if call.error else used)
    assert (found.kept, found.aside) == ((), {reason: 1})


def test_a_weak_match_and_a_learned_critic_teach_too() -> None:
    for model in ("critic/12", "resuelve", "resuelve 0.2.0"):
        weak = critique("A", VALUES, verdict="rejected", doubt="weak_match", model=model)
        found = choices([weak], [outcome("A", right=False)], embedder=EMBEDDER)
        assert [one.right for one in found.kept] == [False]


def test_incidents_on_which_it_acted_teach_neither_student() -> None:
    """Of these only failures are known: what was right stays closed, and nobody says so."""
    known = [outcome("A", right=False), outcome("B", right=True), outcome("B", right=False, row="R2")]
    judged = [critique("A", VALUES, day=1), critique("B", VALUES)]
    found = choices(judged, known, embedder=EMBEDDER, acted_on="A".__eq__)
    assert ([one.incident for one in found.kept], found.aside) == (["B"], {Aside.ACTED: 1})
    placed = [rerank(incident, [("R1", PLACED), ("R2", PLACED)]) for incident in "AB"]
    ordered = rankings(placed, known, embedder=EMBEDDER, acted_on="B".__eq__)
    assert (ordered.kept, ordered.aside) == ((), {Aside.ACTED: 1, Aside.NONE_RIGHT: 1})


def test_a_later_answer_of_a_language_model_does_not_take_the_place_of_the_score() -> None:
    calls = [critique("A", VALUES), critique("A", VALUES, day=1, model="gpt-4o-mini")]
    found = choices(calls, [outcome("A", right=True)], embedder=EMBEDDER)
    assert len(found.kept) == found.aside[Aside.CHAT] == 1


def test_without_words_other_features_are_expected() -> None:
    found = choices([critique("A", features(random.Random(1), words=False))], [outcome("A", right=True)], embedder="e")
    assert "echo" not in found.kept[0].features


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        ([], Aside.NO_OUTCOME),
        ([outcome("A", right=False)], Aside.NONE_RIGHT),
        ([outcome("A", right=True)], Aside.NONE_WRONG),
        ([outcome("A", right=True), outcome("A", right=True, row="R2")], Aside.ALONE),
        ([outcome("B", right=True)], Aside.NO_OUTCOME),
    ],
)
def test_an_order_needs_a_right_row_and_another(known: list[Any], reason: Aside) -> None:
    found = rankings([rerank("A", [("R1", PLACED), ("R2", PLACED)])], known, embedder=EMBEDDER)
    assert (found.kept, found.aside) == ((), {reason: 1})


def test_an_order_is_kept_as_it_was_and_of_rows_without_an_outcome_nothing_is_known() -> None:
    calls = [
        rerank("A", [("R1", PLACED), ("R2", PLACED), ("R3", PLACED)], model="rerank/2"),
        rerank("A", [("R2", PLACED), ("R3", PLACED)], day=1),
    ]
    found = rankings(
        calls,
        [
            outcome("A", right=True, row="R2"),
            outcome("A", right=False, row="R3"),
            outcome("A", right=True, state="R1\x1fy"),
        ],
        embedder=EMBEDDER,
    )
    (ticket,) = found.kept
    assert [(one.row, one.right) for one in ticket.candidates] == [("R1", None), ("R2", True), ("R3", False)]
    assert found.aside == {Aside.LATER: 1}
    junk = replace(calls[0], output={"order": [{"problem": "R1"}]})
    assert rankings([junk], [outcome("A", right=True)], embedder=EMBEDDER).aside == {Aside.UNREADABLE: 1}


def test_the_newest_incidents_are_held_out_whole() -> None:
    for found in (
        choices(critics(100).calls(role="critique"), critics(100).outcomes(), embedder=EMBEDDER).kept,
        rankings(rerankings(100).calls(role="rerank"), rerankings(100).outcomes(), embedder=EMBEDDER).kept,
    ):
        held = newest_incidents(found)
        assert len(held) == HELD_OUT * 100
        days = [[one.day for one in found if (one.incident in held) is kind] for kind in (True, False)]
        assert min(days[0]) >= max(days[1])


@given(st.lists(st.integers(1, 4), max_size=60), st.integers(0, 5))
def test_so_many_outcomes_are_held_out_at_least(rows: list[int], a_day: int) -> None:
    examples = [
        JudgedChoice(f"I{number}", f"R{row}", (START + timedelta(days=number // (a_day + 1))).date(), {}, 50, 65, True)
        for number, many in enumerate(rows)
        for row in range(many)
    ]
    held = newest_incidents(examples)
    known = sum(one.incident in held for one in examples)
    assert known >= min(LEAST_HELD_OUT, len(examples))
    assert len(held) >= HELD_OUT * len(rows)
