"""Two projections side by side, and the limits that a replay keeps to."""

from __future__ import annotations

from typing import Any

import pytest

from resuelve.replay.comparison import compared
from resuelve.replay.verdict import Limits, broken


def ticket(code: str, judgement: str, *, row: str | None = None, queue: str = "") -> dict[str, Any]:
    """Acted on by `row`, or handed over without one."""
    return {
        "incident": code,
        "title": "",
        "opened": None,
        "done": "cierre",
        "done_queue": "",
        "row": row,
        "written": "x",
        "resolution": "reasignacion" if queue else "cierre",
        "queue": queue,
        "automatic": row is not None,
        "confidence": 0.7,
        "doubt": "none" if row else "weak_match",
        "judgement": judgement,
    }


@pytest.mark.parametrize(
    ("was", "now", "effect"),
    [
        (ticket("1", "wrong"), ticket("1", "right", row="A"), "better"),
        (ticket("1", "right"), ticket("1", "wrong", row="A"), "worse"),
        (ticket("1", "wrong", row="A"), ticket("1", "right", row="B"), "better"),
        (ticket("1", "wrong", row="A"), ticket("1", "wrong"), "better"),
        (ticket("1", "right", row="A"), ticket("1", "wrong"), "worse"),
        (ticket("1", "wrong", row="A"), ticket("1", "wrong", row="B"), "alike"),
        (ticket("1", "untold", row="A"), ticket("1", "right", row="B"), "untold"),
        (ticket("1", "right", row="A", queue="X"), ticket("1", "wrong", row="A", queue="Y"), "worse"),
    ],
)
def test_the_effect_on_a_ticket(was: dict[str, Any], now: dict[str, Any], effect: str) -> None:
    found = compared({"tickets": [was]}, {"tickets": [now]})
    assert [one["effect"] for one in found["differences"]] == [effect]
    assert found["effects"][effect] == 1
    assert found["new_wrong"] == (effect == "worse" and now["automatic"])


def test_only_what_both_decided_is_compared_and_worse_comes_first() -> None:
    first = {"tickets": [ticket("1", "wrong"), ticket("2", "right"), ticket("3", "right"), ticket("4", "right")]}
    second = {
        "tickets": [
            ticket("1", "right", row="A"),
            ticket("2", "wrong", row="A"),
            ticket("3", "right"),
            ticket("9", "right"),
        ]
    }
    found = compared(first, second)
    assert (found["compared"], found["only_first"], found["only_second"]) == (3, 1, 1)
    assert [(one["incident"], one["effect"]) for one in found["differences"]] == [("2", "worse"), ("1", "better")]
    assert found["new_wrong"] == 1


def report(
    right: int, wrong: int, automatic: int, tickets: int, new_wrong: int | None = None, compared: int = 9
) -> dict[str, Any]:
    totals = {"right": right, "wrong": wrong, "automatic": automatic, "tickets": tickets}
    comparison = None if new_wrong is None else {"new_wrong": new_wrong, "compared": compared}
    return {"configurations": [{"totals": totals}], "comparison": comparison}


@pytest.mark.parametrize(
    ("limits", "names"),
    [
        (Limits(), []),
        (Limits(most_wrong=5), ["most_wrong"]),
        (Limits(most_wrong=10), []),
        (Limits(least_automatic=25), ["least_automatic"]),
        (Limits(least_automatic=24), []),
        (Limits(no_new_wrong=True), ["no_new_wrong"]),
        (Limits(5, 25, no_new_wrong=True), ["most_wrong", "least_automatic", "no_new_wrong"]),
    ],
)
def test_limits(limits: Limits, names: list[str]) -> None:
    assert [one["limit"] for one in broken(report(18, 2, 24, 100, new_wrong=1), limits)] == names


def test_nothing_judged_is_not_wrong_but_little_is_automatic() -> None:
    assert broken(report(0, 0, 0, 10), Limits(most_wrong=0)) == []
    assert [one["limit"] for one in broken(report(0, 0, 0, 10), Limits(least_automatic=1))] == ["least_automatic"]


def test_a_comparison_of_nothing_is_no_proof() -> None:
    found = broken(report(1, 0, 1, 9, new_wrong=0, compared=0), Limits(no_new_wrong=True))
    assert [one["limit"] for one in found] == ["nothing_compared"]


def test_a_rewritten_solution_is_a_difference() -> None:
    was, now = ticket("1", "right", row="A"), {**ticket("1", "wrong", row="A"), "written": "y"}
    found = compared({"tickets": [was]}, {"tickets": [now]})
    assert (found["new_wrong"], found["effects"]["worse"], len(found["differences"])) == (1, 1, 1)
