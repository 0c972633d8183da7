"""Backup, wipe, restore, run: no decision changes and nothing is done twice, as the mock's ledger tells."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.fixtures import NewDesk
from tests.acceptance.product import ACTING, DEMO_WORLD, SOURCES, Desk, Ended, demo_incidents, eventually, message

PASSPHRASE = "five words that do not"
SOME = (*ACTING, "INC1004", "INC1005", "INC1006", "INC1008", "INC1024", "INC1041")


def done(ended: Ended) -> str:
    assert ended.status == 0, ended.error
    return ended.out


def backup_of(desk: Desk, *arguments: str, **settings: str) -> Path:
    before = set((desk.workspace / "backup").glob("resuelve_*"))
    done(desk.run("backup", *arguments, **settings))
    (made,) = set((desk.workspace / "backup").glob("resuelve_*")) - before
    return made


def set_apart(desk: Desk, backup: Path) -> Path:
    """The backup on another disk; the workspace is lost."""
    kept = shutil.copy(backup, desk.workspace.parent)
    shutil.rmtree(desk.workspace)
    return Path(kept)


def decisions(entries: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What was decided, without what a clock or a run's name puts in."""

    def bare(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: bare(one) for key, one in value.items() if key not in ("seconds", "run", "built_at", "trace")}
        return [bare(one) for one in value] if isinstance(value, list) else value

    return {code: bare(entry) for code, entry in entries.items()}


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
def test_backup_wipe_restore_run_changes_no_decision(new_desk: NewDesk, encrypted: bool) -> None:
    """Acted on, saved, lost, restored, and run again; the whole demo once."""
    options = ("--encrypt",) if encrypted else ()
    secret = {"RESUELVE_BACKUP_PASSPHRASE": PASSPHRASE} if encrypted else {}
    incidents = demo_incidents(*SOME) if encrypted else DEMO_WORLD.open_incidents
    desk = new_desk(incidents, RESUELVE_LANGUAGE="en", **secret)
    done(desk.run("run"))
    acted, ledger = desk.entries(), desk.ledger()
    assert len(ledger) > (len(ACTING) if encrypted else 20)
    done(desk.run("run", "--shadow"))
    before = decisions(desk.entries())
    kept = set_apart(desk, backup_of(desk, *options))

    out = done(desk.run("restore", kept))
    assert "is restored" in out
    assert set(before) == set(decisions(desk.entries())), "the report of before is there"
    out = done(desk.run("run"))
    assert "was compared with" in out
    assert "Changes that the journal did not know: 0. Held open: 0" in out
    assert desk.ledger() == ledger, "nothing was done again"
    assert not (desk.workspace / ".resuelve" / "restored.json").exists()
    done(desk.run("run", "--shadow"))
    assert decisions(desk.entries()) == before, "no decision has changed"
    assert {code for code, entry in acted.items() if entry["changed"]} == {change["incident"] for change in ledger}
    out = done(desk.run("run"))
    assert "was compared with" not in out, "once"
    assert desk.ledger() == ledger


def test_what_was_done_after_the_backup_is_not_done_again(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(*SOME), RESUELVE_LANGUAGE="en")
    old = backup_of(desk)
    done(desk.run("run"))
    ledger = desk.ledger()
    assert {change["incident"] for change in ledger} >= set(ACTING)
    kept = set_apart(desk, old)
    done(desk.run("restore", kept))
    out = done(desk.run("run"))
    assert f"Changes that the journal did not know: {len(ledger)}." in out
    assert desk.ledger() == ledger
    (report,) = desk.workspace.glob("reportes/reporte_restauracion_*.json")
    found = json.loads(report.read_text(encoding="utf-8"))
    assert {one["incident"] for one in found["adopted"]} == {change["incident"] for change in ledger}
    assert all(
        one["reference"] in message(change)
        for one in found["adopted"]
        for change in ledger
        if change["incident"] == one["incident"]
    )
    assert (found["unknown"], found["went_back"], found["not_sent"]) == ([], [], [])


def test_a_team_that_changed_its_label_after_the_backup_is_not_answered_twice(new_desk: NewDesk) -> None:
    """Without its label a message of ours looks like a person's: its reference tells all the same."""
    desk = new_desk(demo_incidents(*ACTING), RESUELVE_LANGUAGE="en")
    old = backup_of(desk)
    done(desk.run("run", ETIQUETA="[OTHER] "))
    ledger = desk.ledger()
    kept = set_apart(desk, old)
    done(desk.run("restore", kept))
    out = done(desk.run("run", "--limit", "1"))
    assert f"Changes that the journal did not know: {len(ledger)}." in out


