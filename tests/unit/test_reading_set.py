"""Six screens of the drawn set, in the typeface that every machine has, are read with fewer than 2 % wrong letters."""

from __future__ import annotations

import pytest

from benchmarks.reading.drawn import OWN, drawn
from benchmarks.reading.error_rate import distance, errors, spaced
from benchmarks.reading.one_way import ours
from benchmarks.reading.scenes import SCENES

MOST = 0.02
CHOSEN = {
    "dialogo-poliza": ("light", 1.0, 0),
    "dialogo-impresora": ("dark", 1.5, 85),
    "formulario-alta": ("classic", 1.0, 60),
    "pagina-permiso": ("insurer", 0.75, 0),
    "terminal-traza": ("dark", 1.0, 75),
    "tabla-recibos": ("light", 0.75, 85),
}


@pytest.mark.parametrize("name", CHOSEN)
def test_fewer_than_two_letters_in_a_hundred_are_wrong(name: str) -> None:
    (scene,) = (scene for scene in SCENES if scene.name == name)
    theme, scale, quality = CHOSEN[name]
    case = drawn(scene, theme, scale, OWN, OWN, quality)
    text = ours(case.data)
    assert errors(text, case.text) < MOST * len(spaced(case.text)), text
    assert not [one for one in case.named if spaced(one) not in spaced(text)]


@pytest.mark.parametrize(
    ("one", "other", "steps"),
    [("", "", 0), ("abc", "abc", 0), ("abc", "abd", 1), ("abc", "ab", 1), ("", "abc", 3), ("póliza", "poliza s", 3)],
)
def test_the_distance_counts_single_letters(one: str, other: str, steps: int) -> None:
    assert distance(one, other) == distance(other, one) == steps


def test_how_a_line_is_broken_is_no_error() -> None:
    assert errors("No se\n\npudo  guardar ", "No se pudo guardar") == 0
    assert errors("No sé pudo", "No se pudo") == 1
