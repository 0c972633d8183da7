"""Embeddings from an OpenAI-compatible server: Ollama (``all-minilm``), OpenAI (``text-embedding-3-small``), vLLM."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from resuelve.domain.errors import ModelUnavailable
from resuelve.domain.message import Message, message
from resuelve.models.endpoint import Endpoint, Spent, tokens_of
from resuelve.models.port import Part, Usage, Vectors, spend


class OpenAICompatibleEmbedder:
    """An `Embedder` over ``POST /embeddings``. Use it from any thread.

    The dimension is found by a first call, when it is first needed. A blank text is sent as one space, since servers
    refuse an empty one.

    Args:
        base_url, model, api_key, attempts, first_pause_s: as for `OpenAICompatibleChat`.
        timeout_s: longest wait for one batch, retries included.
        batch: texts sent in one request.
        max_chars: what is longer is cut here, since servers refuse what is longer than their model's context.

    Raises:
        SettingsError: the address, the key or a limit cannot be used.
    """

    def __init__(
        self,
        *,
        base_url: str,
        model: str,
        api_key: str = "",
        timeout_s: float = 60.0,
        attempts: int = 3,
        batch: int = 32,
        max_chars: int = 8_000,
        first_pause_s: float = 0.5,
    ) -> None:
        self._model = model
        self._batch = max(1, batch)
        self._max_chars = max_chars
        self._dimension = 0
        self._lock = threading.Lock()
        self._endpoint = Endpoint(
            base_url=base_url,
            api_key=api_key,
            model=model,
            timeout_s=timeout_s,
            attempts=attempts,
            first_pause_s=first_pause_s,
        )

    @property
    def identity(self) -> str:
        """``openai-compatible/MODEL/DIMENSION``.

        Raises:
            ModelUnavailable: the dimension is not known yet and the server gave no usable answer.
        """
        return f"openai-compatible/{self._model}/{self.dimension}"

    @property
    def dimension(self) -> int:
        """The length of a vector.

        Raises:
            ModelUnavailable: it is not known yet and the server gave no usable answer.
        """
        with self._lock:
            if not self._dimension:
                self._dimension = self._ask(["dimension"]).shape[1]
            return self._dimension

    def __repr__(self) -> str:
        return f"OpenAICompatibleEmbedder({self._endpoint.place})"

    @property
    def parts(self) -> tuple[Part, ...]:
        """See `Embedder.parts`."""
        return ()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`."""
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for start in range(0, len(texts), self._batch):
            part = [text[: self._max_chars] if text.strip() else " " for text in texts[start : start + self._batch]]
            found = self._ask(part)
            if found.shape[1] != self.dimension:
                raise self._unusable(
                    message("vectors of {now} numbers, {before} before", now=found.shape[1], before=self.dimension)
                )
            vectors[start : start + len(part)] = found
        return vectors

    def _ask(self, texts: list[str]) -> Vectors:
        body = {"model": self._model, "input": texts, "encoding_format": "float"}
        spent = Spent()
        answer = self._endpoint.post("embeddings", body, spent)
        spend(Usage(spent.calls, tokens_of(answer, "prompt_tokens")))
        rows = _in_order(answer.get("data") if isinstance(answer, dict) else None)
        if len(rows) != len(texts):
            raise self._unusable(message("{vectors} vectors for {texts} texts", vectors=len(rows), texts=len(texts)))
        if not all(_is_vector(row) and len(row) == len(rows[0]) for row in rows):
            raise self._unusable(message("something else than vectors of numbers, all of one length"))
        unit = _unit(rows)
        if unit is None:
            raise self._unusable(message("a vector without a direction (zero, or beyond what can be computed)"))
        return unit

    def _unusable(self, what: Message) -> ModelUnavailable:
        return ModelUnavailable(
            message("the server answered {what}", what=what),
            where=self._endpoint.place,
            remedy="check that the model is one for embeddings; after a change of model run `resuelve index`",
        )


def _in_order(data: Any) -> list[Any]:
    """What is given as vectors, in the order of the texts; empty when not numbered from 0, once each."""
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        return []
    places = {item.get("index"): item.get("embedding") for item in data if isinstance(item.get("index"), int)}
    order = range(len(data))
    return [places[place] for place in order] if set(places) == set(order) else []


def _is_vector(row: Any) -> bool:
    return isinstance(row, list) and len(row) > 0 and all(type(number) in (int, float) for number in row)


def _unit(rows: list[list[float]]) -> Vectors | None:
    """The rows at length 1; None when one has no direction."""
    try:
        matrix = np.array(rows, dtype=np.float64)
    except OverflowError:
        return None
    with np.errstate(over="ignore"):
        lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    if not (np.isfinite(lengths).all() and (lengths > 0).all()):
        return None
    unit: Vectors = (matrix / lengths).astype(np.float32)
    return unit
