"""Tickets that wait for a fix: what they were told is known again, and nobody is left waiting for a day that passed."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.incident import HistoryEntry, Incident
from resuelve.domain.known_error import Fix, KnownError, Prescription, ResolutionKind
from resuelve.resolution.promise import Promise, holds, promise, promised, told
from resuelve.resolution.read import Reading, read

LABEL = "[SPAI] "
DAY = date(2027, 3, 31)


def held(text: str) -> Reading:
    entry = HistoryEntry(state="En espera", detail=LABEL + text)
    return read(Incident("INC1", title="Sale a cero", state="En espera", history=(entry,)), label=LABEL)


def fix(day: date | None) -> KnownError:
    return KnownError("C1", "", ("x",), "", "", Prescription(ResolutionKind.HOLD), fix=Fix(day))


@given(st.dates(min_value=date(1000, 1, 1)), st.sampled_from(["es", "en"]))
def test_what_was_told_is_known_again(day: date, language: str) -> None:
    made = Promise("COR (1)", day)
    assert promised(held(f"{promise(made, language)} (ref. R-0123456789)")) == made


@pytest.mark.parametrize(
    "text",
    [
        "¿Puede enviarnos el recibo del 31/03/2027?",
        promise(Promise("C1", DAY), "es").replace("31/03", "99/99"),
        "expected on 31/03/2027",
    ],
)
def test_other_messages_promise_nothing(text: str) -> None:
    assert promised(held(text)) is None


def test_only_the_last_message_counts() -> None:
    first = HistoryEntry(state="En espera", detail=LABEL + promise(Promise("C1", DAY), "es"))
    last = HistoryEntry(state="En espera", detail=f"{LABEL}¿Qué importe sale?")
    assert promised(read(Incident("INC1", history=(first, last)), label=LABEL)) is None
    assert promised(read(Incident("INC1"), label=LABEL)) is None


def test_a_promise_holds_to_the_end_of_its_day_while_a_fix_names_it() -> None:
    made = Promise("C1", DAY)
    row = KnownError("C1", "", ("x",), "", "y", Prescription(ResolutionKind.HOLD))
    assert holds(made, {"C1": fix(DAY)}, DAY)
    assert not holds(made, {"C1": fix(DAY)}, DAY + timedelta(1))
    assert not holds(made, {"C1": row}, DAY)
    assert not holds(made, {"C1": fix(DAY + timedelta(7)), "C2": fix(DAY)}, DAY)
    assert not holds(made, {"C1": fix(None)}, DAY)
    assert not holds(made, {}, DAY)


def test_a_day_is_told_in_the_requesters_language_and_a_row_as_it_was_written() -> None:
    assert "expected on 2027-03-31" in told(fix(DAY), "en")
    assert "prevista para el 31/03/2027" in told(fix(DAY), "es")
    assert told(KnownError("A", "", ("x",), "", "Borre", Prescription(ResolutionKind.HOLD)), "en") == "Borre"
