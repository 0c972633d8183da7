"""What lasted, in words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from resuelve.cli.lasted import lasted_in_words
from resuelve.resolution.drift import Calibration, InputDrift
from resuelve.resolution.track_record import Period, Tally, TrackRecord

DAY = datetime(2026, 11, 26, 12, tzinfo=UTC)


def record(decided: int, calibration: Calibration, drift: InputDrift) -> TrackRecord:
    tally = Tally(acted=40, reopened=1, reported=2, moved=7) if decided else Tally()
    judged, young = (Period(DAY, DAY, decided, one, 0, 0) for one in (tally, Tally()))
    return TrackRecord(30, 7, judged, young, {}, {}, calibration, drift)


def test_all_that_is_known() -> None:
    known = record(1_200, Calibration(40, 0.9, 0.75, 0.15, 0.05, 0.25), InputDrift(80, 60, 0.5, 0.21))
    lasted, promised, shifted = lasted_in_words(known, "en")
    assert lasted.startswith("From 2026-11-26 to 2026-11-26: ")
    assert "1,200" in lasted
    assert "2.5%" in lasted
    assert "30 lasted 7 days" in lasted
    assert "given on to another mailbox 7" in lasted
    assert "90.0%" in promised
    assert "75.0%" in promised
    assert "0.50" in shifted
    assert next(lasted_in_words(known, "es")).startswith("Del 26/11/2026 al 26/11/2026")
    assert all(lasted_in_words(known, "es"))


@pytest.mark.parametrize("drift", [InputDrift(80, 20), InputDrift(80, 60, 0.1, 0.21)])
def test_nothing_is_said_of_what_nobody_knows(drift: InputDrift) -> None:
    assert [*lasted_in_words(record(0, Calibration(3), drift), "es")] == []
