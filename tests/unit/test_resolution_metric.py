"""The space in which tickets and rows are compared."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resuelve.domain.errors import IndexDamaged
from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.models import Part, Vectors
from resuelve.resolution.metric import Metric
from resuelve.vectors import Entry, IndexIdentity, id_of
from resuelve.vectors.memory import MemoryStore

DIMENSION = 8
MEANING, STYLE = 0, 1


def point(meaning: float, style: float, topic: int) -> Vectors:
    """Two rows differ in their meaning a little; how a sentence is said moves it far more."""
    vector = np.zeros(DIMENSION, dtype=np.float32)
    vector[MEANING], vector[STYLE], vector[2 + topic] = meaning, style, 1.0
    unit: Vectors = vector / np.linalg.norm(vector)
    return unit


def metric_of(rows: dict[str, list[Vectors]], parts: tuple[Part, ...] = ()) -> Metric:
    problems, entries = {}, []
    for code, vectors in rows.items():
        texts = tuple(f"{code} {number}" for number in range(len(vectors)))
        problems[code] = KnownError(code, "Web", texts, "Error", "Use otro", Prescription(ResolutionKind.CLOSE))
        entries += [Entry(id_of(code, text), code, text, each) for text, each in zip(texts, vectors, strict=True)]
    store = MemoryStore()
    store.build(IndexIdentity("test", DIMENSION, "0" * 16, len(entries), "2026-01-01T00:00:00+00:00"), entries)
    return Metric(problems, store.open(), parts)


def told_apart(styles: tuple[float, ...]) -> tuple[float, float]:
    """Closeness of a sentence that means A, said as one of B's is, to A and to B."""
    rows = {
        "A": [point(0.4, style, 0) for style in styles],
        "B": [point(-0.4, style, 0) for style in (*styles[:-1], 1.5)],
        "C": [point(0.4, style, 1) for style in styles],
        "D": [point(-0.4, style, 2) for style in styles],
    }
    found = metric_of(rows).closeness(point(0.4, 1.5, 0), ("A", "B"))
    return found["A"], found["B"]


def test_ways_of_saying_one_thing_count_less_where_examples_show_them() -> None:
    alone_a, alone_b = told_apart((-1.0,))
    assert alone_b > alone_a  # nothing tells that the manner is beside the point
    many_a, many_b = told_apart((-1.5, -1.0, -0.5, 0.0, 0.5, 1.0))
    assert many_a > many_b


def test_two_parts_that_are_alike_say_what_one_says() -> None:
    """Whatever their shares, and whatever the one outweighs the other by in the index."""
    styles, middle = (-1.0, 0.5, 1.0), DIMENSION // 2
    rows = {"A": [point(0.4, style, 0) for style in styles], "B": [point(-0.4, 0.3, 1)], "C": [point(0.0, -0.5, 0)]}
    query = point(0.4, 1.5, 0)

    def beside(vector: Vectors, first: float) -> Vectors:
        half = vector[:middle] / np.linalg.norm(vector[:middle])
        return np.concatenate([np.sqrt(first) * half, np.sqrt(1 - first) * half]).astype(np.float32)

    def told(first: float, share: float) -> dict[str, float]:
        written = {code: [beside(one, first) for one in some] for code, some in rows.items()}
        parts = (Part(middle, share), Part(DIMENSION - middle, 1 - share))
        return metric_of(written, parts).closeness(beside(query, first), rows)

    assert told(0.9, 0.3) == pytest.approx(told(0.5, 1.0), abs=1e-4)


def test_the_part_with_the_larger_share_decides() -> None:
    left, right = (np.eye(DIMENSION, dtype=np.float32)[n] for n in (0, DIMENSION // 2))
    rows = {f"R{n}": [np.roll(left, n % 4) + np.roll(right, n // 4)] for n in range(16)}
    written = {code: [one / np.linalg.norm(one) for one in some] for code, some in rows.items()}
    asked = (left + np.roll(right, 3)) / np.float32(np.sqrt(2))
    halves = [(Part(DIMENSION // 2, share), Part(DIMENSION // 2, 1 - share)) for share in (0.9, 0.1)]
    of_left, of_right = (metric_of(written, parts).closeness(asked, ["R0", "R13"]) for parts in halves)
    assert of_left["R0"] > of_left["R13"]
    assert of_right["R13"] > of_right["R0"]


def test_the_space_of_a_tuned_encoder_is_taken_as_it_is() -> None:
    """How its examples vary is left from what it learned of them: it says nothing of how tickets do."""
    rows = {"A": [point(0.4, style, 0) for style in (-1.5, -0.5, 0.5, 1.5)], "B": [point(-0.4, 0.3, 1)]}
    query = point(0.4, 2.5, 0)
    tuned = metric_of(rows, (Part(DIMENSION, 1.0, tuned=True),)).closeness(query, rows)
    assert metric_of(rows).closeness(query, rows)["A"] > tuned["A"]
    alone = metric_of({"A": rows["A"][:1], "B": rows["B"]})  # without examples that vary nothing is learned either
    assert alone.closeness(query, ["A"])["A"] == pytest.approx(
        metric_of({"A": rows["A"][:1], "B": rows["B"]}, (Part(DIMENSION, 1.0, tuned=True),)).closeness(query, ["A"])[
            "A"
        ]
    )


def test_closeness_is_in_deviations_above_the_dictionary() -> None:
    rows = {f"R{n}": [point(0.0, 0.0, n % 6)] for n in range(12)}
    found = metric_of(rows).closeness(point(0.0, 0.0, 3), rows)
    assert found["R3"] == found["R9"] > 1
    assert sum(found.values()) == pytest.approx(0, abs=1e-6)


def test_a_ticket_is_as_typical_of_a_row_as_its_examples_are() -> None:
    styles = (-0.4, -0.2, 0.0, 0.2, 0.4)
    rows = {"A": [point(0.4, style, 0) for style in styles], "B": [point(0.4, 0.0, 1)]}
    metric = metric_of(rows | {f"R{n}": [point(-0.4, 0.0, n)] for n in range(2, 6)})
    inside, aside = (metric.typical(point(0.4, style, 0), ("A", "B")) for style in (0.1, 3.0))
    assert inside["A"] > -0.05
    assert aside["A"] < inside["A"] - 0.1
    assert inside["B"] == aside["B"] == 0.0


def test_a_row_whose_entries_are_gone_is_a_damaged_index() -> None:
    metric = metric_of({"A": [point(1.0, 0.0, 0)]})
    metric._problems = {"A": KnownError("A", "Web", ("otro",), "Error", "", Prescription(ResolutionKind.MANUAL))}
    with pytest.raises(IndexDamaged):
        metric.closeness(point(1.0, 0.0, 0), ["A"])


unit = st.lists(st.floats(-1, 1, width=32), min_size=DIMENSION, max_size=DIMENSION)


@settings(deadline=None)
@given(st.lists(st.lists(unit, min_size=1, max_size=4), min_size=1, max_size=6), unit)
def test_whatever_the_vectors_closeness_is_a_number_and_each_row_s_own(
    rows: list[list[list[float]]], query: list[float]
) -> None:
    named = {f"R{n}": [np.array(one, dtype=np.float32) for one in some] for n, some in enumerate(rows)}
    metric, asked = metric_of(named), np.array(query, dtype=np.float32)
    found = metric.closeness(asked, named)
    assert all(np.isfinite(value) for value in found.values())
    assert found == metric_of(named).closeness(asked, reversed(list(named)))
    assert {code: metric.closeness(asked, [code])[code] for code in named} == found
