"""Embeddings over HTTP."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from resuelve.domain.errors import ModelUnavailable
from resuelve.models import Embedder
from resuelve.models.openai_embeddings import OpenAICompatibleEmbedder
from tests.model_server import ModelServer, Reply, Request, embeddings, error, raw


def letters(request: Request) -> Reply:
    """A vector by the text's length, so that the order can be seen."""
    return embeddings([[len(text), 1.0, 0.0] for text in request.body["input"]])


def embedder(server: ModelServer, **settings: Any) -> OpenAICompatibleEmbedder:
    how: dict[str, Any] = {"timeout_s": 10.0, "first_pause_s": 0.01, **settings}
    return OpenAICompatibleEmbedder(base_url=server.url, model="all-minilm", **how)


def test_unit_vectors_in_the_order_of_the_texts() -> None:
    with ModelServer(letters) as server:
        model = embedder(server, batch=2)
        vectors = model.embed(["a", "bb", "ccc", "dddd", "eeeee"])
        assert isinstance(model, Embedder)
    assert vectors.dtype == np.float32
    assert vectors.shape == (5, 3)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0)
    assert np.allclose(vectors[:, 0] / vectors[:, 1], [1, 2, 3, 4, 5])
    assert [len(request.body["input"]) for request in server.requests] == [1, 2, 2, 1]
    assert server.requests[0].path == "/v1/embeddings"


def test_the_answers_own_order_does_not_matter() -> None:
    def shuffled(request: Request) -> Reply:
        answer = json.loads(letters(request).body)
        answer["data"].reverse()
        return raw(json.dumps(answer))

    with ModelServer(shuffled) as server:
        vectors = embedder(server).embed(["a", "bb", "ccc"])
    assert np.allclose(vectors[:, 0] / vectors[:, 1], [1, 2, 3])


def test_the_dimension_is_found_once_and_names_the_embedder() -> None:
    with ModelServer(letters) as server:
        model = embedder(server)
        assert not server.requests
        with ThreadPoolExecutor(4) as pool:
            assert set(pool.map(lambda _: model.dimension, range(8))) == {3}
        assert model.identity == "openai-compatible/all-minilm/3"
        assert model.embed([]).shape == (0, 3)
    assert len(server.requests) == 1


def test_blank_and_long_texts() -> None:
    with ModelServer(letters) as server:
        embedder(server, max_chars=10).embed(["", " \n", "x" * 1_000_000, "half a pair: \ud800"[-8:]])
    assert server.requests[-1].body["input"] == [" ", " ", "x" * 10, "pair: ?"[-8:].rjust(8)]


UNUSABLE: dict[str, Reply] = {
    "none": raw('{"data": []}'),
    "too many": embeddings([[1, 0, 0], [0, 1, 0]]),
    "no data": raw("{}"),
    "not an object": raw("[]"),
    "data of another kind": raw('{"data": {"0": [1]}}'),
    "items of another kind": raw('{"data": [[1, 0, 0]]}'),
    "numbered wrongly": raw('{"data": [{"index": 1, "embedding": [1, 0, 0]}]}'),
    "index of another kind": raw('{"data": [{"index": [], "embedding": [1, 0, 0]}]}'),
    "not numbered": raw('{"data": [{"embedding": [1, 0, 0]}]}'),
    "empty vector": embeddings([[]]),
    "zero": embeddings([[0, 0, 0]]),
    "NaN": embeddings([[float("nan"), 0, 1]]),
    "inf": embeddings([[float("inf"), 0, 1]]),
    "null": raw('{"data": [{"index": 0, "embedding": [null, 1, 0]}]}'),
    "text": raw('{"data": [{"index": 0, "embedding": ["1", "0", "0"]}]}'),
    "base64": raw('{"data": [{"index": 0, "embedding": "AACAPwAAAAA="}]}'),
    "nested": raw('{"data": [{"index": 0, "embedding": [[1], [0], [0]]}]}'),
    "beyond a float": raw('{"data": [{"index": 0, "embedding": [1' + "0" * 400 + ", 0, 0]}]}"),
    "length beyond a float": embeddings([[1e300, 1e300, 0]]),
    "other dimension": embeddings([[1, 0]]),
    "HTML": raw("<html>"),
}


@pytest.mark.parametrize("reply", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_vectors_that_are_none_are_refused(reply: Reply) -> None:
    with ModelServer([embeddings([[1, 0, 0]]), reply]) as server, pytest.raises(ModelUnavailable) as caught:
        embedder(server, attempts=1).embed(["a"])
    assert caught.value.remedy
    assert "all-minilm" in caught.value.where


def test_one_bad_vector_in_a_batch_refuses_the_batch() -> None:
    script = [embeddings([[1, 0]]), embeddings([[1, 0], [0, 0]])]
    with ModelServer(script) as server, pytest.raises(ModelUnavailable, match="direction"):
        embedder(server).embed(["a", "b"])


def test_vectors_of_different_lengths_are_refused() -> None:
    script = [embeddings([[1, 0]]), embeddings([[1, 0], [1]])]
    with ModelServer(script) as server, pytest.raises(ModelUnavailable, match="one length"):
        embedder(server).embed(["a", "b"])


def test_a_passing_error_is_tried_again() -> None:
    with ModelServer([error(500), embeddings([[1, 0]]), error(429), embeddings([[3, 4]])]) as server:
        assert embedder(server).embed(["a"]).tolist() == [[pytest.approx(0.6), pytest.approx(0.8)]]


def test_a_dimension_that_could_not_be_found_is_asked_for_again() -> None:
    with ModelServer([error(404, "no such model"), embeddings([[1, 0]])]) as server:
        model = embedder(server)
        with pytest.raises(ModelUnavailable, match="ollama pull all-minilm"):
            _ = model.identity
        assert model.dimension == 2
