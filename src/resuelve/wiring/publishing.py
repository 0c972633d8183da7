"""What was learned goes to MLflow: the training as a run, its version into the registry of models."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from resuelve import wiring
from resuelve.experiments.runs import Data, Registered, Run, params_of, plain, tags_of
from resuelve.experiments.store import installed
from resuelve.experiments.versions import CARD, DIGEST, IN_USE, ROLE, model_name
from resuelve.settings import Settings
from resuelve.training.registry import Version


@dataclass(frozen=True, slots=True)
class Published:
    """A training that is in MLflow.

    Attributes:
        run: its id.
        model, number: the registered model, and the version there.
        place: the store, for people.
    """

    run: str
    model: str
    number: str
    place: str


def publish(
    settings: Settings,
    version: Version,
    *,
    command: str,
    params: Mapping[str, Any],
    epochs: Sequence[Mapping[str, float]] = (),
    files: Mapping[str, str] | None = None,
) -> Published | None:
    """Keep a training as a run, with the version that it left; None where MLflow is not installed.

    Args:
        version: registered here; its card says what was measured, on which data.
        command: that was given: ``resuelve train critic``.
        params: the recipe; what is empty is left out.
        epochs: metrics by epoch.
        files: texts to keep beside, by name: the page with the results. They may hold ticket texts.

    Raises:
        ExperimentError: it is not in MLflow; here it is registered all the same.
        TrainingError: the files of the version are not those that were registered.
    """
    if not installed():
        return None
    folder = wiring.registry(settings).folder(version)
    model = model_name(settings.mlflow_prefix, version.role)
    card, store = version.card, wiring.experiments(settings)
    run = Run(
        name=f"{version.role} · {version.number}",
        params=params_of({"role": version.role, "measure": card.measure, "teacher": card.teacher, **params}),
        metrics=_metrics(version),
        tags={**tags_of("training", command), "version": version.name, "digest": version.digest},
        files={"card.json": _json(asdict(card)), **{name: plain(text) for name, text in (files or {}).items()}},
        steps=epochs,
        data=Data(version.role, card.dataset, "training") if card.dataset else None,
        model=Registered(model, _tags(version), str(folder.absolute())),
    )
    (logged,) = store.log([run])
    return Published(logged.id, model, logged.version, store.place)


def announce_promotion(settings: Settings, role: str, version: Version | None) -> str | None:
    """Tell MLflow's registry which version of a role is in use here now: it gets the alias ``in-use``.

    Args:
        version: the one in use after `promote` or `demote`; None for none, and nothing has the alias any more.

    Returns:
        The number of the version there; empty where it does not have that version: then nothing has the alias. None
        where MLflow is not installed, or has nothing yet: nobody follows.

    Raises:
        ExperimentsUnavailable: it could not be told; here the version is in use all the same.
    """
    store = wiring.experiments(settings)
    if not installed() or not store.begun:
        return None
    digest = version.digest if version else ""
    return store.point(model_name(settings.mlflow_prefix, role), IN_USE, digest)


def _metrics(version: Version) -> dict[str, float]:
    card = version.card
    told = {"students": card.students, "teachers": card.teachers, "held_out": float(card.held_out), **card.figures}
    return {name: float(value) for name, value in told.items()}


def _tags(version: Version) -> dict[str, str]:
    """What others judge a version by before they fetch it. Where it came from is no matter of theirs."""
    card = {name: value for name, value in asdict(version.card).items() if name != "origin"}
    return {ROLE: version.role, DIGEST: version.digest, CARD: json.dumps(card, ensure_ascii=False)}


def _json(content: object) -> str:
    return plain(json.dumps(content, ensure_ascii=False, indent=1) + "\n")
