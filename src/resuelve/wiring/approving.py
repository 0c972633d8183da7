"""What waits for a person, from the settings: for the command line, and whoever else asks people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime

from resuelve import wiring
from resuelve.domain.errors import JournalError, WorkspaceError
from resuelve.domain.known_error import KnownError
from resuelve.journal import Answers, CallOutcome, Journal
from resuelve.resolution.approvals import Approvals, after_returns
from resuelve.resolution.ladder import Place, earned, places
from resuelve.resolution.rules import Rules
from resuelve.settings import Settings
from resuelve.texts import say, translated
from resuelve.tickets import TicketManager


@contextmanager
def approvals(settings: Settings, on_note: Callable[[str], None]) -> Iterator[Approvals]:
    """What waits, open until the block ends.

    Raises:
        DictionaryError, JournalError, SettingsError: one of them cannot be used.
    """
    problems = wiring.known_problems(settings).problems
    with (
        closing(wiring.journal(settings)) as journal,
        closing(wiring.answers(settings)) as answers,
        closing(wiring.tickets(settings)) as tickets,
    ):
        yield approvals_over(settings, tickets, journal, answers, problems, on_note)


def approvals_over(
    settings: Settings,
    tickets: TicketManager,
    journal: Journal,
    answers: Answers,
    problems: Mapping[str, KnownError],
    on_note: Callable[[str], None],
) -> Approvals:
    """The same over what is open already.

    Args:
        on_note: told what could not be kept for learning, and stops nothing.
    """
    return Approvals(
        tickets=tickets,
        journal=journal,
        answers=answers,
        problems=problems,
        rules=wiring.rules(settings),
        clock=lambda: datetime.now().astimezone(),
        tell=lambda outcome: _tell(settings, outcome, on_note),
    )


def ladder(settings: Settings) -> list[Place]:
    """Where every row stands.

    Raises:
        DictionaryError, JournalError, ModelUnavailable, WorkspaceError: one of them cannot be read.
    """
    problems = wiring.known_problems(settings).problems
    with closing(wiring.acts(settings, durable=False)) as acts:
        breakers = wiring.breakers(settings, acts)
        fallen = {name: breakers.fallen(problems[name]) for name in breakers.as_json(problems)["fallen"]}
    return places(problems, rules_on_record(settings), fallen)


def rules_on_record(settings: Settings) -> Rules:
    """What the team sets, with all that the rows have shown: on past tickets, and by people's answers.

    Raises:
        JournalError, ModelUnavailable, WorkspaceError: one of them cannot be read.
    """
    past = wiring.learned(settings)
    embedder = wiring.embedder(settings).identity if past else ""
    with (
        closing(wiring.acts(settings, durable=False)) as acts,
        closing(wiring.answers(settings, durable=False)) as answers,
    ):
        shown = earned(answers.given(), acts.returned(ever=True))
    return wiring.rules(settings, past, embedder, earned=shown)


def _tell(settings: Settings, outcome: CallOutcome, on_note: Callable[[str], None]) -> None:
    """Note an answer as an outcome, where there is a history; what came back is known to be wrong whatever was said.
    The answer itself is kept whatever becomes of this.
    """
    if not wiring.workspace(settings).history_file.exists():
        return
    try:
        with closing(wiring.acts(settings, durable=False)) as acts:
            outcome = after_returns(outcome, acts.returned(ever=True))
        with closing(wiring.history(settings)) as book:
            book.note_outcomes([outcome])
    except (JournalError, WorkspaceError) as error:
        on_note(say("approvals.not_labelled", settings.language, error=translated(error, settings.language)))
