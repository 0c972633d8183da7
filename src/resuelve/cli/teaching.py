"""`resuelve train critic` and `train rerank`: learn from the history, judge on the newest, register a candidate."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from resuelve import durable, wiring
from resuelve.cli.carded import test_in_words
from resuelve.cli.surroundings import harmless, now, terminal, warn
from resuelve.journal import Acts
from resuelve.pages.numbers import number
from resuelve.resolution.approvals import approved_acts
from resuelve.resolution.rerank import BY_HAND
from resuelve.resolution.rules import Rules
from resuelve.settings import Settings
from resuelve.texts import say
from resuelve.training.critic import learn_critic
from resuelve.training.examples import Aside, choices, dataset_digest, embedders_of, rankings
from resuelve.training.ranking import learn_order
from resuelve.training.registry import Card, Version
from resuelve.training.standing import Standing
from resuelve.training.students import CRITIC, RERANK, CriticStudent, RerankStudent, write_critic, write_rerank
from resuelve.wiring.publishing import publish
from resuelve.wiring.students import looked, measured_against, order_mark, rules_in_force

_MEASURES = {CRITIC: ("held_out_log_loss", True), RERANK: ("held_out_first_right", False)}
"""What a student is measured by, and whether less of it is better."""


@dataclass(frozen=True, slots=True)
class _Lesson:
    """What both roles have in common.

    Attributes:
        known: examples with an outcome; of_note: right choices, or tickets whose first row was wrong.
        missing: how many more are needed.
        dataset: digest of the examples.
        until: the day of the newest example of the test.
        standing, write: the test, and what puts the student into a folder; None where nothing was learned.
        ways: see `CriticLesson.ways`.
    """

    role: str
    known: int
    of_note: int
    missing: int
    learned: int
    held_out: int
    aside: Mapping[Aside, int]
    dataset: str
    standing: Standing | None
    until: date | None
    write: Callable[[Path], None] | None
    ways: tuple[tuple[str, str], ...] = ()


def teach_critic(settings: Settings, *, dry_run: bool = False, as_json: bool = False, mlflow: bool = True) -> None:
    """Learn a critic, and register it as a candidate.

    Args:
        mlflow: whether it goes to MLflow as well, where that is installed.

    Raises:
        JournalError, DictionaryError, ModelUnavailable, WorkspaceError, TrainingError: nothing was registered.
        ExperimentError: it is not in MLflow; everything else is done.
    """
    identity, rules = _in_force(settings)
    rows = wiring.known_problems(settings).problems

    def threshold_of(row: str, then: float) -> float:
        return rules.threshold_for(rows[row]) if row in rows else then

    with closing(wiring.history(settings)) as book, closing(wiring.acts(settings, durable=False)) as acts:
        used = embedders_of(book.calls(role="embed"))
        calls, outcomes = book.calls(role="critique"), book.outcomes()
        found = choices(
            calls,
            outcomes,
            embedder=identity,
            embedders=used,
            threshold_of=threshold_of,
            acted_on=_acted_on(settings, acts),
        )
    dataset = dataset_digest(found.kept)
    learned = learn_critic(found.kept, rules.scoring, looked(settings, CRITIC, dataset, rules))
    scoring = learned.scoring
    lesson = _Lesson(
        role=CRITIC,
        known=learned.outcomes,
        of_note=learned.right,
        missing=learned.missing,
        learned=learned.learned,
        held_out=learned.held_out,
        aside=found.aside,
        dataset=dataset,
        standing=learned.standing,
        until=learned.until,
        write=(lambda folder: write_critic(folder, CriticStudent(identity, scoring))) if scoring else None,
        ways=learned.ways,
    )
    _finish(settings, lesson, identity, rules, dry_run=dry_run, as_json=as_json, mlflow=mlflow)


def teach_rerank(settings: Settings, *, dry_run: bool = False, as_json: bool = False, mlflow: bool = True) -> None:
    """Learn an order of candidates, and register it as a candidate.

    Args:
        mlflow: see `teach_critic`.

    Raises:
        JournalError, ModelUnavailable, WorkspaceError, TrainingError: nothing was registered.
        ExperimentError: it is not in MLflow; everything else is done.
    """
    identity, rules = _in_force(settings)
    with closing(wiring.history(settings)) as book, closing(wiring.acts(settings, durable=False)) as acts:
        used = embedders_of(book.calls(role="embed"))
        calls, outcomes = book.calls(role="rerank"), book.outcomes()
        found = rankings(calls, outcomes, embedder=identity, embedders=used, acted_on=_acted_on(settings, acts))
    dataset = dataset_digest(found.kept)
    learned = learn_order(found.kept, rules.order or BY_HAND, looked(settings, RERANK, dataset, rules))
    order = learned.order
    lesson = _Lesson(
        role=RERANK,
        known=learned.tickets,
        of_note=learned.misplaced,
        missing=learned.missing,
        learned=learned.learned,
        held_out=learned.held_out,
        aside=found.aside,
        dataset=dataset,
        standing=learned.standing,
        until=learned.until,
        write=(lambda folder: write_rerank(folder, RerankStudent(identity, order))) if order else None,
    )
    _finish(settings, lesson, identity, rules, dry_run=dry_run, as_json=as_json, mlflow=mlflow)


def _in_force(settings: Settings) -> tuple[str, Rules]:
    wiring.workspace(settings).prepare()
    identity = wiring.embedder(settings).identity
    return identity, rules_in_force(settings, identity, warn)


def _acted_on(settings: Settings, acts: Acts) -> Callable[[str], bool]:
    """Whether something was done to an incident before which no person was asked; asks once for each incident."""
    with closing(wiring.answers(settings, durable=False)) as answers:
        approved = approved_acts(answers.given())
    return cache(lambda incident: any((incident, one.reference) not in approved for one in acts.of(incident)))


def _finish(
    settings: Settings, lesson: _Lesson, identity: str, rules: Rules, *, dry_run: bool, as_json: bool, mlflow: bool
) -> None:
    """Register what was learned, unless it is only to be shown, tell, and publish it."""
    version = card = None
    if lesson.standing and lesson.write:
        card = _card(settings, lesson, lesson.standing, identity, rules)
        version = None if dry_run else _registered(settings, lesson.role, lesson.write, card)
    if as_json:
        content = _as_json(lesson, card, version)
        print(harmless(json.dumps(content, ensure_ascii=False, indent=1)))  # noqa: T201 - for other programs
    else:
        _print(terminal(), settings.language, lesson, card, version)
    if version and mlflow:
        _publish(settings, version, lesson, quiet=as_json)


def _publish(settings: Settings, version: Version, lesson: _Lesson, *, quiet: bool) -> None:
    params = {"learned": lesson.learned, "held_out": lesson.held_out, **dict(lesson.ways)}
    published = publish(settings, version, command=f"resuelve train {lesson.role}", params=params)
    if published and not quiet:
        line = say("finetune.published", settings.language, **asdict(published))
        terminal().print(line, markup=False, soft_wrap=True)


def _registered(settings: Settings, role: str, write: Callable[[Path], None], card: Card) -> Version:
    models = wiring.workspace(settings).models
    with (
        durable.writing(models),
        tempfile.TemporaryDirectory(prefix=".teaching-", dir=models.parent) as aside,
    ):
        write(Path(aside))
        return wiring.registry(settings).register(role, Path(aside), card)


def _card(settings: Settings, lesson: _Lesson, standing: Standing, identity: str, rules: Rules) -> Card:
    measure, lower_is_better = _MEASURES[lesson.role]
    counted = {"examples": lesson.known, "learned": lesson.learned}
    return Card(
        made=now().isoformat(timespec="seconds"),
        teacher=_teacher(settings, lesson.role, identity, rules),
        measure=measure,
        lower_is_better=lower_is_better,
        teachers=standing.teachers,
        students=standing.students,
        held_out=lesson.held_out,
        dataset=lesson.dataset,
        package=version_of("resuelve"),
        figures={name: float(value) for name, value in counted.items()} | standing.figures,
        fits={
            "embedder": identity,
            "measured_against": measured_against(rules, lesson.role),
            "order": order_mark(rules.order),
            "tested_until": str(lesson.until),
        },
        passed=standing.passed,
    )


def _teacher(settings: Settings, role: str, identity: str, rules: Rules) -> str:
    if role in rules.versions:
        return rules.versions[role]
    past = wiring.learned(settings) if role == CRITIC else None
    if past and past.weighs_anew and past.scoring_for(identity):
        return f"calibrate {past.made[:10]}"
    return f"resuelve {version_of('resuelve')}"


def _as_json(lesson: _Lesson, card: Card | None, version: Version | None) -> dict[str, Any]:
    return {
        "role": lesson.role,
        "examples": lesson.known,
        "right" if lesson.role == CRITIC else "misplaced": lesson.of_note,
        "missing": lesson.missing,
        "learned": lesson.learned,
        "held_out": lesson.held_out,
        "aside": {reason.value: count for reason, count in lesson.aside.items()},
        "ways": dict(lesson.ways),
        "teacher": card.teacher if card else None,
        "measure": card.measure if card else None,
        "teachers": card.teachers if card else None,
        "students": card.students if card else None,
        "figures": dict(card.figures) if card else {},
        "passed": card.passed if card else None,
        "version": version.name if version else None,
    }


def _print(console: Console, language: str, lesson: _Lesson, card: Card | None, version: Version | None) -> None:
    def tell(key: str, style: str = "", **slots: object) -> None:
        console.print(say(f"students.{key}", language, **slots), style=style, markup=False)

    tell(f"{lesson.role}.examples", known=number(lesson.known, language), of_note=number(lesson.of_note, language))
    for reason, count in sorted(lesson.aside.items()):
        why = say(f"students.aside.{reason.value}", language)
        console.print(Text(f"  {say('students.aside', language, count=number(count, language), why=why)}"))
    if lesson.missing:
        tell("too_few", "yellow", missing=number(lesson.missing, language))
    elif card is None:
        tell("one_kind", "yellow")
    if card is None:
        return
    tell("split", learned=number(lesson.learned, language), held_out=number(lesson.held_out, language))
    for model, way in lesson.ways:
        tell("way", model=say(f"students.model.{model}", language), way=say(f"students.way.{way}", language))
    for line in test_in_words(lesson.role, card, language):
        console.print(line, markup=False)
    if version is None:
        tell("dry")
    elif card.not_worse:
        tell("registered", name=version.name, role=lesson.role)
    else:
        tell("registered_worse", "yellow", name=version.name)
