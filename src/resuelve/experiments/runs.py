"""What a run is: what was set, what was measured, what came of it, and of which data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

EXPERIMENT = "resuelve"
_MEASURES = (
    "accuracy macro_f1 joint_accuracy coverage precision precision_lower_95 handover_recall auroc auroc_right ece "
    "ms_per_incident model_calls model_calls_per_incident tokens"
).split()
_FACTS = "set kb problems embedder model target".split()


@dataclass(frozen=True, slots=True)
class Data:
    """What a run was made of.

    Attributes:
        name: for people.
        digest: the same for the same data; hexadecimal.
        use: ``training`` or ``evaluation``.
    """

    name: str
    digest: str
    use: str


@dataclass(frozen=True, slots=True)
class Registered:
    """The version of a model that a run leaves in MLflow's registry.

    Attributes:
        name: of the registered model, such as ``resuelve-critic``.
        tags: what others need to judge it by before they fetch it.
        folder: where its files lie; all of them are kept with the run, below ``model``.
    """

    name: str
    tags: Mapping[str, str]
    folder: str


@dataclass(frozen=True, slots=True)
class Run:
    """One run, as MLflow shows it.

    Attributes:
        files: texts that are kept with it, by name.
        steps: metrics by epoch, the first first.
    """

    name: str
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    files: Mapping[str, str]
    steps: Sequence[Mapping[str, float]] = ()
    data: Data | None = None
    model: Registered | None = None


@dataclass(frozen=True, slots=True)
class Logged:
    """What became of a run: its id, and the number of the version that it left in the registry; empty for none."""

    id: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """A run that is in a store.

    Attributes:
        started: when, in milliseconds since 1970.
        data: digests of what it was made of.
    """

    id: str
    name: str
    status: str
    started: int
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    data: Sequence[str] = ()

    @property
    def kind(self) -> str:
        """``evaluation`` or ``training``; empty for a run that is none of ours."""
        return self.tags.get("kind", "")


def evaluation_run(report: Mapping[str, Any], page: str) -> Run:
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
    }
    metrics = {
        **{name: report[name] for name in _MEASURES},
        **{f"recall_at_{depth}": share for depth, share in report["recall_at"].items()},
    }
    return Run(
        name=plain(f"{report['set']} · {report['kb']}"),
        params=params_of(params),
        metrics={name: float(value) for name, value in metrics.items() if value is not None},
        tags=tags_of("evaluation", "resuelve evaluate"),
        files={
            "report.json": plain(json.dumps(report, ensure_ascii=False, indent=1) + "\n"),
            "report.html": plain(page),
        },
        data=Data(plain(report["set"]), report["dataset"], "evaluation"),
    )


def params_of(given: Mapping[str, Any]) -> dict[str, str]:
    """What was set, as texts; what is empty is left out. The version of Resuelve is added."""
    told = {**given, "version": _version()}
    return {name: plain(str(value)) for name, value in told.items() if value not in (None, "")}


def tags_of(kind: str, command: str) -> dict[str, str]:
    """What a run is found by: its kind, and the command that made it."""
    return {"mlflow.source.name": command, "kind": kind}


def plain(text: str) -> str:
    """Without signs that UTF-8 does not know; names of files may have them."""
    return text.encode("utf-8", "backslashreplace").decode()


def _version() -> str:
    try:
        return version("resuelve")
    except PackageNotFoundError:  # run from its source
        return ""
