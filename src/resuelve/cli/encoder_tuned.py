"""`resuelve train encoder`: tune the embedded encoder to the dictionary, test it, register it as a candidate."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib.metadata import version as version_of

from rich.console import Console
from rich.progress import Progress

from resuelve import wiring
from resuelve.cli.carded import test_in_words
from resuelve.cli.surroundings import harmless, now, progress_bar, terminal
from resuelve.domain.errors import TrainingError
from resuelve.domain.message import message
from resuelve.knowledge.catalogue import Catalogue
from resuelve.models import Embedder
from resuelve.pages.numbers import number
from resuelve.replay.predict import Prediction, RememberingEmbedder, predict
from resuelve.resolution.rules import Rules
from resuelve.settings import Settings
from resuelve.texts import say
from resuelve.training.encoder_standing import HeldOut, encoder_standing, hold_out
from resuelve.training.recipe import check_installed
from resuelve.training.registry import Card, Version
from resuelve.training.standing import Standing
from resuelve.training.students import ENCODER
from resuelve.wiring import trials
from resuelve.wiring.encoders import (
    BASE,
    EncoderChanges,
    base_identity,
    check_used,
    read_as,
    register,
    tuned_to,
    with_changes,
)
from resuelve.wiring.publishing import publish

_Told = Callable[[int, int, float], None]


def run_encoder(settings: Settings, *, dry_run: bool = False, as_json: bool = False, mlflow: bool = True) -> None:
    """Tune it without some examples, test it on these, and where it finds more, tune it with all.

    One that does not is registered as it was tested, so that it is known that it was tried; it cannot be promoted.

    Args:
        dry_run: test it, and register nothing.

    Raises:
        TrainingError: too few examples, or what it takes is not installed; nothing was registered.
        DictionaryError, ModelUnavailable, VectorIndexError, WorkspaceError: likewise.
        ExperimentError: it is not in MLflow; everything else is done.
    """
    check_installed()
    check_used(settings)
    wiring.workspace(settings).prepare()
    language, dictionary = settings.language, wiring.known_problems(settings)
    held = hold_out(dictionary.problems, read_as)
    console = Console(quiet=True) if as_json else terminal()
    counts = {"rows": held.rows, "texts": held.texts, "held_out": len(held.cases)}
    console.print(say("students.encoder.examples", language, **_numbers(counts, language)), markup=False)
    if held.missing:
        what = message("too few rows have three examples or more: {missing} are missing", missing=held.missing)
        raise TrainingError(what, where=ENCODER, remedy="give rows more examples, see resuelve maintain")
    with progress_bar(console) as bar:
        tested = tuned_to(held.problems.values(), progress=_telling(bar, "test", language))
        standing = _standing(settings, held, tested, dictionary)
        changes = tested
        if standing.passed and not dry_run:
            changes = tuned_to(dictionary.problems.values(), progress=_telling(bar, "all", language))
    card = _card(held, standing, dictionary)
    version = None if dry_run else register(settings, changes, card)
    if as_json:
        content = {"role": ENCODER, **counts, **asdict(card), "version": version.name if version else None}
        print(harmless(json.dumps(content, ensure_ascii=False, indent=1)))  # noqa: T201 - for other programs
    _print(console, language, card, version)
    if version and mlflow:
        published = publish(settings, version, command="resuelve train encoder", params=counts)
        if published:
            console.print(say("finetune.published", language, **asdict(published)), markup=False, soft_wrap=True)


def _standing(settings: Settings, held: HeldOut, tested: EncoderChanges, dictionary: Catalogue) -> Standing:
    """The first rows of the encoder as it came, and of the tuned one, on what is held out."""
    rules = wiring.rules(settings)  # with the score that comes with the product: one of another encoder does not count
    before = _predicted(rules, held, with_changes(None))
    after = _predicted(rules, held, with_changes(tested))
    earlier = {version.card.dataset for version in wiring.registry(settings).versions(ENCODER)}
    looks = len(earlier - {dictionary.fingerprint})  # the same dictionary again says the same again
    return encoder_standing(before, after, threshold=rules.threshold, looks=looks)


def _predicted(rules: Rules, held: HeldOut, encoder: Embedder) -> list[Prediction]:
    model = RememberingEmbedder(encoder)
    with trials.passing_knowledge(Catalogue(held.problems), model) as knowledge:
        return list(predict(held.cases, knowledge, model, rules))


def _card(held: HeldOut, standing: Standing, dictionary: Catalogue) -> Card:
    base = base_identity()
    return Card(
        made=now().isoformat(timespec="seconds"),
        teacher=base,
        measure="held_out_first_right",
        lower_is_better=False,
        teachers=standing.teachers,
        students=standing.students,
        held_out=len(held.cases),
        dataset=dictionary.fingerprint,
        package=version_of("resuelve"),
        figures={"rows": float(held.rows), "texts": float(held.texts), **standing.figures},
        fits={BASE: base},
        passed=standing.passed,
    )


def _print(console: Console, language: str, card: Card, version: Version | None) -> None:
    for line in test_in_words(ENCODER, card, language):
        console.print(line, markup=False)
    if version is None:
        console.print(say("students.dry", language), markup=False)
    elif card.not_worse:
        console.print(say("students.registered", language, name=version.name, role=ENCODER), markup=False)
    else:
        console.print(say("students.registered_worse", language, name=version.name), style="yellow", markup=False)


def _telling(bar: Progress, step: str, language: str) -> _Told:
    task = bar.add_task(say(f"students.encoder.progress.{step}", language), total=None)
    return lambda done, total, _: bar.update(task, completed=done, total=total)


def _numbers(counts: Mapping[str, int], language: str) -> dict[str, str]:
    return {name: number(count, language) for name, count in counts.items()}
