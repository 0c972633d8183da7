"""Restores that are broken off, that fail, that wait: the workspace is as it was or as the backup is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from resuelve.backup.occupancy import alone, occupied, uncompared
from resuelve.backup.restore import put_back, restore
from resuelve.backup.swap import Swap
from resuelve.domain.errors import BackupError, BackupRefused, WorkspaceBusy
from tests.unit.backup_samples import AT, backup_of, database, state_of, words_in, workspace

OTHER = "P2,Correo,No llega,error,Espere.,01/02/2026,cierre,\n"


class Killed(BaseException):
    """The process died here."""


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    return backup_of(workspace(tmp_path / "first")).path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace in another state, with a place that the backup lacks, and a database somebody writes."""
    folder = workspace(tmp_path / "second", rows=OTHER)
    (folder / "historico").mkdir()
    (folder / "historico" / "decide.jsonl").write_text("{}\n")
    (folder / ".resuelve" / "journal.db-wal").touch()
    database(folder / ".resuelve" / "journal.db", ["two"])
    return folder


def restored(root: Path, backup: Path) -> Any:
    return restore(root, backup, passphrase=None, at=AT, wait=0)


@pytest.fixture
def expected(tmp_path: Path, backup: Path) -> dict[str, bytes]:
    restored(tmp_path / "expected", backup)
    return state_of(tmp_path / "expected")


def without(state: dict[str, bytes], *names: str) -> dict[str, bytes]:
    return {name: data for name, data in state.items() if name not in names}


FOREIGN = "notes of somebody.txt"
MLFLOW = (".resuelve/mlflow/mlflow.db", ".resuelve/mlflow/report.html")
OURS = (".resuelve/regression.lock", ".resuelve/locks/1-abc.lock", *MLFLOW, FOREIGN)
"""Stay where they are in every restore."""


def test_it_replaces_everything_that_is_the_products_and_nothing_else(
    root: Path, backup: Path, expected: dict[str, bytes]
) -> None:
    before = state_of(root)
    done = restored(root, backup)
    assert without(state_of(root), *OURS) == expected
    assert set(OURS) <= state_of(root).keys()
    assert done.kept is not None
    assert state_of(done.kept) == without(before, *OURS), "all of it was set aside, to the byte"
    marker = json.loads((root / ".resuelve" / "restored.json").read_text())
    assert (marker["backup"], marker["kept"]) == (backup.name, "20261125_103000")
    assert not Swap(root).pending


def test_a_restore_is_undone_to_the_byte(root: Path, backup: Path) -> None:
    before = state_of(root)
    first = restored(root, backup)
    between = state_of(root)
    second = put_back(root, first.kept, at=AT, wait=0)
    assert state_of(root) == before
    assert not first.kept.exists()
    assert second.kept is not None
    put_back(root, second.kept, at=AT, wait=0)
    assert state_of(root) == between


@pytest.mark.parametrize("kept", ["reportes", ".resuelve/before_restore", ".resuelve/before_restore/none", "."])
def test_only_what_a_restore_set_aside_is_put_back(root: Path, backup: Path, kept: str) -> None:
    restored(root, backup)
    before = state_of(root)
    with pytest.raises(BackupError, match="set aside"):
        put_back(root, root / kept, at=AT, wait=0)
    assert state_of(root) == before


