"""What the files of a fine-tune say of themselves may come from a server: whatever it is, it is read or refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from resuelve.domain.errors import TrainingError
from resuelve.training.checkpoint import ABOUT, about, base_of, check_loadable, identity_of

WHOLE: Mapping[str, Any] = {"format": 1, "whole": True, "model": "toy", "identity": "ab", "longest": 32}
ADAPTER: Mapping[str, Any] = {**WHOLE, "whole": False, "model": "/nowhere/toy"}


def written(folder: Path, said: object) -> Path:
    (folder / ABOUT).write_text(said if isinstance(said, str) else json.dumps(said), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "said",
    [
        {"format": 1, "whole": False},
        {**ADAPTER, "model": 5},
        {**ADAPTER, "model": ""},
        {**ADAPTER, "identity": None},
        {**ADAPTER, "longest": "many"},
        {**ADAPTER, "longest": True},
        {**ADAPTER, "longest": 0},
        {**ADAPTER, "format": True},
        {**WHOLE, "whole": 1},
        [],
        "[" * 100_000,
        '{"a":' * 100_000,
        "",
    ],
    ids=lambda said: str(said)[:80],
)
def test_what_does_not_say_what_it_is_is_refused(said: object, tmp_path: Path) -> None:
    with pytest.raises(TrainingError):
        base_of(written(tmp_path, said))
    with pytest.raises(TrainingError):
        about(tmp_path)


def test_what_we_write_is_read(tmp_path: Path) -> None:
    assert about(written(tmp_path, {**WHOLE, "role": "reformulate"})) == {**WHOLE, "role": "reformulate"}
    assert base_of(tmp_path) == tmp_path / "whole"


@pytest.mark.parametrize("model", ["/" + "x" * 5000, "~nobody-of-this-name/x", "a" * 300, "x" * 5000, "..", "a b/c"])
def test_a_base_that_no_file_can_be_is_refused(model: str, tmp_path: Path) -> None:
    with pytest.raises(TrainingError):
        base_of(written(tmp_path, {**ADAPTER, "model": model}))


def test_weights_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    base = tmp_path / "base"
    base.mkdir()
    (base / "config.json").write_text("{}", encoding="utf-8")
    (base / "model.safetensors").symlink_to(tmp_path / "gone")
    with pytest.raises(TrainingError, match="cannot be read"):
        identity_of(base)
    with pytest.raises(TrainingError, match="cannot be read"):
        base_of(written(tmp_path, {**ADAPTER, "model": str(base)}))


EYES = "vision-encoder-decoder"
Make = Callable[..., Path]


@pytest.fixture
def version(tmp_path: Path) -> Make:
    """A version as a fine-tune leaves it, whole or an adapter of a base beside it. Nothing of it was learned."""

    def make(whole: bool, kind: str) -> Path:
        files, base = tmp_path / "files", tmp_path / ("files/whole" if whole else "base")
        last = base if whole else files / "adapter"
        for folder in (base, last):
            folder.mkdir(parents=True, exist_ok=True)
        (base / "config.json").write_text(json.dumps({"model_type": kind}), encoding="utf-8")
        weights = {"a": np.zeros(2, np.float32)}
        save_file(weights, base / "model.safetensors")
        (last / "tokenizer.json").write_text("{}", encoding="utf-8")
        (last / "preprocessor_config.json").write_text("{}", encoding="utf-8")
        if not whole:
            (last / "adapter_config.json").write_text("{}", encoding="utf-8")
            save_file(weights, last / "adapter_model.safetensors")
        return written(files, {**WHOLE, "whole": whole, "model": str(base), "identity": identity_of(base)})

    return make


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(("found", "wanted"), [(EYES, EYES), ("gpt2", ""), ("llama", "")])
def test_a_version_with_all_its_files_can_be_loaded(version: Make, whole: bool, found: str, wanted: str) -> None:
    check_loadable(version(whole, found), wanted)


def test_a_version_that_is_nothing_but_a_description_is_refused(tmp_path: Path) -> None:
    for kind in (EYES, ""):
        with pytest.raises(TrainingError, match="no model of the kind"):
            check_loadable(written(tmp_path, WHOLE), kind)


@pytest.mark.parametrize(("found", "wanted"), [("gpt2", EYES), (EYES, ""), ("", ""), ("", EYES)])
@pytest.mark.parametrize("whole", [True, False])
def test_a_version_of_another_kind_is_refused(version: Make, whole: bool, found: str, wanted: str) -> None:
    with pytest.raises(TrainingError, match="no model of the kind"):
        check_loadable(version(whole, found), wanted)


@pytest.mark.parametrize(
    ("whole", "name"),
    [
        (True, "whole/config.json"),
        (True, "whole/model.safetensors"),
        (True, "whole/tokenizer.json"),
        (True, "whole/preprocessor_config.json"),
        (False, "adapter/adapter_config.json"),
        (False, "adapter/adapter_model.safetensors"),
        (False, "adapter/tokenizer.json"),
        (False, "adapter/preprocessor_config.json"),
    ],
)
@pytest.mark.parametrize("content", [None, b"", b"[]", b"[" * 100_000, b"\xff\0"], ids=lambda one: str(one)[:9])
def test_a_version_without_one_of_its_files_is_refused(
    version: Make, whole: bool, name: str, content: bytes | None
) -> None:
    files = version(whole, EYES)
    (files / name).unlink()
    if content is not None and not name.endswith("tokenizer.json"):  # what is in that is for its library to say
        (files / name).write_bytes(content)
    with pytest.raises(TrainingError):
        check_loadable(files, EYES)


def test_weights_that_were_cut_are_refused(version: Make) -> None:
    files = version(True, "gpt2")
    whole = (files / "whole" / "model.safetensors").read_bytes()
    (files / "whole" / "model.safetensors").write_bytes(whole[:-1])
    with pytest.raises(TrainingError, match="cannot be loaded"):
        check_loadable(files)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda some: st.lists(some, max_size=3) | st.dictionaries(st.text(max_size=4), some, max_size=3),
    max_leaves=6,
)
CHANGED = st.dictionaries(st.sampled_from(sorted(WHOLE)), JSON, min_size=1, max_size=5).map(
    lambda new: {**ADAPTER, **new}
)
PARTS = st.sets(st.sampled_from(sorted(WHOLE))).map(lambda names: {name: ADAPTER[name] for name in names})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=40) | (CHANGED | PARTS | JSON).map(lambda said: json.dumps(said).encode()))
def test_whatever_it_says_it_is_read_or_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ABOUT).write_bytes(content)
    try:
        with suppress(TrainingError):
            check_loadable(tmp_path)
        base_of(tmp_path)
        said = about(tmp_path)
    except TrainingError:
        return
    assert isinstance(said["whole"], bool) and isinstance(said["model"], str) and isinstance(said["identity"], str)
    assert isinstance(said["longest"], int) and said["longest"] > 0
