"""The registry of learned models: numbered, verified, in use or not, with a way back."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BufferedReader
from pathlib import Path

import pytest

from resuelve import durable
from resuelve.domain.errors import TrainingError, WorkspaceBusy
from resuelve.training.registry import Card, Registry

CARD = Card("2026-11-01T10:00:00+01:00", "grande", "held_out_loss", True, 0.5, 0.4, 20, "abc", "0.1.0", {"f1": 0.9})


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    (folder / "inner").mkdir(parents=True)
    (folder / "weights.json").write_text("[1, 2]", encoding="utf-8")
    (folder / "inner" / "more.json").write_text("{}", encoding="utf-8")
    return folder


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "models")


def test_versions_are_numbered_and_come_back_as_they_were(registry: Registry, files: Path) -> None:
    first, second = registry.register("critic", files, CARD), registry.register("critic", files, CARD)
    assert (first.name, second.name) == ("critic/1", "critic/2")
    assert registry.versions("critic") == (first, second)
    assert registry.versions("rerank") == ()
    assert (registry.folder(first) / "inner" / "more.json").read_text(encoding="utf-8") == "{}"


def test_one_is_in_use_and_there_is_a_way_back(registry: Registry, files: Path) -> None:
    for _ in range(3):
        registry.register("critic", files, CARD)
    assert registry.in_use("critic") is None
    for number in (1, 3, 3):
        assert registry.promote("critic", number).promoted
    assert [one.promoted for one in registry.versions("critic")] == [False, False, True]
    back = registry.demote("critic")
    assert back
    assert (back.number, back.promoted) == (1, True)
    assert registry.demote("critic") is None
    assert registry.in_use("critic") is None


@pytest.mark.parametrize("name", ["weights.json", "inner/more.json", "new.json"])
def test_changed_files_are_not_used(registry: Registry, files: Path, name: str) -> None:
    version = registry.register("critic", files, CARD)
    (registry.folder(version) / name).write_text("[3]", encoding="utf-8")
    with pytest.raises(TrainingError, match="not those that were registered"):
        registry.folder(version)
    with pytest.raises(TrainingError, match="not those that were registered"):
        registry.promote("critic", 1)


def test_files_are_read_once_for_each_state(registry: Registry, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    digest = hashlib.file_digest
    version = registry.register("critic", files, CARD)

    def noted(file: BufferedReader, kind: str) -> object:
        read.append(Path(file.name).name)
        return digest(file, kind)

    monkeypatch.setattr(hashlib, "file_digest", noted)
    place = registry.folder(version)
    assert sorted(read) == ["more.json", "weights.json"]
    registry.folder(version)
    assert len(read) == 2
    before = (place / "weights.json").stat()
    (place / "weights.json").write_text("[1, 3]", encoding="utf-8")
    os.utime(place / "weights.json", ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(TrainingError, match="not those that were registered"):
        registry.folder(version)


def test_what_could_run_code_is_not_kept(registry: Registry, files: Path) -> None:
    (files / "weights.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(TrainingError, match="could run code"):
        registry.register("critic", files, CARD)
    assert registry.versions("critic") == ()


def test_a_version_that_is_gone_is_said(registry: Registry, files: Path, tmp_path: Path) -> None:
    registry.register("critic", files, CARD)
    registry.promote("critic", 1)
    (tmp_path / "models" / "critic" / "1" / "version.json").unlink()
    with pytest.raises(TrainingError, match="version 1 is in use, and cannot be read"):
        registry.in_use("critic")
    with pytest.raises(TrainingError, match="there is no version 7"):
        registry.promote("critic", 7)


@pytest.mark.parametrize("role", ["", "..", "../x", "A", "a/b"])
def test_a_role_is_no_path(registry: Registry, files: Path, role: str) -> None:
    with pytest.raises(TrainingError, match="no name of a role"):
        registry.register(role, files, CARD)


def test_several_at_once_get_numbers_of_their_own(registry: Registry, files: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: registry.register("critic", files, CARD), range(16)))
    assert sorted(one.number for one in made) == list(range(1, 17))
    assert len(registry.versions("critic")) == 16


TURNS = """
import sys
from pathlib import Path
from resuelve.training.registry import Registry
registry = Registry(Path(sys.argv[1]))
sys.stdin.readline()
for turn in range(50):
    registry.promote("critic", int(sys.argv[2 + turn % 2]))
"""


def test_two_processes_lose_no_promotion_of_each_other(registry: Registry, files: Path, tmp_path: Path) -> None:
    for _ in range(4):
        registry.register("critic", files, CARD)
    place = str(tmp_path / "models")
    both = [
        subprocess.Popen([sys.executable, "-P", "-c", TURNS, place, *two], stdin=subprocess.PIPE)
        for two in (("1", "2"), ("3", "4"))
    ]
    for one in both:
        assert one.stdin
        one.stdin.write(b"go\n")
        one.stdin.close()
    assert [one.wait(60) for one in both] == [0, 0]
    stack = json.loads((tmp_path / "models" / "critic" / "in_use.json").read_text(encoding="utf-8"))
    assert len(stack) == 100
    assert [number for number in stack if number < 3] == [1, 2] * 25
    assert [number for number in stack if number > 2] == [3, 4] * 25


def test_whoever_waits_for_another_process_does_not_wait_for_ever(
    registry: Registry, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.register("critic", files, CARD)
    monkeypatch.setattr("resuelve.training.registry._LONGEST_WAIT", 0.05)
    with durable.alone(tmp_path / "models" / "critic" / ".in_use.lock", seconds=1):
        with pytest.raises(WorkspaceBusy, match="has not ended in"):
            registry.promote("critic", 1)
        with pytest.raises(WorkspaceBusy, match="has not ended in"):
            registry.demote("critic")
    assert registry.in_use("critic") is None
    assert registry.promote("critic", 1).promoted


def test_not_worse_depends_on_the_measure() -> None:
    assert CARD.not_worse
    assert not replace(CARD, students=0.6).not_worse
    assert replace(CARD, students=0.6, lower_is_better=False).not_worse
