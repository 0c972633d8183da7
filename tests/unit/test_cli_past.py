"""Past tickets are decided with what people had answered before each of them was opened, and no more."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.progress import Progress

from resuelve import wiring
from resuelve.cli import past
from resuelve.domain.incident import Incident
from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.journal import Answer
from resuelve.models.hashing import HashEmbedder
from resuelve.replay.predict import RememberingEmbedder
from resuelve.replay.replay import Configuration
from resuelve.resolution.merits import state_of
from resuelve.resolution.rules import Rules
from resuelve.settings import Settings
from resuelve.wiring import trials

NOON = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
ROW = KnownError("A", "Web", ("No abre",), "", "Borre las cookies", Prescription(ResolutionKind.CLOSE))


def test_a_past_ticket_knows_no_answer_that_was_given_later(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = Settings(workspace=tmp_path)
    wiring.workspace(settings).prepare()
    book = wiring.answers(settings)
    book.note(Answer("INC1", "r", ROW.id, state_of(ROW), "A-1", True, "Ana", "", NOON))
    book.close()
    seen: list[Configuration] = []
    monkeypatch.setattr(trials, "drafts", lambda *_: nullcontext(None))
    monkeypatch.setattr(past, "replay", lambda configuration, *_, **__: seen.append(configuration))
    tickets = past.Past(settings, (), (), (), Progress(disable=True))
    tickets.decided("now", settings, Rules(), RememberingEmbedder(HashEmbedder()), (), ())
    record = seen[0].rules.record
    later, earlier = (Incident("INC2", opened=NOON + timedelta(hours=hours)) for hours in (1, -1))
    assert record(ROW, later) == pytest.approx(0.2)
    assert [record(ROW, one) for one in (earlier, replace(later, opened=NOON), replace(later, opened=None))] == [0] * 3
