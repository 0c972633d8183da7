"""Answers of people in the journal's database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from resuelve.journal.database import Database, Text, as_text
from resuelve.journal.port import Answer

SCHEMA_VERSION = 1

_PAGE = 500
"""Answers that are read at once."""

_tables = sa.MetaData()

_answers = sa.Table(
    "answers",
    _tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("incident", Text, nullable=False),
    sa.Column("revision", Text, nullable=False),
    sa.Column("row_id", Text, nullable=False),
    sa.Column("state", Text, nullable=False),
    sa.Column("agreed", sa.Boolean, nullable=False),
    sa.Column("who", Text, nullable=False),
    sa.Column("why", Text, nullable=False),
    sa.Column("given_at", sa.String(40), nullable=False),
    sa.UniqueConstraint("incident", "revision"),
)

_ANSWER = tuple(column for column in _answers.c if column.name != "id")


class SqlAnswers:
    """`Answers` in the database at `url`, for example ``sqlite:////folder/resuelve.db``.

    Raises:
        JournalError: the database cannot be opened, or was written by a newer version.
    """

    def __init__(self, url: str) -> None:
        self._database = Database(url)
        self._database.prepare("answers", SCHEMA_VERSION, _tables)

    def note(self, answer: Answer) -> Answer:
        names = [column.name for column in _ANSWER]
        try:
            with self._database.write_through() as connection:
                connection.execute(_answers.insert().values(dict(zip(names, _row(answer), strict=True))))
        except sa.exc.IntegrityError:
            return self.of(answer.incident, answer.revision) or answer  # none is ever removed
        return answer

    def of(self, incident: str, revision: str) -> Answer | None:
        query = sa.select(*_ANSWER).where(_answers.c.incident == incident, _answers.c.revision == revision)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return _as_answer(row) if row else None

    def given(self, *, incident: str = "") -> Iterator[Answer]:
        which = [_answers.c.incident == incident] if incident else []
        query = sa.select(*_ANSWER, _answers.c.id).where(*which).order_by(_answers.c.id).limit(_PAGE)
        page = query
        while True:  # page by page: no connection is held while the caller works
            with self._database.read() as connection:
                rows = connection.execute(page).all()
            yield from map(_as_answer, rows)
            if len(rows) < _PAGE:
                return
            page = query.where(_answers.c.id > rows[-1].id)

    def close(self) -> None:
        self._database.close()


def _row(one: Answer) -> list[Any]:
    return [one.incident, one.revision, one.row, one.state, one.agreed, one.who, one.why, as_text(one.at)]


def _as_answer(row: sa.Row[*tuple[Any, ...]]) -> Answer:
    incident, revision, problem, state, agreed, who, why, given_at = row[:8]
    return Answer(incident, revision, problem, state, agreed, who, why, datetime.fromisoformat(given_at))
