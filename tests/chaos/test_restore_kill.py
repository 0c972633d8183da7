"""Backups, restores and the comparison after one, killed with SIGKILL at every boundary."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.product import ACTING, DICTIONARY, KILLED, Desk, demo_incidents

NewDesk = Callable[..., Desk]

TWO = ACTING[:2]


def die(place: str, when: str, call: int = 1) -> list[dict[str, Any]]:
    return [{"place": place, "when": when, "call": call, "signal": int(signal.SIGKILL)}]


def backups(desk: Desk) -> list[Path]:
    return sorted((desk.workspace / "backup").glob("*"))


def edited(desk: Desk) -> bytes:
    """Somebody changes the dictionary after the backup; what it was."""
    path = desk.workspace / DICTIONARY
    before = path.read_bytes()
    path.write_bytes(before.replace(b"REE001", b"REE901"))
    return before


@pytest.mark.parametrize(("place", "when"), [("pack", "before"), ("pack", "after"), ("name", "before")])
def test_a_backup_that_is_killed_leaves_no_backup(new_desk: NewDesk, place: str, when: str) -> None:
    desk = new_desk(())
    assert desk.run("backup", interrupts=die(place, when)).status == KILLED
    assert [path for path in backups(desk) if path.name.startswith("resuelve_")] == []
    assert desk.run("backup").status == 0
    (made,) = backups(desk)  # what was half written is gone
    assert desk.run("backup", "verify", made).status == 0


BEFORE = {"unpacking": ("unpack", "before", 1), "the plan": ("plan", "before", 1)}
AFTER = {
    "the plan": ("plan", "after", 1),
    **{f"rename {number}": ("move", "after", number) for number in (1, 2, 5, 8, 13)},
    "the last rename": ("swapped", "before", 1),
    "the end": ("swapped", "after", 1),
}


@pytest.mark.parametrize("boundary", BEFORE)
def test_killed_before_anything_was_put_in_place_nothing_has_changed(new_desk: NewDesk, boundary: str) -> None:
    desk = new_desk(demo_incidents(*TWO))
    assert desk.run("backup").status == 0
    edited(desk)
    (file,) = backups(desk)
    now = (desk.workspace / DICTIONARY).read_bytes()
    assert desk.run("restore", file, "--yes", interrupts=die(*BEFORE[boundary])).status == KILLED
    assert desk.run("index").status == 0
    assert (desk.workspace / DICTIONARY).read_bytes() == now
    assert not (desk.workspace / ".resuelve" / "restored.json").exists()


@pytest.mark.parametrize("boundary", AFTER)
def test_killed_from_then_on_the_next_command_finishes(new_desk: NewDesk, boundary: str) -> None:
    """Whatever the next command is; here a run, which must also compare before it acts."""
    desk = new_desk(demo_incidents(*TWO))
    assert desk.run("backup").status == 0
    (file,) = backups(desk)
    assert desk.run("run").status == 0
    ledger = desk.ledger()
    before = edited(desk)
    assert desk.run("restore", file, "--yes", interrupts=die(*AFTER[boundary])).status == KILLED
    ended = desk.run("run")
    assert (ended.status, ended.error) == (0, "")
    assert (desk.workspace / DICTIONARY).read_bytes() == before
    assert "se comparó su diario" in ended.out
    assert desk.ledger() == ledger
    aside = desk.workspace / ".resuelve" / "aside"
    assert not (aside / "restore" / "plan.json").exists()
    assert len(list((desk.workspace / ".resuelve" / "before_restore").iterdir())) == 1


@pytest.mark.parametrize(
    "boundary", [("compare", "before"), ("settle", "after"), ("compare", "after"), ("compared", "after")], ids=str
)
def test_killed_while_it_compares_the_next_run_compares_again(new_desk: NewDesk, boundary: tuple[str, str]) -> None:
    """The backup holds an intent that was open; afterwards it was carried out."""
    desk = new_desk(demo_incidents(*TWO), RESUELVE_WORKERS="1")
    assert desk.run("run", interrupts=die("intend", "after")).status == KILLED
    assert desk.run("backup").status == 0
    (file,) = backups(desk)
    kept = shutil.copy(file, desk.workspace.parent)
    assert desk.run("run").status == 0
    ledger = desk.ledger()
    assert {change["incident"] for change in ledger} == set(TWO)
    shutil.rmtree(desk.workspace)
    assert desk.run("restore", kept).status == 0
    assert desk.run("run", interrupts=die(*boundary)).status == KILLED
    assert desk.run("run").status == 0
    assert desk.ledger() == ledger
    assert not (desk.workspace / ".resuelve" / "restored.json").exists()
