"""Processes that take turns: what is measured is their own time, and none is left behind."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack

import pytest

from benchmarks.turns import TURN, Taking, take_turns

WORKS = """
import sys, time
print("begins", flush=True)
busy = time.process_time()
while time.process_time() - busy < float(sys.argv[1]):
    pass
print("over", flush=True)
"""


def taking(stack: ExitStack, program: str, *given: str) -> Taking:
    return stack.enter_context(Taking([sys.executable, "-c", program, *given], dict(os.environ), ()))


def test_each_is_measured_by_its_own_turns() -> None:
    with ExitStack() as stack:
        runs = [taking(stack, WORKS, seconds) for seconds in ("0.25", "0.5")]
        ends = take_turns(runs)
    assert [run.lines for run in runs] == [["begins\n", "over\n"]] * 2
    assert len(ends) == 2
    # Processor time is what they count themselves, so no machine is too slow for this.
    assert runs[0].seconds > 0.25 - TURN / 10
    assert runs[1].seconds > 0.5 - TURN / 10


def test_one_that_fails_says_why() -> None:
    with ExitStack() as stack, pytest.raises(RuntimeError, match="no such luck"):
        take_turns([taking(stack, "raise SystemExit('no such luck')")])


def test_what_is_over_at_once_is_not_left_standing() -> None:
    with ExitStack() as stack:
        for _ in range(5):
            take_turns([taking(stack, "print(1, flush=True); print(2, flush=True)")])
