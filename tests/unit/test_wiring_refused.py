"""What was refused once is not fetched again, and nobody waits for ever: neither for files nor for another process."""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from resuelve import durable, wiring
from resuelve.domain.errors import ExperimentsUnavailable, ResuelveError, TrainingError
from resuelve.experiments import store as stores
from resuelve.experiments.store import Store
from resuelve.experiments.versions import CARD, DIGEST, ROLE, Announced
from resuelve.settings import Settings, load
from resuelve.training.registry import Card
from resuelve.wiring import following
from resuelve.wiring.following import follow
from resuelve.wiring.refused import Refusals

CARD_OF = Card("2026-11-27T10:00:00+01:00", "rules", "auroc", False, 0.8, 0.9, 40, "ab" * 32, "0.1.0")


@dataclass
class Elsewhere:
    """A store that announces one version of the critic; its files are not those, or cannot be had."""

    place: str = "http://mlflow.example"
    number: str = "1"
    name: str = "weights.json"
    error: ResuelveError | None = None
    fetched: list[str] = field(default_factory=list)

    def newest(self, models: object, alias: str = "") -> dict[str, list[Announced]]:
        tags = {ROLE: "critic", DIGEST: "ab" * 32, CARD: json.dumps(asdict(CARD_OF))}
        return {"resuelve-critic": [Announced("resuelve-critic", self.number, "mlflow-artifacts:/1", tags)]}

    def fetch(self, source: str, into: Path) -> None:
        self.fetched.append(self.number)
        if self.error:
            raise self.error
        (into / self.name).write_text("others", encoding="utf-8")


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    store = Elsewhere()
    monkeypatch.setattr(wiring, "experiments", lambda settings: store)
    return store


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(workspace=tmp_path / "office", model_source="latest", language="en")


def told(settings: Settings) -> str:
    notes: list[str] = []
    follow(settings, notes.append, {})
    (note,) = notes
    return note


@pytest.mark.parametrize(
    ("name", "error", "why"),
    [
        ("weights.json", None, "its files are not those that were announced"),
        ("weights.pkl", None, "a file of this kind could run code, and is not kept"),
        ("", TrainingError("not fetched (Refused: its files are too large)"), "its files are too large"),
    ],
)
def test_what_was_refused_is_not_fetched_again_until_another_is_announced(
    name: str, error: ResuelveError | None, why: str, elsewhere: Elsewhere, settings: Settings
) -> None:
    elsewhere.name, elsewhere.error = name, error
    assert why in told(settings)
    for _ in range(2):
        note = told(settings)
        assert "resuelve-critic/1: it was refused before (" in note
        assert why in note
    assert elsewhere.fetched == ["1"]
    elsewhere.number = "2"
    assert "refused before" not in told(settings)
    assert elsewhere.fetched == ["1", "2"]
    Refusals(settings.workspace / ".resuelve" / "models").file.unlink()
    assert "refused before" not in told(settings)


def test_what_could_not_be_had_is_tried_again(elsewhere: Elsewhere, settings: Settings) -> None:
    elsewhere.error = ExperimentsUnavailable("MLflow is not installed")
    assert told(settings) == told(settings)
    assert elsewhere.fetched == ["1", "1"]


def test_while_another_process_fetches_the_start_goes_on(
    elsewhere: Elsewhere, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_LONGEST_WAIT", 0.05)
    with durable.alone(settings.workspace / ".resuelve" / "models" / ".following", seconds=1):
        assert "another process works here, and has not ended in 0.05 s" in told(settings)
    assert elsewhere.fetched == []


def test_all_that_a_start_fetches_has_one_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that never come take no longer than one."""
    now, given = 0.0, []

    def run(*_: object, timeout: float, **__: object) -> None:
        nonlocal now
        given.append(timeout)
        now += min(timeout, 70.0)
        raise subprocess.TimeoutExpired("mlflow", timeout)

    monkeypatch.setattr(stores, "time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr(subprocess, "run", run)
    store = Store("http://mlflow.example", tmp_path)
    for _ in range(3):
        with pytest.raises(ExperimentsUnavailable, match="no answer in"):
            store.fetch("mlflow-artifacts:/1", tmp_path)
    assert given == [120.0, 50.0, 0.0]


JSON = st.recursive(
    st.none() | st.integers(-3, 3) | st.text(max_size=4),
    lambda some: st.lists(some, max_size=3) | st.dictionaries(st.sampled_from(["a", "from", "why"]), some, max_size=3),
)


@profile(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=20) | JSON.map(lambda said: json.dumps(said).encode()))
def test_whatever_stands_in_the_file_the_start_goes_on(tmp_path: Path, content: Any) -> None:
    known = Refusals(tmp_path)
    known.file.write_bytes(content)
    assert isinstance(known.why("a", "x"), str)
    known.remember("a", "x", "too large")
    assert known.why("a", "x") == "too large"
    assert known.why("a", "y") == known.why("b", "x") == ""


def test_the_newest_are_remembered(tmp_path: Path) -> None:
    known = Refusals(tmp_path)
    for number in range(105):
        known.remember(str(number), "x", "no")
    assert [known.why(str(number), "x") for number in (4, 5, 104)] == ["", "no", "no"]
