"""Conditions of time in a row, and what a ticket says of time."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.resolution.ahead import Span, spans
from resuelve.resolution.elapsed import ages
from resuelve.resolution.timing import Condition, condition_of, meets

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
        ("No se puede anular porque faltan menos de 24 horas", Condition(False, 1, ahead=True)),
        ("Quiere anular y quedan más de treinta días", Condition(True, 30, ahead=True)),
        ("Anulación con menos de 48 horas de antelación", Condition(False, 2, ahead=True)),
        ("Cancelling less than two days before the visit", Condition(False, 2, ahead=True)),
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
        ("la cita es el 3 de diciembre", []),
        ("la pedí el 3 de marzo", [260]),
        ("nací el 3 de mayo de 1970", [199]),
        ("no llega la tarjeta", []),
    ],
)
def test_what_a_ticket_says_of_time(text: str, days: list[float]) -> None:
    assert list(ages(text, OPENED)) == days


@pytest.mark.parametrize(
    ("text", "ahead"),
    [
        ("faltan 3 horas para la cita", [Span(0.125, 0.125)]),
        ("quedan más de dos meses", [Span(60, math.inf)]),
        ("la cita es dentro de menos de 12 horas", [Span(0, 0.5)]),
        ("the visit is in two days", [Span(2, 2)]),
        ("the visit is 5 days away", [Span(5, 5)]),
        ("la cita es mañana", [Span(0, 2)]),
        ("la cita es pasado mañana", [Span(1, 3)]),
        ("esta mañana he llamado, y por la mañana también", []),
        ("la cita es el 3 de diciembre", [Span(14, 16)]),
        ("se acaba el 15 de enero", [Span(57, 59)]),
        ("vence el 01/02/2027", [Span(74, 76)]),
        ("lo pedí el 3 de noviembre", []),
        ("hoy no puedo entrar", []),
        ("la visita es hoy", [Span(0, 1)]),
    ],
)
def test_what_a_ticket_says_of_what_lies_ahead(text: str, ahead: list[Span]) -> None:
    assert list(spans(text, OPENED)) == ahead


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


NEAR, FAR = row("No se puede anular: faltan menos de 24 horas"), row("Anular, y faltan más de 30 días")


@pytest.mark.parametrize(
    ("said", "near", "far"),
    [
        ("la cita es dentro de 3 horas", True, False),
        ("la cita es mañana", False, False),  # in two hours, or in two days less a minute
        ("se acaba el 31 de diciembre", False, True),
        ("se acaba el 31 de diciembre y la cita es mañana", False, False),
        ("no me deja anular la cita", False, False),
        ("lo pedí hace dos horas", False, False),
    ],
)
def test_a_condition_of_what_remains_must_be_shown_too(said: str, near: bool, far: bool) -> None:
    assert (meets(NEAR, [said], OPENED), meets(FAR, [said], OPENED)) == (near, far)


def test_a_row_that_states_no_time_demands_none() -> None:
    assert meets(row("No llega la tarjeta"), ["ayer"], OPENED)


def test_without_the_day_of_opening_no_date_counts() -> None:
    assert list(ages("el 29 de octubre", None)) == []
    assert list(ages("hace dos días", None)) == [2]


@given(st.text(alphabet="0123456789/.-: dehacmsñunotrlvyag", max_size=80))
def test_reading_time_never_fails(text: str) -> None:
    assert all(age >= 0 for age in ages(text, OPENED))
    assert all(0 <= span.least <= span.most for span in spans(text, OPENED))
