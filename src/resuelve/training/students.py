"""Light models as they lie in the registry: one JSON file with weights, read strictly, evaluated by a few lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from resuelve import durable
from resuelve.domain.errors import TrainingError
from resuelve.domain.message import message, system_said
from resuelve.resolution.order import Order, order_from
from resuelve.resolution.score import Scoring, scoring_from

CRITIC, RERANK = "critic", "rerank"
"""The roles that a light model can take."""

ENCODER = "encoder"
"""The role of an encoder that was tuned to the dictionary (`encoder`)."""

FILE = "student.json"
_FORMAT = 1
_MOST_BYTES = 1_000_000
_REMEDY = "demote it, and train again"
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class CriticStudent:
    """Models that score choices.

    Attributes:
        embedder: whose features they were learned on.
    """

    embedder: str
    scoring: Scoring


@dataclass(frozen=True, slots=True)
class RerankStudent:
    """An order of candidates.

    Attributes:
        embedder: whose values it was learned on.
    """

    embedder: str
    order: Order


def write_critic(folder: Path, student: CriticStudent) -> None:
    """Put it into a folder. Raises WorkspaceError."""
    _write(folder, CRITIC, student.embedder, student.scoring.as_json())


def write_rerank(folder: Path, student: RerankStudent) -> None:
    """Put it into a folder. Raises WorkspaceError."""
    _write(folder, RERANK, student.embedder, student.order.as_json())


def read_critic(folder: Path) -> CriticStudent:
    """What `write_critic` wrote.

    Raises:
        TrainingError: it is something else, or cannot be read.
    """
    return CriticStudent(*_read(folder, CRITIC, scoring_from))


def read_rerank(folder: Path) -> RerankStudent:
    """What `write_rerank` wrote.

    Raises:
        TrainingError: it is something else, or cannot be read.
    """
    return RerankStudent(*_read(folder, RERANK, order_from))


def _write(folder: Path, role: str, embedder: str, model: Mapping[str, Any]) -> None:
    content = {"format": _FORMAT, "role": role, "embedder": embedder, "model": model}
    with durable.writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        durable.replace(folder / FILE, f"{json.dumps(content, indent=1, allow_nan=False)}\n".encode())


def _read(folder: Path, role: str, model_from: Callable[[Mapping[str, Any]], _T]) -> tuple[str, _T]:
    path = folder / FILE
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError("too large")
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != _FORMAT or content["role"] != role or not isinstance(content["embedder"], str):
            raise ValueError("another format")
        return content["embedder"], model_from(content["model"])
    except OSError as error:
        why = message("cannot be read ({why})", why=system_said(error))
        raise TrainingError(why, where=str(path), remedy=_REMEDY) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise TrainingError("is no model that this version can read", where=str(path), remedy=_REMEDY) from error
