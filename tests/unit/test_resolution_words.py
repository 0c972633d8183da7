"""Words by stem and rarity."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.resolution.words import Lexicon, fold, language_of, stems

EXAMPLES = (
    "No puede adjuntar la factura",
    "La pantalla de pólizas sale en blanco",
    "El certificado no se descarga",
    "La pantalla de recibos sale en blanco",
)


def test_folding_takes_accents_and_case_away() -> None:
    assert fold("PÓLIZA ñandú Über") == "poliza nandu uber"


def test_stems_bring_forms_of_a_word_together_and_drop_small_words() -> None:
    assert stems("adjuntar un adjunto ADJUNTADO") == {"adjun"}
    assert stems("de la que no a") == frozenset()
    assert stems("cuando") == {"cuand"}


def test_long_texts_have_the_stems_of_short_ones() -> None:
    assert stems("póliza rota " * 1000) == stems("póliza rota")


@pytest.mark.parametrize(("text", "language"), [("the page is blank", "en"), ("la página en blanco", "es"), ("", "es")])
def test_language(text: str, language: str) -> None:
    assert language_of(text) == language


def test_a_rare_word_tells_more_than_a_common_one() -> None:
    lexicon = Lexicon(EXAMPLES)
    assert lexicon.language == "es"
    assert lexicon.telling(stems("certificado")) == pytest.approx(1.0)
    assert lexicon.telling(stems("pantalla")) < 0.8
    assert lexicon.telling(stems("desconocida")) == pytest.approx(1.0)
    assert lexicon.coverage(EXAMPLES[0], "la factura que quise adjuntar no puede ir") == pytest.approx(1.0)
    twins = lexicon.likeness(EXAMPLES[1], EXAMPLES[3])
    assert lexicon.likeness(EXAMPLES[1], EXAMPLES[2]) == 0 < twins < 1


@given(st.lists(st.text(max_size=40), max_size=6), st.text(), st.text())
def test_likeness_and_coverage_stay_within_their_bounds(texts: list[str], one: str, other: str) -> None:
    lexicon = Lexicon(texts)
    assert 0 <= lexicon.likeness(one, other) <= 1 + 1e-9
    assert lexicon.likeness(one, other) == pytest.approx(lexicon.likeness(other, one))
    assert 0 <= lexicon.coverage(one, other) <= 1 + 1e-9
    if stems(one):
        assert lexicon.likeness(one, one) == pytest.approx(1)
        assert lexicon.coverage(one, f"{other} {one}") == pytest.approx(1)
