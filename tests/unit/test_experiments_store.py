"""What of an evaluation becomes a run, and what happens when a store cannot keep it. MLflow itself is asked."""

from __future__ import annotations

import json
import socket
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.errors import ExperimentError
from resuelve.experiments.runs import Run, evaluation_run
from resuelve.experiments.store import Store, installed, without_secrets

TICKET = "no puedo entrar desde el móvil"
REPORT: dict[str, Any] = {
    "set": "oficina",
    "kb": "kb.csv",
    "cases": {"calibration": 15, "test": 14},
    "accuracy": 0.9,
    "recall_at": {"1": 0.9, "10": None},
    "macro_f1": 0.8,
    "joint_accuracy": 0.7,
    "coverage": 0.0,
    "precision": None,
    "precision_lower_95": None,
    "handover_recall": 1.0,
    "auroc": 0.6,
    "auroc_right": None,
    "ece": 0.05,
    "ms_per_incident": 12.5,
    "model_calls": 0,
    "model_calls_per_incident": 0.0,
    "tokens": 0,
    "target": 0.95,
    "at_target": {"threshold": None},
    "at_joint": {"threshold": 0.5},
    "as_set": {"threshold": 0.65},
    "guaranteed": {"risk": 0.05, "confidence": 0.9},
    "problems": 8,
    "embedder": "e5",
    "model": "",
    "dataset": "5e" * 32,
    "mistakes": [{"text": TICKET}],
}


def run(name: str = "oficina · kb.csv") -> Run:
    return evaluation_run({**REPORT, "set": name.partition(" · ")[0]}, f"<p>{TICKET}</p>")


def test_what_is_not_defined_is_left_out_and_zero_is_not() -> None:
    made = run()
    assert made.name == "oficina · kb.csv"
    assert {"precision", "precision_lower_95", "auroc_right", "recall_at_10"} & set(made.metrics) == set()
    assert {name: made.metrics[name] for name in ("coverage", "recall_at_1", "model_calls")} == {
        "coverage": 0.0,
        "recall_at_1": 0.9,
        "model_calls": 0.0,
    }
    assert "model" not in made.params and "threshold_at_target" not in made.params
    expected = {"risk": "0.05", "threshold_as_set": "0.65", "cases_test": "14", "embedder": "e5", "problems": "8"}
    assert {name: made.params[name] for name in expected} == expected
    assert made.params["version"]


def test_what_tickets_say_is_in_the_files_only() -> None:
    made = run()
    assert TICKET not in json.dumps([made.name, made.params, made.metrics, made.tags], ensure_ascii=False)
    assert json.loads(made.files["report.json"]) == REPORT
    assert made.files["report.html"] == f"<p>{TICKET}</p>"


def test_names_that_are_no_utf8_can_be_kept() -> None:
    made = run("mesa\udcf1")
    for text in (made.name, *made.params.values(), *made.files.values()):
        assert text.encode()


def test_a_folder_of_that_name_is_not_mlflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert installed()
    (tmp_path / "mlflow").mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert not installed()
    assert "mlflow" not in sys.modules, "it is looked for, not imported"


def kept(folder: Path) -> dict[str, Any]:
    """What the database of a store says of its one run."""
    with closing(sqlite3.connect(folder / "mlflow.db")) as database:
        ((name, status, uuid, user, place),) = database.execute(
            "SELECT r.name, status, run_uuid, user_id, artifact_location FROM runs r JOIN experiments e USING "
            "(experiment_id) WHERE e.name = 'resuelve'"
        )
        tables = {
            table: dict(database.execute(f"SELECT key, value FROM {table} WHERE run_uuid = ?", [uuid]))  # noqa: S608
            for table in ("params", "metrics", "tags")
        }
    return {"name": name, "status": status, "id": uuid, "user": user, "place": place, **tables}


