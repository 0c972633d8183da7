"""What was learned of noes counts only for the language model, asked as it was asked when they were learned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from resuelve.replay.learned import Learned
from resuelve.resolution.score import shipped
from resuelve.resolution.votes import ABSOLUTE, CHOICE, Votes
from resuelve.settings import Settings, load
from resuelve.training.registry import Card, Registry
from resuelve.wiring import rules
from resuelve.wiring.students import measured_against
from resuelve.wiring.voting import counted, speaker
from tests.history_samples import EMBEDDER

ASKED: dict[str, Any] = {
    "environment": "PROD",
    "chat_model": "one",
    "openai_base_url": "http://127.0.0.1:1/v1",
    "ollama_base_url": "http://127.0.0.1:2",
}


def settings_of(place: Path, **other: Any) -> Settings:
    return load(workspace=place, **{**ASKED, **other})


def taught(settings: Settings) -> Learned:
    """What a calibration with these settings would have learned of noes."""
    scoring = shipped().__class__(shipped().words, shipped().no_words, Votes(speaker(settings), 65.0, {CHOICE: 0.0}))
    return Learned("2026-11-27", EMBEDDER, 60, 60, 40, scoring)


def test_the_model_as_it_was_asked(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    past = taught(settings)
    assert rules(settings, past, EMBEDDER).scoring == past.scoring
    assert rules(settings_of(tmp_path, ollama_base_url="http://127.0.0.1:3"), past, EMBEDDER).scoring == past.scoring
    assert rules(settings).scoring.votes is ABSOLUTE


@pytest.mark.parametrize(
    "other",
    [
        {"chat_model": "another"},
        {"openai_base_url": "http://127.0.0.1:9/v1"},
        {"environment": "DESA"},
        {"environment": "EMBEBIDO"},
        {"query_limit": 3},
        {"max_retries_critic": 1},
        {"policy": {"cierre": "ask"}},
    ],
)
def test_asked_otherwise_its_no_takes_all(tmp_path: Path, other: dict[str, Any]) -> None:
    past = taught(settings_of(tmp_path))
    found = rules(settings_of(tmp_path, **other), past, EMBEDDER).scoring
    assert found == shipped()


@pytest.mark.parametrize("role", ["reformulate", "rerank"])
def test_where_a_version_stands_in_its_no_takes_all(tmp_path: Path, role: str) -> None:
    settings = settings_of(tmp_path)
    scoring = taught(settings).scoring
    assert scoring is not None
    assert counted(settings, scoring) is scoring
    files = tmp_path / "files"
    files.mkdir()
    (files / "model.json").write_text("{}", encoding="utf-8")
    registry = Registry(tmp_path / ".resuelve" / "models")
    card = Card("2026-11-27", "one", "log_loss", True, 0.5, 0.4, 20, "d", "1", {}, {}, True)
    registry.register(role, files, card)
    assert counted(settings, scoring) is scoring
    registry.promote(role, 1)
    assert counted(settings, scoring).votes is ABSOLUTE


def test_a_critic_is_measured_against_the_score_whatever_noes_are_worth(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    with_votes, without = rules(settings, taught(settings), EMBEDDER), rules(settings)
    assert with_votes.scoring != without.scoring
    assert measured_against(with_votes, "critic") == measured_against(without, "critic")
