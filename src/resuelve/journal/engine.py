"""The durable engine: work items and the answers of their steps in the journal's database.

An item belongs to the process that inserted or adopted its row. Whoever finds a row whose owner is dead may adopt it;
one conditional update decides who does. Answers are remembered by the name of their step, so that a newer version of
the work, with steps added, removed or reordered, goes on with what an older one left.

An item is finished (or dropped, see `Unfinished`) right before it is yielded. A process that is killed in between has
finished it, and nobody sees the answer: what must not be lost is written down by the work.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from resuelve.domain.errors import JournalError
from resuelve.domain.message import message
from resuelve.journal.database import Database, JsonText, Text, as_text, now
from resuelve.journal.liveness import FileLocks, Liveness
from resuelve.journal.port import Json, Work, WorkItem
from resuelve.journal.runner import Runner, Taken

SCHEMA_VERSION = 1

_OPEN, _FINISHED = "open", "finished"

_tables = sa.MetaData()

_items = sa.Table(
    "work_items",
    _tables,
    sa.Column("key", Text, primary_key=True),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("owner", sa.String(80)),
    sa.Column("payload", JsonText, nullable=False),
    sa.Column("finished_at", sa.String(40)),
    sa.Index("work_items_by_state", "state", "finished_at"),
)

_steps = sa.Table(
    "work_steps",
    _tables,
    sa.Column("key", Text, sa.ForeignKey("work_items.key", ondelete="CASCADE"), primary_key=True),
    sa.Column("name", Text, primary_key=True),
    sa.Column("answer", sa.Text, nullable=False),
)


class DurableEngine:
    """`Engine` for processes that share a database and a folder of locks on one machine.

    Args:
        database_url: for example ``sqlite:////folder/resuelve.db``; it may be the journal's.
        locks: a folder on a local disk, the same for every process that uses the database. Files in it that belong
            to living processes must not be removed: their items would be taken from them.

    Raises:
        JournalError: the database or the folder cannot be used, or was written by a newer version.
    """

    def __init__(self, database_url: str, locks: Path) -> None:
        self._database = Database(database_url)
        self._database.prepare("engine", SCHEMA_VERSION, _tables)
        self._liveness = FileLocks(locks)
        self._runner = Runner(_SqlStore(self._database, self._liveness))

    @property
    def owner(self) -> str:
        return self._liveness.name

    def is_dead(self, owner: str) -> bool:
        return self._liveness.is_dead(owner)

    def run(self, items: Iterator[WorkItem], work: Work, *, workers: int) -> Iterator[tuple[WorkItem, Json]]:
        return self._runner.run(items, work, workers=workers)

    def is_finished(self, key: str) -> bool:
        query = sa.select(_items.c.state).where(_items.c.key == key)
        with self._database.read() as connection:
            return connection.scalar(query) == _FINISHED

    def forget(self, before: datetime) -> int:
        """Remove items that were finished before this time, and return how many.

        A key that is forgotten counts as new: keep it for longer than its ticket can come back unchanged.
        """
        old = sa.and_(_items.c.state == _FINISHED, _items.c.finished_at < as_text(before))
        with self._database.write() as connection:
            return connection.execute(_items.delete().where(old)).rowcount

    def close(self) -> None:
        # Who still runs a step stays alive to the others, or they would run it too.
        if self._runner.close():
            self._liveness.close()
            self._database.close()


class _SqlStore:
    """The store of the runner: rows, and who owns them."""

    def __init__(self, database: Database, liveness: Liveness) -> None:
        self._database = database
        self._liveness = liveness

    def take(self, items: Iterator[WorkItem]) -> Generator[Taken]:
        yield from self._orphans()
        for item in items:
            if taken := self._claim(item):
                yield taken

    def remember(self, key: str, name: str, answer: str) -> None:
        try:
            with self._database.write() as connection:
                connection.execute(_steps.insert().values(key=key, name=name, answer=answer))
        except sa.exc.IntegrityError as error:
            raise self._lost(key) from error

    def finish(self, key: str) -> None:
        with self._database.write() as connection:
            done = {"state": _FINISHED, "owner": None, "payload": None, "finished_at": now()}
            if not _change(connection, key, self._liveness.name, done):
                raise self._lost(key)
            connection.execute(_steps.delete().where(_steps.c.key == key))

    def drop(self, key: str) -> None:
        with self._database.write() as connection:
            # The answers of its steps go with it.
            if not connection.execute(_items.delete().where(_in_hand(key, self._liveness.name))).rowcount:
                raise self._lost(key)

    def put_down(self, key: str) -> None:
        with self._database.write() as connection:
            _change(connection, key, self._liveness.name, {"owner": None})

    def _orphans(self) -> Iterator[Taken]:
        query = sa.select(_items.c.key, _items.c.owner).where(_items.c.state == _OPEN)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        dead = {owner: self._is_dead(owner) for owner in {row.owner for row in rows}}
        for row in rows:
            if dead[row.owner] and (taken := self._adopt(row.key, row.owner)):
                yield taken

    def _claim(self, item: WorkItem) -> Taken | None:
        query = sa.select(_items.c.state, _items.c.owner).where(_items.c.key == item.key)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        if row is None:
            return self._insert(item)
        if row.state == _OPEN and self._is_dead(row.owner):
            return self._adopt(item.key, row.owner)
        return None

    def _insert(self, item: WorkItem) -> Taken | None:
        row = _items.insert().values(key=item.key, state=_OPEN, owner=self._liveness.name, payload=item.payload)
        try:
            with self._database.write() as connection:
                connection.execute(row)
        except sa.exc.IntegrityError:
            return None  # another process was faster
        return Taken(item)

    def _adopt(self, key: str, owner: str | None) -> Taken | None:
        with self._database.write() as connection:
            if not _change(connection, key, owner, {"owner": self._liveness.name}):
                return None
            payload = connection.scalar(sa.select(_items.c.payload).where(_items.c.key == key))
            answers = connection.execute(sa.select(_steps.c.name, _steps.c.answer).where(_steps.c.key == key))
            return Taken(WorkItem(key, payload), {row.name: row.answer for row in answers})

    def _is_dead(self, owner: str | None) -> bool:
        return owner is None or self._liveness.is_dead(owner)

    def _lost(self, key: str) -> JournalError:
        remedy = "never remove lock files while processes run; what was done is in the journal"
        return self._database.error(message("Another process has taken {key}.", key=key), remedy)


def _change(connection: sa.Connection, key: str, owner: str | None, values: dict[str, str | None]) -> bool:
    """Change an unfinished item if it still belongs to this owner. False when it does not."""
    return connection.execute(_items.update().where(_in_hand(key, owner)).values(values)).rowcount > 0


def _in_hand(key: str, owner: str | None) -> sa.ColumnElement[bool]:
    return sa.and_(_items.c.key == key, _items.c.state == _OPEN, _items.c.owner == owner)
