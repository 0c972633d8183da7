"""Matters that a person must see."""

from __future__ import annotations

import pytest

from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.resolution.gravity import grave_matter


def row(text: str = "Cargo por permanencia tras una mudanza", solution: str = "Se condona.") -> KnownError:
    return KnownError("A", "Web", (text,), "Error", solution, Prescription(ResolutionKind.CLOSE))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Mi marido FALLECIÓ en febrero", "fallecio"),
        ("Me robaron el móvil en el metro", "robaron"),
        ("Mi abogada presentará la demanda", "abogada"),
        ("el aparato está ardiendo", "ardiendo"),
        ("I think my account was hacked", "hacked"),
        ("He passed away last week", "passed away"),
    ],
)
def test_it_is_named(text: str, word: str) -> None:
    assert grave_matter(row(), text) == word


@pytest.mark.parametrize(
    "text",
    ["No soy un robot", "Se me cobra dos veces", "Courtesy of the agency", "Tengo una demanda de información", ""],
)
def test_what_only_sounds_like_it_is_not(text: str) -> None:
    assert grave_matter(row(), text) == ""


def test_a_row_that_speaks_of_it_knows_what_it_is_about() -> None:
    assert (
        grave_matter(row("Robo de la tarjeta: hay que anularla"), "Me han robado la cartera y la tarjeta, un robo")
        == "robado"
    )
    assert grave_matter(row("Al titular le han robado la tarjeta"), "Me han robado la tarjeta") == ""
