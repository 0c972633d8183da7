"""What a proposal duplicates and contradicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.knowledge.maintenance.near import with_neighbours
from resuelve.knowledge.maintenance.proposal import Grade, Proposal, ProposalKind
from resuelve.models import Part, Vectors

CLOSE, HOLD = Prescription(ResolutionKind.CLOSE), Prescription(ResolutionKind.HOLD)
PLACES = {"rojo": (1.0, 0.1, 0.0), "carmín": (1.0, 0.0, 0.1), "azul": (0.0, 1.0, 0.0), "verde": (-1.0, -1.0, -0.2)}


class Colours:
    """Every text has its place."""

    identity, dimension = "colours", 3
    parts: tuple[Part, ...] = ()

    def embed(self, texts: Sequence[str]) -> Vectors:
        found = np.array([PLACES[text] for text in texts], dtype=np.float32)
        return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), dtype=np.float32)


def row(name: str, text: str, prescription: Prescription = CLOSE) -> KnownError:
    return KnownError(name, "C", (text,), "", "Hecho.", prescription)


def proposal(name: str, text: str, prescription: Prescription = CLOSE) -> Proposal:
    return Proposal(
        name, ProposalKind.PROBLEM, name, "C", text, "", "Hecho.", prescription, None, 0.9, Grade.GOOD, (), ()
    )


def neighbours(proposals: list[Proposal], *rows: KnownError) -> list[tuple[list[str], list[str]]]:
    found = with_neighbours(proposals, {one.id: one for one in rows}, Colours(), np.zeros((0, 3), np.float32))
    return [([near.id for near in one.duplicates], [near.id for near in one.contradicts]) for one in found]


def test_a_near_row_that_leads_to_the_same_is_a_duplicate_and_another_a_contradiction() -> None:
    rows = row("A", "carmín"), row("B", "azul"), row("V", "verde")
    assert neighbours([proposal("P", "rojo")], *rows) == [(["A"], [])]
    assert neighbours([proposal("P", "rojo", HOLD)], *rows) == [([], ["A"])]


def test_proposals_are_compared_with_each_other() -> None:
    pair = [proposal("P", "rojo"), proposal("Q", "carmín", HOLD)]
    assert neighbours(pair, row("B", "azul"), row("V", "verde")) == [([], ["Q"]), ([], ["P"])]


def test_the_row_that_an_example_is_for_is_neither() -> None:
    example = replace(proposal("P", "rojo"), kind=ProposalKind.EXAMPLE, problem="A")
    assert neighbours([example], row("A", "carmín"), row("B", "azul"), row("V", "verde")) == [([], [])]


def test_nothing_has_no_neighbours() -> None:
    assert with_neighbours([], {}, Colours(), np.zeros((0, 3), np.float32)) == ()
