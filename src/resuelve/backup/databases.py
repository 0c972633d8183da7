"""Databases are copied by SQLite itself (its online backup), while others write; a copy of the bytes could be torn."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from resuelve.domain.errors import BackupError, BackupRefused
from resuelve.domain.message import message

_WAIT_SECONDS = 30


def copy_database(source: Path, target: Path) -> None:
    """Copy a database as of one moment, in one file, and check the copy.

    Raises:
        BackupError: it cannot be read, or is damaged.
    """
    try:
        # Its pages are read in one transaction: writers go on, and what they write meanwhile is not in the copy.
        with closing(_opened(source, "rw")) as original, closing(sqlite3.connect(target)) as copy:
            original.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
        problem = _problem(target)
    except sqlite3.Error as error:
        raise BackupError(
            message("the database cannot be read ({why})", why=error),
            where=str(source),
            remedy="see that it is in order, then try again",
        ) from error
    if problem:
        raise BackupError(
            message("the database is damaged ({problem})", problem=problem),
            where=str(source),
            remedy="restore it from an older backup",
        )


def require_sound(database: Path, name: str, where: str) -> None:
    """Check a database that came out of a backup.

    Raises:
        BackupRefused: it is none, or damaged.
    """
    try:
        problem = _problem(database)
    except sqlite3.Error as error:
        problem = str(error)
    if problem:
        raise BackupRefused(
            message("the database {name} is damaged ({problem})", name=name, problem=problem),
            where=where,
            remedy="use another backup",
        )


def _problem(database: Path) -> str:
    """What SQLite finds wrong with a database; empty when it is sound. Raises sqlite3.Error."""
    with closing(_opened(database, "ro")) as connection:
        (answer,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        broken = connection.execute("PRAGMA foreign_key_check").fetchone()
    if answer != "ok":
        return str(answer)
    return f"a row of {broken[0]} refers to nothing" if broken else ""


def _opened(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode={mode}", uri=True, timeout=_WAIT_SECONDS)
