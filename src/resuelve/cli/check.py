"""`resuelve check`: the regression tickets of the dictionary, run, added and removed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from resuelve import wiring
from resuelve.cli.surroundings import harmless, progress_bar, terminal, warn
from resuelve.domain.errors import DictionaryError, Rejected, TicketNotFound
from resuelve.domain.incident import Incident
from resuelve.knowledge.depersonalise import depersonalised
from resuelve.knowledge.past import as_asked
from resuelve.knowledge.regression import Checked, RegressionTicket, Result, check
from resuelve.knowledge.standing import Standing
from resuelve.resolution.report import rejected_as_json
from resuelve.resolution.words import stems
from resuelve.settings import Settings
from resuelve.texts import say, translated
from resuelve.wiring import trials
from resuelve.wiring.students import rules_in_force

MARKS = {Result.PASSED: ("✓", "green"), Result.WEAK: ("≈", "yellow"), Result.FAILED: ("✗", "red")}


def run_check(settings: Settings, *, problem: str = "", strict: bool = False, as_json: bool = False) -> bool:
    """Run the regression tickets, all or those of one problem, and show how they came out.

    Returns:
        False when one failed, when a line could not be read, or, with `strict`, when one is weak.

    Raises:
        ResuelveError: they could not be run.
    """
    console = terminal()
    found = trials.regression_file(settings).read()
    tickets = [one for one in found.tickets if problem in ("", one.problem)]
    checked = _checked(settings, tickets, console) if tickets else ()
    counts = Counter(one.result for one in checked)
    well = not (counts[Result.FAILED] or found.rejected or (strict and counts[Result.WEAK]))
    if as_json:
        content = {
            "passed": well,
            "totals": {result.value: counts[result] for result in Result},
            "results": [one.as_json() for one in checked],
            "set_aside": rejected_as_json(found.rejected, settings.language),
        }
        print(harmless(json.dumps(content, ensure_ascii=False, indent=1)))  # noqa: T201 - for other programs
        return well
    language = settings.language
    if checked:
        console.print(checked_table(checked, language))
        console.print()
    key = "check.totals" if checked else "check.none"
    slots = {result.value: counts[result] for result in Result} if checked else {}
    console.print(say(key, language, **slots), markup=False)
    _print_set_aside(console, found.rejected, language)
    return well


def add_ticket(settings: Settings, code: str, problem: str, *, must: bool, note: str) -> None:
    """Make an incident of the ticket manager a regression ticket, and show how it comes out now.

    Raises:
        TicketNotFound: the ticket manager does not list it.
        DictionaryError: the dictionary has no such problem.
        ResuelveError: whatever else is missing.
    """
    console, language = terminal(), settings.language
    dictionary = wiring.catalogue(settings)
    if problem not in dictionary.problems:
        raise DictionaryError("the dictionary has no such problem", where=problem, remedy="check ID PROBLEMA")
    incident = _asked(settings, code)
    words = [one for known in dictionary.problems.values() for one in (*known.examples, known.component)]
    without = depersonalised(incident, vocabulary=frozenset().union(*map(stems, words)))
    ticket = RegressionTicket(problem, must, without, note)
    original, stored = _checked(settings, (RegressionTicket(problem, must, incident, note), ticket), console)
    replaced = trials.regression_file(settings).add(ticket)
    key = "check.replaced" if replaced else "check.added"
    console.print(say(key, language, incident=code, file=wiring.workspace(settings).regression_tickets), markup=False)
    console.print(checked_table([stored], language))
    if stored.result is not original.result:
        console.print(say("check.other_without_names", language), style="yellow", markup=False)


def remove_ticket(settings: Settings, code: str, problem: str) -> bool:
    """Take the regression tickets of an incident out; False when there is none."""
    count = trials.regression_file(settings).remove(code, problem)
    terminal().print(say("check.removed", settings.language, count=count, incident=code), markup=False)
    return count > 0


def checked_table(checked: Sequence[Checked], language: str) -> Table:
    """A line each, those that failed first."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("result", "problem", "must", "incident", "decision", "why"):
        table.add_column(Text(say(f"check.column.{name}", language)), overflow="fold")
    order = [Result.FAILED, Result.WEAK, Result.PASSED]
    for one in sorted(checked, key=lambda each: order.index(each.result)):
        mark, colour = MARKS[one.result]
        ticket = one.ticket
        table.add_row(
            Text(f"{mark} {say(f'check.result.{one.result}', language)}", style=colour),
            Text(ticket.problem),
            Text(say("check.must" if ticket.must else "check.must_not", language)),
            Text(ticket.incident.code),
            decision_text(one.standing),
            Text(_why(one, language), style="dim"),
        )
    return table


def decision_text(standing: Standing, *, decimals: int = 0) -> Text:
    """The row and its score; ``≈`` before one that the critic did not approve."""
    if not standing.problem:
        return Text("—", style="dim")
    text = f"{'' if standing.approved else '≈ '}{standing.problem}"
    return Text(text if standing.score is None else f"{text} ({standing.score:.{decimals}f})")


def _why(one: Checked, language: str) -> str:
    if not one.known:
        return say("check.unknown_problem", language)
    reason = "" if one.result is Result.PASSED else one.standing.reason
    return " · ".join(part for part in (reason, one.ticket.note) if part)


def _checked(settings: Settings, tickets: Sequence[RegressionTicket], console: Console) -> tuple[Checked, ...]:
    dictionary, model = wiring.known_problems(settings), wiring.embedder(settings)
    with wiring.knowledge_for(settings, dictionary, model) as knowledge, progress_bar(console) as bar:
        task = bar.add_task(say("check.progress", settings.language), total=None)

        def told(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        chat, workers = wiring.chat(settings), settings.workers
        rules = rules_in_force(settings, model.identity, warn)
        return check(tickets, knowledge, rules, chat=chat, workers=workers, progress=told)


def _asked(settings: Settings, code: str) -> Incident:
    """The incident as a run should meet it: whether it is closed, the ticket manager says by where it lists it."""
    manager = wiring.tickets(settings)
    try:
        for closed, listing in ((False, manager.open_incidents()), (True, manager.closed_incidents())):
            for incident in listing.incidents:
                if incident.code == code:
                    return as_asked(incident, closed=closed, label=settings.label)
    finally:
        manager.close()
    raise TicketNotFound("the ticket manager does not list it", where=code, remedy="check the code")


def _print_set_aside(console: Console, rejected: Sequence[Rejected], language: str) -> None:
    if rejected:
        console.print(say("check.set_aside", language, count=len(rejected)), style="red", markup=False)
    for one in rejected[:10]:
        console.print(f"  {translated(one, language)}", markup=False)
