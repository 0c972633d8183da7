"""The history of model calls on the terminal, and what is taken out of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from resuelve import wiring
from resuelve.cli.surroundings import harmless, now, terminal
from resuelve.journal import History, ModelCall
from resuelve.replay.history.figures import Figures, figures_of
from resuelve.replay.history.led_to import Known
from resuelve.resolution.history import days_before
from resuelve.settings import Settings
from resuelve.texts import say

_COLUMNS = ("role", "model", "calls", "failed", "tokens", "seconds")
_FIRST_DAY, _LAST_DAY = datetime(1971, 1, 2), datetime(2999, 12, 30)  # noqa: DTZ001 - as they are written
"""Not every system knows the time of a place beyond these days."""
_LONGEST = 4000
"""Characters of an input or output that the terminal shows; `--json` has all."""


def show_figures(settings: Settings, *, as_json: bool = False) -> None:
    """Counts by role and model, first and last day, and what is known of them.

    Raises:
        JournalError, WorkspaceError: the history cannot be read.
    """
    console, language = terminal(), settings.language
    with opened(settings, console) as history:
        if history is None:
            return
        found = figures_of(history)
    if as_json:
        print(json.dumps(found.as_json(), ensure_ascii=False, indent=1))  # noqa: T201 - for other programs
        return
    if not found.first or not found.last:
        console.print(say("history.empty", language), markup=False)
        return
    slots = {"calls": found.calls, "incidents": found.incidents, "first": day(found.first), "last": day(found.last)}
    console.print(say("history.sum", language, **slots), markup=False)
    console.print(_table(found, language))
    right, wrong = _counted(found.right, language), _counted(found.wrong, language)
    known = bool(found.right or found.wrong)
    console.print(
        say("history.known" if known else "history.unknown", language, right=right, wrong=wrong), markup=False
    )


def show_calls(settings: Settings, incident: str, *, as_json: bool = False) -> None:
    """The calls of one incident, oldest first.

    Raises:
        JournalError, WorkspaceError: the history cannot be read.
    """
    console, language = terminal(), settings.language
    with opened(settings, console) as history:
        if history is None:
            return
        known = Known.of(history, incident=incident)
        calls = [*history.calls(incident=incident)]
    if as_json:
        print(harmless(json.dumps([_as_json(one, known) for one in calls], ensure_ascii=False, indent=1)))  # noqa: T201
        return
    if not calls:
        console.print(say("history.no_calls", language, incident=incident), markup=False)
    for call in calls:
        head = f"{day(call.at)}  {call.role}  {call.model}"
        console.print(Text(" · ".join(filter(None, (head, _cost(call), _word(known.word(call), language)))), "bold"))
        for key, value in (("history.given", call.input), ("history.answered", call.output)):
            if value is not None:
                text = json.dumps(value, ensure_ascii=False)
                console.print(Text(f"  {say(key, language)}: {text[:_LONGEST]}{'…' * (len(text) > _LONGEST)}"))
        if call.error:
            console.print(Text(f"  {call.error}", "red"))


def forget_calls(settings: Settings, before: datetime | None, older_than: int | None) -> None:
    """Take calls out that ended before a day, or that are older than so many days.

    Raises:
        JournalError, WorkspaceError: the history cannot be written.
    """
    console = terminal()
    moment = at_home(before) if before else days_before(now(), older_than or 0)
    with opened(settings, console) as history:
        if history is None:
            return
        count = history.forget(moment)
    console.print(say("history.forgotten", settings.language, count=count, before=day(moment)), markup=False)


@contextmanager
def opened(settings: Settings, console: Console) -> Iterator[History | None]:
    """The history until the block ends; None, and said so, where nothing was kept yet.

    Raises:
        JournalError, WorkspaceError: it cannot be opened.
    """
    if not wiring.workspace(settings).history_file.exists():
        console.print(say("history.empty", settings.language), markup=False)
        yield None
        return
    history = wiring.history(settings)
    try:
        yield history
    finally:
        history.close()


def at_home(day: datetime) -> datetime:
    """A day as somebody wrote it, in the time of this place; days that no call can be of as the nearest that can."""
    return min(max(day, _FIRST_DAY), _LAST_DAY).astimezone()


def day(moment: datetime) -> str:
    """A moment as people here write it."""
    return f"{moment.astimezone():%d/%m/%Y %H:%M}"


def _table(found: Figures, language: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in _COLUMNS:
        table.add_column(
            Text(say(f"history.column.{name}", language)), justify="left" if name in _COLUMNS[:2] else "right"
        )
    for line in found.lines:
        tokens = f"{line.tokens_in} / {line.tokens_out}" if line.tokens_in or line.tokens_out else ""
        model = Text(harmless(line.model))
        table.add_row(
            Text(harmless(line.role)), model, str(line.calls), str(line.failed), tokens, f"{line.seconds:.1f}"
        )
    return table


def _counted(how: Counter[str], language: str) -> str:
    each = [f"{say(f'history.how.{name}', language)} {count}" for name, count in sorted(how.items())]
    return f"{how.total()} ({', '.join(each)})" if each else "0"


def _cost(call: ModelCall) -> str:
    tokens = f"{call.tokens_in} → {call.tokens_out} tokens, " if call.tokens_in or call.tokens_out else ""
    return f"{tokens}{1000 * call.seconds:.0f} ms"


def _word(word: str, language: str) -> str:
    return say(f"history.was_{word}", language) if word else ""


def _as_json(call: ModelCall, known: Known) -> dict[str, Any]:
    how = known.of_call(call)
    return {
        "id": call.id,
        "at": call.at.isoformat(),
        "run": call.run,
        "incident": call.incident,
        "revision": call.revision,
        "role": call.role,
        "model": call.model,
        "prompt": call.prompt,
        "input": call.input,
        "output": call.output,
        "error": call.error,
        "calls": call.calls,
        "tokens_in": call.tokens_in,
        "tokens_out": call.tokens_out,
        "seconds": call.seconds,
        "outcome": known.word(call),
        "outcome_how": how.how if how else "",
    }
