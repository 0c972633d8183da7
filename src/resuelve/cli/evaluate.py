"""`resuelve evaluate`: how good the decisions are, measured on sets of labelled tickets."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from resuelve import durable, wiring
from resuelve.cli.surroundings import now, progress_bar, terminal, warn
from resuelve.domain.decision import Permission
from resuelve.experiments.runs import evaluation_run
from resuelve.experiments.store import installed
from resuelve.knowledge.catalogue import examples
from resuelve.models import Embedder
from resuelve.pages.evaluated import evaluated_page
from resuelve.pages.guarantees import calibration_told, guarantee_told
from resuelve.pages.numbers import number, percent
from resuelve.replay.evaluate import Aim, Evaluation, evaluate
from resuelve.replay.predict import RememberingEmbedder
from resuelve.replay.sets import EvaluationSet, Split
from resuelve.settings import Settings
from resuelve.texts import say
from resuelve.training.recipe import check_installed
from resuelve.wiring import trials
from resuelve.wiring.encoders import check_used, tuned_to, with_changes
from resuelve.wiring.students import rules_in_force

_SHOWN_SET_ASIDE = 10


def run_evaluate(
    settings: Settings,
    sets: Sequence[Path],
    *,
    kb: Path | None,
    aim: Aim,
    json_file: Path | None,
    html: Path | None,
    mlflow: bool,
    tune: bool = False,
) -> None:
    """Measure on each set in turn, print a table, write what was asked for.

    JSON holds one object for one set, and an array of them for several. What is logged is logged last.

    Args:
        tune: with an encoder that is tuned to each set's dictionary first.

    Raises:
        TrainingError: the encoder cannot be tuned; nothing was written.
        EvaluationError, DictionaryError: a set cannot be read; nothing was measured.
        ModelUnavailable, VectorIndexError, WorkspaceError: nothing was written.
        ExperimentError: only MLflow did not log it.
    """
    console, language, started = terminal(), settings.language, now()
    found = [trials.evaluation_set(folder, kb) for folder in sets]
    if tune:
        check_installed()
        check_used(settings)
    model = None if tune else wiring.embedder(settings)
    reports = []
    for one in found:
        with progress_bar(console) as bar:
            encoder = model or _tuned(settings, one, bar)
            reports.append(_evaluated(settings, one, encoder, aim, bar).as_json(language))
        _print_set_aside(console, reports[-1], language)
        _print_undecided(console, reports[-1], language)
    console.print(_table(reports, language))
    console.print()
    console.print(say("evaluate.legend", language, target=percent(aim.target, language, 1)), markup=False)
    for report in reports:
        _print_operations(console, report, settings)
    if json_file:
        content = reports[0] if len(reports) == 1 else reports
        _write(json_file, json.dumps(content, ensure_ascii=False, indent=1) + "\n")
        console.print(say("evaluate.written", language, path=json_file), markup=False)
    made = started.isoformat(timespec="minutes")
    if html:
        _write(html, evaluated_page(reports, made=made, language=language))
        console.print(say("evaluate.written", language, path=html), markup=False)
    if mlflow and installed():
        runs = [evaluation_run(one, evaluated_page([one], made=made, language=language)) for one in reports]
        store = wiring.experiments(settings)
        store.log(runs)
        console.print(say("evaluate.logged", language, count=len(runs), place=store.place), markup=False)


def _tuned(settings: Settings, data: EvaluationSet, bar: Progress) -> Embedder:
    task = bar.add_task(say("evaluate.progress.tuning", settings.language, set=data.name), total=None)
    changes = tuned_to(
        data.dictionary.problems.values(), progress=lambda done, total, _: bar.update(task, completed=done, total=total)
    )
    return with_changes(changes)


def _evaluated(settings: Settings, data: EvaluationSet, model: Embedder, aim: Aim, bar: Progress) -> Evaluation:
    chat = wiring.chat(settings)
    remembering = RememberingEmbedder(model)
    indexing = bar.add_task(say("evaluate.progress.index", settings.language, set=data.name), total=None)
    remembering.keep(
        [example for _, example in examples(data.dictionary.problems)],
        lambda done, total: bar.update(indexing, completed=done, total=total),
    )
    with trials.passing_knowledge(data.dictionary, remembering) as knowledge:
        task = bar.add_task(say("evaluate.progress.cases", settings.language, set=data.name), total=None)
        return evaluate(
            data,
            knowledge,
            remembering,
            rules_in_force(settings, model.identity, warn),
            aim=aim,
            chat=chat,
            workers=settings.workers if chat else 1,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )


def _table(reports: Sequence[Mapping[str, Any]], language: str) -> Table:
    """A line a set; everything of the test split."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    names = "set kb test accuracy recall3 macro_f1 coverage precision handover joint auroc ece ms calls".split()
    for name in names:
        text = name in ("set", "kb")
        table.add_column(
            say(f"evaluate.column.{name}", language), justify="left" if text else "right", no_wrap=not text
        )
    for report in reports:
        precision = percent(report["precision"], language, 1)
        if report["precision"] is not None:
            precision += f" (≥ {percent(report['precision_lower_95'], language, 1)})"
        table.add_row(
            Text(report["set"]),
            Text(report["kb"]),
            number(report["cases"]["test"], language),
            percent(report["accuracy"], language, 1),
            percent(report["recall_at"]["3"], language, 1),
            _decimal(report["macro_f1"], language),
            percent(report["coverage"], language, 1),
            precision,
            percent(report["handover_recall"], language, 1),
            percent(report["joint_accuracy"], language, 1),
            _decimal(report["auroc"], language),
            _decimal(report["ece"], language),
            number(report["ms_per_incident"], language, 1),
            _decimal(report["model_calls_per_incident"], language, 1),
        )
    return table


