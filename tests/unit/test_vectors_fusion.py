"""Fusion of two rankings, and the form in which BM25 sees a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.vectors.fusion import Fusion
from resuelve.vectors.words import fold, readable

SCORED = st.dictionaries(st.text("abcdef", min_size=1, max_size=2), st.floats(0, 1), max_size=12)


def test_a_worked_example() -> None:
    fused = Fusion(dense=3, lexical=1, k=60).fuse([("a", 0.9), ("b", 0.8), ("c", 0.1)], [("c", 7.0), ("b", 2.0)])
    assert [entry_id for entry_id, _ in fused] == ["b", "c", "a"]
    assert [score for _, score in fused] == pytest.approx([3 / 62 + 1 / 62, 3 / 63 + 1 / 61, 3 / 61])


def test_ties_by_entry_id() -> None:
    assert [i for i, _ in Fusion().fuse([("b", 0.5), ("a", 0.5)], [])] == ["a", "b"]
    assert [i for i, _ in Fusion(dense=1, lexical=1).fuse([("b", 0.5)], [("a", 0.5)])] == ["a", "b"]


@given(dense=SCORED, lexical=SCORED)
def test_every_entry_once_best_first(dense: dict[str, float], lexical: dict[str, float]) -> None:
    fused = Fusion().fuse(dense.items(), lexical.items())
    assert sorted(i for i, _ in fused) == sorted(dense.keys() | lexical.keys())
    assert fused == sorted(fused, key=lambda pair: (-pair[1], pair[0]))
    assert fused == Fusion().fuse(reversed(dense.items()), reversed(lexical.items()))


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("PÓLIZA Ñandú", "poliza nandu"),
        ("po\u0301liza", "poliza"),
        ("anulacion", "anulación"),
        ("ANULACIÓN de la devolución", "anulación de la devolución"),
        ("posición acciones", "posicion acciones"),
        ("\ud800x", "\ufffd" * 3 + "x"),
        ("", ""),
    ],
)
def test_folding(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text(st.characters()))
def test_folding_is_stable_and_gives_readable_text(text: str) -> None:
    once = fold(text)
    assert once.encode() == readable(once).encode()
