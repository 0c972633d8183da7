"""Files that hold the old content or the new one, whatever happens in between."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from resuelve import durable


class PowerCut(BaseException):
    """Nothing after it was done."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "list.csv"
    path.write_bytes(b"old")
    return path


def test_a_file_is_replaced_with_its_permissions_and_leaves_nothing_beside_it(file: Path) -> None:
    file.chmod(0o640)
    durable.replace(file, b"new")
    assert file.read_bytes() == b"new"
    assert file.stat().st_mode & 0o777 == 0o640
    assert [*file.parent.iterdir()] == [file]


def test_the_content_is_on_the_disk_before_the_name_and_the_name_before_it_returns(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: seen.append(file.read_bytes()))
    durable.replace(file, b"new")
    assert seen == [b"old", b"new"]


def test_a_power_cut_before_the_rename_leaves_the_old_content(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(self: Path, target: Path) -> Path:
        raise PowerCut

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", cut)
        with pytest.raises(PowerCut):
            durable.replace(file, b"a much longer new content")
    assert file.read_bytes() == b"old"
    durable.replace(file, b"new")
    assert file.read_bytes() == b"new", "what was left aside is overwritten whole"


def test_a_disk_that_fills_up_within_an_addition_takes_none_of_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write

    def half(descriptor: int, data: bytes) -> int:
        if len(data) < 4:
            raise OSError(28, "No space left on device")
        return write(descriptor, data[:4])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", half)
        with pytest.raises(OSError, match="space"):
            durable.append(file, b" and more")
    assert file.read_bytes() == b"old"
