"""What a version says of itself to others, and that nothing happens where MLflow is not installed."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from resuelve import assembly, wiring
from resuelve.cli import app, runs_shown
from resuelve.cli.surroundings import terminal
from resuelve.domain.errors import ExperimentsUnavailable, TicketUnavailable, TrainingError
from resuelve.experiments.runs import Logged, Run
from resuelve.experiments.versions import CARD, DIGEST, ROLE
from resuelve.resolution.run import Scope
from resuelve.settings import Settings, load
from resuelve.telemetry import SILENT
from resuelve.training.recipe import Epoch, Recipe, Tuned
from resuelve.training.registry import Card, Registry, Version
from resuelve.wiring import publishing
from resuelve.wiring.publishing import announce_promotion, publish

# The commands hide the modules of the same name.
doctor: Any = import_module("resuelve.cli.doctor")
running: Any = import_module("resuelve.cli.run")

CARD_OF = Card(
    "2026-11-27T10:00:00", "rules", "auroc", False, 0.8, 0.9, 40, "ab" * 32, "0.1.0", {"ece": 0.1}, origin="x"
)  # fmt: skip


class Recorder:
    """A store that remembers what it is told."""

    place = "nowhere"
    begun = True

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.pointed: list[tuple[str, str, str]] = []

    def log(self, runs: Sequence[Run]) -> list[Logged]:
        self.runs += runs
        return [Logged("ab12", "3")]

    def point(self, model: str, alias: str, digest: str) -> str:
        self.pointed.append((model, alias, digest))
        return "3" if digest else ""


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    monkeypatch.setattr(wiring, "experiments", lambda settings: recorder)
    return recorder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(workspace=tmp_path / "office", mlflow_prefix="seguros", language="en")


@pytest.fixture
def version(settings: Settings, tmp_path: Path) -> Version:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "weights.json").write_text("{}", encoding="utf-8")
    return Registry(settings.workspace / ".resuelve" / "models").register("critic", tmp_path / "files", CARD_OF)


def test_a_training_is_a_run_with_its_version(store: Recorder, settings: Settings, version: Version) -> None:
    published = publish(settings, version, command="resuelve train critic", params={"l2": 0.5, "device": ""})
    assert published == publishing.Published("ab12", "seguros-critic", "3", "nowhere")
    (run,) = store.runs
    assert run.metrics == {"students": 0.9, "teachers": 0.8, "held_out": 40.0, "ece": 0.1}
    assert {"l2": "0.5", "role": "critic", "measure": "auroc"}.items() <= run.params.items()
    assert "device" not in run.params
    assert run.tags["kind"] == "training"
    assert run.data and run.data.digest == "ab" * 32
    assert run.model and Path(run.model.folder, "version.json").is_file()
    tags = dict(run.model.tags)
    card = json.loads(tags.pop(CARD))
    assert tags == {ROLE: "critic", DIGEST: version.digest}
    assert Card(**card).not_worse
    assert "origin" not in card, "where it came from is no matter of others"


def test_a_curve_takes_no_name_from_a_figure_of_the_version(
    store: Recorder, settings: Settings, tmp_path: Path
) -> None:
    """The second epoch was kept; MLflow shows the last value of a curve as the figure of that name."""
    from resuelve.cli.fine_tuning import _publish

    (tmp_path / "files").mkdir()
    card = replace(CARD_OF, measure="held_out_loss", figures={"held_out_loss": 0.4, "held_out_loss_before": 0.9})
    version = Registry(wiring.workspace(settings).models).register("reformulate", tmp_path / "files", card)
    epochs = (Epoch(1, 0.8, 0.6), Epoch(2, 0.5, 0.4), Epoch(3, 0.1, 0.7))
    recipe = Recipe("m")
    facts = {"dataset": "d", "held_out": 40, "learned_from": 100, "recipe": asdict(recipe) | {"rate": recipe.step}}
    tuned = Tuned(0.9, epochs, 2, (), facts)
    _publish(terminal(), settings, version, tuned, recipe, command="resuelve train reformulate")
    (run,) = store.runs
    assert [one["epoch_held_out_loss"] for one in run.steps] == [0.6, 0.4, 0.7]
    assert [one["epoch_loss"] for one in run.steps] == [0.8, 0.5, 0.1]
    assert run.metrics["held_out_loss"] == 0.4
    assert not run.metrics.keys() & {name for one in run.steps for name in one}


def test_files_that_were_changed_are_not_published(store: Recorder, settings: Settings, version: Version) -> None:
    folder = Registry(settings.workspace / ".resuelve" / "models").folder(version)
    (folder / "weights.json").write_text("[]", encoding="utf-8")
    with pytest.raises(TrainingError, match="not those that were registered"):
        publish(settings, version, command="resuelve train critic", params={})
    assert store.runs == []


def test_promotions_move_the_alias(store: Recorder, settings: Settings, version: Version) -> None:
    assert announce_promotion(settings, "critic", version) == "3"
    assert announce_promotion(settings, "critic", None) == ""
    assert store.pointed == [("seguros-critic", "in-use", version.digest), ("seguros-critic", "in-use", "")]


def test_without_mlflow_nothing_happens(
    store: Recorder, settings: Settings, version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (publishing, doctor, runs_shown):
        monkeypatch.setattr(module, "installed", lambda: False)
    assert publish(settings, version, command="resuelve train critic", params={}) is None
    assert announce_promotion(settings, "critic", version) is None
    assert (store.runs, store.pointed) == ([], [])
    assert "not installed" in doctor_says(settings)
    failed = CliRunner().invoke(app, ["runs", "list"]).exception
    assert isinstance(failed, ExperimentsUnavailable)
    assert "MLflow is not installed" in str(failed)


def doctor_says(settings: Settings) -> str:
    (check,) = (one for one in doctor._checks(settings) if one.name == "mlflow")
    said = check.look()
    assert isinstance(said, str)
    return said


def test_before_the_first_run_no_process_is_started(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subprocess.run", lambda *_, **__: pytest.fail("asked"))
    place = settings.workspace / ".resuelve" / "mlflow"
    assert doctor_says(settings) == f"installed; no runs yet ({place})"
    shown = CliRunner().invoke(app, ["runs", "list", "-w", str(settings.workspace)], env={"RESUELVE_LANGUAGE": "en"})
    assert shown.output.replace("\n", "") == f"No runs yet ({place})."
    assert wiring.experiments(settings).newest(["seguros-critic"]) == {}
    assert wiring.experiments(settings).point("seguros-critic", "in-use", "ab") == ""


def test_a_watch_looks_for_versions_at_its_start_only(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    def assemble(*_: object, start: bool, **__: object) -> None:
        asked.append(start)
        raise TicketUnavailable("does not answer", where="there")

    monkeypatch.setattr(assembly, "assemble", assemble)
    rounds = running._Rounds(
        settings, Scope("", "", 0), False, terminal(), threading.Event(), running._Noted(), SILENT, None
    )
    before: Any = object()
    for ended in (None, before):
        with pytest.raises(TicketUnavailable):
            rounds.next(ended)
    assert asked == [True, False]


def test_a_watch_says_a_note_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rounds: list[str] = []

    def assemble(*_: object, on_note: Callable[[str], None], **__: object) -> None:
        on_note("a version cannot be used")
        rounds.append("")
        raise (KeyboardInterrupt if len(rounds) == 3 else TicketUnavailable)("does not answer")

    monkeypatch.setattr(assembly, "assemble", assemble)
    quick = settings.model_copy(update={"poll_seconds": 0.0})
    with pytest.raises(KeyboardInterrupt):
        running.run_command(quick, queue="", incident="", limit=0, shadow=True, watch=True)
    assert len(rounds) == 3
    assert capsys.readouterr().err == "resuelve: a version cannot be used\n"
