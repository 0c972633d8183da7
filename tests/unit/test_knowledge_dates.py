"""What may stand in FECHA DE RESOLUCIÓN, and what cannot be a date."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.knowledge.dates import is_date


@pytest.mark.parametrize(
    "text",
    [
        "03/02/2026", "3/2/26", "03-02-2026", "03.02.2026", "2026-02-03", "2026/02", "02/2026", "2026",
        "03/02/2026 10:00", "03/02/2026 10:00:00 CEST", "2026-02-03T10:00:00Z", "29/02/2028",
        "15 de marzo de 2026", "mar-26", "Marzo 2026", "March 3, 2026", "12-ene-2026", " 03/02/2026 ",
    ],
)  # fmt: skip
def test_dates(text: str) -> None:
    assert is_date(text)


@pytest.mark.parametrize(
    "text",
    [
        "32/13/2026", "31/02/2026", "29/02/2026", "02/13/2026", "00/01/2026", "13/2026", "2026-13-01", "1/1/0001",
        "pronto", "?", "-", "20260203", "10:00", "46055", "٠٣/٠٢/٢٠٢٦",
    ],
)  # fmt: skip
def test_what_is_none(text: str) -> None:
    assert not is_date(text)


@given(st.text(max_size=40))
def test_any_text_is_looked_at(text: str) -> None:
    assert is_date(text) in (True, False)


@given(st.dates(date(1900, 1, 1), date(2200, 12, 31)), st.sampled_from(["%d/%m/%Y", "%Y-%m-%d", "%d.%m.%Y %H:%M"]))
def test_every_day_is_one(day: date, form: str) -> None:
    assert is_date(day.strftime(form))
