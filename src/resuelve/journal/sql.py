"""The journal in an SQL database: a SQLite file that several processes share, or a server.

A value is durable when a call returns: it survives the death of the process. On SQLite the last moments before a power
failure may be lost, never the order of things, and never an intent: `intend` and `retry` return when it is on the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from resuelve.domain.errors import JournalError
from resuelve.domain.message import Message, message
from resuelve.journal.database import Database, JsonText, Text, as_moment, as_text, members
from resuelve.journal.encoding import load
from resuelve.journal.members import part_of, with_members
from resuelve.journal.port import IncidentRecord, Intent, IntentState, Json, Recorded

T = TypeVar("T")

SCHEMA_VERSION = 2
"""2: records by time."""

_PAGE, _SMALL_PAGE = 200, 2_000
"""Records that are read at once, whole and of their contents only some members."""

_tables = sa.MetaData()

_runs = sa.Table(
    "runs",
    _tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("run", Text, nullable=False, unique=True),
    sa.Column("started_at", sa.String(40), nullable=False),
    sa.Column("about", JsonText, nullable=False),
    sa.Column("finished_at", sa.String(40)),
    sa.Column("totals", JsonText),
)

_intents = sa.Table(
    "intents",
    _tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("incident", Text, nullable=False),
    sa.Column("revision", Text, nullable=False),
    sa.Column("reference", Text, nullable=False),
    sa.Column("owner", Text, nullable=False),
    sa.Column("action", JsonText, nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("made_at", sa.String(40), nullable=False),
    sa.Column("settled_at", sa.String(40)),
    sa.UniqueConstraint("incident", "revision"),
    sa.Index("intents_by_state", "state", "id"),
)

_records = sa.Table(
    "records",
    _tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("run", Text, nullable=False),
    sa.Column("incident", Text, nullable=False),
    sa.Column("revision", Text, nullable=False),
    sa.Column("outcome", Text, nullable=False),
    sa.Column("content", JsonText, nullable=False),
    sa.Column("made_at", sa.String(40), nullable=False),
    sa.UniqueConstraint("run", "incident"),
    sa.Index("records_by_incident", "incident", "id"),
    sa.Index("records_by_time", "made_at", "id"),
    sqlite_autoincrement=True,  # the number of a record that was replaced is not given again
)

_failures = sa.Table(
    "failures",
    _tables,
    sa.Column("incident", Text, primary_key=True),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("reason", Text, nullable=False),
)

_INTENT = (
    _intents.c.incident,
    _intents.c.revision,
    _intents.c.reference,
    _intents.c.owner,
    _intents.c.action,
    _intents.c.state,
)
_RECORD = (_records.c.run, _records.c.incident, _records.c.revision, _records.c.outcome, _records.c.content)


class SqlJournal:
    """`Journal` in the database at `url`, for example ``sqlite:////folder/resuelve.db``.

    Args:
        clock: the time, with its zone.
        extend: False, for whoever only reads, leaves what an earlier version made as it is.

    Raises:
        JournalError: the database cannot be opened, or was written by a newer version.
    """

    def __init__(
        self, url: str, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC), extend: bool = True
    ) -> None:
        self._now: Callable[[], str] = lambda: as_text(clock())
        self._database = Database(url)
        self._database.prepare("journal", SCHEMA_VERSION, _tables, extend=extend)

    def start_run(self, run: str, about: Json) -> None:
        try:
            with self._database.write() as connection:
                connection.execute(_runs.insert().values(run=run, started_at=self._now(), about=about))
        except sa.exc.IntegrityError as error:
            raise self._database.error(
                message("There is a run {run} already.", run=repr(run)), "give each run its own name"
            ) from error

    def finish_run(self, run: str, totals: Json) -> None:
        changed = self._changed(_runs.update().where(_runs.c.run == run).values(finished_at=self._now(), totals=totals))
        if not changed:
            raise self._unknown(message("run {run}", run=repr(run)))

    def unfinished_runs(self) -> Sequence[tuple[str, Json]]:
        query = sa.select(_runs.c.run, _runs.c.about).where(_runs.c.finished_at.is_(None)).order_by(_runs.c.id)
        with self._database.read() as connection:
            return [(row.run, row.about) for row in connection.execute(query)]

    def intend(self, intent: Intent) -> Intent:
        try:
            with self._database.write_through() as connection:
                connection.execute(
                    _intents.insert().values(
                        incident=intent.incident,
                        revision=intent.revision,
                        reference=intent.reference,
                        owner=intent.owner,
                        action=intent.action,
                        state=intent.state.value,
                        made_at=self._now(),
                    )
                )
        except sa.exc.IntegrityError:
            return self._intent(intent.incident, intent.revision)
        return intent

    def intended(self, incident: str, revision: str) -> Intent | None:
        query = sa.select(*_INTENT).where(_intents.c.incident == incident, _intents.c.revision == revision)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return _as_intent(row) if row else None

    def retry(self, incident: str, revision: str, owner: str) -> bool:
        refused = sa.and_(
            _intents.c.incident == incident,
            _intents.c.revision == revision,
            _intents.c.state == IntentState.REFUSED.value,
        )
        taken_over = {"state": IntentState.INTENDED.value, "owner": owner, "settled_at": None}
        with self._database.write_through() as connection:
            return connection.execute(_intents.update().where(refused).values(taken_over)).rowcount > 0

    def settle(self, incident: str, revision: str, state: IntentState) -> None:
        changed = self._changed(
            _intents.update()
            .where(_intents.c.incident == incident, _intents.c.revision == revision)
            .values(state=state.value, settled_at=self._now())
        )
        if not changed:
            raise self._unknown_intent(incident, revision)

    def intents(self, state: IntentState | None = None) -> Sequence[Intent]:
        query = sa.select(*_INTENT).order_by(_intents.c.id)
        if state is not None:
            query = query.where(_intents.c.state == state.value)
        with self._database.read() as connection:
            return [_as_intent(row) for row in connection.execute(query)]

    def record(self, record: IncidentRecord) -> None:
        self._insist(lambda: self._replace(record))

    def records(self, run: str) -> Iterator[IncidentRecord]:
        return self._pages(_records.c.run == run, _records.c.incident)

    def records_with(self, outcome: str) -> Iterator[IncidentRecord]:
        return self._pages(_records.c.outcome == outcome, _records.c.id)

    def records_since(self, since: datetime, *, only: Sequence[str] = ()) -> Iterator[Recorded]:
        with self._database.read() as connection:
            last = connection.scalar(sa.select(sa.func.max(_records.c.id))) or 0
        which = sa.and_(_records.c.made_at >= as_text(since), _records.c.id <= last)
        order, most = (_records.c.made_at, _records.c.id), _SMALL_PAGE if only else _PAGE
        content = members(_records.c.content, only) if only else _records.c.content
        query = sa.select(*_RECORD[:-1], content, *order).where(which).order_by(*order).limit(most)
        page = query
        while True:
            with self._database.read() as connection:
                rows = connection.execute(page).all()
                found = [_as_recorded(row, _content(connection, row, only)) for row in rows]
            yield from found
            if len(rows) < most:
                return
            page = query.where(sa.tuple_(*order) > sa.tuple_(rows[-1].made_at, rows[-1].id))

    def newest(self, incidents: Collection[str], outcomes: Collection[str]) -> Iterator[Recorded]:
        names = sorted(set(incidents))
        for start in range(0, len(names), _PAGE):
            these = _records.c.incident.in_(names[start : start + _PAGE])
            last = sa.select(sa.func.max(_records.c.id)).where(these).group_by(_records.c.incident)
            which = (_records.c.id.in_(last), _records.c.outcome.in_(sorted(outcomes)))
            with self._database.read() as connection:
                rows = connection.execute(sa.select(*_RECORD, _records.c.made_at).where(*which)).all()
                found = [Recorded(IncidentRecord(*record), as_moment(made_at)) for *record, made_at in rows]
            yield from found

    def last_record(self, incident: str) -> IncidentRecord | None:
        query = sa.select(*_RECORD).where(_records.c.incident == incident).order_by(_records.c.id.desc()).limit(1)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return IncidentRecord(*row) if row else None

    def note_failure(self, incident: str, reason: str) -> int:
        return self._insist(lambda: self._count_failure(incident, reason))

    def clear_failures(self, incident: str) -> None:
        self._changed(_failures.delete().where(_failures.c.incident == incident))

    def failures(self) -> Mapping[str, tuple[int, str]]:
        query = sa.select(_failures.c.incident, _failures.c.attempts, _failures.c.reason)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(_failures.c.incident)).all()
        return {row.incident: (row.attempts, row.reason) for row in rows}

    def close(self) -> None:
        self._database.close()

    def _pages(self, which: sa.ColumnElement[bool], order: sa.Column[Any]) -> Iterator[IncidentRecord]:
        """Records in the order of a unique column, page by page: no connection is held while the caller works."""
        query = sa.select(*_RECORD, order.label("place")).where(which).order_by(order).limit(_PAGE)
        page = query
        while True:
            with self._database.read() as connection:
                rows = connection.execute(page).all()
            for row in rows:
                yield IncidentRecord(*row[:-1])
            if len(rows) < _PAGE:
                return
            page = query.where(order > rows[-1].place)

    def _changed(self, statement: sa.UpdateBase) -> bool:
        with self._database.write() as connection:
            return connection.execute(statement).rowcount > 0

    def _intent(self, incident: str, revision: str) -> Intent:
        found = self.intended(incident, revision)
        if found is None:
            raise self._unknown_intent(incident, revision)
        return found

    def _replace(self, record: IncidentRecord) -> None:
        with self._database.write() as connection:
            connection.execute(
                _records.delete().where(_records.c.run == record.run, _records.c.incident == record.incident)
            )
            connection.execute(
                _records.insert().values(
                    run=record.run,
                    incident=record.incident,
                    revision=record.revision,
                    outcome=record.outcome,
                    content=record.content,
                    made_at=self._now(),
                )
            )

    def _count_failure(self, incident: str, reason: str) -> int:
        this = _failures.c.incident == incident
        with self._database.write() as connection:
            counted = connection.execute(
                _failures.update().where(this).values(attempts=_failures.c.attempts + 1, reason=reason)
            )
            if not counted.rowcount:
                connection.execute(_failures.insert().values(incident=incident, attempts=1, reason=reason))
            attempts: int = connection.scalars(sa.select(_failures.c.attempts).where(this)).one()
            return attempts

    def _insist(self, write: Callable[[], T]) -> T:
        try:
            return write()
        except sa.exc.IntegrityError:
            return write()  # another writer put the same row in between our two statements; now it is there

    def _unknown_intent(self, incident: str, revision: str) -> JournalError:
        return self._unknown(
            message("intent for {incident} at revision {revision}", incident=incident, revision=revision)
        )

    def _unknown(self, what: Message) -> JournalError:
        return self._database.error(
            message("There is no {what}.", what=what), "nothing was changed; report this as a bug"
        )


def _as_intent(row: sa.Row[*tuple[Any, ...]]) -> Intent:
    incident, revision, reference, owner, action, state = row
    return Intent(incident, revision, reference, owner, action, IntentState(state))


def _content(connection: sa.Connection, row: sa.Row[*tuple[Any, ...]], only: Sequence[str]) -> Json:
    """The content of a row, or those members; where the database cannot look into it, Python does."""
    content = row[-3]
    if not only:
        return content
    if content is None:
        return part_of(connection.scalar(sa.select(_records.c.content).where(_records.c.id == row.id)), only)
    return with_members(zip(only, load(content), strict=False))


def _as_recorded(row: sa.Row[*tuple[Any, ...]], content: Json) -> Recorded:
    run, incident, revision, outcome = row[:4]
    return Recorded(IncidentRecord(run, incident, revision, outcome, content), as_moment(row.made_at))
