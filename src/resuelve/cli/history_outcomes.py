"""`resuelve history outcomes`: what closed incidents, and what came back, tell of the rows that were considered."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from resuelve import wiring
from resuelve.cli.history_shown import opened
from resuelve.cli.past import Choice, Past
from resuelve.cli.surroundings import now, progress_bar, terminal
from resuelve.domain.errors import EvaluationError
from resuelve.journal import Answer, CallOutcome, Returned
from resuelve.replay.history.learning import (
    Considered,
    Rows,
    considered,
    last_words,
    rows_of,
    told_by,
    told_by_people,
    told_by_returns,
)
from resuelve.replay.replay import InForce
from resuelve.replay.witness import Witness
from resuelve.settings import Settings
from resuelve.texts import say


def learn_outcomes(settings: Settings, source: Path | None, *, as_json: bool = False) -> None:
    """Ask the closed incidents, and the record of what came back, and note what they tell.

    Raises:
        TicketUnavailable, DictionaryError, ModelUnavailable, VectorIndexError, JournalError, WorkspaceError: nothing
            was noted.
    """
    console, language = terminal(), settings.language
    with opened(settings, console) as history:
        if history is None:
            return
        asked = considered(history)
        told, tickets, missing = _told_by_closed(settings, source, asked)
        answered = told_by_people(_answers(settings), asked)
        found = last_words(told, told_by_returns(_returned(settings), asked), answered)
        news = history.note_outcomes(found)
    right = sum(one.right for one in found)
    counts = {"incidents": len(asked), "closed": tickets, "right": right, "wrong": len(found) - right, "news": news}
    if as_json:
        print(json.dumps({**counts, "missing_rows": missing}, indent=1))  # noqa: T201 - for other programs
        return
    console.print(say("history.learned", language, **counts), markup=False)
    if missing:
        console.print(say("history.missing_rows", language, count=missing), markup=False)


def _told_by_closed(
    settings: Settings, source: Path | None, asked: Considered
) -> tuple[Sequence[CallOutcome], int, int]:
    """What closed incidents tell; of how many that the history knows; how many rows no dictionary has."""
    with progress_bar(terminal()) as bar:
        try:
            past = Past.of(settings, Choice(source), bar)
        except EvaluationError:  # nothing is closed yet
            return (), 0, 0
        past = replace(past, lessons=[one for one in past.lessons if one.incident.code in asked])
        if not past.lessons:
            return (), 0, 0
        rows = _rows(settings, past, [state for one in past.lessons for state in asked[one.incident.code]])
        return [*told_by(_witnesses(settings, past, rows), rows, asked, now())], len(past.lessons), rows.missing


def _rows(settings: Settings, past: Past, states: Collection[str]) -> Rows:
    return rows_of(states, wiring.catalogue(settings).problems, past.earlier())


def _witnesses(settings: Settings, past: Past, rows: Rows) -> Sequence[Witness]:
    """By the same witness as `resuelve replay`, among all rows of these dictionaries."""
    return past.witnesses([InForce(0, problems, ()) for problems in rows.dictionaries], past.embedder(settings))


def _returned(settings: Settings) -> Sequence[Returned]:
    with closing(wiring.acts(settings, durable=False)) as acts:
        return acts.returned(ever=True)


def _answers(settings: Settings) -> Sequence[Answer]:
    with closing(wiring.answers(settings, durable=False)) as answers:
        return list(answers.given())
