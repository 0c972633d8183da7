"""The notebooks run from their first cell to their last, as a person would run them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from resuelve.training.recipe import installed
from tests.laws.repository import ROOT

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def run(notebook: Any, folder: Path) -> str:
    """Execute every cell in a kernel that starts in the folder; what they show, as one text."""
    NotebookClient(notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": folder}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return "\n".join(str(one.get("data", {}).get("text/html", one.get("text", ""))) for one in outputs)


def read(name: str) -> Any:
    return nbformat.read(ROOT / name, as_version=4)  # type: ignore[no-untyped-call]


@pytest.fixture(autouse=True)
def our_package(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))


def test_the_playground_shows_every_stage(tmp_path: Path) -> None:
    shown = run(read("playground.ipynb"), tmp_path)
    assert "ACC001" in shown
    assert "ana.prueba@example.com" in shown
    assert "automático" in shown
    assert shown.count("<table>") == 8


@pytest.mark.skipif(not installed(), reason="needs the extra `train`: make train")
def test_the_notebook_of_the_image_model_trains_one(tmp_path: Path) -> None:
    from resuelve.training.captions import read_captions
    from tests.tiny_models import tiny_captioner

    folder = tmp_path / "finetune" / "LLMImage"
    shutil.copytree(ROOT / "finetune" / "LLMImage", folder)
    example = read_captions(folder)
    assert len(example.kept) == 6
    assert example.aside == ()
    tiny_captioner(folder / "mi-modelo", [one.text for one in example.kept])
    shown = run(read("finetune/LLMImage/entrenar.ipynb"), folder)
    assert "image-to-text-finetuned/1" in shown
    assert "acceso.png" in shown
    assert (tmp_path / "resources" / ".resuelve" / "models" / "image-to-text-finetuned" / "1").is_dir()
    assert len(list((folder / "results").glob("*.html"))) == 1
