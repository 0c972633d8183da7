"""The record of acts in the journal's database."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from resuelve.journal.database import Database, Text, as_text
from resuelve.journal.port import Act, Returned, ReturnedAs

SCHEMA_VERSION = 1

_AT_ONCE = 500
"""References in one statement, fewer than any database allows."""

_tables = sa.MetaData()

_acts = sa.Table(
    "acts",
    _tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("reference", Text, nullable=False, unique=True),
    sa.Column("incident", Text, nullable=False),
    sa.Column("queue", Text, nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("problem", Text, nullable=False),
    sa.Column("row_fingerprint", sa.String(40), nullable=False),
    sa.Column("made_at", sa.String(40), nullable=False),
    sa.Column("returned_as", sa.String(20)),
    sa.Column("returned_at", sa.String(40)),
    sa.Column("seen", sa.Boolean, nullable=False, default=False),
    sa.Index("acts_by_time", "made_at"),
    sa.Index("acts_by_incident", "incident", "id"),
)

_ACT = (
    _acts.c.reference,
    _acts.c.incident,
    _acts.c.queue,
    _acts.c.kind,
    _acts.c.problem,
    _acts.c.row_fingerprint,
    _acts.c.made_at,
)
_UNSEEN = sa.and_(_acts.c.returned_as.is_not(None), _acts.c.seen.is_(False))


class SqlActs:
    """`Acts` in the database at `url`, for example ``sqlite:////folder/resuelve.db``.

    Raises:
        JournalError: the database cannot be opened, or was written by a newer version.
    """

    def __init__(self, url: str) -> None:
        self._database = Database(url)
        self._database.prepare("acts", SCHEMA_VERSION, _tables)

    def note(self, act: Act) -> None:
        try:
            with self._database.write() as connection:
                connection.execute(
                    _acts.insert().values(
                        reference=act.reference,
                        incident=act.incident,
                        queue=act.queue,
                        kind=act.kind,
                        problem=act.problem,
                        row_fingerprint=act.row,
                        made_at=as_text(act.at),
                        seen=False,
                    )
                )
        except sa.exc.IntegrityError:
            pass  # known already: a process was killed between the note and the end of its work

    def get(self, reference: str) -> Act | None:
        with self._database.read() as connection:
            row = connection.execute(sa.select(*_ACT).where(_acts.c.reference == reference)).first()
        return _as_act(row) if row else None

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

    def note_return(self, reference: str, how: ReturnedAs, at: datetime) -> bool:
        first = sa.and_(_acts.c.reference == reference, _acts.c.returned_as.is_(None))
        with self._database.write() as connection:
            changed = _acts.update().where(first).values(returned_as=how.value, returned_at=as_text(at))
            return connection.execute(changed).rowcount > 0

    def returned(self) -> Sequence[Returned]:
        query = sa.select(*_ACT, _acts.c.returned_as, _acts.c.returned_at).where(_UNSEEN).order_by(_acts.c.id)
        with self._database.read() as connection:
            return [
                Returned(_as_act(row), ReturnedAs(row.returned_as), datetime.fromisoformat(row.returned_at))
                for row in connection.execute(query)
            ]

    def see_to(self, references: Collection[str]) -> int:
        names = sorted(set(references))
        seen = 0
        with self._database.write() as connection:
            for start in range(0, len(names), _AT_ONCE):
                these = _acts.c.reference.in_(names[start : start + _AT_ONCE])
                seen += connection.execute(_acts.update().where(these, _UNSEEN).values(seen=True)).rowcount
        return seen

    def seen(self) -> int:
        query = sa.select(sa.func.count()).select_from(_acts).where(_acts.c.seen.is_(True))
        with self._database.read() as connection:
            return connection.scalar(query) or 0

    def close(self) -> None:
        self._database.close()


def _as_act(row: sa.Row[*tuple[Any, ...]]) -> Act:
    reference, incident, queue, kind, problem, fingerprint, made_at = row[:7]
    return Act(reference, incident, queue, kind, problem, fingerprint, datetime.fromisoformat(made_at))
