"""A run put together: the pipeline, with everything that it stands on, from the settings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from resuelve import wiring
from resuelve.backup.occupancy import occupied, uncompared
from resuelve.journal import Acts, Answers, Engine, Journal
from resuelve.knowledge import correctives
from resuelve.knowledge.catalogue import Catalogue
from resuelve.knowledge.observed import tell_knowledge
from resuelve.replay.learned import fingerprint as taught_by
from resuelve.resolution.approvals import refused_by
from resuelve.resolution.history import RunHistory
from resuelve.resolution.ladder import earned, merit_now, unproven
from resuelve.resolution.merits import Merit, Merits, state_named
from resuelve.resolution.pipeline import Pipeline
from resuelve.resolution.prompts import ASKED, ROLES, version
from resuelve.resolution.reconcile import Comparison, compare, write_comparison
from resuelve.resolution.report import append_rejections
from resuelve.resolution.row_record import RowRecords
from resuelve.resolution.rules import Rules
from resuelve.settings import Settings
from resuelve.telemetry import SILENT, Signals
from resuelve.tickets import TicketManager
from resuelve.wiring.following import follow
from resuelve.wiring.reading import attachments, reads
from resuelve.wiring.speaking import understudy
from resuelve.wiring.students import students_in_use
from resuelve.wiring.watching import waiting_proposals, watched_chat, watched_embedder
from resuelve.workspace import Workspace


def fingerprint(
    settings: Settings,
    known: Catalogue,
    embedder_identity: str,
    seen: int,
    taught: str = "",
    versions: Iterable[str] = (),
) -> str:
    """Changes when a decision could come out differently, and unchanged tickets must be looked at again (12 digits).

    Args:
        seen: how many acts that came back somebody has seen to: with each, a row may act again.
        taught: see `replay.learned.fingerprint`.
        versions: the learned versions that speak, by what identifies them.
    """
    parts = [
        known.fingerprint,
        correctives.overdue(known.problems.values(), wiring.today()),
        embedder_identity,
        seen,
        taught,
        settings.right_before_acting,
        settings.environment,
        settings.chat_model,
        settings.critic_approval_threshold,
        settings.max_retries_critic,
        settings.query_limit,
        sorted(settings.policy.items()),
        sorted(settings.thresholds.items()),
        settings.system_codes,
        reads(settings),
        [version(role) for role in ROLES],
        *versions,
    ]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Assembly:
    """A pipeline with what it stands on, open until the `assemble` block ends."""

    pipeline: Pipeline
    catalogue: Catalogue
    journal: Journal
    acts: Acts
    engine: Engine
    tickets: TicketManager
    answers: Answers


Compared = Callable[[Comparison, Path], None]
"""Told what the comparison of a restored workspace with the ticket manager found, and where its report is."""


@contextmanager
def assemble(
    settings: Settings,
    run: str,
    *,
    shadow: bool = False,
    on_compared: Compared = lambda *_: None,
    on_note: Callable[[str], None] = lambda _: None,
    start: bool = True,
    signals: Signals = SILENT,
    engine: Engine | None = None,
) -> Iterator[Assembly]:
    """Build everything that a run needs, and close it in the end. Inside the block nobody restores the workspace.

    Unless it is a shadow's, a restored workspace is compared with the ticket manager first.

    Args:
        on_note: told what is not as the team wants it, and stops nothing: a learned version that cannot be used, calls
            that could not be kept.
        start: whether newer learned versions are looked for, where the settings say that some may be; a process that
            assembles again and again does so once.
        signals: told of incidents, stages and calls of models.
        engine: one that goes on from an earlier assembly, and stays open; a new one where there is none.

    Raises:
        ResuelveError: whatever is missing, with what to do about it.
    """
    place = wiring.workspace(settings)
    with ExitStack() as stack:
        stack.enter_context(occupied(place.root))
        place.prepare()
        if start:
            follow(settings, on_note)
        known = wiring.known_problems(settings)
        model = wiring.embedder(settings)
        past = wiring.learned(settings)
        students = students_in_use(settings, model.identity)
        for note in students.notes(settings.language):
            on_note(note)
        watched = watched_embedder(settings, model, signals)
        knowledge = stack.enter_context(wiring.knowledge_for(settings, known, watched))
        if signals is not SILENT:
            built, waiting = knowledge.index.identity.built_at, waiting_proposals(settings)
            tell_knowledge(signals, known, built_at=built, proposals=waiting)
        book = wiring.journal(settings, durable=not shadow)
        stack.callback(book.close)
        acts = wiring.acts(settings, durable=not shadow)
        stack.callback(acts.close)
        answers = wiring.answers(settings, durable=not shadow)
        stack.callback(answers.close)
        said, returned = list(answers.given()), acts.returned(ever=True)
        rules = wiring.rules(settings, past, model.identity, earned=earned(said, returned))
        # No part of the fingerprint: an answer about one ticket must not have all the others decided anew.
        rules = replace(rules, record=RowRecords(said, returned).now)
        past_alone = wiring.rules(settings, past, model.identity).merits
        taught = taught_by(past, model.identity, rules.merits, rules.needed)
        manager = wiring.tickets(settings)
        stack.callback(manager.close)
        if not shadow:
            _compare_if_restored(place, book, manager, settings.label, on_compared)
        works = engine or wiring.engine(settings, durable=not shadow)
        if engine is None:
            stack.callback(works.close)
        kept = stack.enter_context(_history(settings, run, on_note))
        helpers = wiring.agents(settings)
        for code in settings.system_codes:
            helpers[code]()  # a wrong address is said now, and is no failure of the incident that would need it
        cast = stack.enter_context(understudy(settings, wiring.chat(settings), on_note))
        chat = watched_chat(settings, cast.chat, signals, ASKED) if cast.chat else None
        speaking = [students.fingerprint, cast.identity]
        reader = stack.enter_context(attachments(settings, manager, on_note, speaking.append, signals))
        pipeline = Pipeline(
            tickets=manager,
            journal=book,
            knowledge=knowledge,
            agents=helpers,
            rules=students.over(rules),
            breakers=wiring.breakers(settings, acts),
            run=run,
            fingerprint=fingerprint(settings, known, model.identity, acts.seen(), taught, filter(None, speaking)),
            chat=chat,
            attachments=reader,
            shadow=shadow,
            fresh=settings.fresh_seconds,
            max_failures=settings.max_failures,
            history=kept,
            signals=signals,
            refused=lambda incident: refused_by(answers, incident, settings.language),
            unproven=lambda problem: _unproven(problem, rules, past_alone, answers, acts),
            on_record=lambda entry: append_rejections(place.rejected, datetime.now().astimezone(), entry),
        )
        yield Assembly(pipeline, known, book, acts, works, manager, answers)


def _unproven(problem: Mapping[str, Any], rules: Rules, past: Merits, answers: Answers, acts: Acts) -> str:
    """Why a row may not act by itself on its record at this moment: somebody may have said no since the run began."""
    if not rules.needed:
        return ""
    state = state_named(problem["id"], problem.get("fingerprint", ""))
    return unproven(problem, rules, past.get(state, Merit()) + merit_now(state, answers, acts))


@contextmanager
def _history(settings: Settings, run: str, on_note: Callable[[str], None]) -> Iterator[RunHistory]:
    file = wiring.workspace(settings).history_file
    kept = RunHistory(
        lambda: wiring.history(settings), run, settings.history, days=settings.history_days, present=file.exists
    )
    try:
        yield kept
    finally:
        kept.close()
        if note := kept.note(settings.language):
            on_note(note)


def _compare_if_restored(
    place: Workspace, book: Journal, manager: TicketManager, label: str, on_compared: Compared
) -> None:
    with uncompared(place.root) as must:
        if must:
            found = compare(manager, book, label=label)
            on_compared(found, write_comparison(place.reports, datetime.now().astimezone(), found))
