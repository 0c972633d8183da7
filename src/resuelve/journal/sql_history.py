"""The history of model calls in a database of its own: it grows, and may be thrown away without losing any work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from resuelve.journal.database import Database, JsonText, Text, as_text
from resuelve.journal.port import CallOutcome, ModelCall

SCHEMA_VERSION = 1

_PAGE = 200
"""Calls or outcomes that are read, or noted, at once: so long is the database held."""

_tables = sa.MetaData()

_calls = sa.Table(
    "model_calls",
    _tables,
    sa.Column("place", sa.Integer, primary_key=True),
    sa.Column("id", sa.String(64), nullable=False, unique=True),
    sa.Column("ended_at", sa.String(40), nullable=False),
    sa.Column("run", Text, nullable=False),
    sa.Column("incident", Text, nullable=False),
    sa.Column("revision", sa.String(40), nullable=False),
    sa.Column("role", sa.String(40), nullable=False),
    sa.Column("model", Text, nullable=False),
    sa.Column("prompt", sa.String(40), nullable=False),
    sa.Column("input", JsonText, nullable=False),
    sa.Column("output", JsonText, nullable=False),
    sa.Column("error", Text, nullable=False),
    sa.Column("calls", sa.Integer, nullable=False),
    sa.Column("tokens_in", sa.Integer, nullable=False),
    sa.Column("tokens_out", sa.Integer, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("people", JsonText, nullable=False),
    sa.Index("model_calls_by_time", "ended_at", "place"),
    sa.Index("model_calls_by_role", "role", "ended_at", "place"),
    sa.Index("model_calls_by_incident", "incident", "ended_at", "place"),
)

_outcomes = sa.Table(
    "call_outcomes",
    _tables,
    sa.Column("place", sa.Integer, primary_key=True),
    sa.Column("incident", Text, nullable=False),
    sa.Column("row_id", Text, nullable=False),
    sa.Column("state", Text, nullable=False),
    sa.Column("was_right", sa.Boolean, nullable=False),
    sa.Column("how", sa.String(20), nullable=False),
    sa.Column("known_at", sa.String(40), nullable=False),
    sa.Index("call_outcomes_by_state", "incident", "state", "place"),
)

_CALL = tuple(column for column in _calls.c if column.name != "place")
_OUTCOME = tuple(column for column in _outcomes.c if column.name != "place")

_UNLESS_KNOWN = _calls.insert().from_select(
    [column.name for column in _CALL],
    sa.select(*(sa.bindparam(column.name, type_=column.type) for column in _CALL)).where(
        ~sa.exists().where(_calls.c.id == sa.bindparam("id", type_=_calls.c.id.type))
    ),
)
"""One statement a call that adds it where it is not known, so that nobody comes between the two."""


_Said = tuple[str, bool, str]


class SqlHistory:
    """`History` in the database at `url`, for example ``sqlite:////folder/historico.db``.

    Raises:
        JournalError: the database cannot be opened, or was written by a newer version.
    """

    def __init__(self, url: str) -> None:
        self._database = Database(url, erases=True)
        self._database.prepare("history", SCHEMA_VERSION, _tables)

    def keep(self, calls: Sequence[ModelCall]) -> None:
        if calls:
            rows = [dict(zip((column.name for column in _CALL), _row_of_call(call), strict=True)) for call in calls]
            with self._database.write() as connection:
                connection.execute(_UNLESS_KNOWN, rows)

    def calls(self, *, role: str = "", incident: str = "", since: datetime | None = None) -> Iterator[ModelCall]:
        which = [
            *([_calls.c.role == role] if role else []),
            *([_calls.c.incident == incident] if incident else []),
            *([_calls.c.ended_at >= as_text(since)] if since else []),
        ]
        query = sa.select(_calls.c.place, *_CALL).where(*which).order_by(_calls.c.ended_at, _calls.c.place).limit(_PAGE)
        page = query
        while True:  # page by page: no connection is held while the caller works
            with self._database.read() as connection:
                rows = connection.execute(page).all()
            yield from map(_as_call, rows)
            if len(rows) < _PAGE:
                return
            last = rows[-1]
            page = query.where(sa.tuple_(_calls.c.ended_at, _calls.c.place) > sa.tuple_(last.ended_at, last.place))

    def note_outcomes(self, outcomes: Sequence[CallOutcome]) -> int:
        last = self._last_said() if outcomes else {}
        news = []
        for one in outcomes:
            if last.get(key := (one.incident, one.state)) != _said(one):
                last[key] = _said(one)
                news.append(one)
        return sum(self._note(news[start : start + _PAGE]) for start in range(0, len(news), _PAGE))

    def _last_said(self) -> dict[tuple[str, str], _Said]:
        """By incident and state. Every row is read once, in order: asking for the last of each by pages costs more."""
        with self._database.read() as connection:
            rows = connection.execute(sa.select(*_OUTCOME).order_by(_outcomes.c.place))
            return {(row.incident, row.state): (row.row_id, row.was_right, row.how) for row in rows}

    def _note(self, news: Sequence[CallOutcome]) -> int:
        """Note what is likely new, in a transaction that is short; what another process said meanwhile is none."""
        noted = 0
        with self._database.write() as connection:
            for one in news:
                pairs = zip(_OUTCOME, _row_of_outcome(one), strict=True)
                said = sa.select(*(sa.literal(value, column.type) for column, value in pairs))
                added = _outcomes.insert().from_select(_OUTCOME, said.where(~_said_last(one)))
                noted += connection.execute(added).rowcount
        return noted

    def outcomes(self, *, incident: str = "") -> Iterator[CallOutcome]:
        which = [_outcomes.c.incident == incident] if incident else []
        last = sa.select(sa.func.max(_outcomes.c.place)).where(*which).group_by(_outcomes.c.incident, _outcomes.c.state)
        query = (
            sa.select(_outcomes.c.place, *_OUTCOME)
            .where(_outcomes.c.place.in_(last))
            .order_by(_outcomes.c.place)
            .limit(_PAGE)
        )
        page = query
        while True:
            with self._database.read() as connection:
                rows = connection.execute(page).all()
            yield from map(_as_outcome, rows)
            if len(rows) < _PAGE:
                return
            page = query.where(_outcomes.c.place > rows[-1].place)

    def forget(self, before: datetime) -> int:
        left = sa.select(_calls.c.incident)
        with self._database.write() as connection:
            count = connection.execute(_calls.delete().where(_calls.c.ended_at < as_text(before))).rowcount
            connection.execute(_outcomes.delete().where(_outcomes.c.incident.not_in(left)))
        return count

    def close(self) -> None:
        self._database.close()


def _said(one: CallOutcome) -> _Said:
    """What an outcome says, whenever it became known."""
    return one.row, one.right, one.how


def _said_last(one: CallOutcome) -> sa.ColumnElement[bool]:
    """True where what was noted last of this incident and state says the same."""
    earlier = _outcomes.alias()
    same_choice = sa.and_(earlier.c.incident == one.incident, earlier.c.state == one.state)
    last = sa.select(sa.func.max(earlier.c.place)).where(same_choice).scalar_subquery()
    return sa.exists().where(
        _outcomes.c.place == last,
        _outcomes.c.row_id == one.row,
        _outcomes.c.was_right.is_(one.right),
        _outcomes.c.how == one.how,
    )


def _row_of_call(call: ModelCall) -> list[Any]:
    return [
        call.id,
        as_text(call.at),
        call.run,
        call.incident,
        call.revision,
        call.role,
        call.model,
        call.prompt,
        call.input,
        call.output,
        call.error,
        call.calls,
        call.tokens_in,
        call.tokens_out,
        call.seconds,
        list(call.people),
    ]


def _as_call(row: sa.Row[*tuple[Any, ...]]) -> ModelCall:
    _, name, ended_at, *rest, people = row
    return ModelCall(*(name, datetime.fromisoformat(ended_at), *rest, tuple(people)))


def _row_of_outcome(one: CallOutcome) -> list[Any]:
    return [one.incident, one.row, one.state, one.right, one.how, as_text(one.at)]


def _as_outcome(row: sa.Row[*tuple[Any, ...]]) -> CallOutcome:
    _, incident, problem, state, right, how, known_at = row
    return CallOutcome(incident, problem, state, right, how, datetime.fromisoformat(known_at))