def test_without_the_ticket_manager_nothing_is_done(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(*ACTING), RESUELVE_LANGUAGE="en", RESUELVE_HTTP_ATTEMPTS="1")
    kept = set_apart(desk, backup_of(desk))
    done(desk.run("restore", kept))
    desk.fault("500", path="/api/incidencias/cerradas", times=100)
    ended = desk.run("run")
    assert ended.status == 1
    assert "was restored, and cannot be compared with the tickets" in ended.error
    assert desk.ledger() == []
    assert (desk.workspace / ".resuelve" / "restored.json").exists()
    shadow = desk.run("run", "--shadow")
    assert shadow.status == 0, "what touches nothing needs no comparison"
    desk.no_more_faults()
    done(desk.run("run"))
    assert {change["incident"] for change in desk.ledger()} == set(ACTING)
    desk.nothing_twice()


def test_two_runs_at_once_on_a_restored_workspace(new_desk: NewDesk) -> None:
    """Both may come first; one compares, the other waits for it, and each ticket is changed once."""
    desk = new_desk(demo_incidents(*ACTING), RESUELVE_LANGUAGE="en")
    kept = set_apart(desk, backup_of(desk))
    done(desk.run("restore", kept))
    runs = [desk.start("run") for _ in range(3)]
    outs = [done(run.wait()) for run in runs]
    assert sum("was compared with" in out for out in outs) == 1
    desk.nothing_twice()
    assert {change["incident"] for change in desk.ledger()} == set(ACTING)


def test_a_run_that_watches_goes_on_with_what_was_restored(new_desk: NewDesk) -> None:
    """A restore comes in between two rounds; the next round compares first."""
    desk = new_desk(demo_incidents(*ACTING), RESUELVE_LANGUAGE="en", RESUELVE_POLL_SECONDS="0.3")
    old = backup_of(desk)
    watching = desk.start("run", "--watch")
    eventually(lambda: len(desk.ledger()) == len(ACTING) and "Report:" in watching.out)
    done(desk.run("restore", old, "--yes", "--wait", "30"))
    eventually(lambda: not (desk.workspace / ".resuelve" / "restored.json").exists())
    eventually(lambda: bool(list(desk.workspace.glob("reportes/reporte_restauracion_*.json"))))
    watching.send(signal.SIGTERM)
    ended = watching.wait()
    assert (ended.status, ended.error) == (0, "")
    assert f"Changes that the journal did not know: {len(ACTING)}." in ended.out
    desk.nothing_twice()


def test_a_run_at_work_is_waited_for_and_named(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(*ACTING), RESUELVE_LANGUAGE="en")
    old = backup_of(desk)
    stop = {"place": "apply", "when": "before", "call": 2, "signal": int(signal.SIGSTOP)}
    run = desk.start("run", interrupts=[stop], RESUELVE_WORKERS="1")
    run.until_stopped()
    refused = desk.run("restore", old, "--yes", "--wait", "0")
    assert refused.status == 1
    assert f"other processes work in it: {run.number}" in refused.error
    saved = backup_of(desk)  # a backup needs nobody to stop
    run.send(signal.SIGCONT)
    done(run.wait())
    ledger = desk.ledger()
    done(desk.run("restore", saved, "--yes"))
    out = done(desk.run("run"))
    assert "Held open: 1 stand on their ticket, 0 do not" in out, "the intent that was open in the backup"
    assert desk.ledger() == ledger
    desk.nothing_twice()


def refused(file: Path) -> Path:
    data = bytearray(file.read_bytes())
    data[-8] ^= 1  # of the checksum: known to be wrong when all has been unpacked
    file.write_bytes(data)
    return file


def foreign(file: Path) -> Path:
    file.write_bytes(b"PK\x03\x04 something else")
    return file


@pytest.mark.parametrize(("spoil", "reason"), [(refused, "damaged"), (foreign, "not a backup of Resuelve")])
def test_a_damaged_or_foreign_file_is_refused_and_nothing_changes(
    new_desk: NewDesk, spoil: Callable[[Path], Path], reason: str
) -> None:
    desk = new_desk((), RESUELVE_LANGUAGE="en")
    file = spoil(backup_of(desk))
    before = modified(desk.workspace)
    for command in (("backup", "verify", file), ("restore", file, "--yes")):
        ended = desk.run(*command)
        assert ended.status == 1
        assert reason in ended.error
    assert modified(desk.workspace) == before


def modified(workspace: Path) -> dict[Path, int]:
    """When each file was; the log tells that somebody tried."""
    files = [path for path in workspace.rglob("*") if path.is_file() and path.parent.name != "logs"]
    return {path: path.stat().st_mtime_ns for path in files}


