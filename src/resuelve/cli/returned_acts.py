"""What was done by itself and came back: shown, reported by a person, seen to."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.table import Table
from rich.text import Text

from resuelve import wiring
from resuelve.cli.kept import kept_record
from resuelve.cli.lasted import lasted_in_words
from resuelve.cli.surroundings import harmless, now, terminal
from resuelve.domain.errors import JournalError
from resuelve.domain.known_error import KnownError
from resuelve.journal import Acts, Returned, ReturnedAs
from resuelve.pages.days import moment_told
from resuelve.settings import Settings
from resuelve.texts import say

_COLUMNS = ("incident", "problem", "done", "at", "returned", "how", "row")


def show_returned(settings: Settings, *, as_json: bool = False) -> None:
    """Show what came back and nobody has seen to, and how much of what was done lasted.

    Raises:
        JournalError, DictionaryError: one of them cannot be read.
    """
    problems = wiring.known_problems(settings).problems
    with _acts(settings, extend=False) as acts:
        found = acts.returned()
    console, language = terminal(), settings.language
    if as_json:
        print(json.dumps([_as_json(one, problems) for one in found], ensure_ascii=False, indent=1))  # noqa: T201
        return
    if found:
        console.print(_table(found, problems, language))
    else:
        console.print(say("breakers.none", language), markup=False)
    for line in lasted_in_words(kept_record(settings, now()), language):
        console.print(line, markup=False)


def _table(found: Sequence[Returned], problems: Mapping[str, KnownError], language: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in _COLUMNS:
        table.add_column(Text(say(f"breakers.column.{name}", language)), overflow="fold")
    for one in found:
        table.add_row(
            Text(harmless(one.act.incident)),
            Text(harmless(one.act.problem)),
            Text(say(f"cli.outcome.{one.act.kind}", language)),
            *(Text(moment_told(at.astimezone().isoformat(), language)) for at in (one.act.at, one.at)),
            Text(say(f"breakers.how.{one.how}", language)),
            Text(say(f"breakers.state.{_state(one, problems)}", language)),
        )
    return table


def report_wrong(settings: Settings, incident: str) -> None:
    """Note that what was last done to an incident was wrong; its row then no longer acts by itself.

    Raises:
        JournalError: nothing was done to it, or the journal cannot be written.
    """
    with _acts(settings) as acts:
        done = acts.of(incident)
        if not done:
            raise JournalError(
                "nothing was done to this incident automatically", where=incident, remedy="check the code"
            )
        problems = wiring.known_problems(settings).problems
        reported = Returned(done[-1], ReturnedAs.REPORTED, now())
        acts.note_return(reported.act, reported.how, reported.at)
    slots = {"incident": harmless(incident), "problem": harmless(reported.act.problem)}
    key = f"breakers.reported.{_state(reported, problems)}"
    terminal().print(say(key, settings.language, **slots), markup=False)


def see_to(settings: Settings, incidents: Collection[str] | None) -> None:
    """Note that somebody has seen to what came back: of these incidents, or of all (None).

    Raises:
        JournalError: nothing of an incident came back, or the journal cannot be written.
    """
    with _acts(settings) as acts:
        found = acts.returned()
        known = {one.act.incident for one in found}
        for incident in incidents or ():
            if incident not in known:
                raise JournalError("nothing of this incident came back", where=incident, remedy="check the code")
        meant = [one.act for one in found if incidents is None or one.act.incident in incidents]
        count = acts.see_to(meant)
    rows = ", ".join(dict.fromkeys(harmless(act.problem) for act in meant))
    terminal().print(say("breakers.seen", settings.language, count=count, rows=rows or "—"), markup=False)


@contextmanager
def _acts(settings: Settings, *, extend: bool = True) -> Iterator[Acts]:
    acts = wiring.acts(settings, extend=extend)
    try:
        yield acts
    finally:
        acts.close()


def _state(one: Returned, problems: Mapping[str, KnownError]) -> str:
    problem = problems.get(one.act.problem)
    if problem is None:
        return "gone"
    return "fallen" if problem.fingerprint == one.act.row else "changed"


def _as_json(one: Returned, problems: Mapping[str, KnownError]) -> dict[str, Any]:
    return {
        "incident": one.act.incident,
        "reference": one.act.reference,
        "problem": one.act.problem,
        "done": one.act.kind,
        "at": one.act.at.isoformat(),
        "returned_at": one.at.isoformat(),
        "how": one.how.value,
        "row": _state(one, problems),
    }
