"""Databases that cannot be used are named, with what to do about it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from resuelve.domain.errors import JournalError
from resuelve.journal import IncidentRecord, Intent, Steps, WorkItem, database
from resuelve.journal.engine import DurableEngine
from resuelve.journal.sql import SqlJournal
from resuelve.journal.sql_acts import SqlActs


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def an_intent(number: int = 0) -> Intent:
    return Intent(f"INC{number}", "r1", "ref", "owner", {"kind": "close", "text": "x" * 2000})


@contextmanager
def complaint(file: Path | str, *words: str) -> Iterator[None]:
    with pytest.raises(JournalError) as caught:
        yield
    assert caught.value.where == str(file)
    assert caught.value.remedy
    for word in words:
        assert word in str(caught.value)


def test_sqlite_is_made_for_several_processes(tmp_path: Path) -> None:
    journal = SqlJournal(url(tmp_path / "resuelve.db"))
    with journal._database.read() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    journal.close()
    assert settings == {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1, "busy_timeout": 30_000}


def test_a_folder_that_is_missing(tmp_path: Path) -> None:
    file = tmp_path / "missing" / "resuelve.db"
    with complaint(file, "folder exists"):
        SqlJournal(url(file))


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    file = tmp_path / "resuelve.db"
    file.write_text("PROBLEMA;SOLUCION\n" * 100)
    with complaint(file, "not a database", "move the file away"):
        SqlJournal(url(file))
    assert file.read_text().startswith("PROBLEMA")


def test_a_damaged_database(tmp_path: Path) -> None:
    file = tmp_path / "resuelve.db"
    with closing(SqlJournal(url(file))) as journal:
        for number in range(50):
            journal.intend(an_intent(number))
    with file.open("r+b") as content:
        content.seek(4096)
        content.write(b"\xff" * (file.stat().st_size - 4096))
    with complaint(file, "damaged"), closing(SqlJournal(url(file))) as journal:
        journal.intents()


def test_a_folder_instead_of_a_file(tmp_path: Path) -> None:
    with complaint(tmp_path, "cannot be opened"):
        SqlJournal(url(tmp_path))


def test_a_database_that_cannot_be_written(tmp_path: Path) -> None:
    file = tmp_path / "resuelve.db"
    with closing(SqlJournal(url(file))) as journal:
        journal.intend(an_intent())
    read_only = f"sqlite:///file:{file}?mode=ro&uri=true"
    with closing(SqlJournal(read_only)) as journal:
        assert journal.intents() == [an_intent()]
        with complaint(f"file:{file}", "not written", "right to write"):
            journal.intend(an_intent(1))


def test_a_full_disk(tmp_path: Path) -> None:
    file = tmp_path / "resuelve.db"

    def limit(connection: Any, _entry: Any) -> None:
        connection.execute("PRAGMA max_page_count=40")

    sa.event.listen(sa.Engine, "connect", limit)
    try:
        with closing(SqlJournal(url(file))) as journal:
            with complaint(file, "full", "make room"):
                for number in range(1000):
                    journal.intend(an_intent(number))
            assert journal.intents()
    finally:
        sa.event.remove(sa.Engine, "connect", limit)


def test_a_database_that_another_process_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "resuelve.db"
    SqlJournal(url(file)).close()
    monkeypatch.setattr(database, "BUSY_SECONDS", 0)
    with closing(SqlJournal(url(file))) as journal, closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert journal.intents() == []  # readers do not wait
        with complaint(file, "Another process"):
            journal.intend(an_intent())


def test_a_short_wait_for_another_writer_is_no_error(tmp_path: Path) -> None:
    file = tmp_path / "resuelve.db"
    with closing(SqlJournal(url(file))) as journal, closing(sqlite3.connect(file, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(0.05, other.rollback)
        timer.start()
        assert journal.intend(an_intent()) == an_intent()
        timer.join()


@pytest.mark.parametrize("address", ["", "no address", "nosuchdatabase:///x.db"])
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(JournalError, match="sqlite:"):
        SqlJournal(address)


@pytest.mark.parametrize("address", ["sqlite://", "sqlite:///:memory:"])
def test_a_journal_that_would_be_lost(address: str) -> None:
    with complaint(address, "lost"):
        SqlJournal(address)


@pytest.mark.parametrize("part", ["journal", "engine"])
def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path, part: str) -> None:
    file = tmp_path / "resuelve.db"
    SqlJournal(url(file)).close()
    DurableEngine(url(file), tmp_path / "locks").close()
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE schema_versions SET version = 99 WHERE part = ?", (part,))
    with complaint(file, "newer version", "99", "update Resuelve"):
        SqlJournal(url(file)).close()
        DurableEngine(url(file), tmp_path / "locks").close()


def test_a_start_that_was_broken_off_is_made_good(tmp_path: Path) -> None:
    file = tmp_path / "resuelve.db"
    SqlJournal(url(file)).close()
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("DELETE FROM schema_versions")
        connection.execute("DROP TABLE failures")
    with closing(SqlJournal(url(file))) as journal:
        assert journal.note_failure("INC1", "reason") == 1


def indices(file: Path) -> set[str]:
    with closing(sqlite3.connect(file)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}


def as_version_1_made_it(file: Path) -> None:
    with closing(SqlJournal(url(file))) as journal:
        journal.record(IncidentRecord("run", "INC1", "r1", "closed", {}))
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("DROP INDEX records_by_time")
        connection.execute("UPDATE schema_versions SET version = 1")


def version_of(file: Path, part: str) -> int:
    with closing(sqlite3.connect(file)) as connection:
        found: tuple[int] = connection.execute("SELECT version FROM schema_versions WHERE part = ?", (part,)).fetchone()
        return found[0]


def test_a_database_of_an_earlier_version_gets_what_it_lacks(tmp_path: Path) -> None:
    file = tmp_path / "resuelve.db"
    as_version_1_made_it(file)
    for _ in range(2):
        with closing(SqlJournal(url(file))) as journal:
            assert [one.incident for one in journal.records("run")] == ["INC1"]
        assert "records_by_time" in indices(file)
        assert version_of(file, "journal") == 2


def test_processes_that_start_together_extend_it_once(tmp_path: Path) -> None:
    file = tmp_path / "resuelve.db"
    SqlActs(url(file)).close()
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("ALTER TABLE acts DROP COLUMN first_returned_at")
        connection.execute("UPDATE schema_versions SET version = 1")
    with ThreadPoolExecutor(6) as pool:
        for acts in pool.map(lambda _: SqlActs(url(file)), range(6)):
            assert list(acts.followed(datetime.now(UTC))) == []
            acts.close()
    assert version_of(file, "acts") == 2


def test_an_extension_that_breaks_off_leaves_it_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "resuelve.db"
    SqlActs(url(file)).close()
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("ALTER TABLE acts DROP COLUMN first_returned_at")
        connection.execute("UPDATE schema_versions SET version = 1")
    with monkeypatch.context() as broken:
        broken.setattr(database, "_make_indices", lambda *_: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            SqlActs(url(file))
    assert version_of(file, "acts") == 1
    with closing(sqlite3.connect(file)) as connection:
        assert "first_returned_at" not in {name for _, name, *_ in connection.execute("PRAGMA table_info(acts)")}
    SqlActs(url(file)).close()
    assert version_of(file, "acts") == 2


def test_no_connection_is_held_between_two_records(tmp_path: Path) -> None:
    with closing(SqlJournal(url(tmp_path / "resuelve.db"))) as journal:
        for number in range(300):
            journal.record(IncidentRecord("run", f"INC{number:03}", "r1", "closed", {}))
        reading = journal.records("run")
        assert next(reading).incident == "INC000"
        pool = journal._database._engine.pool
        assert isinstance(pool, sa.QueuePool)
        assert pool.checkedout() == 0
        assert len(list(reading)) == 299


def test_finished_items_are_forgotten_by_age(tmp_path: Path) -> None:
    file = tmp_path / "resuelve.db"
    items = [WorkItem(f"INC{number}", {"text": "x" * 1000}) for number in range(3)]
    with closing(DurableEngine(url(file), tmp_path / "locks")) as engine:
        with pytest.raises(ZeroDivisionError):
            list(engine.run(iter([WorkItem("left", None)]), lambda _item, _steps: 1 // 0, workers=1))
        run = engine.run(iter(items), lambda item, steps: item.payload and steps.once("a", lambda: 1), workers=1)
        assert len(list(run)) == 4
        with pytest.raises(ZeroDivisionError):
            list(engine.run(iter([WorkItem("left again", None)]), lambda _item, _steps: 1 // 0, workers=1))
        assert engine.forget(datetime.now(UTC) - timedelta(hours=1)) == 0
        assert engine.is_finished("INC1")
        assert engine.forget(datetime.now(UTC) + timedelta(hours=1)) == 4
        assert not engine.is_finished("INC1")
    with closing(sqlite3.connect(file)) as connection:
        # What is not finished is never forgotten, and of what was finished no text is kept.
        assert connection.execute("SELECT key FROM work_items").fetchall() == [("left again",)]
        assert connection.execute("SELECT * FROM work_steps").fetchall() == []


def test_of_a_finished_item_only_the_key_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "resuelve.db"
    with closing(DurableEngine(url(file), tmp_path / "locks")) as engine:
        list(engine.run(iter([WorkItem("INC1", "secret")]), lambda _i, steps: steps.once("a", lambda: "b"), workers=1))
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT key, state, owner, payload FROM work_items").fetchall() == [
            ("INC1", "finished", None, "null")
        ]
        assert connection.execute("SELECT * FROM work_steps").fetchall() == []


def test_an_item_that_was_taken_away_is_not_finished(tmp_path: Path) -> None:
    file = tmp_path / "resuelve.db"

    def work(item: WorkItem, _steps: object) -> None:
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute("UPDATE work_items SET owner = 'somebody else'")

    with closing(DurableEngine(url(file), tmp_path / "locks")) as engine:
        with complaint(file, "Another process has taken INC1"):
            list(engine.run(iter([WorkItem("INC1", None)]), work, workers=1))
        assert not engine.is_finished("INC1")


def test_who_still_runs_a_step_keeps_its_item(tmp_path: Path) -> None:
    reached, go_on = threading.Event(), threading.Event()

    def slow() -> bool:
        reached.set()
        return go_on.wait(10)

    def work(item: WorkItem, steps: Steps) -> str:
        if item.key == "INC1":
            steps.once("slow", slow)
            steps.once("never", lambda: 1)
        return "done"

    items = [WorkItem("INC0", None), WorkItem("INC1", None)]
    stopped = DurableEngine(url(tmp_path / "resuelve.db"), tmp_path / "locks")
    run = stopped.run(iter(items), work, workers=2)
    assert next(run) == (items[0], "done")
    assert reached.wait(10)
    del run  # abandoned, and then closed: the thread goes on with its step all the same
    stopped.close()
    with closing(DurableEngine(url(tmp_path / "resuelve.db"), tmp_path / "locks")) as other:
        assert list(other.run(iter(items), lambda _item, _steps: "taken", workers=1)) == []
        go_on.set()
        stopped.close()
        resumed = other.run(iter(items), lambda _item, steps: steps.once("slow", lambda: "not run"), workers=1)
        assert list(resumed) == [(items[1], True)]


def test_the_engine_is_silent(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with closing(DurableEngine(url(tmp_path / "resuelve.db"), tmp_path / "locks")) as engine:
        list(engine.run(iter([WorkItem("INC1", None)]), lambda _i, steps: steps.once("a", lambda: 1), workers=2))
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
