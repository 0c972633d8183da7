"""The record of acts in the journal's database."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from resuelve.journal.database import Database, Text, as_moment, as_text
from resuelve.journal.port import Act, Followed, Returned, ReturnedAs

SCHEMA_VERSION = 2
"""2: when an act first came back, and acts that were moved."""

_WITH_FIRST = 2

_AT_ONCE = 500
"""References in one statement, fewer than any database allows."""

_PAGE = 500
"""Acts that are read at once."""

_tables = sa.MetaData()

_acts = sa.Table(
    "acts",
    _tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("reference", Text, nullable=False),
    sa.Column("incident", Text, nullable=False),
    sa.Column("queue", Text, nullable=False),
    sa.Column("target", Text, nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("problem", Text, nullable=False),
    sa.Column("row_fingerprint", sa.String(40), nullable=False),
    sa.Column("made_at", sa.String(40), nullable=False),
    sa.Column("returned_as", sa.String(20)),
    sa.Column("returned_at", sa.String(40)),
    sa.Column("first_returned_at", sa.String(40)),
    sa.Column("open", sa.Boolean, nullable=False),
    sa.Column("seen", sa.Integer, nullable=False),
    sa.UniqueConstraint("incident", "reference"),
    sa.Index("acts_by_reference", "reference"),
    sa.Index("acts_by_time", "made_at"),
    sa.Index("acts_that_are_open", "open", "id"),
)

_ACT = (
    _acts.c.reference,
    _acts.c.incident,
    _acts.c.queue,
    _acts.c.target,
    _acts.c.kind,
    _acts.c.problem,
    _acts.c.row_fingerprint,
    _acts.c.made_at,
)
_OPEN = _acts.c.open.is_(True)
_FIRST = sa.func.coalesce(_acts.c.first_returned_at, _acts.c.returned_at)
"""An earlier version kept only when it came back last."""


class SqlActs:
    """`Acts` in the database at `url`, for example ``sqlite:////folder/resuelve.db``.

    Args:
        extend: False, for whoever only reads, leaves what an earlier version made as it is.

    Raises:
        JournalError: the database cannot be opened, or was written by a newer version.
    """

    def __init__(self, url: str, *, extend: bool = True) -> None:
        self._database = Database(url)
        version = self._database.prepare("acts", SCHEMA_VERSION, _tables, extend=extend)
        self._first: sa.ColumnElement[Any] = _FIRST if version >= _WITH_FIRST else _acts.c.returned_at

    def note(self, act: Act) -> None:
        values = {
            "reference": act.reference,
            "incident": act.incident,
            "queue": act.queue,
            "target": act.target,
            "kind": act.kind,
            "problem": act.problem,
            "row_fingerprint": act.row,
            "made_at": as_text(act.at),
            "open": False,
            "seen": 0,
        }
        try:
            with self._database.write_through() as connection:
                connection.execute(_acts.insert().values(values))
        except sa.exc.IntegrityError:
            pass  # known already: a process was killed between the note and the end of its work

    def forget(self, incident: str, reference: str) -> None:
        with self._database.write() as connection:
            connection.execute(_acts.delete().where(_this(incident, reference)))

    def find(self, references: Collection[str]) -> Sequence[Act]:
        names = sorted(set(references))
        found: list[Act] = []
        for start in range(0, len(names), _AT_ONCE):
            query = sa.select(*_ACT).where(_acts.c.reference.in_(names[start : start + _AT_ONCE]))
            with self._database.read() as connection:
                found += [_as_act(row) for row in connection.execute(query)]
        return found

    def of(self, incident: str) -> Sequence[Act]:
        query = sa.select(*_ACT).where(_acts.c.incident == incident).order_by(_acts.c.id)
        with self._database.read() as connection:
            return [_as_act(row) for row in connection.execute(query)]

    def count(self, since: datetime, kinds: Collection[str]) -> int:
        query = (
            sa.select(sa.func.count())
            .select_from(_acts)
            .where(_acts.c.made_at >= as_text(since), _acts.c.kind.in_(sorted(kinds)))
        )
        with self._database.read() as connection:
            return connection.scalar(query) or 0

    def note_return(self, act: Act, how: ReturnedAs, at: datetime) -> bool:
        weaker = [known.value for known in ReturnedAs if how.outweighs(known)]
        news = sa.or_(_acts.c.returned_as.is_(None), _acts.c.returned_as.in_(weaker))
        when = as_text(at)
        values = {
            "returned_as": how.value,
            "returned_at": when,
            "first_returned_at": sa.func.coalesce(_FIRST, when),
            "open": how is not ReturnedAs.MOVED,
        }
        with self._database.write() as connection:
            noted = _acts.update().where(_this(act.incident, act.reference), news).values(values)
            return connection.execute(noted).rowcount > 0

    def returned(self, *, ever: bool = False) -> Sequence[Returned]:
        wrong = sa.and_(_acts.c.returned_as.is_not(None), _acts.c.returned_as != ReturnedAs.MOVED.value)
        which = wrong if ever else _OPEN
        query = sa.select(*_ACT, _acts.c.returned_as, _acts.c.returned_at).where(which).order_by(_acts.c.id)
        with self._database.read() as connection:
            return [
                Returned(_as_act(row), ReturnedAs(row.returned_as), as_moment(row.returned_at))
                for row in connection.execute(query)
            ]

    def followed(self, since: datetime) -> Iterator[Followed]:
        columns = (*_ACT, _acts.c.returned_as, self._first.label("first"), _acts.c.id)
        with self._database.read() as connection:
            last = connection.scalar(sa.select(sa.func.max(_acts.c.id))) or 0
        which = sa.and_(_acts.c.made_at >= as_text(since), _acts.c.id <= last)
        query = sa.select(*columns).where(which).order_by(_acts.c.made_at, _acts.c.id).limit(_PAGE)
        page = query
        while True:  # page by page: no connection is held while the caller works
            with self._database.read() as connection:
                rows = connection.execute(page).all()
                found = [_as_followed(row) for row in rows]
            yield from found
            if len(rows) < _PAGE:
                return
            page = query.where(sa.tuple_(_acts.c.made_at, _acts.c.id) > sa.tuple_(rows[-1].made_at, rows[-1].id))

    def see_to(self, acts: Collection[Act]) -> int:
        seen = 0
        with self._database.write() as connection:
            for act in acts:
                which = sa.and_(_this(act.incident, act.reference), _OPEN)
                closed = _acts.update().where(which).values(open=False, seen=_acts.c.seen + 1)
                seen += connection.execute(closed).rowcount
        return seen

    def seen(self) -> int:
        with self._database.read() as connection:
            return connection.scalar(sa.select(sa.func.sum(_acts.c.seen))) or 0

    def close(self) -> None:
        self._database.close()


def _as_act(row: sa.Row[*tuple[Any, ...]]) -> Act:
    reference, incident, queue, target, kind, problem, fingerprint, made_at = row[:8]
    return Act(reference, incident, queue, target, kind, problem, fingerprint, as_moment(made_at))


def _as_followed(row: sa.Row[*tuple[Any, ...]]) -> Followed:
    if row.returned_as is None:
        return Followed(_as_act(row))
    return Followed(_as_act(row), ReturnedAs(row.returned_as), as_moment(row.first))


def _this(incident: str, reference: str) -> sa.ColumnElement[bool]:
    return sa.and_(_acts.c.incident == incident, _acts.c.reference == reference)
