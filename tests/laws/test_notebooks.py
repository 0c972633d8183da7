"""Notebooks hold no outputs, and their cells only call the package."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from tests.laws.repository import name_of, project_files

NOTEBOOKS = [file for file in project_files() if file.suffix == ".ipynb"]
_ALLOWED = (ast.ImportFrom, ast.Assign, ast.Expr)


def cells(notebook: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in found if cell["cell_type"] == "code"]


def test_there_are_notebooks() -> None:
    assert [name_of(file) for file in NOTEBOOKS] == ["playground.ipynb", "finetune/LLMImage/entrenar.ipynb"]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=name_of)
def test_a_notebook_holds_no_outputs(notebook: Path) -> None:
    assert [cell["id"] for cell in cells(notebook) if cell["outputs"] or cell["execution_count"]] == []


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=name_of)
def test_cells_only_call_the_package(notebook: Path) -> None:
    for cell in cells(notebook):
        for statement in ast.parse("".join(cell["source"])).body:
            assert isinstance(statement, _ALLOWED), cell["id"]
            if isinstance(statement, ast.ImportFrom):
                assert (statement.module or "").split(".")[0] in ("resuelve", "pathlib"), cell["id"]
