"""What the examples of two rows together say about a ticket."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resuelve.resolution.runoff import runoff

Points = npt.NDArray[np.float64]


def points(*some: tuple[float, float]) -> Points:
    """Unit vectors: what is meant, how it is said, and a third that they all share."""
    rows = np.array([(meaning, manner, 1.0) for meaning, manner in some])
    unit: Points = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def test_what_tells_two_rows_apart_outweighs_what_is_near() -> None:
    ours = points(*((0.2, manner) for manner in (-1.0, -0.5, 0.0, 0.4)))
    theirs = points(*((-0.2, manner) for manner in (-0.4, 0.0, 0.5, 1.0)))
    ticket = points((0.2, 1.0))[0]
    assert (theirs @ ticket).max() > (ours @ ticket).max()
    assert theirs.mean(axis=0) @ ticket > ours.mean(axis=0) @ ticket
    assert runoff(ticket, ours, theirs) > 0.05


def test_one_example_each_says_nothing() -> None:
    assert runoff(points((1.0, 0.0))[0], points((1.0, 0.0)), points((-1.0, 0.0))) == 0.0


def test_a_long_row_has_no_more_to_say_than_a_short_one() -> None:
    short, long = points((0.3, 0.0), (0.3, 0.1)), points(*((-0.3, n / 100) for n in range(40)))
    between = points((0.0, 0.05))[0]
    assert abs(runoff(between, short, long)) < 0.15
    assert runoff(short[0], short, long) > 0.5


def test_of_a_very_long_row_the_nearest_examples_are_heard() -> None:
    near, far = points(*((0.3, n / 1000) for n in range(50))), points(*((5.0, n / 10) for n in range(300)))
    theirs, ticket = points((-0.3, 0.0), (-0.3, 0.1)), points((0.3, 0.02))[0]
    assert runoff(ticket, np.concatenate([far, near]), theirs) == pytest.approx(runoff(ticket, near, theirs))


row = st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=1, max_size=6)


@settings(deadline=None)
@given(row, row, st.tuples(st.floats(-1, 1), st.floats(-1, 1)))
def test_what_is_said_for_one_is_said_against_the_other(
    ours: list[tuple[float, float]], theirs: list[tuple[float, float]], ticket: tuple[float, float]
) -> None:
    point = points(ticket)[0]
    said = runoff(point, points(*ours), points(*theirs))
    assert said == pytest.approx(-runoff(point, points(*theirs), points(*ours)), abs=1e-9)
    assert -2 < said < 2
