"""What the journal tells for `resuelve report`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from resuelve import wiring
from resuelve.cli import reporting
from resuelve.journal import Answer
from resuelve.resolution.act import reference_named
from resuelve.resolution.track_record import TrackRecord, track_record
from resuelve.settings import Settings

NOON = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def test_what_a_person_agreed_to_is_left_out_of_what_lasted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(workspace=tmp_path)
    wiring.workspace(settings).prepare()
    answers = wiring.answers(settings)
    answers.note(Answer("INC1", "r1", "A", "A\x1fx", "A-1", True, "Ana", "", NOON))
    answers.close()
    told: dict[str, Any] = {}

    def counted(*given: Any, **how: Any) -> TrackRecord:
        told.update(how)
        return track_record(*given, **how)

    monkeypatch.setattr(reporting, "track_record", counted)
    assert reporting._kept(settings, []) is not None
    assert told["approved"] == {("INC1", reference_named("INC1", "r1"))}