def test_a_store_of_our_own_wherever_it_lies_and_is_moved_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the path would mean something else in an address; and MLflow notes nothing of its user."""
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "false")
    for test_run in ("PYTEST_CURRENT_TEST", "CI"):  # it is off in one anyway
        monkeypatch.delenv(test_run, raising=False)
    folder = tmp_path / "á #1 %20?x" / "mlflow"
    Store("", folder).log([run()])
    first = kept(folder)
    assert (first["name"], first["status"], first["user"]) == ("oficina · kb.csv", "FINISHED", "unknown")
    assert first["metrics"] == pytest.approx(dict(run().metrics))
    assert first["params"] == run().params
    assert first["tags"] == {**run().tags, "dataset.digest": "5e" * 32, "mlflow.runName": "oficina · kb.csv"}
    files = folder / "artifacts" / first["id"] / "artifacts"
    assert json.loads((files / "report.json").read_text(encoding="utf-8")) == REPORT
    assert not home.exists()

    moved = tmp_path / "moved"
    folder.rename(moved)
    Store("", moved).log([run("otra · kb.csv")])
    second = kept(moved)
    assert second["name"] == "otra · kb.csv"
    assert (moved / "artifacts" / second["id"] / "artifacts" / "report.html").is_file()
    assert not folder.exists(), "nothing is written to where it was"
    with closing(sqlite3.connect(moved / "mlflow.db")) as database:
        assert database.execute("SELECT count(*) FROM runs").fetchone() == (2,)


def test_a_database_that_is_none_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"no database" * 100)
    with pytest.raises(ExperimentError, match=r"not logged to MLflow .DatabaseError: file is not a database"):
        Store("", tmp_path).log([run()], seconds=60)  # by itself MLflow tries for longer


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "mlflow").write_text("a file", encoding="utf-8")
    with pytest.raises(ExperimentError, match=r"mlflow: not logged to MLflow .FileExistsError"):
        Store("", tmp_path / "mlflow").log([run()])


def test_a_server_that_never_answers_is_left(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        store = Store(f"http://ana:secret@127.0.0.1:{server.getsockname()[1]}", tmp_path)
        with pytest.raises(ExperimentError, match="no answer in 1 s") as error:
            store.log([run()], seconds=1)
    assert "secret" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


SECRET = "s3cr3t"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://ana:s3cr3t@b@h/x", "postgresql://h/x"),
        ("postgresql://ana:p/s3cr3t@h/x", "postgresql://h/x"),
        ("postgresql://h/x?user=ana&password=s3cr3t", "postgresql://h/x"),
        ("postgresql://h/x?user=ana@h&password=s3cr3t", "postgresql://…"),
        ("mysql+pymysql://ana:s3?cr3t@h/x", "mysql+pymysql://…"),
        ("mysql+pymysql://ana:s3#cr3t@h/x", "mysql+pymysql://…"),
        ("https://h:5000/p?token=s3cr3t", "https://h:5000/p"),
        ("https://h/p#s3cr3t", "https://h/p"),
        ("see http://t:s3cr3t@h:1/ and https://h/", "see http://h:1/ and https://h/"),
        ("retries exceeded: /api?token=s3cr3t (caused by x)", "retries exceeded: /api (caused by x)"),
        ("sqlite:////a/b@c/mlflow.db", "sqlite:////a/b@c/mlflow.db"),
        ("databricks", "databricks"),
    ],
)  # fmt: skip
def test_what_may_be_secret_is_not_shown(address: str, shown: str) -> None:
    assert without_secrets(address) == shown
    assert Store(address, Path("x")).place == shown


SIGNS = st.text("ab/?#@:&=", max_size=6)


@given(SIGNS, SIGNS, st.sampled_from(["", "/db", "/db?sslmode=require", "/db?a=b@c"]))
def test_no_password_is_shown_whatever_signs_it_has(before: str, after: str, rest: str) -> None:
    assert SECRET not in without_secrets(f"postgresql://ana:{before}{SECRET}{after}@h{rest}")
    assert SECRET not in without_secrets(f"postgresql://h/db?password={before}{SECRET}{after}")
