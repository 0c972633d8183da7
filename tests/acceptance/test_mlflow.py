"""Runs and versions in MLflow, for real: in a database of this machine, and on its own server."""

from __future__ import annotations

import json
import socket
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from resuelve import wiring
from resuelve.cli import app
from resuelve.cli.doctor import _mlflow, _versions
from resuelve.domain.errors import ExperimentsUnavailable, TrainingError
from resuelve.experiments.runs import Kept
from resuelve.experiments.store import DATABASE, Store
from resuelve.experiments.versions import Announced
from resuelve.settings import Settings, load
from resuelve.training.registry import Card, Registry, Version
from resuelve.wiring.following import follow, in_use
from resuelve.wiring.publishing import Published, announce_promotion, publish
from tests.mlflow_server import serving, tables

CARD = Card(
    "2026-11-27T10:00:00+01:00", "rules", "auroc", False, 0.8, 0.91, 40, "ab" * 32, "0.1.0", {"ece": 0.04}
)  # fmt: skip


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tables(tmp_path_factory.mktemp("tables"))


@pytest.fixture(params=["database", "server"])
def store(request: pytest.FixtureRequest, database: Path, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of a store, and its database."""
    folder = tmp_path / "mlflow"
    if request.param == "server":
        with serving(folder, database) as address:
            yield address, folder / DATABASE
        return
    folder.mkdir()
    (folder / DATABASE).write_bytes(database.read_bytes())
    yield f"sqlite:///{folder / DATABASE}", folder / DATABASE


def office(name: str, address: str, source: str = "local") -> Settings:
    return load(workspace=Path(name), mlflow_tracking_uri=address, model_source=source, language="en")


def learned(settings: Settings, content: str, card: Card) -> tuple[Version, Published]:
    """A version of the critic, registered in a workspace, and in MLflow."""
    files = settings.workspace / "files" / content
    (files / "part").mkdir(parents=True)
    (files / "part" / "weights.json").write_text(content, encoding="utf-8")
    version = Registry(settings.workspace / ".resuelve" / "models").register("critic", files, card)
    params = {"l2": 1.0, "folds": 5, "device": ""}
    epochs = [{"loss": 2.0}, {"loss": 1.5}]
    published = publish(
        settings, version, command="resuelve train critic", params=params, epochs=epochs, files={"p.html": "<p>ñ"}
    )
    assert published
    return version, published


def used(settings: Settings) -> list[tuple[str, str, str]]:
    """After following: the versions in use with digest and origin. Nothing is told."""
    notes: list[str] = []
    follow(settings, notes.append, {})
    assert notes == []
    return [(one.name, one.digest, one.card.origin) for one in in_use(settings)[0]]


def test_a_version_goes_from_one_workspace_to_others(store: tuple[str, Path]) -> None:
    address, file = store
    here = office("here", address)
    first, one = learned(here, "first", CARD)
    second, two = learned(here, "second", replace(CARD, students=0.95, figures={"ece": 0.02}))
    assert [(p.model, p.number) for p in (one, two)] == [("resuelve-critic", n) for n in "12"]

    with closing(sqlite3.connect(file)) as data:
        assert data.execute("SELECT status FROM runs WHERE run_uuid = ?", [one.run]).fetchone() == ("FINISHED",)
        steps = "SELECT value FROM metrics WHERE run_uuid = ? AND key = 'loss' ORDER BY step"
        assert data.execute(steps, [one.run]).fetchall() == [(2.0,), (1.5,)]
        params = dict(data.execute("SELECT key, value FROM params WHERE run_uuid = ?", [one.run]))
        assert params["l2"] == "1.0" and "device" not in params and params["version"]
        assert data.execute("SELECT name, digest FROM datasets").fetchall() == [("critic", ("ab" * 32)[:36])]
    files = {path.name for path in file.parent.rglob("*") if path.is_file()}
    assert {"card.json", "version.json", "weights.json", "p.html"} <= files

    there = office("there", address, "latest")
    origin = f"{address} · resuelve-critic"
    assert used(there) == [("critic/1", second.digest, f"{origin}/2")]

    assert announce_promotion(here, "critic", first) == "1"
    follower = office("follower", address, "alias:in-use")
    assert used(follower) == [("critic/1", first.digest, f"{origin}/1")]
    assert announce_promotion(here, "critic", None) == ""
    assert used(office("late", address, "alias:in-use")) == [], "none has the alias any more"
    shown(here, one, two)
    if not address.startswith("http"):
        assert _mlflow(here) == f"{address} answers; runs: 2"
        assert _versions(there)[0] == f"critic/1 ({origin}/2); RESUELVE_MODEL_SOURCE=latest"


def shown(settings: Settings, one: Published, two: Published) -> None:
    """Two runs side by side, by one command."""
    environment = {"MLFLOW_TRACKING_URI": settings.mlflow_tracking_uri, "RESUELVE_LANGUAGE": "en"}
    done = CliRunner().invoke(app, ["runs", "compare", one.run[:10], "critic · 2"], env=environment)
    assert done.exit_code == 0, done.exception
    assert two.run[:8] in done.output
    lines = {line.split()[0]: line.split()[1:] for line in done.output.splitlines() if line.strip()}
    assert lines["students"] == ["0.9100", "0.9500", "+0.0400"]
    assert lines["ece"] == ["0.0400", "0.0200", "-0.0200"]
    assert "teachers" not in lines and "l2" not in lines


def test_a_name_that_means_no_run_or_several_is_told(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{database}")
    monkeypatch.setenv("RESUELVE_LANGUAGE", "en")
    done = CliRunner().invoke(app, ["runs", "compare", "nobody", "nobody"])
    assert isinstance(done.exception, ExperimentsUnavailable)
    assert "there is no run «nobody»" in str(done.exception)
    several = [Kept("a1", "x", "FINISHED", 0), Kept("a2", "x", "FINISHED", 0)]
    monkeypatch.setattr(Store, "found", lambda store, names: [several, several])
    monkeypatch.setattr(Store, "listed", lambda store, most: several)
    assert "several runs are meant by «a»" in str(CliRunner().invoke(app, ["runs", "compare", "a", "a"]).exception)
    assert CliRunner().invoke(app, ["runs", "list"]).output.count("FINISHED") == 2


def test_of_runs_with_the_same_name_the_newest_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is that of a data set, and every evaluation of it has the same."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / DATABASE}")
    old, new = (Kept(name, "x", "FINISHED", time, metrics={"m": float(time)}) for name, time in (("a1", 1), ("b2", 2)))
    other = Kept("c3", "y", "FINISHED", 3, metrics={"m": 3.0})
    monkeypatch.setattr(Store, "found", lambda store, names: [[old, new], [other]])
    done = CliRunner().invoke(app, ["runs", "compare", "x", "c", "--json"], catch_exceptions=False)
    assert json.loads(done.output)["runs"] == ["b2", "c3"]


def test_a_server_cannot_have_us_read_our_disk(database: Path, tmp_path: Path) -> None:
    """It is not even asked: the address is judged first."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "a.json").write_text("{}", encoding="utf-8")
    (tmp_path / "into").mkdir()
    with pytest.raises(TrainingError, match="its files are not kept by the store itself"):
        Store("http://127.0.0.1:9", tmp_path).fetch((tmp_path / "secret").as_uri(), tmp_path / "into")
    assert list((tmp_path / "into").iterdir()) == []


def test_a_silent_server_holds_nothing_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Hasty(Store):
        def newest(self, models: Sequence[str], alias: str = "", *, seconds: float = 1) -> dict[str, list[Announced]]:
            return super().newest(models, alias, seconds=seconds)

    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://ana:secret@127.0.0.1:{server.getsockname()[1]}"
        monkeypatch.setattr(wiring, "experiments", lambda settings: Hasty(address, tmp_path))
        notes: list[str] = []
        began = time.monotonic()
        follow(office("there", address, "latest"), notes.append)
        assert time.monotonic() - began < 10
    (note,) = notes
    assert "the learned versions that were in use stay: " in note
    assert "MLflow does not answer (no answer in 1 s)" in note
    assert "secret" not in note
