"""Runs of an experiment, kept by MLflow where that is installed.

MLflow works in a process of its own: it takes seconds to import, writes to both outputs, and may wait for a server for
minutes. A process can be ended, and nothing that it loads, sets or prints stays with ours. It is never asked to tell
its makers how it is used.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any

from resuelve.domain.errors import ExperimentError
from resuelve.domain.message import Message, message

EXPERIMENT = "resuelve"
_MODULE = "resuelve.replay.experiments"
_DATABASE = "mlflow.db"
_SECONDS = 120.0
_LONGEST_REASON = 400
_PATIENCE = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "10", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
"""For one request, unless the environment says otherwise. By itself MLflow tries for some twenty minutes."""

_QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true"}
_MEASURES = (
    "accuracy macro_f1 joint_accuracy coverage precision precision_lower_95 handover_recall auroc auroc_right ece "
    "ms_per_incident model_calls model_calls_per_incident tokens"
).split()
_FACTS = "set kb problems embedder model target".split()


@dataclass(frozen=True, slots=True)
class Run:
    """One run, as MLflow shows it.

    Attributes:
        files: texts that are kept with it, by name.
    """

    name: str
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    files: Mapping[str, str]


def installed() -> bool:
    """Whether MLflow is here; it is not imported. A folder that happens to have its name is none."""
    found = find_spec("mlflow")
    return found is not None and found.origin is not None


def run_of(report: Mapping[str, Any], page: str) -> Run:
    """The run of one evaluation: what is not defined is left out.

    Args:
        report: as `Evaluation.as_json` makes it.
        page: the same as HTML.
    """
    guaranteed = report["guaranteed"]
    params = {
        **{name: report[name] for name in _FACTS},
        **{f"cases_{split}": count for split, count in report["cases"].items()},
        "risk": guaranteed["risk"],
        "confidence": guaranteed["confidence"],
        **{f"threshold_{name}": report[name]["threshold"] for name in ("as_set", "at_target", "at_joint")},
        "version": _version(),
    }
    metrics = {
        **{name: report[name] for name in _MEASURES},
        **{f"recall_at_{depth}": share for depth, share in report["recall_at"].items()},
    }
    return Run(
        name=_plain(f"{report['set']} · {report['kb']}"),
        params={name: _plain(str(value)) for name, value in params.items() if value not in (None, "")},
        metrics={name: float(value) for name, value in metrics.items() if value is not None},
        tags={"mlflow.source.name": "resuelve evaluate", "kind": "evaluation"},
        files={
            "report.json": _plain(json.dumps(report, ensure_ascii=False, indent=1) + "\n"),
            "report.html": _plain(page),
        },
    )


@dataclass(frozen=True, slots=True)
class Store:
    """Where runs are kept.

    Attributes:
        server: MLflow's tracking URI; empty for a store of our own in `folder`, a SQLite database and files.
    """

    server: str
    folder: Path

    @property
    def place(self) -> str:
        """For people to read."""
        return without_secrets(self.server) or str(self.folder)

    def log(self, runs: Sequence[Run], *, seconds: float = _SECONDS) -> None:
        """Keep runs, in their order.

        Args:
            seconds: what it may take.

        Raises:
            ExperimentError: they, or some of them, were not kept.
        """
        order = {"server": self.server, "folder": str(self.folder.absolute()), "runs": [asdict(run) for run in runs]}
        try:
            done = subprocess.run(  # noqa: S603 - our own module, by our own interpreter
                [sys.executable, "-P", "-m", _MODULE],
                input=json.dumps(order).encode(),
                env={**_PATIENCE, **os.environ, **_QUIET},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise self._failed(message("no answer in {seconds} s", seconds=f"{seconds:g}")) from error
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise self._failed(said[-1] if said else f"status {done.returncode}")

    def _failed(self, why: str) -> ExperimentError:
        return ExperimentError(
            message("not logged to MLflow ({why})", why=Message.of(why)),
            where=self.place,
            remedy="everything else is done; look at MLFLOW_TRACKING_URI and at that place, or take --no-mlflow",
        )


def without_secrets(text: str) -> str:
    """The text without users and passwords in its addresses."""
    return re.sub(r"(?<=://)[^/\s]+@", "", text)


def _plain(text: str) -> str:
    """Without signs that UTF-8 does not know; names of files may have them."""
    return text.encode("utf-8", "backslashreplace").decode()


def _version() -> str:
    try:
        return version("resuelve")
    except PackageNotFoundError:  # run from its source
        return ""


def _obey(order: Mapping[str, Any]) -> None:
    """Do in this process what `Store.log` was asked for."""
    if order["server"]:
        _keep(order["server"], "", order["runs"])
        return
    folder = Path(order["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)  # an address of SQLite cannot hold every path
    with Path("lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the first of several makes the tables
        with closing(sqlite3.connect(_DATABASE)) as tried:  # MLflow would try a file that is none for minutes
            tried.execute("PRAGMA schema_version").fetchall()
        _keep(f"sqlite:///{_DATABASE}", (folder / "artifacts").as_uri(), order["runs"])


def _keep(address: str, place: str, runs: Sequence[Mapping[str, Any]]) -> None:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param

    client = MlflowClient(tracking_uri=address)
    experiment = _experiment(client, place)
    for one in runs:
        kept = client.create_run(experiment, run_name=one["name"], tags=one["tags"])
        run, ended = kept.info.run_id, "FAILED"
        try:
            client.log_batch(
                run,
                metrics=[Metric(name, value, kept.info.start_time, 0) for name, value in one["metrics"].items()],
                params=[Param(name, value) for name, value in one["params"].items()],
                synchronous=True,
            )
            for name, text in one["files"].items():
                client.log_text(run, text, name)
            ended = "FINISHED"
        finally:
            client.set_terminated(run, ended)


def _experiment(client: Any, place: str) -> str:
    """Its number; it is made when there is none.

    The files of an experiment lie where they lay when it was made. When the workspace has been moved since, the old one
    keeps its runs under another name, so that nothing is written to where the workspace was.
    """
    found = client.get_experiment_by_name(EXPERIMENT)
    if found and place and found.artifact_location != place:
        client.rename_experiment(found.experiment_id, f"{EXPERIMENT} {found.experiment_id}")
        found = None
    return str(found.experiment_id if found else client.create_experiment(EXPERIMENT, place or None))


def _told(kind: type[BaseException], error: BaseException, _: TracebackType | None) -> None:
    """What went wrong, as the last line that `Store.log` reads."""
    line = without_secrets(" ".join(str(error).split()))[:_LONGEST_REASON]
    sys.stderr.write(f"\n{kind.__name__}: {line}\n")


if __name__ == "__main__":
    sys.excepthook = _told
    _obey(json.load(sys.stdin))
