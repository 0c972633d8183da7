"""A student of the language model, for real: trained, tested by what it finds, taken into use, asked in its place."""

from __future__ import annotations

import json
import shutil
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from resuelve.training.checkpoint import check_loadable
from resuelve.training.recipe import installed
from resuelve.training.registry import Registry

if not installed():
    pytest.skip("needs the extra `train`: make train", allow_module_level=True)

from resuelve.cli import app
from resuelve.models import Prompt
from resuelve.models.answer import read_answer
from resuelve.resolution.prompts import prompt, version
from resuelve.resolution.prompts.schemas import Reformulation
from resuelve.wiring.speaking import speech
from tests.acceptance.product import copy_of, demo_incidents
from tests.acceptance.test_language_models import NewDesk, agreeable, production, role, said
from tests.model_server import Reply, Request
from tests.tiny_models import tiny_speaker

ANSWER = '{"problema": "No deja adjuntar documentos a la solicitud", "otro_asunto": ""}'
ROW = "REE001"
TICKETS = 54


def everything(request: Request) -> Reply:
    """An agreeable model, for the doctor too."""
    return said({"funciona": True}) if role(request) == "_Pong" else agreeable(request)


def history() -> list[dict[str, object]]:
    """Tickets about one problem, each in words of its own, and what the teacher made of them."""
    lines: list[dict[str, object]] = []
    for number in range(TICKETS):
        word = "".join(chr(97 + int(digit)) for digit in str(100 + number))
        asked = prompt("reformulate", ticket=f"description: No puedo adjuntar el informe {word}")
        messages = [("system", asked.system), ("user", asked.user), ("assistant", ANSWER)]
        metadata = {
            "role": "reformulate",
            "model": "grande",
            "incident": f"OLD{number}",
            "outcome": "right",
            "row": ROW,
        }
        lines.append({"messages": [{"role": who, "content": text} for who, text in messages], "metadata": metadata})
    return lines


@pytest.fixture(scope="module")
def taught(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A workspace in which a tiny model has learned to say the one sentence; in use, as a team would promote it."""
    folder = tmp_path_factory.mktemp("taught")
    workspace = copy_of(indexed, folder / "workspace")
    lines = history()
    (folder / "history.jsonl").write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    texts = [prompt("reformulate", ticket="description: No puedo adjuntar el informe").system, ANSWER]
    texts += ["<incidencia> description: No puedo adjuntar el informe </incidencia>"]
    model = tiny_speaker(folder / "model", texts, places=1024)
    arguments = [
        "--model",
        str(model),
        "--whole",
        "--epochs",
        "6",
        "--rate",
        "0.005",
        "--held-out",
        "0.4",
        "--patience",
        "9",
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RESUELVE_LANGUAGE", "en")
        command = ["train", "reformulate", str(folder / "history.jsonl"), *arguments, "-w", str(workspace)]
        done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    registry = Registry(workspace / ".resuelve" / "models")
    return SimpleNamespace(output=done.output, models=workspace / ".resuelve" / "models", registry=registry)


def test_what_finds_as_well_passes_and_the_figures_are_shown(taught: SimpleNamespace) -> None:
    (card,) = (one.card for one in taught.registry.versions("reformulate"))
    assert card.passed
    assert (card.measure, card.lower_is_better, card.held_out) == ("reciprocal_rank", False, 22)
    assert card.teachers == card.students > 0
    assert card.figures["search_loss_limit"] == 0
    assert card.figures["usable"] == 1
    assert card.figures["held_out_loss"] < card.figures["held_out_loss_before"]
    assert card.fits["prompt"] == version("reformulate")
    assert "Held-out tickets whose right row is known: 22." in taught.output
    assert "It is not worse than its teacher (at most 0.02 may be lost" in taught.output


def test_in_a_process_of_its_own_it_answers_prompts(taught: SimpleNamespace) -> None:
    (one,) = taught.registry.versions("reformulate")
    check_loadable(taught.registry.folder(one))
    student = speech(taught.registry.folder(one), 60)
    try:
        answer = student.answer(prompt("reformulate", ticket="description: No puedo adjuntar el informe zzz"))
        assert answer
        assert read_answer(answer[0], Reformulation).problema == "No deja adjuntar documentos a la solicitud"
        assert answer[1].tokens_in > 100 > answer[1].tokens_out > 5
        if sys.platform == "linux":
            assert {"files", "privileges", "calls", "python"} <= set(student.child.held)
        assert student.answer(Prompt("reformulate", "", "x " * 2000, "y")) is None, "too long, and it lives on"
        assert student.answer(prompt("reformulate", ticket="description: x"))
    finally:
        student.close()


def test_in_use_it_restates_and_the_server_is_asked_the_rest(new_desk: NewDesk, taught: SimpleNamespace) -> None:
    two = ("INC1001", "INC1018")
    with production(new_desk, demo_incidents(*two), everything) as (desk, server):
        assert desk.run("run", "--shadow").status == 0
        assert Counter(map(role, server.requests))["Reformulation"] == 2
        assert {code: entry["decision"]["versions"] for code, entry in desk.entries().items()} == {
            code: {} for code in two
        }
        server.requests.clear()

        models = desk.workspace / ".resuelve" / "models"
        shutil.copytree(taught.models, models)
        Registry(models).promote("reformulate", 1)
        doctor = desk.run("doctor")
        assert doctor.status == 0, doctor.out
        assert "las incidencias las reformula reformulate/1" in doctor.out
        explained = json.loads(desk.run("explain", two[0], "--json").out)
        models_by_stage = {
            one["stage"]: one["input"].get("model") for one in explained["stages"] if "model" in one["input"]
        }
        assert models_by_stage == {"reformulate": "reformulate/1", "decide": "gpt-4o-mini", "critique": "gpt-4o-mini"}
        server.requests.clear()
        ended = desk.run("run")
        assert (ended.status, ended.error) == (0, "")
        assert set(Counter(map(role, server.requests))) == {"Selection", "Review"}
        entries = desk.entries()
        assert {entry["decision"]["versions"]["reformulate"] for entry in entries.values()} == {"reformulate/1"}
        assert {entry["decision"]["usage"]["calls"] for entry in entries.values()} == {2}
        assert {change["incident"] for change in desk.ledger()} == set(two)


def test_a_version_that_cannot_be_used_is_told_and_the_teacher_answers(
    new_desk: NewDesk, taught: SimpleNamespace
) -> None:
    with production(new_desk, demo_incidents("INC1001"), everything) as (desk, server):
        models = desk.workspace / ".resuelve" / "models"
        shutil.copytree(taught.models, models)
        Registry(models).promote("reformulate", 1)
        (models / "reformulate" / "1" / "model.json").write_text("{}", encoding="utf-8")
        ended = desk.run("run")
        assert ended.status == 0
        assert "La versión de reformulate en uso no se usa" in ended.error
        assert Counter(map(role, server.requests))["Reformulation"] == 1
        assert desk.entries()["INC1001"]["decision"]["versions"] == {}
        assert "La versión de reformulate en uso no se usa" in desk.run("doctor").out
