"""What the journal and the engine share of a database: how it is opened, what is stored as text, how it fails.

Only what prepares a connection knows which database it is; everything else is portable SQL.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from time import monotonic, sleep
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable

from resuelve.domain.errors import JournalError
from resuelve.domain.message import message
from resuelve.journal.encoding import dump, escape, load, unescape
from resuelve.journal.port import Json
from resuelve.telemetry.logs import log

BUSY_SECONDS = 30
"""How long a writer waits for another process's write before it gives up."""

_LONG_SECONDS = 1.0
"""From which time on a transaction is told in the log."""

_FAILURES = (
    ("readonly", "It can be read but not written.", "give yourself the right to write to the file and its folder"),
    ("unable to open", "It cannot be opened.", "see that its folder exists and can be written to"),
    ("disk is full", "The disk is full.", "make room on the disk; what was written before is safe"),
    ("locked", "Another process has held it for too long.", "stop the other process, then run this again"),
    ("not a database", "It is not a database.", "move the file away; a new one is made"),
    ("malformed", "It is damaged.", "restore it from a backup, or move it away; a new one is made"),
    ("disk i/o", "The disk does not answer as it should.", "look at the disk; is it on a network drive?"),
)
"""Words of a database's own message, what they mean, and what to do."""

_versions = sa.Table(
    "schema_versions",
    sa.MetaData(),
    sa.Column("part", sa.String(40), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
)


class Text(sa.types.TypeDecorator[str]):
    """Any string of Python. What no database stores (NUL, lone surrogates) is written as an escape."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        """Escape on the way in."""
        return None if value is None else escape(value)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> str | None:
        """Unescape on the way out."""
        return None if value is None else unescape(value)


class JsonText(sa.types.TypeDecorator[Any]):
    """A JSON value kept as text."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Json, _dialect: Dialect) -> str:
        """Write the value."""
        return dump(value)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> Json:
        """Read the value; a column that was never written is None."""
        return None if value is None else load(value)


def now() -> str:
    """The time as text that sorts, in UTC, to the millisecond."""
    return as_text(datetime.now(UTC))


def as_text(moment: datetime) -> str:
    """A time as text that sorts, in UTC, to the millisecond. A naive one is taken as local time."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def as_moment(text: str | None) -> datetime:
    """The time of a text that `as_text` wrote. Raises ValueError for another one."""
    found = datetime.fromisoformat(text or "")
    if found.tzinfo is None:
        raise ValueError(text)
    return found


def members(content: sa.ColumnElement[Any], names: Sequence[str]) -> sa.ColumnElement[str | None]:
    """These members of a JSON text (``decision.score``), as a JSON list, with null for one that it does not have.

    NULL where the text is no JSON to the database: Python writes NaN, which nobody else reads. The one place that says
    this as SQLite does; the list may have more at its end.
    """
    paths = ["$" + "".join(f'."{one}"' for one in name.split(".")) for name in names]
    text = sa.type_coerce(content, sa.Text())
    # Of one path it would be the bare value.
    return sa.case((sa.func.json_valid(text) == 1, sa.func.json_extract(text, *paths, '$.""')), else_=sa.null())


class Database:
    """A pool of connections, whose failures are `JournalError`s that name the file and say what to do.

    Args:
        erases: what is removed is overwritten too, where the database can do that.

    Raises:
        JournalError: the address is not one of a database, or of one that is lost with the process.
    """

    def __init__(self, url: str, *, erases: bool = False) -> None:
        try:
            address = sa.make_url(url)
            self._engine = self._through = sa.create_engine(address)
        except (sa.exc.ArgumentError, ImportError) as error:
            remedy = "write it like sqlite:////folder/resuelve.db"
            raise JournalError("This is not the address of a database that can be used.", remedy=remedy) from error
        self._where = address.database or ""
        if address.get_backend_name() != "sqlite":
            self._where = address.render_as_string(hide_password=True)
        elif self._where in ("", ":memory:"):
            raise JournalError("The journal would be lost with the process.", where=url, remedy="name a file")
        else:
            # Connections of their own, because a setting that is changed to and fro may be left as it should not be.
            self._through = sa.create_engine(address)
            sa.event.listen(self._engine, "connect", _prepare_sqlite)
            sa.event.listen(self._through, "connect", _prepare_sqlite_through)
            if erases:
                sa.event.listen(self._engine, "connect", _erase_with_sqlite)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection to read with; what is read is made into values here, so that a bad one is told of as such."""
        with self._failures(), self._engine.connect() as connection:
            try:
                yield connection
            except ValueError as error:
                remedy = "restore it from a backup; if a newer version of Resuelve wrote it, update"
                raise self.error("It holds a value that cannot be read.", remedy) from error

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction. Begin it with a statement that writes, so that it never waits with a stale view.

        Raises:
            sqlalchemy.exc.IntegrityError: another writer was first; for the caller to handle.
        """
        begun = monotonic()
        with self._failures(), self._engine.begin() as connection:
            yield connection
        if (seconds := monotonic() - begun) > _LONG_SECONDS:
            log.warning("database.waited", seconds=round(seconds, 3))

    @contextmanager
    def write_through(self) -> Iterator[sa.Connection]:
        """A transaction as `write`'s which is on the disk when it ends, with all that was written before it.

        It survives a power failure, if the disk keeps what it says it has written. A server decides for itself.
        """
        with self._failures(), self._through.begin() as connection:
            yield connection

    def prepare(self, part: str, version: int, tables: sa.MetaData, *, extend: bool = True) -> int:
        """Create the tables of a part of the product where there are none, or add what an earlier version did not have.

        A version adds columns that may be empty, and indices; nothing else may differ from the one before.

        Args:
            extend: False, for whoever only reads, leaves the tables of an earlier version as they are: that version
                refuses what was extended.

        Returns:
            The version that the tables have.

        Raises:
            JournalError: they were made by a newer version of Resuelve, or cannot be made.
        """
        with self.write() as connection:
            connection.execute(CreateTable(_versions, if_not_exists=True))
        found = self._version(part)
        if found is None:
            self._create(part, version, tables)
        elif found < version:
            if not extend:
                return found
            self._extend(part, found, version, tables)
        elif found > version:
            what = message(
                "It was written by a newer version of Resuelve ({part} {found}, this one knows {version}).",
                part=part,
                found=found,
                version=version,
            )
            raise self.error(what, "update Resuelve, or use another workspace")
        return version

    def error(self, what: str, remedy: str) -> JournalError:
        """An error that names this database."""
        return JournalError(what, where=self._where, remedy=remedy)

    def close(self) -> None:
        """Give back connections."""
        self._engine.dispose()
        self._through.dispose()

    def _version(self, part: str) -> int | None:
        with self.read() as connection:
            return connection.scalar(sa.select(_versions.c.version).where(_versions.c.part == part))

    def _create(self, part: str, version: int, tables: sa.MetaData) -> None:
        with self.write() as connection:
            for table in tables.sorted_tables:
                connection.execute(CreateTable(table, if_not_exists=True))
                _make_indices(connection, table)
        try:
            # Last, so that a process which dies before leaves the work to the next.
            with self.write() as connection:
                connection.execute(_versions.insert().values(part=part, version=version))
        except sa.exc.IntegrityError:
            pass  # another process started at the same time

    def _extend(self, part: str, found: int, version: int, tables: sa.MetaData) -> None:
        """All of it or nothing; of several processes that start together one does it, and the others wait for it."""
        mine = sa.and_(_versions.c.part == part, _versions.c.version == found)
        with self.write() as connection:
            if not connection.execute(_versions.update().where(mine).values(version=version)).rowcount:
                return
            for table in tables.sorted_tables:
                known = {column["name"] for column in sa.inspect(connection).get_columns(table.name)}
                for column in table.columns:
                    if column.name not in known:
                        added = CreateColumn(column).compile(dialect=connection.dialect)
                        connection.execute(sa.text(f"ALTER TABLE {table.name} ADD COLUMN {added}"))
                _make_indices(connection, table)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.IntegrityError:
            raise
        except (sa.exc.StatementError, sa.exc.TimeoutError, OverflowError) as error:
            # A value that no column holds is refused by SQLAlchemy, by SQLite, or by the module between the two.
            raise self._explained(error) from error

    def _explained(self, error: sa.exc.SQLAlchemyError | OverflowError) -> JournalError:
        said = str(error.orig) if isinstance(error, sa.exc.StatementError) else str(error)
        for words, what, remedy in _FAILURES:
            if words in said.lower():
                log.error("database.failed", kind=words)
                return self.error(what, remedy)
        log.error("database.failed", kind="other")
        return self.error(
            message("The database failed: {said}", said=said), "see that it can be reached and is in order"
        )


def _make_indices(connection: sa.Connection, table: sa.Table) -> None:
    for index in sorted(table.indexes, key=lambda index: str(index.name)):
        connection.execute(CreateIndex(index, if_not_exists=True))


def _prepare_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:
    """Several processes may write, and readers do not wait for them.

    The waiting time comes first: changing the journal mode needs the file for a moment.
    """
    _set(connection, f"busy_timeout={BUSY_SECONDS * 1000}")
    _use_wal(connection)
    _set(connection, "synchronous=NORMAL", "foreign_keys=ON")


def _use_wal(connection: Any) -> None:
    """Once for the file. Two processes that make it together: SQLite refuses one at once, whatever the busy time."""
    until = monotonic() + BUSY_SECONDS
    while True:
        try:
            _set(connection, "journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or monotonic() > until:
                raise
            sleep(0.05)
        else:
            return


def _prepare_sqlite_through(connection: Any, entry: ConnectionPoolEntry) -> None:
    """As the others, but a commit waits for the disk; on macOS, for the disk's own cache too."""
    _prepare_sqlite(connection, entry)
    _set(connection, "synchronous=FULL", "fullfsync=ON")


def _erase_with_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:
    _set(connection, "secure_delete=ON")


def _set(connection: Any, *settings: str) -> None:
    cursor = connection.cursor()
    for setting in settings:
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()
