"""`resuelve replay`: what would have become of past tickets, as things are set and as they could be."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from rich.progress import Progress

from resuelve import wiring
from resuelve.cli.options import Rows
from resuelve.cli.replayed import print_replayed
from resuelve.cli.surroundings import now, progress_bar, terminal
from resuelve.domain.errors import EvaluationError, Rejected
from resuelve.domain.incident import Incident
from resuelve.domain.message import message, system_said
from resuelve.knowledge.catalogue import read
from resuelve.knowledge.past import Lesson, by_people
from resuelve.knowledge.version_log import Version
from resuelve.pages.replayed import replayed_page
from resuelve.replay.comparison import compared
from resuelve.replay.predict import RememberingEmbedder
from resuelve.replay.projection import projection
from resuelve.replay.replay import Configuration, InForce, as_of_the_day, before_history, replay
from resuelve.replay.verdict import Limits, broken
from resuelve.replay.witness import Witness, states, witnesses
from resuelve.resolution.report import rejected_as_json, write_beside, write_new
from resuelve.settings import Settings, given, load
from resuelve.texts import say

_REMEMBERED = 100_000
"""Texts whose vectors are kept from the first time that the past is read to the last configuration."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be replayed, and against what.

    Attributes:
        source: an export of closed incidents, in place of the ticket manager.
        since: only tickets opened on this day or later.
        limit: only so many, the newest; 0 for all.
        other: settings of a second configuration, by their names in the environment.
        dictionary: the dictionary of a second configuration. Then both decide with one dictionary for all days.
        against: an earlier report whose last configuration is the first here.
    """

    source: Path | None = None
    since: date | None = None
    limit: int = 0
    rows: Rows = Rows.THEN
    other: Mapping[str, str] | None = None
    dictionary: Path | None = None
    against: Path | None = None

    @property
    def has_second(self) -> bool:
        """Two configurations are replayed."""
        return bool(self.other or self.dictionary)


def run_replay(settings: Settings, asked: Asked, limits: Limits) -> bool:
    """Replay, print the figures, leave page and JSON in ``reportes``. No ticket is touched.

    Returns:
        False when a limit is broken.

    Raises:
        EvaluationError: there are no past tickets, or the earlier report cannot be used.
        SettingsError, DictionaryError, TicketUnavailable, ModelUnavailable, VectorIndexError, WorkspaceError: nothing
            was written.
    """
    console, language, started = terminal(), settings.language, now()
    place = wiring.workspace(settings)
    place.prepare()
    earlier = _earlier(asked.against) if asked.against else None
    second = load(**given(asked.other or {}), workspace=settings.workspace) if asked.has_second else None
    listing = wiring.closed_incidents(settings, asked.source)
    lessons = _chosen(listing.incidents, asked, settings.label)
    if not lessons:
        remedy = "choose an earlier day, or give an export with --from"
        raise EvaluationError("there are no past tickets", where=str(asked.source or "tickets"), remedy=remedy)
    with progress_bar(console) as bar:
        report = _Replay(settings, second, asked, lessons, bar).report()
    if earlier:
        report["configurations"].insert(0, earlier)
    if len(report["configurations"]) > 1:
        report["comparison"] = compared(*report["configurations"][-2:])
    report = _headed(report, started, listing.rejected, settings, asked)
    report["broken"] = broken(report, limits)
    path = write_new(
        place.reports, f"repeticion_{started:%Y%m%d_%H%M}", [json.dumps(report, ensure_ascii=False, indent=1)]
    )
    page = write_beside(path, ".html", replayed_page(report, language=language))
    print_replayed(console, report, language)
    console.print(say("mine.report", language, page=page, path=path), markup=False, soft_wrap=True)
    return not report["broken"]


def _headed(
    report: dict[str, Any], started: datetime, rejected: Sequence[Rejected], settings: Settings, asked: Asked
) -> dict[str, Any]:
    source = str(asked.source) if asked.source else say("mine.source.manager", settings.language)
    return {
        "made": started.isoformat(timespec="seconds"),
        "source": source,
        **report,
        "set_aside": rejected_as_json(rejected, settings.language),
    }


def _chosen(closed: Sequence[Incident], asked: Asked, label: str) -> list[Lesson]:
    """The newest past tickets that are to be replayed, in the order in which they were opened."""
    different = {one.code: one for one in closed}.values()
    lessons = [by_people(one, label=label) for one in different]
    if asked.since:
        lessons = [one for one in lessons if one.incident.opened and one.incident.opened.date() >= asked.since]
    lessons.sort(key=_opened)
    return lessons[-asked.limit :] if asked.limit else lessons


def _opened(lesson: Lesson) -> tuple[str, str]:
    opened = lesson.incident.opened
    return (opened.replace(tzinfo=None).isoformat() if opened else "", lesson.incident.code)


@dataclass(frozen=True, slots=True)
class _Replay:
    settings: Settings
    second: Settings | None
    asked: Asked
    lessons: Sequence[Lesson]
    bar: Progress

    def report(self) -> dict[str, Any]:
        """Both configurations decide the same tickets; the past is asked once."""
        versions = wiring.dictionary(self.settings).history()
        first, other = self._in_force(versions)
        model = RememberingEmbedder(wiring.embedder(self.settings), most=_REMEMBERED)
        seen = self._witnesses([*first, *other], model)
        found = [self._projected(say("replay.current", self.settings.language), self.settings, model, first, seen)]
        if self.second:
            found.append(self._projected(self._name(), self.second, self._model(self.second, model), other, seen))
        opened = [one.incident.opened for one in self.lessons]
        days = sorted(day.date().isoformat() for day in opened if day)
        dated = first[0].version > 0
        return {
            "tickets": len(self.lessons),
            "first": days[0] if days else None,
            "last": days[-1] if days else None,
            "rows": (Rows.THEN if dated else Rows.NOW).value,
            "history_since": versions[0].at.isoformat(timespec="seconds"),
            "before_history": before_history(opened, versions) if dated else 0,
            "versions": [{"version": one.version, "tickets": len(one.tickets)} for one in first],
            "configurations": found,
            "comparison": None,
        }

    def _in_force(self, versions: Sequence[Version]) -> tuple[Sequence[InForce], Sequence[InForce]]:
        """The rows that each configuration decides with."""
        everything = tuple(range(len(self.lessons)))
        if self.asked.dictionary or self.asked.rows is Rows.NOW:
            current = (InForce(0, wiring.catalogue(self.settings).problems, everything),)
            if self.asked.dictionary:
                return current, (InForce(0, read(self.asked.dictionary).problems, everything),)
            return current, current
        history = wiring.dictionary(self.settings)
        opened = [one.incident.opened for one in self.lessons]
        then = as_of_the_day(opened, versions, lambda number: history.at(number).problems)
        return then, then

    def _witnesses(self, in_force: Sequence[InForce], model: RememberingEmbedder) -> tuple[Witness, ...]:
        language = self.settings.language
        task = self.bar.add_task(say("replay.progress.past", language), total=len(self.lessons))
        rows = states(one.problems for one in in_force)
        with wiring.trials(self.settings, model) as knowing, knowing(rows) as knowledge:
            return witnesses(
                self.lessons,
                knowledge,
                label=self.settings.label,
                progress=lambda done, total: self.bar.update(task, completed=done, total=total),
            )

    def _projected(
        self,
        name: str,
        settings: Settings,
        model: RememberingEmbedder,
        in_force: Sequence[InForce],
        seen: Sequence[Witness],
    ) -> dict[str, Any]:
        task = self.bar.add_task(say("replay.progress.tickets", self.settings.language, name=name), total=len(seen))
        # The fixes under way have no history, so no ticket is told to wait for one.
        rules = replace(wiring.rules(settings), today=None)
        chat = wiring.chat(settings)
        with ExitStack() as stack:
            configuration = Configuration(
                name=name,
                rules=rules,
                embedder=model,
                knowing=stack.enter_context(wiring.trials(settings, model)),
                chat=chat,
                workers=settings.workers if chat else 1,
            )
            done = replay(
                configuration,
                in_force,
                seen,
                progress=lambda count, total: self.bar.update(task, completed=count, total=total),
            )
        return {
            "embedder": model.identity,
            "model": chat.name if chat else "",
            "threshold": settings.critic_approval_threshold,
            **projection(name, done),
        }

    def _name(self) -> str:
        changed = [f"{name}={value}" for name, value in (self.asked.other or {}).items()]
        return " · ".join([*changed, *([self.asked.dictionary.name] if self.asked.dictionary else [])])

    @staticmethod
    def _model(second: Settings, first: RememberingEmbedder) -> RememberingEmbedder:
        """The first one's with all that it remembers, where the second configuration has the same."""
        model = wiring.embedder(second)
        return first if model.identity == first.identity else RememberingEmbedder(model, most=_REMEMBERED)


def _earlier(path: Path) -> dict[str, Any]:
    """The last configuration of an earlier report, by the name of its file."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["configurations"][-1]
        compared(found, found)
    except OSError as error:
        raise EvaluationError(
            message("cannot be read ({why})", why=system_said(error)),
            where=str(path),
            remedy="check the path and the permissions",
        ) from error
    except (ValueError, KeyError, IndexError, TypeError) as error:
        remedy = "name the JSON file that resuelve replay has left in the folder of reports"
        raise EvaluationError("is no report of a replay", where=str(path), remedy=remedy) from error
    return {**found, "name": f"{found.get('name', '')} ({path.name})"}
