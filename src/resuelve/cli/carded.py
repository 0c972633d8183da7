"""What a version's card says, as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from resuelve.pages.numbers import number, percent
from resuelve.texts import say
from resuelve.training.registry import Card
from resuelve.training.standing import LEVEL
from resuelve.training.students import CRITIC, ENCODER, RERANK

_DIGITS = 4
_BETTER = (RERANK, ENCODER)
"""Roles whose versions must be shown to be better, by first rows."""


def test_in_words(role: str, card: Card, language: str) -> Iterator[str]:
    """What was measured on the held-out examples, the test, and whether it was passed."""
    figures, slots = card.figures, {"teachers": measured(card.teachers, language), "teacher": card.teacher}
    level = figures.get("level", LEVEL)
    slots |= {"level": percent(level, language, 1), "sure": percent(1.0 - level, language, 1)}
    slots |= {"students": measured(card.students, language), "held_out": number(card.held_out, language)}
    if role == CRITIC and "upper_limit" in figures:
        yield say("students.test.loss", language, **slots, **_numbers(figures, language, "upper_limit", "margin"))
        yield _acted(figures, language)
        areas = ("auroc_teacher", "auroc_student")
        told = {name: percent(figures.get(name), language, 1) for name in ("ece_teacher", "ece_student")}
        yield say("students.test.quality", language, **told, **_numbers(figures, language, *areas))
    elif role in _BETTER and "won" in figures:
        shares = {"teachers": percent(card.teachers, language, 1), "students": percent(card.students, language, 1)}
        counts = {name: _count(figures, name, language) for name in ("won", "lost")}
        yield say("students.test.first", language, **{**slots, **shares}, **counts, p=measured(figures["p"], language))
        if role == ENCODER:
            yield _acted(figures, language, ".encoder")
    else:
        yield say("students.test.other", language, **slots, measure=card.measure)
    if looks := _count(figures, "looks", language) if figures.get("looks") else "":
        yield say("students.test.looks", language, looks=looks, level=percent(level, language, 1))
    verdict = "students.test.passed" if card.not_worse else "students.test.not_passed"
    yield say(f"{verdict}.rerank" if role in _BETTER else verdict, language)


def _acted(figures: Mapping[str, float], language: str, of: str = "") -> str:
    acted = ("acted_teacher", "wrong_teacher", "acted_student", "wrong_student")
    counts = {name: _count(figures, name, language) for name in acted}
    careful = say("students.test.careful" if figures.get("careful") else "students.test.not_careful", language)
    return say(f"students.test.acted{of}", language, **counts, careful=careful)


def measured(value: float, language: str) -> str:
    """A measure with four decimals."""
    return number(value, language, _DIGITS)


def _numbers(figures: Mapping[str, float], language: str, *names: str) -> dict[str, str]:
    return {name: measured(figures[name], language) if name in figures else "—" for name in names}


def _count(figures: Mapping[str, float], name: str, language: str) -> str:
    return number(int(figures.get(name, 0)), language)