def _print_operations(console: Console, report: Mapping[str, Any], settings: Settings) -> None:
    """Where the thresholds lie, and what the product does as it is set."""
    language = settings.language
    console.print()
    console.print(Text(f"{report['set']} · {report['kb']}", style="bold"))
    console.print(f"  {calibration_told(report['calibration'], language)}", markup=False)
    ways = {name: report[name] for name in ("at_target", "at_joint", "as_set")}
    for name, one in {**ways, "score_alone": report["score_alone"]["at_target"]}.items():
        threshold = "—" if one["threshold"] is None else number(100 * one["threshold"], language, 1)
        line = say(
            f"evaluate.{name}",
            language,
            threshold=threshold,
            answered=number(one["answered"], language),
            right=number(one["right"], language),
            coverage=percent(one["coverage"], language, 1),
            precision=percent(one["precision"], language, 1),
            joint=percent(one["joint_accuracy"], language, 1),
            handover=percent(one["handover_recall"], language, 1),
        )
        console.print(f"  {line}", markup=False)
    _print_guarantees(console, report["guaranteed"], settings)
    stages = " · ".join(f"{stage} {number(ms, language, 2)}" for stage, ms in report["ms_by_stage"].items())
    console.print(f"  {say('evaluate.stages', language, stages=stages)}", markup=False)


def _print_guarantees(console: Console, report: Mapping[str, Any], settings: Settings) -> None:
    """Which thresholds keep the risk, with settings that make them hold (those that are set stay); or what lacks."""
    language = settings.language
    slots = {name: percent(report[name], language, 1) for name in ("risk", "confidence")}
    console.print(f"  {say('evaluate.guaranteed', language, **slots)}", markup=False)
    for one in report["by_resolution"]:
        console.print(f"    {guarantee_told(one, language)}", markup=False)
    found = {one["resolution"]: _up(one["threshold"]) for one in report["by_resolution"] if one["resolution"]}
    thresholds = {word: value for word, value in found.items() if value is not None}
    asked = {word: Permission.ASK for word, value in found.items() if value is None}
    for name, new, kept in (("THRESHOLDS", thresholds, settings.thresholds), ("POLICY", asked, settings.policy)):
        if new:
            line = json.dumps({**kept, **new}, ensure_ascii=False)
            console.print(f"    RESUELVE_{name}={line}", markup=False, soft_wrap=True)


def _up(threshold: float | None) -> float | None:
    """As a setting, which is no lower than what was found."""
    return None if threshold is None else math.ceil(1000 * threshold) / 10


def _print_set_aside(console: Console, report: Mapping[str, Any], language: str) -> None:
    aside = [*report["rejected_rows"], *report["set_aside"]]
    if aside:
        console.print(
            say("evaluate.set_aside", language, set=report["set"], count=len(aside)), style="yellow", markup=False
        )
    for one in aside[:_SHOWN_SET_ASIDE]:
        console.print(f"  {one['where']}: {one['reason']}", markup=False)


def _print_undecided(console: Console, report: Mapping[str, Any], language: str) -> None:
    undecided = report["undecided"]
    if not undecided["cases"]:
        return
    count, slots = len(undecided["cases"]), {split.value: number(undecided[split], language) for split in Split}
    line = say("evaluate.undecided", language, set=report["set"], count=number(count, language), **slots)
    console.print(line, style="yellow", markup=False)
    for one in undecided["cases"][:_SHOWN_SET_ASIDE]:
        console.print(f"  {one['what']}: {one['reason']}", markup=False)


def _decimal(value: float | None, language: str, digits: int = 3) -> str:
    return "—" if value is None else number(value, language, digits)


def _write(path: Path, text: str) -> None:
    with durable.writing(path):
        durable.replace(path, text.encode("utf-8", "backslashreplace"))
