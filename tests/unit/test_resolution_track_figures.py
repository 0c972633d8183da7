"""What lasted is counted once an hour, and again where the file says nothing sensible."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.journal.memory import MemoryJournal
from resuelve.journal.memory_acts import MemoryActs
from resuelve.journal.memory_answers import MemoryAnswers
from resuelve.journal.port import IncidentRecord
from resuelve.resolution import observed_run, track_figures
from resuelve.telemetry.memory import MemorySignals
from resuelve.telemetry.metrics import AUTOMATIC_RATE, CALIBRATION_DRIFT, DURABLE_RATE

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


class Counting(MemoryJournal):
    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def records_since(self, since, *, only=()):  # type: ignore[no-untyped-def]
        self.asked += 1
        return super().records_since(since, only=only)


def counted(file: Path, journal: MemoryJournal, at: datetime, lasting: int = 7) -> track_figures.TrackFigures:
    return track_figures.track_figures(file, journal, MemoryActs(), MemoryAnswers(), at, lasting=lasting)


def test_it_is_counted_once_an_hour(tmp_path: Path) -> None:
    journal, file = Counting(), tmp_path / "figures.json"
    first = counted(file, journal, NOW)
    assert counted(file, journal, NOW + timedelta(minutes=59)) == first
    assert journal.asked == 1
    assert counted(file, journal, NOW + timedelta(minutes=61)).at != first.at
    assert journal.asked == 2


def test_other_days_and_a_clock_that_went_back_are_counted_anew(tmp_path: Path) -> None:
    journal, file = Counting(), tmp_path / "figures.json"
    counted(file, journal, NOW)
    counted(file, journal, NOW, lasting=3)
    counted(file, journal, NOW - timedelta(hours=2), lasting=3)
    assert journal.asked == 3


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert counted(tmp_path / "file" / "figures.json", MemoryJournal(), NOW).durable_rate is None


@given(st.one_of(st.binary(max_size=60), st.sampled_from([b'{"at": 1}', b"[]", b"null", b'{"at": "x"}', b"[" * 9000])))
def test_what_nobody_understands_is_counted_anew(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = tmp_path_factory.mktemp("figures") / "figures.json"
    file.write_bytes(data)
    assert counted(file, MemoryJournal(), NOW).at == NOW.isoformat(timespec="seconds")


def test_what_rests_on_too_little_is_no_number(tmp_path: Path) -> None:
    journal, signals = MemoryJournal(clock=lambda: NOW - timedelta(days=10)), MemorySignals()
    journal.record(IncidentRecord("r", "INC1", "v", "handed_off", {"changed": False, "decision": {"score": 40.0}}))
    observed_run.tell_track(signals, counted(tmp_path / "f.json", journal, NOW), MemoryActs())
    assert signals.value(AUTOMATIC_RATE) == signals.value(DURABLE_RATE) == 0.0
    assert math.isnan(signals.value(CALIBRATION_DRIFT) or 0)
