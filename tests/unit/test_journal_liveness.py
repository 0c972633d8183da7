"""Locks tell the living from the dead."""

from __future__ import annotations

from pathlib import Path

import pytest

from resuelve.domain.errors import JournalError
from resuelve.journal.liveness import FileLocks, Liveness


def test_the_living_are_not_dead(tmp_path: Path) -> None:
    one: Liveness = FileLocks(tmp_path)
    other: Liveness = FileLocks(tmp_path)
    assert one.name != other.name
    assert not one.is_dead(one.name)
    assert not one.is_dead(other.name)
    other.close()
    assert one.is_dead(other.name)
    assert one.is_dead("never lived")
    one.close()


def test_a_file_that_nobody_holds_is_of_the_dead_and_is_swept_away(tmp_path: Path) -> None:
    (tmp_path / "4242-feed.lock").touch()
    (tmp_path / "not a lock").touch()
    one = FileLocks(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([f"{one.name}.lock", "not a lock"])
    one.close()
    assert [path.name for path in tmp_path.iterdir()] == ["not a lock"]


def test_asking_does_not_take_the_lock_away(tmp_path: Path) -> None:
    one = FileLocks(tmp_path)
    for _ in range(3):
        assert not FileLocks(tmp_path).is_dead(one.name)
    one.close()
    one.close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JournalError, match="file/locks") as caught:
        FileLocks(tmp_path / "file" / "locks")
    assert caught.value.remedy
