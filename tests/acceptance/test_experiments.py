"""Evaluations in MLflow, through the command line: where it is installed, where its server is gone, and without it."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.acceptance.product import Product
from tests.acceptance.test_evaluate import cases, write_set


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    return write_set(tmp_path / "oficina", cases())


def test_each_evaluation_is_a_run(product: Product, labelled: Path) -> None:
    other = write_set(labelled.parent / "otra", cases())
    ended = product.run(
        "evaluate", labelled, other, "--json", "out.json", settings={"RESUELVE_LANGUAGE": "en"}, folder=labelled.parent
    )
    assert (ended.status, ended.error) == (0, ""), "nothing of what MLflow says gets to the terminal"
    assert ended.out.endswith("In MLflow, experiment “resuelve”, new runs: 2 (resources/.resuelve/mlflow)\n")
    store = labelled.parent / "resources" / ".resuelve" / "mlflow"
    with closing(sqlite3.connect(store / "mlflow.db")) as database:
        runs = dict(database.execute("SELECT name, run_uuid FROM runs WHERE status = 'FINISHED'"))
    assert sorted(runs) == ["oficina · kb.csv", "otra · kb.csv"]
    for report in json.loads((labelled.parent / "out.json").read_text(encoding="utf-8")):
        files = store / "artifacts" / runs[f"{report['set']} · kb.csv"] / "artifacts"
        assert json.loads((files / "report.json").read_text(encoding="utf-8")) == report
        assert report["set"] in (files / "report.html").read_text(encoding="utf-8")

    shown = subprocess.run(
        [sys.executable, "-m", "mlflow", "runs", "list", "--experiment-id", "1"],
        env={**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{store}/mlflow.db", "MLFLOW_DISABLE_TELEMETRY": "true"},
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert "otra · kb.csv" in shown.stdout, shown.stderr


def test_a_server_that_is_gone_costs_the_run_alone(product: Product, labelled: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    settings = {"MLFLOW_TRACKING_URI": f"http://ana:secret@127.0.0.1:{port}"}
    options = ("--json", "out.json", "--html", "out.html")
    ended = product.run("evaluate", labelled, *options, settings=settings, folder=labelled.parent)
    assert ended.status == 3
    assert ended.error.startswith(f"resuelve: http://127.0.0.1:{port}: no se ha registrado en MLflow (")
    assert ended.error.count("\n") == 1
    assert "secret" not in ended.error + ended.out
    assert "out.html" in ended.out and "«resuelve»" not in ended.out
    assert {"out.json", "out.html"} <= {path.name for path in labelled.parent.iterdir()}
    assert not (labelled.parent / "resources").exists()


def test_without_mlflow_nothing_is_said_or_left(labelled: Path) -> None:
    program = (
        "import sys; sys.modules['mlflow'] = None; sys.argv[0] = 'resuelve'; from resuelve.cli import main; main()"
    )
    before = sorted(path.name for path in labelled.parent.iterdir())
    done = subprocess.run(
        [sys.executable, "-c", program, "evaluate", str(labelled)],
        cwd=labelled.parent,
        env={**os.environ, "MLFLOW_TRACKING_URI": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "oficina" in done.stdout and "MLflow" not in done.stdout
    assert sorted(path.name for path in labelled.parent.iterdir()) == before
