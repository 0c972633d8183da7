"""Without the extra, what needs it says how to get it; nothing heavy is imported to find out."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from resuelve.domain.errors import TrainingError
from resuelve.settings import load
from resuelve.training import recipe
from resuelve.training.registry import Card, Registry
from resuelve.wiring.captions import captions_in_use, describer

CARD = Card("2026-11-01T10:00:00+01:00", "m", "held_out_loss", True, 0.5, 0.4, 20, "abc", "0.1.0")


@pytest.fixture
def without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(name: str) -> Any:
        return None if name == "torch" else find_spec(name)

    monkeypatch.setattr(recipe, "find_spec", found)


@pytest.mark.usefixtures("without_torch")
def test_training_says_what_to_install(tmp_path: Path) -> None:
    from resuelve.cli.fine_tuning import run_image, run_language

    settings = load(workspace=tmp_path)
    with pytest.raises(TrainingError, match="make train"):
        run_image(settings, tmp_path, recipe.Recipe("m"))
    with pytest.raises(TrainingError, match="make train"):
        run_language(settings, [tmp_path / "h.jsonl"], recipe.Recipe("m"), roles=["decide"], export=None)


@pytest.mark.usefixtures("without_torch")
def test_a_model_in_use_that_cannot_be_loaded_is_said_and_none_is_no_error(tmp_path: Path) -> None:
    settings = load(workspace=tmp_path)
    assert describer(settings) is None
    registry = Registry(tmp_path / ".resuelve" / "models")
    (tmp_path / "files").mkdir()
    registry.register("image-to-text-finetuned", tmp_path / "files", CARD)
    registry.promote("image-to-text-finetuned", 1)
    with pytest.raises(TrainingError, match="not installed"):
        captions_in_use(settings)


def test_the_learning_rate_depends_on_what_is_learned() -> None:
    assert recipe.Recipe("m").step > recipe.Recipe("m", whole=True).step
    assert recipe.Recipe("m", rate=0.1).step == 0.1


def test_looking_for_it_loads_nothing() -> None:
    before = set(sys.modules)
    recipe.installed()
    assert not {"torch", "transformers", "peft"} & (set(sys.modules) - before)
