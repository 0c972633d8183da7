"""Every metric of the list is told by somebody: what nobody tells is an empty panel and an alert that never fires."""

from __future__ import annotations

import ast

from resuelve.telemetry import metrics
from resuelve.telemetry.metrics import Metric
from tests.laws.repository import SOURCE, source_files, syntax

LIST = SOURCE / "telemetry" / "metrics.py"
CONSTANTS = {name for name, value in vars(metrics).items() if isinstance(value, Metric)}


def _used(text: ast.Module) -> set[str]:
    """The names that a file uses; an import is no use."""
    return {node.id for node in ast.walk(text) if isinstance(node, ast.Name)}


def test_every_metric_is_told_by_somebody() -> None:
    used = set().union(*(_used(syntax(file)) for file in source_files() if file != LIST))
    assert sorted(CONSTANTS - used) == []


def test_an_import_is_no_use() -> None:
    assert "RUNS" not in _used(ast.parse("from resuelve.telemetry.metrics import RUNS"))
    assert "RUNS" in _used(ast.parse("signals.add(RUNS, 1)"))
