"""Answers of people in the journal's database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from resuelve.domain.message import message
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
    sa.Column("mark", Text, nullable=False),
    sa.Column("agreed", sa.Boolean, nullable=False),
    sa.Column("who", Text, nullable=False),
    sa.Column("why", Text, nullable=False),
    sa.Column("given_at", sa.String(40), nullable=False),
    sa.UniqueConstraint("incident", "revision", "mark"),
    sa.Index("answers_by_state", "state"),
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
        values = [sa.literal(value, column.type) for column, value in zip(_ANSWER, _row(answer), strict=True)]
        # One statement, so that no other process gets a word in between.
        free = sa.select(*values).where(~sa.exists(_standing(answer.incident, answer.revision, answer.mark)))
        try:
            with self._database.write_through() as connection:
                if connection.execute(_answers.insert().from_select(list(_ANSWER), free)).rowcount:
                    return answer
        except sa.exc.IntegrityError:
            pass  # another process was faster
        stands = self.of(answer.incident, answer.revision, answer.mark)
        if stands is None:  # none is ever removed
            remedy = "nothing was changed; report this as a bug"
            what = message("The answer about {incident} was not kept.", incident=answer.incident)
            raise self._database.error(what, remedy)
        return stands

    def of(self, incident: str, revision: str, mark: str = "") -> Answer | None:
        query = _standing(incident, revision, mark).order_by(_answers.c.agreed, _answers.c.id).limit(1)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return _as_answer(row) if row else None

    def given(self, *, incident: str = "", state: str = "") -> Iterator[Answer]:
        which = [_answers.c.incident == incident] if incident else []
        which += [_answers.c.state == state] if state else []
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


def _standing(incident: str, revision: str, mark: str) -> sa.Select[Any]:
    """What was said of this revision: a no, or a yes to this mark."""
    said = sa.or_(_answers.c.agreed.is_(False), _answers.c.mark == mark)
    return sa.select(*_ANSWER).where(_answers.c.incident == incident, _answers.c.revision == revision, said)


def _row(one: Answer) -> list[Any]:
    return [one.incident, one.revision, one.row, one.state, one.mark, one.agreed, one.who, one.why, as_text(one.at)]


def _as_answer(row: sa.Row[*tuple[Any, ...]]) -> Answer:
    incident, revision, problem, state, mark, agreed, who, why, given_at = row[:9]
    return Answer(incident, revision, problem, state, mark, agreed, who, why, datetime.fromisoformat(given_at))
