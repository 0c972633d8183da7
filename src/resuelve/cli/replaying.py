"""`resuelve replay`: what would have become of past tickets, as things are set and as they could be."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from resuelve import wiring
from resuelve.cli.options import Rows
from resuelve.cli.past import Choice, Past
from resuelve.cli.replayed import print_replayed
from resuelve.cli.surroundings import now, progress_bar, terminal, warn
from resuelve.domain.errors import EvaluationError
from resuelve.domain.message import message, system_said
from resuelve.knowledge.catalogue import read
from resuelve.pages.replayed import replayed_page
from resuelve.replay.comparison import compared
from resuelve.replay.predict import RememberingEmbedder
from resuelve.replay.projection import projection
from resuelve.replay.replay import InForce
from resuelve.replay.verdict import Limits, broken
from resuelve.replay.witness import Witness
from resuelve.resolution.report import rejected_as_json, write_beside, write_new
from resuelve.settings import Settings, load
from resuelve.settings.overrides import given, told
from resuelve.texts import say
from resuelve.training.students import CRITIC
from resuelve.wiring.students import rules_in_force, students_in_use


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be replayed, and against what.

    Attributes:
        other: settings of a second configuration, by their names in the environment.
        dictionary: the dictionary of a second configuration. Then both decide with one dictionary for all days.
        against: an earlier report whose last configuration is the first here.
    """

    tickets: Choice
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
    with progress_bar(console) as bar:
        past = Past.of(settings, asked.tickets, bar)
        report = _Replay(past, second, asked).report()
    if earlier:
        report["configurations"].insert(0, earlier)
    if len(report["configurations"]) > 1:
        report["comparison"] = compared(*report["configurations"][-2:])
    report = _headed(report, started, past, asked)
    report["broken"] = broken(report, limits)
    path = write_new(
        place.reports, f"repeticion_{started:%Y%m%d_%H%M}", [json.dumps(report, ensure_ascii=False, indent=1)]
    )
    page = write_beside(path, ".html", replayed_page(report, language=language))
    print_replayed(console, report, language)
    console.print(say("mine.report", language, page=page, path=path), markup=False, soft_wrap=True)
    return not report["broken"]


def _headed(report: dict[str, Any], started: datetime, past: Past, asked: Asked) -> dict[str, Any]:
    language = past.settings.language
    return {
        "made": started.isoformat(timespec="seconds"),
        "source": asked.tickets.told(language),
        **report,
        "set_aside": rejected_as_json(past.rejected, language),
    }


@dataclass(frozen=True, slots=True)
class _Replay:
    past: Past
    second: Settings | None
    asked: Asked

    def report(self) -> dict[str, Any]:
        """Both configurations decide the same tickets; the past is asked once."""
        past, settings = self.past, self.past.settings
        first, other = self._in_force()
        model = past.embedder(settings)
        seen = past.witnesses([*first, *other], model)
        found = [self._projected(say("replay.current", settings.language), settings, model, first, seen)]
        if self.second:
            found.append(self._projected(self._name(), self.second, past.embedder(self.second, model), other, seen))
        opened = [one.incident.opened for one in past.lessons]
        days = sorted(day.date().isoformat() for day in opened if day)
        dated = first[0].version > 0
        return {
            "tickets": len(past.lessons),
            "first": days[0] if days else None,
            "last": days[-1] if days else None,
            "rows": (Rows.THEN if dated else Rows.NOW).value,
            "history_since": past.versions[0].at.isoformat(timespec="seconds"),
            "before_history": past.before_history if dated else 0,
            "versions": [{"version": one.version, "tickets": len(one.tickets)} for one in first],
            "learned": self._learned(settings, model.identity),
            "configurations": found,
            "comparison": None,
        }

    @staticmethod
    def _learned(settings: Settings, embedder: str) -> dict[str, Any] | None:
        """What the score was learned from, which may be these very tickets."""
        for version in students_in_use(settings, embedder).versions:
            if version.role == CRITIC:
                return {"made": version.card.made, "outcomes": int(version.card.figures.get("outcomes", 0))}
        found = wiring.learned(settings)
        return {"made": found.made, "outcomes": found.outcomes} if found and found.weighs_anew else None

    def _in_force(self) -> tuple[Sequence[InForce], Sequence[InForce]]:
        """The rows that each configuration decides with."""
        everything = tuple(range(len(self.past.lessons)))
        if self.asked.dictionary or self.asked.rows is Rows.NOW:
            current = (InForce(0, wiring.catalogue(self.past.settings).problems, everything),)
            if self.asked.dictionary:
                return current, (InForce(0, read(self.asked.dictionary).problems, everything),)
            return current, current
        then = self.past.as_of_the_day()
        return then, then

    def _projected(
        self,
        name: str,
        settings: Settings,
        model: RememberingEmbedder,
        in_force: Sequence[InForce],
        seen: Sequence[Witness],
    ) -> dict[str, Any]:
        rules = rules_in_force(settings, model.identity, warn)
        chat = wiring.chat(settings)
        return {
            "embedder": model.identity,
            "model": chat.name if chat else "",
            "threshold": settings.critic_approval_threshold,
            "learned_versions": dict(rules.versions),
            **projection(name, self.past.decided(name, settings, rules, model, in_force, seen)),
        }

    def _name(self) -> str:
        changed = told(self.asked.other or {})
        return " · ".join([*changed, *([self.asked.dictionary.name] if self.asked.dictionary else [])])


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
