"""Making backups: everything that belongs in, nothing else, of one moment; and no half file at any failure."""

from __future__ import annotations

import json
import os
import sqlite3
import tarfile
import tracemalloc
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from resuelve.backup import make
from resuelve.backup.contents import Kind
from resuelve.backup.make import make_backup
from resuelve.backup.restore import restore
from resuelve.backup.rotate import backups_in, rotate
from resuelve.backup.verify import label_of, verify
from resuelve.domain.errors import BackupError, BackupRefused, DictionaryError, IndexDamaged
from resuelve.knowledge.edits import ChangeProblem
from resuelve.knowledge.versions import Dictionary
from tests.unit.backup_samples import (
    AT,
    PASSPHRASE,
    backup_of,
    database,
    source_of,
    state_of,
    words_in,
    workspace,
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return workspace(tmp_path / "w")


def names_in(path: Path) -> list[str]:
    with tarfile.open(path) as tar:
        return [one.name for one in tar.getmembers()]


def test_everything_that_belongs_in_and_nothing_else(root: Path) -> None:
    made = backup_of(root)
    assert sorted(names_in(made.path)) == [
        ".resuelve/index/CURRENT",
        ".resuelve/index/page.dat",
        ".resuelve/journal.db",
        ".resuelve/proposals/one.json",
        ".resuelve/settings_of_backup.json",
        ".resuelve/versions/last.csv",
        ".resuelve/versions/versions.jsonl",
        ".resuelve/workspace_id",
        "PROBLEMAS_GLOBALES.csv",
        "PROBLEMAS_GLOBALES_20261120.csv",
        "PRUEBAS_PROBLEMAS.jsonl",
        "manifest.json",
        "rejected/rejected20261125.csv",
        "reportes/análisis de la señora Núñez.json",
        "reportes/reporte20261125_1000.json",
    ]
    assert names_in(made.path)[0] == "manifest.json"
    assert made.path == root / "backup" / "resuelve_20261125_103000.tar.gz"
    assert made.manifest.counts[Kind.REPORTS] == 2
    assert made.left_out == ()
    assert (made.path.stat().st_mode & 0o777, made.size) == (0o600, made.path.stat().st_size)
    assert made.size < 2**16 < made.manifest.size, "holes cost nothing"
    assert list((root / "backup").iterdir()) == [made.path]


def test_it_comes_back_to_the_byte_in_an_empty_folder(root: Path, tmp_path: Path) -> None:
    made, before = backup_of(root), state_of(root)
    done = restore(tmp_path / "new", made.path, passphrase=None, at=AT, wait=0)
    assert done.kept is None
    after = state_of(tmp_path / "new")
    ours = {one.name for one in made.manifest.members}
    assert set(after) == ours
    databases = {".resuelve/journal.db"}  # the same rows in a file of SQLite's own making
    generated = {name for name in ours if name.startswith(".resuelve/index/") or "settings" in name}
    assert {n: after[n] for n in ours - databases - generated} == {n: before[n] for n in ours - databases - generated}
    assert words_in(tmp_path / "new" / ".resuelve" / "journal.db") == ["one"]
    page = tmp_path / "new" / ".resuelve" / "index" / "page.dat"
    assert page.stat().st_blocks * 512 < page.stat().st_size, "holes are holes again"
    assert json.loads((tmp_path / "new" / ".resuelve" / "settings_of_backup.json").read_text()) == {
        "ENTORNO": "EMBEBIDO"
    }


def test_a_database_that_is_being_written_is_copied_whole(root: Path) -> None:
    """A writer with an open transaction, and rows that are only in the log beside the file."""
    path = root / ".resuelve" / "journal.db"
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("INSERT INTO words VALUES ('in the log')")
        writer.commit()
        writer.execute("INSERT INTO words VALUES ('not yet')")
        assert path.with_name("journal.db-wal").stat().st_size > 0
        made = backup_of(root)
        restore(root.parent / "new", made.path, passphrase=None, at=AT, wait=0)
    assert words_in(root.parent / "new" / ".resuelve" / "journal.db") == ["one", "in the log"]


def test_the_history_of_model_calls_is_a_database_too(root: Path) -> None:
    folder = root / "historico"
    folder.mkdir()
    (folder / "decide.csv").write_text("a", encoding="utf-8")
    path = folder / "historico.db"
    with closing(sqlite3.connect(path)) as writer:
        database(path, ["one"])
        writer.execute("INSERT INTO words VALUES ('in the log')")
        writer.commit()
        assert path.with_name("historico.db-wal").stat().st_size > 0
        made = backup_of(root)
        restore(root.parent / "new", made.path, passphrase=None, at=AT, wait=0)
    kinds = {one.name: one.kind for one in made.manifest.members if one.name.startswith("historico/")}
    assert kinds == {"historico/historico.db": Kind.DATABASE, "historico/decide.csv": Kind.HISTORY}
    assert words_in(root.parent / "new" / "historico" / "historico.db") == ["one", "in the log"]


def test_dictionary_and_versions_are_of_one_moment(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An edit that comes between the two has to wait; this one has no patience."""
    book = Dictionary(root / "PROBLEMAS_GLOBALES.csv", root / ".resuelve" / "versions", wait=0)
    book.history()
    edit = [ChangeProblem("P1", {"SOLUCIÓN": "Otra."})]
    copied, copy = [], make._copy

    def between(source: Path, target: Path) -> None:
        copy(source, target)
        copied.append(source.name)
        if source.name in ("PROBLEMAS_GLOBALES.csv", "last.csv"):
            with pytest.raises(DictionaryError, match="another process is changing the dictionary"):
                book.apply(edit, who="ana", why="better", at=AT)

    monkeypatch.setattr(make, "_copy", between)
    made = backup_of(root)
    assert {"PROBLEMAS_GLOBALES.csv", "last.csv", "versions.jsonl"} <= set(copied)
    book.apply(edit, who="ana", why="better", at=AT)
    restore(root.parent / "new", made.path, passphrase=None, at=AT, wait=0)
    new = root.parent / "new"
    again = Dictionary(new / "PROBLEMAS_GLOBALES.csv", new / ".resuelve" / "versions")
    assert len(again.history()) == 1, "or it would note the difference as somebody's change"
    assert b"Otra." not in (new / "PROBLEMAS_GLOBALES.csv").read_bytes()


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE], ids=["plain", "encrypted"])
def test_memory_does_not_grow_with_the_workspace(root: Path, tmp_path: Path, passphrase: str | None) -> None:
    def large(folder: Path) -> bool:
        with (folder / "page.dat").open("wb") as file:
            file.truncate(96 * 2**20)
        return True

    source = source_of(root)
    tracemalloc.start()
    try:
        made = make_backup(
            make.Source(root, source.held, large, {}), root / "backup", at=AT, version="1", passphrase=passphrase
        )
        restore(tmp_path / "new", made.path, passphrase=passphrase, at=AT, wait=0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 * 2**20
    assert (tmp_path / "new" / ".resuelve" / "index" / "page.dat").stat().st_size == 96 * 2**20


def test_links_and_strange_names_are_left_out_and_told(root: Path) -> None:
    (root / "reportes" / "link.json").symlink_to("/etc/hostname")
    (root / "reportes" / "back\\slash.json").touch()
    Path(os.fsdecode(os.fsencode(root / "reportes") + b"/not utf-8 \xff.json")).touch()
    os.mkfifo(root / "rejected" / "pipe")
    made = backup_of(root)
    assert len(made.left_out) == 4
    assert not {one.name for one in made.manifest.members} & set(made.left_out)
    verify(made.path, None)


def test_a_dictionary_that_is_a_link_is_followed(root: Path, tmp_path: Path) -> None:
    (root / "PROBLEMAS_GLOBALES.csv").rename(tmp_path / "elsewhere.csv")
    (root / "PROBLEMAS_GLOBALES.csv").symlink_to(tmp_path / "elsewhere.csv")
    made = backup_of(root)
    assert "PROBLEMAS_GLOBALES.csv" in names_in(made.path)


def test_without_an_index_or_with_a_damaged_one_it_is_made_all_the_same(root: Path) -> None:
    def damaged(_: Path) -> bool:
        raise IndexDamaged("a file is missing")

    source = source_of(root)
    none = make_backup(make.Source(root, source.held, lambda _: False, {}), root / "backup", at=AT, version="1")
    assert (none.no_index, none.manifest.counts.get(Kind.INDEX)) == ("", None)
    broken = make_backup(make.Source(root, source.held, damaged, {}), root / "backup", at=AT, version="1")
    assert (broken.no_index, broken.manifest.counts.get(Kind.INDEX)) == ("a file is missing", None)
    assert broken.path.name == "resuelve_20261125_103000_2.tar.gz", "the first is not overwritten"


def failing_write(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


def damaging_write(partial: Path, *_: object) -> None:
    partial.write_bytes(b"\x1f\x8b")


@pytest.mark.parametrize("write", [failing_write, damaging_write])
def test_a_failure_leaves_no_file(root: Path, monkeypatch: pytest.MonkeyPatch, write: object) -> None:
    monkeypatch.setattr(make, "_write", write)
    with pytest.raises(BackupError):
        backup_of(root)
    assert list((root / "backup").iterdir()) == []
    assert [path.name for path in (root / ".resuelve" / "aside").iterdir()] == ["backup.lock"]


def test_a_damaged_journal_is_not_backed_up_as_if_it_were_sound(root: Path) -> None:
    path = root / ".resuelve" / "journal.db"
    database(path, [f"word {number}" for number in range(5000)])
    data = bytearray(path.read_bytes())
    data[8192:12288] = b"\xaa" * 4096
    path.write_bytes(data)
    with pytest.raises(BackupError, match="damaged"):
        backup_of(root)
    assert list((root / "backup").iterdir()) == []


def test_no_workspace_no_backup(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BackupError, match="no dictionary"):
        make_backup(source_of(tmp_path / "empty"), tmp_path / "to", at=AT, version="1")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty"]
    assert list((tmp_path / "empty").iterdir()) == []


def test_a_damaged_history_of_the_dictionary_is_told(root: Path) -> None:
    (root / ".resuelve" / "versions").mkdir()
    (root / ".resuelve" / "versions" / "versions.jsonl").write_text("{}\n")
    with pytest.raises(DictionaryError, match="damaged"):
        backup_of(root)


def test_what_a_killed_backup_left_is_swept_away(root: Path) -> None:
    left = root / ".resuelve" / "aside" / "backup-1"
    left.mkdir(parents=True)
    (left / "x").touch()
    made = backup_of(root)
    assert not left.exists()
    assert not any("aside" in one.name for one in made.manifest.members)


def test_rotation_keeps_the_newest_of_this_workspace_and_touches_nothing_else(root: Path, tmp_path: Path) -> None:
    other = workspace(tmp_path / "other")
    foreign = make_backup(source_of(other), root / "backup", at=AT - timedelta(days=9), version="1").path
    days = [backup_of(root, at=AT + timedelta(days=day)).path for day in range(3)]
    sealed = backup_of(root, at=AT - timedelta(days=1), passphrase=PASSPHRASE).path
    strangers = ["resuelve_20200101_000000.tar.gz", "resuelve_holiday.tar.gz", "notes.txt"]
    for name in strangers:
        (root / "backup" / name).write_text("mine")
    (root / "backup" / "resuelve_20200102_000000.tar.gz").symlink_to(days[0])
    strangers.append("resuelve_20200102_000000.tar.gz")
    assert [one.path for one in backups_in(root / "backup")] == [*reversed(days), sealed, foreign]
    newest = label_of(days[-1])
    assert rotate(root / "backup", 0, newest) == []
    assert rotate(root / "backup", 2, newest) == [days[0], sealed]
    left = {path.name for path in (root / "backup").iterdir()}
    assert left == {days[1].name, days[2].name, foreign.name, *strangers}


def test_the_new_one_stays_even_if_the_clock_went_back(root: Path) -> None:
    later = backup_of(root, at=AT + timedelta(days=1)).path
    new = backup_of(root, at=AT).path
    assert rotate(root / "backup", 1, label_of(new)) == []
    assert {later, new} == set((root / "backup").iterdir())


def test_a_backup_of_a_damaged_database_is_refused_although_its_hash_is_right(tmp_path: Path) -> None:
    from tests.unit.backup_samples import manifest_of, packed, plain

    name, data = ".resuelve/journal.db", b"SQLite format 3\x00 and then nothing of use" * 300
    file = packed([plain("manifest.json", manifest_of({name: data})), plain(name, data)], tmp_path / "x.tar.gz")
    with pytest.raises(BackupRefused, match=r"the database .* is damaged"):
        verify(file, None)
