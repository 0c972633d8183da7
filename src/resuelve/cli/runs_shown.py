"""`resuelve runs list` and `runs compare`: what MLflow keeps, in the terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from resuelve import wiring
from resuelve.cli.surroundings import harmless, terminal
from resuelve.domain.errors import ExperimentsUnavailable
from resuelve.domain.message import message
from resuelve.experiments.runs import Kept
from resuelve.experiments.store import Store, installed
from resuelve.pages.numbers import number
from resuelve.settings import Settings
from resuelve.texts import say

_SHORT = 8
"""Digits of an id that are shown: enough to name it by."""

_DIGITS = 4


def show_runs(settings: Settings, most: int, *, as_json: bool) -> None:
    """The newest runs, the newest first.

    Raises:
        ExperimentsUnavailable: MLflow is not installed, or its store does not answer.
    """
    store, language = _store(settings), settings.language
    found = store.listed(most)
    if as_json:
        print(harmless(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=1)))  # noqa: T201 - for other programs
        return
    console = terminal()
    if not found:
        console.print(say("runs.none", language, place=store.place), markup=False, soft_wrap=True)
        return
    table = _table(language, "id", "started", "kind", "name", "status")
    for one in found:
        table.add_row(one.id[:_SHORT], _when(one), Text(_kind(one, language)), Text(one.name), one.status)
    console.print(table)


def show_difference(settings: Settings, first: str, second: str, *, as_json: bool) -> None:
    """What two runs were set to and measured, where they differ.

    Raises:
        ExperimentsUnavailable: MLflow is not installed, its store does not answer, or a run is not there.
    """
    store, language = _store(settings), settings.language
    one, other = _both(store, first, second)
    params, metrics = differing(one.params, other.params), differing(one.metrics, other.metrics)
    data = differing(_data(one), _data(other))
    if as_json:
        content = {"runs": [one.id, other.id], "data": data, "params": params, "metrics": metrics}
        print(harmless(json.dumps(content, ensure_ascii=False, indent=1)))  # noqa: T201 - for other programs
        return
    console = terminal()
    for run in (one, other):
        console.print(Text(f"{run.id[:_SHORT]}  {_when(run)}  {_kind(run, language)}  {run.name}", style="bold"))
    if one.kind != other.kind:
        console.print(say("runs.other_kind", language), style="yellow", markup=False)
    console.print()
    _print(console, {**data, **params}, "params", (one, other), language)
    _print(console, metrics, "metrics", (one, other), language)
    same = len(one.params.keys() & other.params.keys()) - sum(None not in pair for pair in params.values())
    same += len(one.metrics.keys() & other.metrics.keys()) - sum(None not in pair for pair in metrics.values())
    console.print(say("runs.same", language, count=number(same, language)), markup=False)


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What is not the same in both, by name in order; None where one of them lacks it."""
    names = sorted(one.keys() | other.keys())
    return {name: (one.get(name), other.get(name)) for name in names if one.get(name) != other.get(name)}


def _store(settings: Settings) -> Store:
    if not installed():
        raise ExperimentsUnavailable(
            "MLflow is not installed", remedy="install it: make mlflow, or pip install 'resuelve[mlflow]'"
        )
    return wiring.experiments(settings)


def _both(store: Store, first: str, second: str) -> tuple[Kept, Kept]:
    one, other = store.found([first, second])
    return _only(one, first, store), _only(other, second, store)


def _only(found: list[Kept], name: str, store: Store) -> Kept:
    """The one run that is meant; of those that are called exactly so, the newest."""
    called = [one for one in found if one.name == name]
    if called:
        return max(called, key=lambda one: one.started)
    if len(found) == 1:
        return found[0]
    several = message("several runs are meant by «{name}»", name=name)
    none = message("there is no run «{name}»", name=name)
    raise ExperimentsUnavailable(
        several if found else none,
        where=store.place,
        remedy="resuelve runs list shows them; name one by the beginning of its id",
    )


def _data(run: Kept) -> dict[str, str]:
    return {"dataset.digest": ", ".join(run.data)} if run.data else {}


def _when(run: Kept) -> str:
    return datetime.fromtimestamp(run.started / 1000, UTC).astimezone().strftime("%Y-%m-%d %H:%M")


def _kind(run: Kept, language: str) -> str:
    return say(f"runs.kind.{run.kind}", language) if run.kind in ("evaluation", "training") else run.kind


def _print(
    console: Console, rows: Mapping[str, tuple[Any, Any]], heading: str, runs: tuple[Kept, Kept], language: str
) -> None:
    if not rows:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(say(f"runs.{heading}", language))
    measured = heading == "metrics"
    for run in runs:
        table.add_column(run.id[:_SHORT], justify="right" if measured else "left", overflow="fold")
    if measured:
        table.add_column(say("runs.column.change", language), justify="right")
    for name, (one, other) in rows.items():
        cells = [_cell(one, language), _cell(other, language)]
        if measured:
            cells.append("" if None in (one, other) else f"{'+' if other > one else ''}{_cell(other - one, language)}")
        table.add_row(Text(name), *(Text(cell) for cell in cells))
    console.print(table)
    console.print()


def _cell(value: Any, language: str) -> str:
    if value is None:
        return "—"
    return number(value, language, _DIGITS) if isinstance(value, float) else str(value)


def _table(language: str, *columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(say(f"runs.column.{name}", language), overflow="fold")
    return table
