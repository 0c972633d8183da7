"""The log on the disk: a file a day, shared by processes, and what happens when nothing can be written."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from resuelve.telemetry.logs.counts import Counts
from resuelve.telemetry.logs.files import DayFiles, day_of, files, outdated
from resuelve.telemetry.logs.retention import remove_outdated
from resuelve.telemetry.memory import MemorySignals
from resuelve.telemetry.metrics import LOST

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp()
DAY = 86_400


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "logs"


class _Troubles:
    def __init__(self) -> None:
        self.told: list[tuple[int | None, int]] = []

    def __call__(self, error: OSError | None, lost: int) -> None:
        self.told.append((error.errno if error else None, lost))


def test_a_new_day_has_a_new_file(folder: Path) -> None:
    at = [NOON]
    days: list[date] = []
    log = DayFiles(folder, now=lambda: at[0], on_day=days.append)
    log.write(b"one\n")
    at[0] += DAY / 2
    log.write(b"two\n")
    log.write(b"three\n")
    assert {file.name: file.read_bytes() for file in files(folder)} == {
        "resuelve-20260131.jsonl": b"one\n",
        "resuelve-20260201.jsonl": b"two\nthree\n",
    }
    assert days == [date(2026, 1, 31), date(2026, 2, 1)]


def test_without_a_workspace_there_is_no_log(tmp_path: Path) -> None:
    told = _Troubles()
    DayFiles(tmp_path / "nowhere" / "logs", trouble=told).write(b"x\n")
    assert list(tmp_path.iterdir()) == []
    assert told.told == []


def test_several_processes_share_a_file(folder: Path) -> None:
    folder.mkdir()
    program = """
import sys
from pathlib import Path
from resuelve.telemetry.logs.files import DayFiles
log = DayFiles(Path(sys.argv[1]), now=lambda: float(sys.argv[3]))
for number in range(500):
    log.write(f'{{"who": "{sys.argv[2]}", "number": {number}, "filled": "{"x" * (number * 7 % 3000)}"}}\\n'.encode())
"""
    many = [subprocess.Popen([sys.executable, "-c", program, str(folder), who, str(NOON)]) for who in "abc"]
    assert [one.wait(60) for one in many] == [0, 0, 0]
    lines = [json.loads(line) for line in files(folder)[0].read_bytes().splitlines()]
    for who in "abc":
        assert [line["number"] for line in lines if line["who"] == who] == list(range(500))


def test_threads_share_a_file(folder: Path) -> None:
    folder.mkdir()
    log = DayFiles(folder, now=lambda: NOON)

    def write() -> None:
        for _ in range(300):
            log.write(b"x" * 100 + b"\n")

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert files(folder)[0].read_bytes() == (b"x" * 100 + b"\n") * 1200


def test_a_full_disk_is_told_once_and_what_was_lost_is_counted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = _Troubles()
    log = DayFiles(folder, trouble=told, now=lambda: NOON)
    log.write(b"one\n")
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda descriptor, data: write(descriptor, bytes(data)[:3]))  # takes a part
        log.write(b"two\n")

        def full(*_: object) -> int:
            raise OSError(errno.ENOSPC, "full")

        patch.setattr(os, "write", full)
        log.write(b"three\n")
    assert told.told == [(errno.ENOSPC, 0)]
    log.write(b"four\n")
    assert told.told == [(errno.ENOSPC, 0), (None, 2)]
    assert files(folder)[0].read_bytes() == b"one\ntwo\nfour\n"  # the rest of a line is ended before the next


def test_a_folder_that_takes_nothing_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file")
    told = _Troubles()
    log = DayFiles(tmp_path / "logs", trouble=told)
    log.write(b"one\n")
    log.write(b"two\n")
    assert len(told.told) == 1
    assert log.lost == 2


def test_whoever_cannot_hear_of_trouble_stops_nothing(tmp_path: Path) -> None:
    def deaf(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    DayFiles(tmp_path / "logs", on_day=deaf).write(b"one\n")
    assert files(tmp_path / "logs")[0].read_bytes() == b"one\n"
    (tmp_path / "file").write_text("a file")
    DayFiles(tmp_path / "file", trouble=deaf).write(b"one\n")


def test_half_a_line_of_another_process_is_ended(folder: Path) -> None:
    folder.mkdir()
    (folder / "resuelve-20260131.jsonl").write_bytes(b"one\ntw")
    DayFiles(folder, now=lambda: NOON).write(b"three\n")
    assert files(folder)[0].read_bytes() == b"one\ntw\nthree\n"


def test_a_file_that_was_moved_away_is_begun_anew(folder: Path) -> None:
    at = [NOON]
    log = DayFiles(folder, now=lambda: at[0])
    log.write(b"one\n")
    files(folder)[0].rename(folder / "moved")
    at[0] += 2
    log.write(b"two\n")
    assert files(folder)[0].read_bytes() == b"two\n"


def test_only_files_of_the_log_are_the_log(folder: Path) -> None:
    folder.mkdir()
    for name in ("resuelve-20260131.jsonl", "resuelve-20260230.jsonl", "resuelve-1.jsonl", "shipped.json", "other"):
        (folder / name).touch()
    assert [day_of(file) for file in files(folder)] == [date(2026, 1, 31), None]


def test_a_clock_that_jumps_ahead_removes_nothing(folder: Path) -> None:
    folder.mkdir()
    for name in ("20260129", "20260130", "20260131", "20990101"):
        (folder / f"resuelve-{name}.jsonl").touch()
    assert outdated(folder, 30, date(2099, 1, 1)) == []
    assert [day_of(one) for one in outdated(folder, 2, date(2099, 1, 1))] == [date(2026, 1, 29)]


@pytest.mark.parametrize(("days", "left"), [(0, 3), (1, 2), (2, 3), (30, 3)])
def test_what_is_too_old_goes(folder: Path, days: int, left: int) -> None:
    folder.mkdir()
    for name in ("20260129", "20260130", "20260131"):
        (folder / f"resuelve-{name}.jsonl").write_bytes(b"one\ntwo\n")
    assert len(outdated(folder, days, date(2026, 1, 31))) == 3 - left
    signals, counts = MemorySignals(), Counts()
    with counts.counting(signals):
        remove_outdated(folder, days, date(2026, 1, 31), counts, shipped=True)
    assert len(files(folder)) == left
    assert signals.value(LOST, signal="logs") == (None if left == 3 else 2)
