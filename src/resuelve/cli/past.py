"""Past tickets, decided again: what `resuelve replay` and `resuelve calibrate` have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from rich.progress import Progress

from resuelve import wiring
from resuelve.domain.errors import DictionaryError, EvaluationError, Rejected
from resuelve.domain.incident import Incident
from resuelve.domain.known_error import KnownError
from resuelve.knowledge.past import Lesson
from resuelve.knowledge.version_log import Version
from resuelve.knowledge.versions import Dictionary
from resuelve.replay.predict import RememberingEmbedder
from resuelve.replay.replay import Configuration, InForce, Replayed, as_of_the_day, is_before_history, replay
from resuelve.replay.witness import Witness, lesson_for, states, witnesses
from resuelve.resolution.merits import state_named
from resuelve.resolution.row_record import RowRecords
from resuelve.resolution.rules import Rules
from resuelve.settings import Settings
from resuelve.texts import say
from resuelve.wiring import trials

_REMEMBERED = 100_000
"""Texts whose vectors are kept from the first time that the past is read to the last configuration."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which past tickets.

    Attributes:
        source: an export of closed incidents, in place of the ticket manager.
        since: only tickets opened on this day or later.
        limit: only so many, the newest; 0 for all.
    """

    source: Path | None = None
    since: date | None = None
    limit: int = 0

    def told(self, language: str) -> str:
        """Where they come from, for people to read."""
        return str(self.source) if self.source else say("mine.source.manager", language)


@dataclass(frozen=True, slots=True)
class Past:
    """Past tickets in the order in which they were opened, and what could not be read.

    Attributes:
        versions: of the dictionary, oldest first.
    """

    settings: Settings
    lessons: Sequence[Lesson]
    rejected: Sequence[Rejected]
    versions: Sequence[Version]
    bar: Progress

    @classmethod
    def of(cls, settings: Settings, choice: Choice, bar: Progress) -> Past:
        """Ask for the tickets and the history.

        Raises:
            EvaluationError: there are none.
            TicketUnavailable, DictionaryError: they cannot be had.
        """
        listing = wiring.closed_incidents(settings, choice.source)
        lessons = _chosen(listing.incidents, choice, settings.label)
        if not lessons:
            remedy = "choose an earlier day, or give an export with --from"
            raise EvaluationError("there are no past tickets", where=str(choice.source or "tickets"), remedy=remedy)
        return cls(settings, lessons, listing.rejected, wiring.dictionary(settings).history(), bar)

    @property
    def before_history(self) -> int:
        """How many of them nobody knows which rows existed for."""
        return len(self.lessons) - len(self.dated)

    @property
    def dated(self) -> frozenset[str]:
        """The codes of those that were opened when the dictionary had a history."""
        return frozenset(
            one.incident.code for one in self.lessons if not is_before_history(one.incident.opened, self.versions)
        )

    def embedder(self, settings: Settings, known: RememberingEmbedder | None = None) -> RememberingEmbedder:
        """The embedder of these settings; the one that is known, with all that it remembers, where it is the same."""
        model = wiring.embedder(settings)
        return known if known and known.identity == model.identity else RememberingEmbedder(model, most=_REMEMBERED)

    def as_of_the_day(self) -> Sequence[InForce]:
        """The tickets with the rows that existed when each was opened."""
        history = wiring.dictionary(self.settings)
        opened = [one.incident.opened for one in self.lessons]
        return as_of_the_day(opened, self.versions, lambda number: self._rows_of(history, number))

    def earlier(self) -> Iterator[Mapping[str, KnownError]]:
        """The rows of each version of the dictionary, newest first, read as they are asked for."""
        history = wiring.dictionary(self.settings)
        return (self._rows_of(history, one.number) for one in reversed(self.versions))

    def _rows_of(self, history: Dictionary, number: int) -> Mapping[str, KnownError]:
        """The rows of a version; of one that cannot be read (somebody saved a broken file) those of the one before."""
        for earlier in range(number, 0, -1):
            with suppress(DictionaryError):
                return history.at(earlier).problems
        return {}

    def witnesses(self, in_force: Iterable[InForce], model: RememberingEmbedder) -> tuple[Witness, ...]:
        """The tickets as witnesses for all of these rows; what came back speaks against its row."""
        rows = states(one.problems for one in in_force)
        with trials.drafts(self.settings, model) as knowing, knowing(rows) as knowledge:
            seen = witnesses(
                self.lessons, knowledge, label=self.settings.label, progress=self._told("replay.progress.past")
            )
        returned = self._returned()
        return tuple(replace(one, refuted=returned.get(one.lesson.incident.code, frozenset())) for one in seen)

    def decided(
        self,
        name: str,
        settings: Settings,
        rules: Rules,
        model: RememberingEmbedder,
        in_force: Sequence[InForce],
        seen: Sequence[Witness],
    ) -> tuple[Replayed, ...]:
        """Every ticket as these settings and rules would have decided it."""
        chat = wiring.chat(settings)
        with trials.drafts(settings, model) as knowing:
            # The fixes under way have no history, so no ticket is told to wait; and rows show here what they can do.
            tried = replace(rules, today=None, needed=0, record=self._records().as_of_opening)
            configuration = Configuration(
                name, tried, model, knowing, chat=chat, workers=settings.workers if chat else 1
            )
            return replay(configuration, in_force, seen, progress=self._told("replay.progress.tickets", name=name))

    def _told(self, key: str, **slots: object) -> Callable[[int, int], None]:
        task = self.bar.add_task(say(key, self.settings.language, **slots), total=len(self.lessons))
        return lambda done, total: self.bar.update(task, completed=done, total=total)

    def _records(self) -> RowRecords:
        """What people have answered about rows."""
        with (
            closing(wiring.answers(self.settings, durable=False)) as answers,
            closing(wiring.acts(self.settings, durable=False)) as acts,
        ):
            return RowRecords(answers.given(), acts.returned(ever=True))

    def _returned(self) -> dict[str, frozenset[str]]:
        """By ticket, the rows whose act on it came back, or was called wrong."""
        found: dict[str, frozenset[str]] = {}
        with closing(wiring.acts(self.settings, durable=False)) as acts:
            for one in acts.returned(ever=True):
                state = state_named(one.act.problem, one.act.row)
                found[one.act.incident] = found.get(one.act.incident, frozenset()) | {state}
        return found


def _chosen(closed: Sequence[Incident], choice: Choice, label: str) -> list[Lesson]:
    different = {one.code: one for one in closed}.values()
    lessons = [lesson_for(one, label=label) for one in different]
    if choice.since:
        lessons = [one for one in lessons if one.incident.opened and one.incident.opened.date() >= choice.since]
    lessons.sort(key=_opened)
    return lessons[-choice.limit :] if choice.limit else lessons


def _opened(lesson: Lesson) -> tuple[str, str]:
    opened = lesson.incident.opened
    return (opened.replace(tzinfo=None).isoformat() if opened else "", lesson.incident.code)
