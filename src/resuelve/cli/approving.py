"""What a person says to proposals, carried out: yes, no, and that an agent may be asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

import typer
from rich.console import Console

from resuelve import assembly, wiring
from resuelve.cli.approvals_shown import print_proposal
from resuelve.cli.dictionary_changes import editor
from resuelve.cli.dictionary_views import print_json
from resuelve.cli.restored import print_comparison
from resuelve.cli.run import about
from resuelve.cli.surroundings import now, run_name, terminal, warn
from resuelve.domain.errors import ResuelveError
from resuelve.resolution.approvals import Approvals
from resuelve.resolution.approved import Accepted, accept, let_ask
from resuelve.resolution.observed_run import announce
from resuelve.settings import Settings
from resuelve.telemetry.logs.counts import counts
from resuelve.texts import say, translated
from resuelve.wiring.approving import approvals, approvals_over
from resuelve.wiring.watching import watched


def run_accept(settings: Settings, marks: Mapping[str, str], *, who: str, why: str, as_json: bool) -> tuple[int, int]:
    """Agree to what waits on these tickets, and carry it out.

    Args:
        marks: by code, of the proposal that was seen; where there is none, it is shown and asked about.

    Returns:
        How many tickets were changed, and of how many nothing or nothing certain was done.

    Raises:
        ResuelveError: nothing could be done.
    """
    named = list(marks)
    marks = _looked_at(settings, marks)
    if not marks:
        return 0, len(named)
    with _assembled(settings) as parts:
        found = accept(
            _service(settings, parts),
            parts.pipeline,
            parts.engine,
            marks,
            who=editor(who),
            why=why,
            reports=wiring.workspace(settings).reports,
            about=about(settings, parts, shadow=False),
            now=now,
        )
    done = sum(found.done(code) for code in named)
    if as_json:
        left = {code: translated(error, settings.language) for code, error in found.left.items()}
        print_json({"entries": list(found.entries.values()), "left": left, "report": str(found.report or "")})
    else:
        _print(terminal(), found, settings.language)
    return done, len(named) - done


def _looked_at(settings: Settings, marks: Mapping[str, str]) -> dict[str, str]:
    """The marks of those that were seen before, and of those that a person sees now and agrees to."""
    found = {code: mark for code, mark in marks.items() if mark}
    console, language = terminal(), settings.language
    with ExitStack() as stack:
        service = stack.enter_context(approvals(settings, warn)) if len(found) < len(marks) else None
        for code, mark in marks.items():
            if mark or service is None:
                continue
            try:
                proposal = service.one(code)
            except ResuelveError as error:
                _tell_error(console, error, language)
                continue
            print_proposal(console, proposal, language, now())
            if proposal.agent:  # there is no text to agree to yet
                continue
            if typer.confirm(say("approvals.confirm", language, incident=code)):
                found[code] = proposal.mark
    return found


def run_refuse(settings: Settings, marks: Mapping[str, str], *, who: str, why: str) -> tuple[int, int]:
    """Say no to what waits on these tickets.

    Returns:
        How many were refused, and how many could not be.

    Raises:
        DictionaryError, JournalError, SettingsError: nothing can be read. What goes wrong with one of them is told, and
            stops no other.
    """
    console, language, left = terminal(), settings.language, 0
    with approvals(settings, warn) as service:
        for code, mark in marks.items():
            try:
                service.decline(code, who=editor(who), why=why, mark=mark)
            except ResuelveError as error:
                left += 1
                _tell_error(console, error, language)
            else:
                console.print(say("approvals.refused", language, incident=code), markup=False)
    return len(marks) - left, left


def run_ask(settings: Settings, code: str, *, who: str, as_json: bool) -> None:
    """Let the agent be asked that waits to be, and show what it answers.

    Raises:
        ResuelveError: it was not asked, or gave no answer.
    """
    with _assembled(settings) as parts:
        service = _service(settings, parts)
        entry = let_ask(
            service,
            parts.pipeline,
            parts.engine,
            code,
            who=editor(who),
            reports=wiring.workspace(settings).reports,
            about=about(settings, parts, shadow=False),
            now=now,
        )
        if as_json:
            return print_json(entry)
        console, language = terminal(), settings.language
        console.print(entry["reason"], markup=False)
        if entry["decision"].get("proposal"):
            print_proposal(console, service.one(code), language, now())
            console.print(say("approvals.then", language), markup=False)
    return None


def _service(settings: Settings, parts: assembly.Assembly) -> Approvals:
    return approvals_over(settings, parts.tickets, parts.journal, parts.answers, parts.catalogue.problems, warn)


@contextmanager
def _assembled(settings: Settings) -> Iterator[assembly.Assembly]:
    console = terminal()
    with (
        watched(settings, warn) as signals,
        counts.counting(signals),
        assembly.assemble(
            settings,
            run_name(now()),
            on_compared=lambda found, report: print_comparison(console, found, report, settings.language),
            on_note=warn,
            start=False,
            signals=signals,
        ) as parts,
    ):
        announce(signals)
        yield parts


def _print(console: Console, found: Accepted, language: str) -> None:
    for code, entry in found.entries.items():
        done = say(f"cli.outcome.{entry['outcome']}", language)
        line = say("approvals.done", language, incident=code, done=done, reason=entry["reason"])
        console.print(line, markup=False, style=None if entry["changed"] else "yellow")
    for error in found.left.values():
        _tell_error(console, error, language)
    if found.report:
        console.print(say("cli.report", language, path=found.report), markup=False)


def _tell_error(console: Console, error: ResuelveError, language: str) -> None:
    console.print(translated(error, language), style="yellow", markup=False)