def moves_of(root: Path, backup: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many renames a restore is made of."""
    count = 0
    move = Swap.move

    def counted(self: Swap, source: Path, target: Path) -> None:
        nonlocal count
        count += 1
        move(self, source, target)

    with monkeypatch.context() as patch:
        patch.setattr(Swap, "move", counted)
        restored(root, backup)
    return count


Failing = Callable[[int, type[BaseException], bool], None]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Failing:
    """Have the n-th rename fail, before or after it was made."""

    def arrange(number: int, error: type[BaseException], after: bool) -> None:
        count = 0
        move = Swap.move

        def wrapped(self: Swap, source: Path, target: Path) -> None:
            nonlocal count
            count += 1
            if count == number and not after:
                raise error(16, "Device or resource busy")
            move(self, source, target)
            if count == number:
                raise error(16, "Device or resource busy")

        monkeypatch.setattr(Swap, "move", wrapped)

    return arrange


def test_a_rename_that_fails_turns_everything_back(
    root: Path, backup: Path, tmp_path: Path, failing: Failing, monkeypatch: pytest.MonkeyPatch
) -> None:
    total = moves_of(workspace(tmp_path / "third", rows=OTHER), backup, monkeypatch)
    assert total >= 18
    before = state_of(root)
    for number in range(1, total + 1):
        for after in (False, True) if number in (1, total) else (False,):
            with monkeypatch.context():
                failing(number, OSError, after)
                with pytest.raises(BackupError, match="everything is as it was"):
                    restored(root, backup)
            assert state_of(root) == before, (number, after)
            assert not (root / ".resuelve" / "restored.json").exists()
            monkeypatch.undo()
    assert restored(root, backup).kept is not None


@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_rename_the_next_one_finishes(
    backup: Path,
    tmp_path: Path,
    expected: dict[str, bytes],
    failing: Failing,
    monkeypatch: pytest.MonkeyPatch,
    after: bool,
) -> None:
    total = moves_of(workspace(tmp_path / "third", rows=OTHER), backup, monkeypatch)
    for number in range(1, total + 1):
        folder = workspace(tmp_path / f"killed {number}", rows=OTHER)
        before = state_of(folder)
        failing(number, Killed, after)
        with pytest.raises(Killed):
            restored(folder, backup)
        monkeypatch.undo()
        assert Swap(folder).pending
        with occupied(folder, wait=0):
            assert without(state_of(folder), *OURS) == expected, number
        kept = folder / ".resuelve" / "before_restore" / "20261125_103000"
        assert state_of(kept) == without(before, *OURS)
        assert (folder / ".resuelve" / "restored.json").exists()


def test_if_everybody_dies_after_one_rename_it_is_done_all_the_same(
    root: Path, backup: Path, expected: dict[str, bytes], failing: Failing, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state_of(root)
    failing(1, Killed, True)
    with pytest.raises(Killed):
        restored(root, backup)
    monkeypatch.undo()
    deaths = 1
    while Swap(root).pending:
        failing(1, Killed, True)
        try:
            with occupied(root, wait=0):
                pass
        except Killed:
            deaths += 1
        monkeypatch.undo()
    assert deaths >= 15
    assert without(state_of(root), *OURS) == expected
    assert state_of(root / ".resuelve" / "before_restore" / "20261125_103000") == without(before, *OURS)


def test_killed_while_it_turns_back_the_next_one_goes_on_turning_back(
    root: Path, backup: Path, failing: Failing, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state_of(root)
    move = Swap.move
    for number in range(1, 9):
        count = 0

        def wrapped(self: Swap, source: Path, target: Path, dies: int = number) -> None:
            nonlocal count
            count += 1
            if count == 9:
                raise OSError(16, "Device or resource busy")
            if count == 9 + dies:
                raise Killed
            move(self, source, target)

        monkeypatch.setattr(Swap, "move", wrapped)
        with pytest.raises(Killed):
            restored(root, backup)
        monkeypatch.undo()
        with occupied(root, wait=0):
            assert state_of(root) == before
        assert not (root / ".resuelve" / "restored.json").exists()


def test_killed_before_the_plan_nothing_was_touched(root: Path, backup: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = state_of(root)

    def killed(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(Swap, "_write_plan", killed)
    with pytest.raises(Killed):
        restored(root, backup)
    monkeypatch.undo()
    with occupied(root, wait=0):
        assert state_of(root) == before
    restored(root, backup)
    assert not (root / ".resuelve" / "aside" / "restore").exists()


def test_what_somebody_saves_in_that_very_moment_is_not_overwritten(
    root: Path, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    move = Swap.move

    def saving(self: Swap, source: Path, target: Path) -> None:
        move(self, source, target)
        if source == root / "PROBLEMAS_GLOBALES.csv":
            source.write_text("saved with another program")

    monkeypatch.setattr(Swap, "move", saving)
    done = restored(root, backup)
    saved = done.kept / "PROBLEMAS_GLOBALES.csv.meanwhile"
    assert saved.read_text() == "saved with another program"
    assert "P1" in (root / "PROBLEMAS_GLOBALES.csv").read_text()


def test_a_damaged_plan_is_told_and_nothing_acts(root: Path) -> None:
    aside = root / ".resuelve" / "aside" / "restore"
    aside.mkdir(parents=True)
    (aside / "plan.json").write_text("{")
    with pytest.raises(BackupError, match=r"plan .* is damaged"), occupied(root, wait=0):
        raise AssertionError("nobody may work here")


def test_a_refused_backup_changes_nothing(root: Path, backup: Path) -> None:
    before = state_of(root)
    data = bytearray(backup.read_bytes())
    data[-8] ^= 1  # of the checksum: known to be wrong when all has been unpacked
    backup.write_bytes(data)
    with pytest.raises(BackupRefused):
        restored(root, backup)
    assert state_of(root) == before
    assert not (root / ".resuelve" / "aside" / "restore").exists()


def test_it_waits_for_those_who_work_and_says_who(root: Path, backup: Path) -> None:
    before = state_of(root)
    with occupied(root), pytest.raises(WorkspaceBusy, match=f"other processes work in it: {os.getpid()} "):
        restored(root, backup)
    assert state_of(root) == before
    restored(root, backup)


def test_commands_work_side_by_side_and_wait_for_a_restore(root: Path) -> None:
    with occupied(root), occupied(root, wait=0):
        pass
    with alone(root, wait=0), pytest.raises(WorkspaceBusy, match="is being restored"), occupied(root, wait=0):
        raise AssertionError("nobody may work here")
    assert (root / ".resuelve" / "workspace.lock").read_bytes() == b""


def test_who_was_killed_does_not_keep_the_workspace(root: Path) -> None:
    program = f"""
import os, pathlib
from resuelve.backup.occupancy import occupied
with occupied(pathlib.Path({str(root)!r})):
    os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == -9
    assert (root / ".resuelve" / "workspace.lock").read_bytes().startswith(b"+")
    with alone(root, wait=0):
        pass


def test_a_folder_without_a_workspace_needs_no_lock(tmp_path: Path) -> None:
    with occupied(tmp_path / "none", wait=0):
        assert not (tmp_path / "none").exists()


def test_one_process_compares_and_the_marker_goes_with_success_only(root: Path) -> None:
    marker = root / ".resuelve" / "restored.json"
    with uncompared(root) as must:
        assert not must
    marker.write_text("{}")
    with pytest.raises(BackupError), uncompared(root) as must:
        assert must
        with pytest.raises(WorkspaceBusy, match="comparing"), uncompared(root, wait=0):
            raise AssertionError("two may not compare at once")
        raise BackupError("the manager does not answer")
    assert marker.exists()
    with uncompared(root) as must:
        assert must
    assert not marker.exists()


def test_into_an_empty_workspace_the_database_is_usable(tmp_path: Path, backup: Path) -> None:
    restored(tmp_path / "new", backup)
    path = tmp_path / "new" / ".resuelve" / "journal.db"
    database(path, ["two"])
    assert words_in(path) == ["one", "two"]
