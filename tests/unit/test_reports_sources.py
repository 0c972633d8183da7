"""Files are told apart by what they hold; what cannot be used is set aside with its reason."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from resuelve.domain.errors import WorkspaceError
from resuelve.reports import sources
from resuelve.reports.sources import Kind, Period, choose, look, notes_of
from tests.report_samples import a_batch, a_maintenance, a_run, an_entry

ALL = Period()


def test_kinds_are_told_by_content(tmp_path: Path) -> None:
    run = a_run(tmp_path, "a", "2026-09-01T08:00:00+00:00", [])
    for made, kind in ((run, Kind.RUN), (a_batch(tmp_path), Kind.BATCH), (a_maintenance(tmp_path), Kind.MAINTENANCE)):
        assert look(made.rename(tmp_path / "other name.txt")).kind is kind


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"{", "not written to its end"),
        (b"\xff\xfe{}", "not written to its end"),
        (b"[1, 2]", "no JSON object"),
        (b'{"a": ' + b"[" * 100_000, "not written to its end"),
        (b'{"configurations": []}', "no report of a run"),
        (b'{"run": "a", "started": "2026-09-01T08:00:00"}', "no whole report of a run"),
        (b'{"run": "a", "started": "soon", "incidents": []}', "no whole report of a run"),
        (b'{"started": 5, "entries": 1, "added": 1, "removed": 0, "kept": 0}', "does not say when"),
    ],
)
def test_what_is_no_report_is_set_aside(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "reporte20260901_0800.json"
    path.write_bytes(content)
    good = a_run(tmp_path, "good", "2026-09-01T08:00:00+00:00", [])
    chosen = choose([path, good], ALL)
    assert [one.run for one in chosen.runs] == ["good"]
    (aside,) = chosen.rejected
    assert reason in aside.reason
    assert aside.where == str(path)


def test_what_is_no_file_is_set_aside(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    chosen = choose([tmp_path / "pipe.json", tmp_path, tmp_path / "none.json"], ALL)
    assert chosen.nothing
    assert [one.reason for one in chosen.rejected] == ["is no file, or is not there"] * 3


def test_a_huge_file_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MOST_BYTES", 2**20)
    path = a_run(tmp_path, "a", "2026-09-01T08:00:00+00:00", [])
    with path.open("ab") as file:
        file.truncate(2**20 + 1)
    (aside,) = choose([path], ALL).rejected
    assert aside.reason == "is larger than 1 MB"


def test_a_run_that_breaks_off_is_not_counted_in_part(tmp_path: Path) -> None:
    path = a_run(tmp_path, "a", "2026-09-01T08:00:00+00:00", [an_entry("INC1"), an_entry("INC2")])
    path.write_text(path.read_text(encoding="utf-8")[:-40], encoding="utf-8")
    with pytest.raises(WorkspaceError, match="not written to its end"):
        notes_of(look(path))


def test_a_run_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "copies").mkdir()
    at = "2026-09-01T08:00:00+00:00"
    whole = a_run(tmp_path, "a", at, [an_entry("INC1")])
    broken = a_run(tmp_path / "copies", "a", at, [an_entry("INC1"), an_entry("INC2")], broken_off=True)
    for order in ([whole, broken], [broken, whole], [whole, whole, broken]):
        chosen = choose(order, ALL)
        assert [one.path for one in chosen.runs] == [whole]
        (note,) = chosen.notes
        assert note.where == str(broken)
        assert not chosen.rejected


def test_the_newest_and_the_days(tmp_path: Path) -> None:
    for day in (3, 1, 2, 5, 4):
        a_run(tmp_path, f"r{day}", f"2026-09-0{day}T08:00:00+02:00", [])
    files = list(tmp_path.glob("*.json"))
    chosen = choose(files, Period(last=2))
    assert ([one.run for one in chosen.runs], chosen.older) == (["r4", "r5"], 3)
    chosen = choose(files, Period(date(2026, 9, 2), date(2026, 9, 4), last=2))
    assert ([one.run for one in chosen.runs], chosen.older, chosen.outside) == (["r3", "r4"], 1, 2)


def test_an_entry_of_an_older_version_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    odd = [
        {"incident": "INC1", "outcome": "closed", "changed": True},
        {"incident": "INC2", "outcome": "handed_off", "decision": None, "seconds": [1], "title": 7},
        {"incident": "INC3", "outcome": "later", "decision": {"score": "high", "rejections": [None, 4, {}]}},
        {"incident": "INC4", "outcome": "held", "changed": "yes", "seconds": {"act": -1, "read": 1e999}},
        {"outcome": "closed"},
        "text",
        None,
    ]
    path = tmp_path / "old.json"
    whole = {"run": "a", "started": "2026-09-01T08:00:00", "incidents": odd}
    path.write_text(json.dumps(whole), encoding="utf-8")
    _, notes, silent = notes_of(look(path))
    assert ([one.incident for one in notes], silent) == (["INC1", "INC2", "INC3", "INC4"], 3)
    assert [one.executed for one in notes] == [True, False, False, False]
    assert all(value == 0 for value in notes[3].seconds.values())


def test_what_began_in_the_future_is_set_aside(tmp_path: Path) -> None:
    now = datetime(2026, 9, 2, 8, tzinfo=UTC)
    for name, at in (("soon", "2026-09-03T07:59:00+00:00"), ("late", "2026-09-03T08:01:00+00:00")):
        a_run(tmp_path, name, at, [])
    files = [*tmp_path.glob("*.json"), a_batch(tmp_path, started="2030-01-01T00:00:00+00:00")]
    chosen = choose(files, ALL, now=now)
    assert [one.run for one in chosen.runs] == ["soon"]
    assert chosen.batches == []
    assert [one.reason for one in chosen.rejected] == [
        "began in the future (2030-01-01T00:00+00:00): the clock was wrong",
        "began in the future (2026-09-03T08:01+00:00): the clock was wrong",
    ]
    assert len(choose(files, ALL).runs) == 2


def test_copies_of_the_other_kinds_are_told_once(tmp_path: Path) -> None:
    (tmp_path / "copies").mkdir()
    for make, kind in ((a_batch, "batches"), (a_maintenance, "maintenance")):
        files = [make(tmp_path), make(tmp_path / "copies")]
        chosen = choose(files, ALL)
        assert [one.path for one in getattr(chosen, kind)] == [files[1]]
        (note,) = chosen.notes
        assert (note.where, "once more" in note.reason) == (str(files[0]), True)
    chosen = choose([a_batch(tmp_path), a_maintenance(tmp_path, made="2026-09-01T08:00:00+00:00")], ALL)
    assert (len(chosen.batches), len(chosen.maintenance), chosen.notes) == (1, 1, [])


@pytest.mark.parametrize(
    "at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "1970-01-01", "9999-12-31", "0001-01-01"]
)
def test_a_moment_beyond_all_years_is_none(tmp_path: Path, at: str) -> None:
    good = a_run(tmp_path, "good", "2026-09-01T08:00:00+00:00", [], finished=at)
    odd = [a_run(tmp_path, "odd", at, []), a_batch(tmp_path, started=at), a_maintenance(tmp_path, made=at)]
    chosen = choose([good, *odd], ALL, now=datetime(2026, 9, 2, tzinfo=UTC))
    assert [one.path for one in chosen.runs] == [good]
    assert len(chosen.rejected) == 3
