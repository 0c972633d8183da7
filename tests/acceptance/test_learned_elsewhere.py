"""From the pictures of one office to the decisions of another: learned, registered in MLflow, followed, used."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from resuelve.training.recipe import installed

if not installed():
    pytest.skip("needs the extra `train`: make train", allow_module_level=True)

from resuelve.cli import app
from resuelve.training.image import ROLE
from tests.acceptance.product import Product, build_workspace, demo_incidents, desk_with, small_dictionary, world_of
from tests.mlflow_server import tables
from tests.tiny_models import draw_toy_set, tiny_captioner

PICTURE = "aviso-verde-1.png"


def test_a_model_learned_here_describes_pictures_there(
    product: Product, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "store").mkdir()
    address = f"sqlite:///{tables(tmp_path / 'store')}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    monkeypatch.setenv("RESUELVE_LANGUAGE", "en")
    draw_toy_set(tmp_path / "LLMImage")
    texts = [one["texto"] for one in json.loads((tmp_path / "LLMImage" / "entradas.json").read_text(encoding="utf-8"))]
    model = tiny_captioner(tmp_path / "model", texts)
    recipe = ["--model", str(model), "--whole", "--epochs", "40", "--rate", "0.003", "--batch", "8", "--longest", "16"]
    learned = CliRunner().invoke(app, ["train", "image", "LLMImage", *recipe, "--patience", "15", "-w", "here"])
    assert learned.exit_code == 0, learned.exception
    assert f"registered as resuelve-{ROLE}, version 1 ({address})" in learned.output

    (incident,) = deepcopy(demo_incidents("INC1004"))
    incident["historial"][0]["adjuntos"] = [f"http://localhost:3000/api/adjuntos/{PICTURE}"]
    world = replace(world_of([incident]), attachments=tmp_path / "LLMImage" / "images")
    workspace = build_workspace(product, tmp_path / "indexed", small_dictionary(tmp_path))
    settings = {"MLFLOW_TRACKING_URI": address, "RESUELVE_MODEL_SOURCE": "latest", "RESUELVE_LANGUAGE": "en"}
    with desk_with(product, workspace, tmp_path, world, **settings) as desk:
        ended = desk.run("run", "--shadow")
        assert (ended.status, ended.error) == (0, "")
        decision = desk.entries()["INC1004"]["decision"]
        assert decision["versions"] == {ROLE: f"{ROLE}/1"}
        assert [one["described"] for one in decision["attachments"]] == [True]
        kept = desk.workspace / ".resuelve" / "models" / ROLE / "1" / "version.json"
        origin = f"{address} · resuelve-{ROLE}/1"
        assert json.loads(kept.read_text(encoding="utf-8"))["card"]["origin"] == origin
        explained = desk.run("explain", "INC1004")
        assert (explained.status, explained.error) == (0, "")
        assert f"Learned models that spoke: {ROLE}/1" in explained.out