def test_backups_are_listed_verified_encrypted_and_rotated(new_desk: NewDesk, tmp_path: Path) -> None:
    desk = new_desk((), RESUELVE_LANGUAGE="en")
    assert "There are no backups." in done(desk.run("backup", "list"))
    refusal = desk.run("backup", "--encrypt")
    assert refusal.status == 2
    assert "there is no passphrase" in refusal.error
    secret = tmp_path / "passphrase"
    secret.write_text(f"{PASSPHRASE}\n", encoding="utf-8")
    sealed = backup_of(desk, "--encrypt", "--passphrase-file", str(secret))
    assert PASSPHRASE.encode() not in sealed.read_bytes()
    assert "is sound" in done(desk.run("backup", "verify", sealed, "--passphrase-file", secret))
    wrong = desk.run("backup", "verify", sealed, RESUELVE_BACKUP_PASSPHRASE="another passphrase")
    assert "the passphrase is not the one" in wrong.error
    plain = [backup_of(desk) for _ in range(2)]
    listed = json.loads(done(desk.run("backup", "list", "--json")))
    assert {one["file"] for one in listed} == {str(one) for one in (*plain, sealed)}
    out = done(desk.run("backup", "--keep", "2"))
    assert out.count("Old backup removed") == 2
    assert len(json.loads(done(desk.run("backup", "list", "--json")))) == 2
    elsewhere = tmp_path / "elsewhere"
    done(desk.run("backup", "--to", elsewhere))
    assert len(list(elsewhere.iterdir())) == 1


def test_no_secret_is_in_a_backup(new_desk: NewDesk, tmp_path: Path) -> None:
    desk = new_desk((), RESUELVE_LANGUAGE="en")
    file = backup_of(
        desk,
        OPENAI_API_KEY="sk-the-key",
        OPENAI_BASE_URL="https://user:the-password@models.example.com/v1?token=the-token",
        RESUELVE_BACKUP_PASSPHRASE="the long passphrase",
    )
    done(desk.run("restore", file, "--workspace", tmp_path / "new"))
    text = (tmp_path / "new" / ".resuelve" / "settings_of_backup.json").read_text(encoding="utf-8")
    assert [word for word in ("the-key", "the-password", "the-token", "the long", "user") if word in text] == []
    assert json.loads(text)["OPENAI_BASE_URL"] == "https://models.example.com/v1"


def test_a_setting_that_differs_now_is_told(new_desk: NewDesk) -> None:
    desk = new_desk((), RESUELVE_LANGUAGE="en")
    file = backup_of(desk, CRITIC_APPROVAL_THRESHOLD="80")
    out = done(desk.run("restore", file, "--yes"))
    assert "CRITIC_APPROVAL_THRESHOLD was 80.0 then and is 65.0 now." in out


def test_a_mistaken_restore_is_undone(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(*ACTING), RESUELVE_LANGUAGE="en")
    old = backup_of(desk)
    done(desk.run("run"))
    journal = (desk.workspace / ".resuelve" / "journal.db").read_bytes()
    unasked = desk.run("restore", old)
    assert unasked.status == 1
    assert "nobody to ask" in unasked.error
    done(desk.run("restore", old, "--yes"))
    assert desk.reports() == []
    (kept,) = (desk.workspace / ".resuelve" / "before_restore").iterdir()
    done(desk.run("restore", kept, "--yes"))
    assert len(desk.reports()) == 1
    assert (desk.workspace / ".resuelve" / "journal.db").read_bytes() == journal


def test_the_spanish_speak_spanish(new_desk: NewDesk) -> None:
    desk = new_desk(())
    assert "Copia hecha y verificada" in done(desk.run("backup"))
    assert "Cifrada" in done(desk.run("backup", "list"))


@pytest.mark.parametrize(("answer", "status"), [(b"n\n", 1), (b"y\n", 0)])
def test_a_person_at_a_terminal_is_asked(new_desk: NewDesk, answer: bytes, status: int) -> None:
    desk = new_desk((), RESUELVE_LANGUAGE="en")
    file = backup_of(desk)
    mine = desk.workspace / "reportes" / "reporte20261125_1000.json"
    mine.write_text("{}", encoding="utf-8")
    terminal, end = pty.openpty()
    os.write(terminal, answer)
    command = [sys.executable, "-m", "resuelve", "restore", str(file)]
    environment = {**os.environ, "PYTHONPATH": str(SOURCES), **desk.settings}
    ended = subprocess.run(command, stdin=end, capture_output=True, text=True, timeout=60, env=environment)
    os.close(terminal)
    os.close(end)
    assert f"What is in {desk.workspace} will be replaced and set aside. Go on?" in ended.stdout
    assert (ended.returncode, mine.exists()) == (status, status == 1)
