"""Fine-tuning from the command line: examples, the loss as it falls, samples, the new version."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from resuelve import durable, wiring
from resuelve.cli.surroundings import now, progress_bar, terminal
from resuelve.domain.errors import Rejected
from resuelve.pages.numbers import number, percent
from resuelve.pages.trained import trained_page
from resuelve.settings import Settings
from resuelve.texts import say, translated
from resuelve.training import image
from resuelve.training import language as languages
from resuelve.training.captions import RESULTS, read_captions
from resuelve.training.recipe import Epoch, Recipe, Report, Tuned, check_installed
from resuelve.training.registry import Card, Version
from resuelve.wiring.publishing import publish

if TYPE_CHECKING:
    from resuelve.cli.searched import Judged

_SHOWN = 20
_LONG = 120


def run_image(settings: Settings, folder: Path, recipe: Recipe, *, mlflow: bool = False) -> tuple[Version, Tuned]:
    """Fine-tune on ``images`` and ``entradas.json``, register the version, leave figures in ``results``.

    Args:
        mlflow: whether it goes to MLflow as well, where that is installed.

    Raises:
        TrainingError: nothing was registered.
        ExperimentError: it is not in MLflow; everything else is done.
        WorkspaceError: the registry or the results cannot be written.
    """
    check_installed()
    console, language = terminal(), settings.language
    with progress_bar(console) as bar:
        task = bar.add_task(say("finetune.progress.pictures", language), total=None)
        captions = read_captions(folder, lambda done, total: bar.update(task, completed=done, total=total))
    _print_aside(console, captions.aside, language)
    console.print(say("finetune.pictures", language, count=number(len(captions.kept), language)), markup=False)

    def tune(into: Path, report: Report) -> Tuned:
        return image.fine_tune(captions, recipe, into, report)

    made = _tuned(console, settings, image.ROLE, recipe, tune, results=folder / RESULTS)
    if mlflow:
        _publish(console, settings, *made, recipe, command="resuelve train image")
    return made


def run_language(
    settings: Settings,
    files: Sequence[Path],
    recipe: Recipe,
    *,
    roles: Sequence[str],
    export: Path | None,
    mlflow: bool = False,
) -> tuple[Version, Tuned]:
    """Fine-tune on history in JSONL chat format, and register the version.

    Args:
        mlflow: whether it goes to MLflow as well, where that is installed.

    Raises:
        TrainingError: nothing was registered.
        ExperimentError: it is not in MLflow; everything else is done.
        WorkspaceError: the registry, or the folder for a model server, cannot be written.
    """
    from resuelve.cli.searched import judge, told
    from resuelve.training.conversations import read_conversations, split

    check_installed()
    console, language = terminal(), settings.language
    history = read_conversations(files, roles)
    _print_aside(console, history.aside, language)
    said = say("finetune.conversations", language, count=number(len(history.kept), language), roles=", ".join(roles))
    console.print(said, markup=False)

    def tune(into: Path, report: Report) -> Tuned:
        return languages.fine_tune(history, recipe, into, report, role=languages.ROLE, merged=export)

    def test(files: Path) -> Judged:
        with progress_bar(console) as bar:
            task = bar.add_task(say("finetune.progress.searches", language), total=None)
            held = split(history.kept, recipe.held_out)[1]
            judged = judge(settings, held, files, lambda done, total: bar.update(task, completed=done, total=total))
        for line in told(judged, language):
            console.print(line, markup=False)
        return judged

    version, tuned = _tuned(console, settings, languages.ROLE, recipe, tune, results=None, test=test)
    said = say("finetune.exported", language, folder=export) if export else say("finetune.not_exported", language)
    console.print(said, markup=False)
    if mlflow:
        _publish(console, settings, version, tuned, recipe, command="resuelve train reformulate")
    return version, tuned


def _tuned(
    console: Console,
    settings: Settings,
    role: str,
    recipe: Recipe,
    tune: Callable[[Path, Report], Tuned],
    *,
    results: Path | None,
    test: Callable[[Path], Judged] | None = None,
) -> tuple[Version, Tuned]:
    """What both have in common: learn aside, test, register, tell, and write the figures."""
    language, place = settings.language, wiring.workspace(settings)
    place.prepare()
    with (
        durable.writing(place.models),
        tempfile.TemporaryDirectory(prefix=".tuning-", dir=place.models.parent) as aside,
    ):
        files = Path(aside) / "files"
        tuned = tune(files, lambda epoch: _print_epoch(console, epoch, language))
        card = _card(tuned, recipe)
        card = _judged(card, test(files)) if test else card
        version = wiring.registry(settings).register(role, files, card)
    _print_samples(console, tuned, language)
    told = say(
        "finetune.done", language, before=_loss(tuned.before, language), after=_loss(tuned.after, language),
        epoch=tuned.best, name=version.name,
    )  # fmt: skip
    console.print(told, markup=False)
    if not tuned.best:
        console.print(say("finetune.nothing_learned", language), markup=False, style="yellow")
    if results:
        for path in _written(results, version, tuned, language):
            console.print(say("finetune.written", language, path=path), markup=False)
    return version, tuned


def _publish(
    console: Console, settings: Settings, version: Version, tuned: Tuned, recipe: Recipe, *, command: str
) -> None:
    """The training as a run in MLflow, with the loss by epoch, and its version in the registry there."""
    report, language = _report(version, tuned), settings.language
    published = publish(
        settings,
        version,
        command=command,
        params={**asdict(recipe), "rate": recipe.step, "best_epoch": tuned.best},
        # names of their own: the figure of the version that is kept is another than that of the last epoch
        epochs=[{"epoch_loss": one.loss, "epoch_held_out_loss": one.held_out} for one in tuned.epochs],
        files={"results.html": trained_page(report, language=language), "results.json": _as_text(report)},
    )
    if published:
        console.print(say("finetune.published", language, **asdict(published)), markup=False, soft_wrap=True)


def _card(tuned: Tuned, recipe: Recipe) -> Card:
    figures = {name: value for name, value in tuned.facts.items() if isinstance(value, float)}
    return Card(
        made=now().isoformat(timespec="seconds"),
        teacher=", ".join(tuned.facts.get("teachers", ())) or recipe.model,
        measure="held_out_loss",
        lower_is_better=True,
        teachers=tuned.before,
        students=tuned.after,
        held_out=tuned.facts["held_out"],
        dataset=tuned.facts["dataset"],
        package=version_of("resuelve"),
        figures=figures | {"epochs": float(len(tuned.epochs)), "best_epoch": float(tuned.best)},
        fits={"model": recipe.model},
        passed=None if tuned.best else False,  # what has learned nothing is as good as before, and takes no role
    )


def _judged(card: Card, judged: Judged) -> Card:
    """With what the test found, in place of the loss where there was enough to search for."""
    from resuelve.resolution.prompts import version as version_of

    one, losses = judged.comparison, {"held_out_loss_before": card.teachers, "held_out_loss": card.students}
    fits = {**card.fits, "prompt": version_of(languages.ROLE)}
    card = replace(card, figures={**card.figures, **one.figures(), **losses}, fits=fits, passed=judged.passed)
    if judged.why or one.missing:
        return card
    card = replace(card, measure="reciprocal_rank", lower_is_better=False, held_out=one.tickets)
    return replace(card, teachers=one.teachers, students=one.students)


def _report(version: Version, tuned: Tuned) -> dict[str, Any]:
    return {
        "version": version.name,
        "digest": version.digest,
        "made": version.card.made,
        "before": tuned.before,
        "after": tuned.after,
        "best": tuned.best,
        "epochs": [asdict(one) for one in tuned.epochs],
        "samples": [asdict(one) for one in tuned.samples],
        **tuned.facts,
    }


def _as_text(report: Mapping[str, Any]) -> str:
    return json.dumps(report, ensure_ascii=False, indent=1) + "\n"


def _written(folder: Path, version: Version, tuned: Tuned, language: str) -> list[Path]:
    """Figures as JSON and as a page, named by the version."""
    report = _report(version, tuned)
    contents = {"json": _as_text(report), "html": trained_page(report, language=language)}
    paths = []
    for ending, content in contents.items():
        path = folder / f"{version.role}-{version.number}.{ending}"
        with durable.writing(path):
            folder.mkdir(parents=True, exist_ok=True)
            durable.replace(path, content.encode())
        paths.append(path)
    return paths


def _print_aside(console: Console, aside: Sequence[Rejected], language: str) -> None:
    if aside:
        console.print(say("finetune.aside", language, count=number(len(aside), language)), markup=False)
    for one in aside[:_SHOWN]:
        console.print(Text(f"  {translated(one, language)}"))


def _print_epoch(console: Console, epoch: Epoch, language: str) -> None:
    losses = {"loss": _loss(epoch.loss, language), "held_out": _loss(epoch.held_out, language)}
    console.print(say("finetune.epoch", language, number=epoch.number, **losses), markup=False)


def _print_samples(console: Console, tuned: Tuned, language: str) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("name", "wanted", "before", "after"):
        table.add_column(say(f"finetune.column.{name}", language), overflow="fold")
    for one in tuned.samples:
        table.add_row(*(Text(_short(text)) for text in (one.name, one.wanted, one.before, one.after)))
    console.print(table)
    if (share := tuned.facts.get("agreement_after")) is not None:
        before = percent(tuned.facts["agreement_before"], language, 1)
        told = say("finetune.agreement", language, before=before, after=percent(share, language, 1))
        console.print(told, markup=False)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"


def _loss(value: float, language: str) -> str:
    return number(value, language, 4)
