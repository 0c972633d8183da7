"""Conditions of time in a row, and what a ticket says of time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.resolution.elapsed import Condition, ages, condition_of, meets

OPENED = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("Tarjeta física pedida hace más de 15 días que no ha llegado", Condition(True, 15)),
        ("Tarjeta física pedida hace menos de 15 días que no ha llegado", Condition(False, 15)),
        ("En estudio desde hace más de cinco días laborables", Condition(True, 7)),
        ("Ha pasado más de un mes desde que se solicitó", Condition(True, 30)),
        ("La petición lleva más de una semana en estudio", Condition(True, 7)),
        ("The card has been waiting for more than two weeks", Condition(True, 14)),
        ("No se puede anular porque faltan menos de 24 horas", None),
        ("El archivo supera los 10 MB", None),
    ],
)
def test_the_condition_of_a_row(text: str, condition: Condition | None) -> None:
    assert condition_of(text) == condition


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("la pedí hace dos días", [2]),
        ("llevo 3 semanas esperando", [21]),
        ("ordered it two days ago", [2]),
        ("I have been waiting for almost a month", [30]),
        ("la pedí ayer", [1]),
        ("solicité permiso el 29 de octubre y a día de hoy nada", [20]),
        ("I ordered the card on 20 August", [90]),
        ("contratado el 03/11/2026", [15]),
        ("desde primeros de noviembre", [15]),
        ("la cita es el 3 de diciembre", [350]),
        ("nací el 3 de mayo de 1970", [199]),
        ("no llega la tarjeta", []),
    ],
)
def test_what_a_ticket_says_of_time(text: str, days: list[float]) -> None:
    assert list(ages(text, OPENED)) == days


def row(*examples: str) -> KnownError:
    return KnownError("T", "Tarjeta", examples, "", "Ya sale.", Prescription(ResolutionKind.CLOSE))


LONG, SHORT = row("Tarjeta pedida hace más de 15 días"), row("Tarjeta pedida hace menos de 15 días")


@pytest.mark.parametrize(
    ("said", "long", "short"),
    [
        ("la pedí hace dos días", False, True),
        ("la pedí hace un mes", True, False),
        ("la pedí hace un mes, ayer llamé y no saben nada", True, False),
        ("no ha llegado", False, False),
    ],
)
def test_a_condition_must_be_shown_to_be_met(said: str, long: bool, short: bool) -> None:
    assert (meets(LONG, [said], OPENED), meets(SHORT, [said], OPENED)) == (long, short)


def test_a_row_that_states_no_time_demands_none() -> None:
    assert meets(row("No llega la tarjeta"), ["ayer"], OPENED)


def test_without_the_day_of_opening_no_date_counts() -> None:
    assert list(ages("el 29 de octubre", None)) == []
    assert list(ages("hace dos días", None)) == [2]


@given(st.text(alphabet="0123456789/.-: dehacmsñunotrlvyag", max_size=80))
def test_reading_time_never_fails(text: str) -> None:
    assert all(age >= 0 for age in ages(text, OPENED))
