"""What the child does with runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from resuelve.experiments.opened import Opened
from resuelve.experiments.runs import EXPERIMENT
from resuelve.experiments.versions import FOLDER

_LOOKED_THROUGH = 1000
"""Newest runs among which one is looked for by its name, or by the beginning of its id."""

_WHOLE_ID = re.compile(r"[0-9a-f]{32}")
_LONGEST_DIGEST = 36
"""What MLflow takes for a data set; the whole stands in the tag ``dataset.digest``."""

_LONGEST = 6000


def log(store: Opened, order: Mapping[str, Any]) -> list[dict[str, str]]:
    """Keep runs; see `Store.log`."""
    experiment = _experiment(store)
    return [_logged(store, experiment, one) for one in order["runs"]]


def _logged(store: Opened, experiment: str, one: Mapping[str, Any]) -> dict[str, str]:
    from mlflow.entities import Metric, Param

    client, data = store.client, one["data"]
    tags = {**one["tags"], **({"dataset.digest": data["digest"]} if data else {})}
    kept = client.create_run(experiment, run_name=one["name"], tags=tags)
    run, began, ended = kept.info.run_id, kept.info.start_time, "FAILED"
    metrics = [Metric(name, value, began, 0) for name, value in one["metrics"].items()]
    for step, measured in enumerate(one["steps"], 1):
        metrics += [Metric(name, value, began + step, step) for name, value in measured.items()]
    try:
        for start in range(0, max(1, len(metrics)), 500):
            client.log_batch(
                run,
                metrics=metrics[start : start + 500],
                params=[Param(name, value[:_LONGEST]) for name, value in one["params"].items()] if not start else [],
                synchronous=True,
            )
        if data:
            _log_data(client, run, data)
        for name, text in one["files"].items():
            client.log_text(run, text, name)
        version = _registered(store, run, one["model"]) if one["model"] else ""
        ended = "FINISHED"
    finally:
        client.set_terminated(run, ended)
    return {"id": run, "version": version}


def _log_data(client: Any, run: str, data: Mapping[str, str]) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    told = Dataset(data["name"], data["digest"][:_LONGEST_DIGEST], "local", "{}")
    client.log_inputs(run, [DatasetInput(told, [InputTag("mlflow.data.context", data["use"])])])


def _registered(store: Opened, run: str, model: Mapping[str, Any]) -> str:
    """Keep the files with the run, and register them. The number of the version."""
    from mlflow.exceptions import MlflowException

    client = store.client
    client.log_artifacts(run, model["folder"], FOLDER)
    try:
        client.create_registered_model(model["name"])
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    source = f"{client.get_run(run).info.artifact_uri}/{FOLDER}"
    made = client.create_model_version(model["name"], source, run, tags=model["tags"], await_creation_for=0)
    return str(made.version)


def _experiment(store: Opened) -> str:
    """Its number; it is made when there is none.

    The files of an experiment lie where they lay when it was made. When the workspace has been moved since, the old one
    keeps its runs under another name, so that nothing is written to where the workspace was.
    """
    found = store.client.get_experiment_by_name(EXPERIMENT)
    if found and store.files and found.artifact_location != store.files:
        store.client.rename_experiment(found.experiment_id, f"{EXPERIMENT} {found.experiment_id}")
        found = None
    return str(found.experiment_id if found else store.client.create_experiment(EXPERIMENT, store.files or None))


def listed(store: Opened, order: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The newest runs."""
    return [_told(one) for one in _newest(store, order["most"])]


def found(store: Opened, order: Mapping[str, Any]) -> list[list[dict[str, Any]]]:
    """For each name the runs that it may mean."""
    newest: list[Any] | None = None
    answers = []
    for name in order["names"]:
        if _WHOLE_ID.fullmatch(name):
            answers.append([_told(one) for one in _one(store, name)])
            continue
        newest = _newest(store, _LOOKED_THROUGH) if newest is None else newest
        meant = [one for one in newest if one.info.run_id.startswith(name) or one.info.run_name == name]
        answers.append([_told(one) for one in meant])
    return answers


def reached(store: Opened, _: Mapping[str, Any]) -> int:
    """How many runs there are, as far as they are counted."""
    return len(_newest(store, _LOOKED_THROUGH))


def _newest(store: Opened, most: int) -> list[Any]:
    experiment = store.client.get_experiment_by_name(EXPERIMENT)
    if experiment is None:
        return []
    return list(
        store.client.search_runs([experiment.experiment_id], order_by=["start_time DESC"], max_results=min(most, 1000))
    )


def _one(store: Opened, run: str) -> list[Any]:
    from mlflow.exceptions import MlflowException

    try:
        return [store.client.get_run(run)]
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return []
        raise


def _told(run: Any) -> dict[str, Any]:
    return {
        "id": run.info.run_id,
        "name": run.info.run_name or "",
        "status": str(run.info.status),
        "started": int(run.info.start_time or 0),
        "params": dict(run.data.params),
        "metrics": dict(run.data.metrics),
        "tags": {name: text for name, text in run.data.tags.items() if not name.startswith("mlflow.")},
        "data": [one.dataset.digest for one in run.inputs.dataset_inputs] if run.inputs else [],
    }


ORDERS: dict[str, Callable[[Opened, Mapping[str, Any]], Any]] = {
    "log": log,
    "listed": listed,
    "found": found,
    "reached": reached,
}
