"""Sentences are said in the language that was asked for, with their slots and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.texts import catalogue, say, slots_of

LANGUAGES = ("es", "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_can_be_said_and_shows_its_slots(language: str) -> None:
    for key, sentence in catalogue(language).items():
        slots = {name: f"«{name}»" for name in slots_of(sentence)}
        said = say(key, language, **slots)
        assert all(value in said for value in slots.values()), key
        assert "{" not in said, key


def test_another_language_is_answered_in_spanish() -> None:
    assert say("resolution.gone", "fr") == say("resolution.gone", "es") != say("resolution.gone", "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_not_there_is_a_bug(language: str) -> None:
    with pytest.raises(KeyError):
        say("resolution.not_there", language)
    with pytest.raises(KeyError):
        say("resolution.closest", language)


@given(st.text())
def test_slot_values_are_never_interpreted(value: str) -> None:
    assert (
        say("resolution.closest", "es", id=f"{{0}}{{id}}{value}")
        == f"{{0}}{{id}}{value} es el problema conocido más cercano."
    )


def test_slots() -> None:
    assert slots_of("{a} y {b.c} {{no}} {a}") == {"a", "b.c"}
    assert slots_of("nada") == frozenset()
