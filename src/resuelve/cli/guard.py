"""What stands between a change and the dictionary on the command line: the change is tried out, and told about."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from rich.console import Console
from rich.table import Table
from rich.text import Text

from resuelve import wiring
from resuelve.cli.check import checked_table, decision_text
from resuelve.cli.options import PAST
from resuelve.cli.surroundings import progress_bar, terminal
from resuelve.domain.errors import DictionaryError, ModelError, TicketError, VectorIndexError
from resuelve.knowledge.catalogue import Catalogue
from resuelve.knowledge.guard import Guard, Judgement
from resuelve.knowledge.impact import Change, Difference, PastTicket
from resuelve.knowledge.regression import RegressionTicket
from resuelve.settings import Settings
from resuelve.texts import say, translated
from resuelve.wiring import trials

_SHOWN = 20
"""Differences of a kind that are shown; JSON has them all."""


class Gate:
    """Tries changes of the dictionary out before they are made; what it needs is loaded once, and only when needed.

    Args:
        past: how many past tickets are compared; with 0 the ticket manager is not asked.
    """

    def __init__(self, settings: Settings, *, past: int = PAST, console: Console | None = None) -> None:
        self._settings = settings
        self._past = past
        self._console = console or terminal()

    def allows(self, before: Catalogue, after: Catalogue, *, force: bool = False) -> bool:
        """Judge a change and show the judgement; True when it may be made.

        Raises:
            ResuelveError: there are regression tickets, and they could not be run; not with `force`.
        """
        try:
            judgement = self.judge(before, after)
        except (DictionaryError, VectorIndexError, ModelError) as error:
            if self._regression and not force:
                raise
            text = say("check.guard.untried", self._settings.language, error=translated(error, self._settings.language))
            self._console.print(text, style="yellow", markup=False)
            return True
        show(self._console, judgement, self._settings.language, forced=force)
        return force or not judgement.refused

    def judge(self, before: Catalogue, after: Catalogue) -> Judgement:
        """Judge a change; see `Guard.judge`."""
        if not self._regression and wiring.store(self._settings).current() is None:
            return Judgement()  # nothing was ever decided with this dictionary
        with progress_bar(self._console) as bar:
            task = bar.add_task(say("check.guard.progress", self._settings.language), total=None)
            return self._guard.judge(
                wiring.known_problems(self._settings, before).problems,
                wiring.known_problems(self._settings, after).problems,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )

    @cached_property
    def _guard(self) -> Guard:
        return trials.guard(self._settings, self._regression, self._compared)

    @cached_property
    def _regression(self) -> Sequence[RegressionTicket]:
        return trials.regression_file(self._settings).read().tickets

    @cached_property
    def _compared(self) -> Sequence[PastTicket]:
        """Without the ticket manager there is nothing to compare; the dictionary may be changed all the same."""
        if not self._past:
            return ()
        try:
            return trials.past(self._settings, self._past)
        except TicketError as error:
            text = say("check.guard.no_past", self._settings.language, error=translated(error, self._settings.language))
            self._console.print(text, style="yellow", markup=False)
            return ()


def show(console: Console, judgement: Judgement, language: str, *, forced: bool = False) -> None:
    """The judgement as people read it; nothing when there was nothing to judge by."""
    for name in ("broken", "weakened", "mended"):
        checked = getattr(judgement, name)
        if checked:
            console.print(say(f"check.guard.{name}", language, count=len(checked)), markup=False)
            console.print(checked_table(checked, language))
    for change in Change:
        differences = judgement.by_change(change)
        if differences:
            console.print(say(f"check.guard.{change}", language, count=len(differences)), markup=False)
            console.print(_differences(differences[:_SHOWN], language))
    if judgement.after or judgement.compared:
        counts = {"tickets": len(judgement.after), "failing": len(judgement.still_failing)}
        counts |= {"past": judgement.compared, "changed": len(judgement.differences)}
        console.print(say("check.guard.totals", language, **counts), markup=False)
    if judgement.refused:
        key = "check.guard.forced" if forced else "check.guard.refused"
        console.print(say(key, language), style="red", markup=False)


def _differences(differences: Sequence[Difference], language: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("incident", "before", "after", "done", "title"):
        table.add_column(Text(say(f"check.column.{name}", language)), overflow="fold")
    for one in differences:
        incident, done = one.ticket.incident, one.ticket.done
        table.add_row(
            Text(incident.code),
            decision_text(one.before, decimals=1),
            decision_text(one.after, decimals=1),
            Text(f"{done.label} {done.queue}".strip() if done else "—"),
            Text(" ".join(incident.title.split())[:80], style="dim"),
        )
    return table
