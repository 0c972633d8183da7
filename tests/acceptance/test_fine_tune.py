"""Fine-tuning for real, on models of a few thousand weights built here: learned, registered, promoted, used."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from resuelve.domain.errors import TrainingError
from resuelve.training.recipe import Recipe, installed
from resuelve.training.registry import Registry

if not installed():
    pytest.skip("needs the extra `train`: make train", allow_module_level=True)

from resuelve.cli import app
from resuelve.settings import load
from resuelve.training import checkpoint, image, language
from resuelve.training.captions import Captions, read_captions
from resuelve.training.conversations import read_conversations
from resuelve.training.pictures import opened
from resuelve.wiring.captions import captions_in_use, describer
from tests.tiny_models import draw_toy_set, tiny_captioner, tiny_speaker

QUICK = Recipe("", batch=8, patience=15, longest=16)


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as people know it: `images` and `entradas.json`, 32 drawn pictures."""
    folder = tmp_path_factory.mktemp("toy") / "LLMImage"
    draw_toy_set(folder)
    return folder


@pytest.fixture(scope="module")
def learnt(toy: Path, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """The tiny model after every weight has learned the toy set."""
    folder = tmp_path_factory.mktemp("learnt")
    captions = read_captions(toy)
    model = tiny_captioner(folder / "model", [one.text for one in captions.kept])
    recipe = replace(QUICK, model=str(model), whole=True, epochs=40, rate=3e-3)
    tuned = image.fine_tune(captions, recipe, folder / "files")
    return SimpleNamespace(captions=captions, model=model, tuned=tuned, files=folder / "files")


@pytest.fixture
def turned(toy: Path, tmp_path: Path) -> Path:
    """The same pictures, the words of their texts in another order."""
    folder = tmp_path / "finetune" / "LLMImage"
    shutil.copytree(toy / "images", folder / "images")
    entries = json.loads((toy / "entradas.json").read_text(encoding="utf-8"))
    for entry in entries:
        words = entry["texto"].split()
        entry["texto"] = " ".join(words[-2:] + words[:-2])
    (folder / "entradas.json").write_text(json.dumps(entries), encoding="utf-8")
    return folder


def right(files: Path, captions: Captions) -> int:
    captioner = image.opened_version(files)
    return sum(captioner.caption(opened(one.path.read_bytes())) == one.text for one in captions.kept)


def test_a_whole_model_learns_what_pictures_show(learnt: SimpleNamespace) -> None:
    tuned = learnt.tuned
    assert tuned.after < 0.1 < 2 < tuned.before
    assert tuned.epochs[-1].loss < tuned.epochs[0].loss / 10
    assert all(one.before != one.wanted == one.after for one in tuned.samples)
    assert right(learnt.files, learnt.captions) == 32, "those held out among them"
    checkpoint.check_loadable(learnt.files, image.KIND)
    assert sorted(path.suffix for path in learnt.files.rglob("*") if path.is_file()) == [".json"] * 6 + [".safetensors"]


def test_an_adapter_is_learned_registered_and_used(
    learnt: SimpleNamespace, turned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESUELVE_LANGUAGE", "en")
    base = learnt.files / checkpoint.BASE
    arguments = ["--model", str(base), "--epochs", "12", "--rate", "0.01", "--batch", "8"]
    arguments += ["--no-mlflow", "-w", "office"]
    done = CliRunner().invoke(app, ["train", "image", str(turned), *arguments], catch_exceptions=False)
    assert done.exit_code == 0
    assert "Pictures with their text: 32." in done.output
    assert "Epoch 1: loss" in done.output
    assert "Registered as image-to-text-finetuned/1, a candidate." in done.output

    results = turned / "results"
    report = json.loads((results / "image-to-text-finetuned-1.json").read_text(encoding="utf-8"))
    assert report["after"] < report["before"] / 10
    page = (results / "image-to-text-finetuned-1.html").read_text(encoding="utf-8")
    assert report["samples"][0]["after"] in page

    settings = load(workspace=Path("office"))
    registry = Registry(Path("office") / ".resuelve" / "models")
    (version,) = registry.versions(image.ROLE)
    assert version.card.not_worse
    assert version.card.held_out == 6
    assert captions_in_use(settings) is None
    assert describer(settings) is None, "a candidate describes nothing"
    registry.promote(image.ROLE, 1)
    assert captions_in_use(settings) == registry.in_use(image.ROLE)
    assert right(registry.folder(version), read_captions(turned)) == 32
    checkpoint.check_loadable(registry.folder(version), image.KIND)

    describes = describer(settings)
    assert describes
    try:
        picture = turned / "images" / "aviso-verde-1.png"
        assert describes.caption(picture.read_bytes()) == "en verde ventana de aviso"
        assert describes.caption(b"no picture") is None
        if sys.platform == "linux":
            assert {"files", "privileges", "calls", "python"} <= set(describes.held)
        assert describes.caption(picture.read_bytes()) == "en verde ventana de aviso", "it lives on"
    finally:
        describes.close()

    shutil.copytree(base, tmp_path / "other")
    about = registry.folder(version) / checkpoint.ABOUT
    said = json.loads(about.read_text(encoding="utf-8"))
    about.write_text(json.dumps(said | {"model": str(tmp_path / "other")}), encoding="utf-8")
    with pytest.raises(TrainingError, match="not those that were registered"):
        captions_in_use(settings)
    weights = tmp_path / "other" / "config.json"
    weights.write_text(weights.read_text(encoding="utf-8") + " ", encoding="utf-8")
    with pytest.raises(TrainingError, match="learned on another model"):
        checkpoint.base_of(about.parent)


def test_a_damaged_version_says_so_and_the_child_ends(learnt: SimpleNamespace, tmp_path: Path) -> None:
    from resuelve.training.describing import Describer

    shutil.copytree(learnt.files, tmp_path / "files")
    about = tmp_path / "files" / checkpoint.ABOUT
    about.write_text(about.read_text(encoding="utf-8").replace('"format": 1', '"format": 99'), encoding="utf-8")
    broken = Describer([sys.executable, "-m", "resuelve.wiring.captions", str(tmp_path / "files")])
    with pytest.raises(TrainingError, match="another version of Resuelve"):
        broken.caption(b"x")
    assert not broken.child.alive


def test_a_child_that_is_too_slow_is_ended(tmp_path: Path) -> None:
    from resuelve.training.describing import Describer

    program = "import sys, time; print('{\"held\": []}', flush=True); time.sleep(60)"
    slow = Describer([sys.executable, "-c", program], seconds=0.2)
    assert [slow.caption(b"x" * 1_000_000) for _ in range(3)] == [None] * 3
    with pytest.raises(TrainingError, match="has died 3 times"):
        slow.caption(b"x")


@pytest.fixture
def other_model(learnt: SimpleNamespace, tmp_path: Path) -> Iterator[Path]:
    shutil.copytree(learnt.model, tmp_path / "model")
    yield tmp_path / "model"


def test_a_model_of_another_kind_is_refused(other_model: Path) -> None:
    config = json.loads((other_model / "config.json").read_text(encoding="utf-8"))
    (other_model / "config.json").write_text(json.dumps(config | {"model_type": "gpt2"}), encoding="utf-8")
    with pytest.raises(TrainingError, match="no model of the kind vision-encoder-decoder"):
        image.loaded(other_model, 16)


def test_damaged_weights_are_said(other_model: Path) -> None:
    (other_model / "model.safetensors").write_bytes(b"{}")
    with pytest.raises(TrainingError, match="cannot be loaded"):
        image.loaded(other_model, 16)


def test_pickled_weights_are_not_read(other_model: Path) -> None:
    import torch

    (other_model / "model.safetensors").unlink()
    torch.save({}, other_model / "pytorch_model.bin")
    with pytest.raises(TrainingError, match="cannot be loaded"):
        image.loaded(other_model, 16)


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/model", "a/b/c"])
def test_a_folder_without_a_model_is_said(name: str) -> None:
    with pytest.raises(TrainingError, match=r"config\.json is missing"):
        checkpoint.located(name)


def test_a_hub_that_cannot_be_reached_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(TrainingError, match="the hub of models cannot be reached"):
        checkpoint.located("some/model")


def test_too_few_pictures_and_no_device_are_said(learnt: SimpleNamespace, tmp_path: Path) -> None:
    captions = learnt.captions
    few = Captions(captions.kept[:1], (), captions.digest)
    with pytest.raises(TrainingError, match="two are the least"):
        image.fine_tune(few, Recipe(str(learnt.model)), tmp_path / "files")
    with pytest.raises(TrainingError, match="no device cuda"):
        image.fine_tune(captions, Recipe(str(learnt.model), device="cuda"), tmp_path / "files")


def test_a_rate_that_is_too_high_is_said(learnt: SimpleNamespace, tmp_path: Path) -> None:
    recipe = replace(QUICK, model=str(learnt.model), whole=True, epochs=3, rate=1e30)
    with pytest.raises(TrainingError, match="the loss is no number any more"):
        image.fine_tune(learnt.captions, recipe, tmp_path / "files")


def test_where_nothing_gets_better_the_model_stays_as_it_was(learnt: SimpleNamespace, tmp_path: Path) -> None:
    base = str(learnt.files / checkpoint.BASE)
    tuned = image.fine_tune(learnt.captions, replace(QUICK, model=base, epochs=2, rate=0.5, patience=1), tmp_path / "f")
    assert (tuned.best, len(tuned.epochs), tuned.after) == (0, 1, tuned.before)
    assert right(tmp_path / "f", learnt.captions) == 32


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """What a larger model answered: what the complaint is about, as JSON."""
    things, verbs = "recibo correo informe acceso listado".split(), "falla tarda sobra falta duele".split()
    lines = []
    for number, (thing, verb) in enumerate((t, v) for t in things for v in verbs):
        for greeting in ("hola", "buenas"):
            messages = [
                {"role": "user", "content": f"{greeting} el {thing} me {verb} gracias"},
                {"role": "assistant", "content": json.dumps({"problema": thing})},
            ]
            metadata = {"role": "reformulate", "model": "grande", "incident": f"INC{number:04}"}
            lines.append(json.dumps({"messages": messages, "metadata": metadata}))
    file = tmp_path / "historico.jsonl"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def test_a_language_model_learns_what_a_larger_one_answered(
    history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESUELVE_LANGUAGE", "en")
    known = read_conversations([history], ["reformulate"])
    model = tiny_speaker(tmp_path / "model", [text for one in known.kept for text in (one.asked[0][1], one.answer)])
    arguments = ["--model", str(model), "--whole", "--epochs", "30", "--rate", "0.005", "--batch", "8"]
    arguments += ["--patience", "20", "--export", "served", "--no-mlflow", "-w", "office"]
    done = CliRunner().invoke(app, ["train", "reformulate", str(history), *arguments], catch_exceptions=False)
    assert done.exit_code == 0
    assert "Registered as reformulate/1, a candidate." in done.output
    assert "for Ollama, llama.cpp or vLLM" in done.output
    (version,) = Registry(Path("office") / ".resuelve" / "models").versions("reformulate")
    assert version.card.teacher == "grande"
    assert version.card.students < version.card.teachers / 4
    assert version.card.passed is False, "whether it searches as well was not shown"
    assert "has 0 tickets" in done.output
    assert version.card.figures["agreement_after"] > 0.8 > version.card.figures["agreement_before"]
    speaker = language.loaded(Path("served"), 64)
    assert sum(speaker.answer(one) == one.answer for one in known.kept) == 50

    recipe = Recipe(str(Path("served")), epochs=2, rate=1e-3, batch=8, longest=64)
    tuned = language.fine_tune(known, recipe, tmp_path / "files", role="reformulate", merged=tmp_path / "merged")
    assert language.opened_version(tmp_path / "files").model.peft_config
    assert tuned.facts["held_out"] == 10
    assert language.loaded(tmp_path / "merged", 64).answer(known.kept[0])
