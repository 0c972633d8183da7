"""What the notebooks call: an incident is typed in, and every stage shows what it made of it. Nothing is touched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

from resuelve import wiring
from resuelve.cli.explained import lines
from resuelve.cli.surroundings import harmless
from resuelve.domain.incident import HistoryEntry, Incident
from resuelve.knowledge.catalogue import Catalogue, read
from resuelve.models import Embedder
from resuelve.resolution.deliberate import deliberate
from resuelve.resolution.knowledge import Knowledge
from resuelve.resolution.record import evidence
from resuelve.resolution.trace import plain
from resuelve.settings import Settings, load
from resuelve.texts import say
from resuelve.wiring import trials
from resuelve.wiring.students import rules_in_force


def incident(title: str, description: str = "", *, queue: str = "", comments: Sequence[str] = ()) -> Incident:
    """An incident as somebody types it in; the comments are those of the person who asks, oldest first."""
    history = tuple(HistoryEntry(author="Persona usuaria", detail=text) for text in comments)
    return Incident("INC-PRUEBA", queue=queue, title=title, description=description, history=history, state="Abierta")


@dataclass(frozen=True, slots=True)
class Shown:
    """Lines side by side: as a table in a notebook, as text elsewhere."""

    title: str
    columns: tuple[tuple[str, tuple[str, ...]], ...]

    def _repr_html_(self) -> str:
        heads = "".join(f'<th style="text-align:left">{escape(name)}</th>' for name, _ in self.columns)
        style = "text-align:left;vertical-align:top;white-space:pre-wrap"
        cells = "".join(f'<td style="{style}">{escape(chr(10).join(said))}</td>' for _, said in self.columns)
        return f"<h4>{escape(self.title)}</h4><table><tr>{heads}</tr><tr>{cells}</tr></table>"

    def __str__(self) -> str:
        return "\n".join([self.title, *(f"{name}: {line}" for name, said in self.columns for line in said)])


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of an incident, stage by stage."""

    steps: tuple[Any, ...]
    decision: dict[str, Any]
    language: str

    @property
    def names(self) -> list[str]:
        """The stages that were gone through, in order."""
        return [step["stage"] for step in self.steps]

    def stage(self, name: str) -> Shown:
        """What a stage was given and what it gave, the last time that it was asked. Raises KeyError."""
        step = {one["stage"]: one for one in self.steps}[name]
        columns = []
        for side in ("input", "output"):
            below = "parts" if name == "identify" and side == "input" else ""
            said = tuple(harmless(line) for line in lines(step[side], self.language, below=below))
            columns.append((say(f"cli.explain.{side}", self.language).rstrip(":"), said))
        return Shown(f"{say(f'cli.stage.{name}', self.language)} · {1000 * step['seconds']:.1f} ms", tuple(columns))

    def stages(self) -> Iterator[Shown]:
        """Every stage in order."""
        return (self.stage(name) for name in dict.fromkeys(self.names))

    def outcome(self) -> Shown:
        """What would be done, why, and with which text."""
        decision, language = self.decision, self.language
        why = decision["reason"] or (decision["critique"] or {}).get("reason", "")
        resolution = say(f"cli.resolution.{decision['resolution']}", language)
        permission = say(f"explain.permission.{decision['permission']}", language)
        said = tuple(
            harmless(line) for line in (f"{resolution} · {permission}", why, decision["proposed_text"]) if line
        )
        return Shown(say("cli.explain.decision", language), (("", said),))


class Desk:
    """A dictionary, indexed in a folder that is gone when the desk is closed, and the rules of the settings.

    Args:
        workspace: whose dictionary and settings are used; None for those of the demo, without a language model.
    """

    def __init__(self, workspace: Path | None = None) -> None:
        self._stack = ExitStack()
        self._settings: Settings = load(workspace=workspace) if workspace else load(environment="EMBEBIDO")
        self._known: Catalogue = wiring.catalogue(self._settings) if workspace else _demo()
        self._model: Embedder = wiring.embedder(self._settings)
        self._knowledge: Knowledge = self._stack.enter_context(trials.passing_knowledge(self._known, self._model))
        known_as = self._model.identity
        self._rules = rules_in_force(self._settings, known_as) if workspace else wiring.rules(self._settings)

    def decide(self, ticket: Incident) -> Decided:
        """Go through every stage up to the authorisation. No ticket is touched, no change is sent."""
        decided = deliberate(
            ticket,
            knowledge=self._knowledge,
            rules=self._rules,
            agents=wiring.agents(self._settings),
            chat=wiring.chat(self._settings),
        )
        steps = tuple(plain(step) for step in decided.trace.steps)
        return Decided(steps, dict(evidence(decided)), self._settings.language)

    def __str__(self) -> str:
        return f"{len(self._known.problems)} · {self._model.identity}"

    def close(self) -> None:
        """Give back the index."""
        self._stack.close()


def _demo() -> Catalogue:
    with resources.as_file(resources.files("resuelve.mocks").joinpath("demo_world", "PROBLEMAS_GLOBALES.csv")) as path:
        return read(path)
