"""What a person says to proposals, carried out: yes, no, and that an agent may be asked."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

from rich.console import Console

from resuelve import assembly, wiring
from resuelve.cli.dictionary_changes import editor
from resuelve.cli.dictionary_views import print_json
from resuelve.cli.restored import print_comparison
from resuelve.cli.run import about
from resuelve.cli.surroundings import now, run_name, terminal, warn
from resuelve.domain.errors import NotWaiting, ResuelveError
from resuelve.resolution.approvals import Approvals
from resuelve.resolution.approved import Accepted, accept, let_ask
from resuelve.settings import Settings
from resuelve.texts import say, translated
from resuelve.wiring.approving import approvals, approvals_over


def run_accept(
    settings: Settings, codes: Sequence[str], *, who: str, why: str, mark: str, as_json: bool
) -> tuple[int, int]:
    """Agree to what waits on these tickets, and carry it out.

    Returns:
        How many tickets were changed, and of how many nothing or nothing certain was done.

    Raises:
        ResuelveError: nothing could be done.
    """
    with _assembled(settings) as parts:
        found = accept(
            _service(settings, parts),
            parts.pipeline,
            parts.engine,
            codes,
            who=editor(who),
            why=why,
            mark=mark,
            reports=wiring.workspace(settings).reports,
            about=about(settings, parts, shadow=False),
            now=now,
        )
    named = dict.fromkeys(codes)
    done = sum(found.done(code) for code in named)
    if as_json:
        left = {code: translated(error, settings.language) for code, error in found.left.items()}
        print_json({"entries": list(found.entries.values()), "left": left, "report": str(found.report or "")})
    else:
        _print(terminal(), found, settings.language)
    return done, len(named) - done


def run_refuse(settings: Settings, codes: Sequence[str], *, who: str, why: str, mark: str) -> tuple[int, int]:
    """Say no to what waits on these tickets.

    Returns:
        How many were refused, and how many could not be.

    Raises:
        TicketUnavailable, JournalError, DictionaryError: it cannot be read or written.
    """
    console, language, left = terminal(), settings.language, 0
    named = dict.fromkeys(codes)
    with approvals(settings, warn) as service:
        for code in named:
            try:
                service.decline(code, who=editor(who), why=why, mark=mark)
            except NotWaiting as error:
                left += 1
                _tell_error(console, error, language)
            else:
                console.print(say("approvals.refused", language, incident=code), markup=False)
    return len(named) - left, left


def run_ask(settings: Settings, code: str, *, who: str, as_json: bool) -> None:
    """Let the agent be asked that waits to be, and show what it answers.

    Raises:
        ResuelveError: it was not asked, or gave no answer.
    """
    with _assembled(settings) as parts:
        entry = let_ask(
            _service(settings, parts),
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
    proposal, console = entry["decision"].get("proposal"), terminal()
    console.print(entry["reason"], markup=False)
    if proposal:
        console.print(proposal.get("text", ""), markup=False, soft_wrap=True)
        console.print(say("approvals.then", settings.language, incident=code), markup=False)
    return None


def _service(settings: Settings, parts: assembly.Assembly) -> Approvals:
    return approvals_over(settings, parts.tickets, parts.journal, parts.answers, parts.catalogue.problems, warn)


def _assembled(settings: Settings) -> AbstractContextManager[assembly.Assembly]:
    console = terminal()
    return assembly.assemble(
        settings,
        run_name(now()),
        on_compared=lambda found, report: print_comparison(console, found, report, settings.language),
        on_note=warn,
        start=False,
    )


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
