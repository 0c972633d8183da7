"""`resuelve train promote`, `demote`, `list`, `show`: which learned versions are in use, and why one may be."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from resuelve import wiring
from resuelve.cli.carded import measured, test_in_words
from resuelve.cli.surroundings import harmless, terminal, warn
from resuelve.domain.errors import ExperimentsUnavailable, ModelUnavailable, TrainingError
from resuelve.domain.message import message
from resuelve.pages.numbers import number
from resuelve.settings import Settings
from resuelve.texts import say, translated
from resuelve.training.registry import Version
from resuelve.training.students import ENCODER, RERANK
from resuelve.wiring.following import checks_here
from resuelve.wiring.publishing import announce_promotion
from resuelve.wiring.students import students_in_use


def run_promote(settings: Settings, role: str, wanted: int | None) -> None:
    """Take a version into use, if its test was passed, it fits, and what it was measured against is still in force.

    Raises:
        TrainingError: one of these is not so; what was in use stays.
        WorkspaceError: the registry cannot be written.
    """
    console, language = terminal(), settings.language
    version = _chosen(settings, role, wanted)
    if version.promoted:
        console.print(say("students.already", language, name=version.name), markup=False)
        _announce(settings, role, version)  # perhaps it could not be told the last time
        return
    _check_standing(version)
    if check := checks_here(settings, strict=True).get(role):
        check(wiring.registry(settings).folder(version), version.card, False)
    wiring.registry(settings).promote(role, version.number)
    _print_test(console, version, language)
    console.print(say("students.promoted", language, name=version.name, role=role), markup=False)
    _announce(settings, role, version)
    _say_what_is_next(console, settings, role)


def run_demote(settings: Settings, role: str) -> None:
    """Go back to the version that was in use before, or to what comes with the product.

    Raises:
        TrainingError: none is in use, or what was in use before is not there any more.
        WorkspaceError: the registry cannot be written.
    """
    console, language, found = terminal(), settings.language, wiring.registry(settings)
    if not found.is_used(role):
        raise TrainingError("no version is in use", where=role, remedy="see resuelve train list")
    before = found.demote(role)
    key = "students.demoted" if before else "students.demoted_to_none"
    console.print(say(key, language, role=role, name=before.name if before else ""), markup=False)
    _announce(settings, role, before)
    _say_what_is_next(console, settings, role)


def run_list(settings: Settings, *, as_json: bool = False) -> None:
    """Every version of every role, with what was measured."""
    console, language, found = terminal(), settings.language, wiring.registry(settings)
    versions = [version for role in found.roles() for version in found.versions(role)]
    if as_json:
        _print_json([_as_json(version) for version in versions])
        return
    if not versions:
        console.print(say("students.none", language), markup=False)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("version", "made", "teacher", "teachers", "students", "held_out", "test", "state"):
        right = name in ("teachers", "students", "held_out")
        table.add_column(say(f"students.column.{name}", language), justify="right" if right else "left")
    for version in versions:
        card = version.card
        table.add_row(
            Text(version.name),
            Text(card.made[:10]),
            Text(card.teacher),
            measured(card.teachers, language),
            measured(card.students, language),
            number(card.held_out, language),
            say("students.passed" if card.not_worse else "students.not_passed", language),
            say("students.in_use" if version.promoted else "students.candidate", language),
        )
    console.print(table)


def run_show(settings: Settings, role: str, wanted: int | None, *, as_json: bool = False) -> None:
    """The card of a version, its figures, and its test in words.

    Raises:
        TrainingError: there is no such version.
    """
    console, language = terminal(), settings.language
    version = _chosen(settings, role, wanted)
    if as_json:
        _print_json(_as_json(version))
        return
    card = version.card
    state = say("students.in_use" if version.promoted else "students.candidate", language)
    made = say("students.made", language, made=card.made, package=card.package, teacher=card.teacher)
    console.print(Text(f"{version.name} · {state}", style="bold"))
    console.print(made, markup=False)
    _print_test(console, version, language)
    for name, value in (*sorted(card.fits.items()), ("dataset", card.dataset), ("digest", version.digest)):
        console.print(Text(f"{name}: {value}", style="dim"))
    for name, figure in sorted(card.figures.items()):
        console.print(Text(f"{name}: {measured(figure, language)}", style="dim"))


def _chosen(settings: Settings, role: str, wanted: int | None) -> Version:
    """The version of this number, or the newest."""
    versions = wiring.registry(settings).versions(role)
    found = [one for one in versions if wanted in (None, one.number)]
    if not found:
        what = message("there is no version {number}", number=wanted) if wanted else message("there is no version")
        raise TrainingError(what, where=role, remedy="see resuelve train list")
    return found[-1]


def _check_standing(version: Version) -> None:
    card = version.card
    if not card.not_worse:
        what = message(
            "is worse than its teacher, or could be: {measure} {students}, and {teachers} for {teacher}, on {held_out}",
            measure=card.measure,
            students=f"{card.students:.4f}",
            teachers=f"{card.teachers:.4f}",
            teacher=card.teacher,
            held_out=card.held_out,
        )
        remedy = message("see resuelve train show {role} {number}", role=version.role, number=version.number)
        raise TrainingError(what, where=version.name, remedy=remedy)


def _say_what_is_next(console: Console, settings: Settings, role: str) -> None:
    """What has to be made anew, and which versions in use give way now: a critic speaks only with the order, and both
    only with the encoder, that they were measured with.
    """
    if role == ENCODER:
        console.print(say("students.encoder.next", settings.language), markup=False)
    if role not in (RERANK, ENCODER):
        return
    try:
        identity = wiring.embedder(settings).identity
    except ModelUnavailable as error:  # what was to be done is done; runs will say so too
        warn(translated(error, settings.language))
        return
    for note in students_in_use(settings, identity).notes(settings.language):
        warn(note)


def _announce(settings: Settings, role: str, version: Version | None) -> None:
    """Tell MLflow's registry, where there is one; here it is done all the same."""
    try:
        known = announce_promotion(settings, role, version)
    except ExperimentsUnavailable as error:
        warn(translated(error, settings.language))
        return
    if known == "" and version:
        warn(say("students.not_announced", settings.language, name=version.name, role=role))


def _print_test(console: Console, version: Version, language: str) -> None:
    for line in test_in_words(version.role, version.card, language):
        console.print(line, markup=False)


def _as_json(version: Version) -> dict[str, Any]:
    said = {"name": version.name, "role": version.role, "number": version.number, "digest": version.digest}
    return {**said, "in_use": version.promoted, "not_worse": version.card.not_worse, **asdict(version.card)}


def _print_json(content: Any) -> None:
    print(harmless(json.dumps(content, ensure_ascii=False, indent=1)))  # noqa: T201 - for other programs
