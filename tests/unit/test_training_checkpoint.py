"""What the files of a fine-tune say of themselves may come from a server: whatever it is, it is read or refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resuelve.domain.errors import TrainingError
from resuelve.training.checkpoint import ABOUT, about, base_of, identity_of

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
        base_of(tmp_path)
        said = about(tmp_path)
    except TrainingError:
        return
    assert isinstance(said["whole"], bool) and isinstance(said["model"], str) and isinstance(said["identity"], str)
    assert isinstance(said["longest"], int) and said["longest"] > 0
