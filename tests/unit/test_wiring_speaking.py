"""Who answers prompts: the version in use where it can be used, or what is told. No model is loaded."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from resuelve.assembly import fingerprint
from resuelve.cli.searched import judge, told
from resuelve.domain.errors import TrainingError
from resuelve.knowledge.catalogue import Catalogue
from resuelve.models.scripted import ScriptedChat
from resuelve.resolution.prompts import prompt, version
from resuelve.resolution.prompts.schemas import Reformulation
from resuelve.settings import Settings, load
from resuelve.training.conversations import Conversation
from resuelve.training.registry import Card, Registry
from resuelve.training.speaking import Speech
from resuelve.wiring import speaking
from resuelve.wiring.captions import describer
from resuelve.wiring.speaking import Cast, searched_with, speaking_in_use, understudy

PROMPT = prompt("reformulate", ticket="No entra")
CHAT = ScriptedChat({"reformulate": {"problema": "No se puede entrar", "otro_asunto": ""}}, name="grande")
ANSWER = '{"problema": "No se puede entrar en la aplicación", "otro_asunto": ""}'

Promote = Callable[..., str]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr("resuelve.training.recipe.installed", lambda: True)
    return load(workspace=tmp_path)


@pytest.fixture
def promote(settings: Settings, tmp_path: Path) -> Promote:
    """Register a version that was learned whole, and take it into use; returns its digest."""

    def make(**fits: str) -> str:
        files = tmp_path / "files"
        files.mkdir()
        about = {"format": 1, "whole": True, "model": "x", "identity": "y", "longest": 64}
        (files / "model.json").write_text(json.dumps(about), encoding="utf-8")
        card = Card("2026-11-27", "grande", "reciprocal_rank", False, 0.5, 0.5, 20, "d", "1", {}, fits, True)
        registry = Registry(tmp_path / ".resuelve" / "models")
        registry.register("reformulate", files, card)
        return registry.promote("reformulate", 1).digest

    return make


def cast_of(settings: Settings, chat: ScriptedChat | None = CHAT) -> tuple[Cast, list[str], str]:
    """Who is cast, what was told, and who answered."""
    notes: list[str] = []
    with understudy(settings, chat, notes.append) as cast:
        model = cast.chat.complete(PROMPT, Reformulation).model if cast.chat else ""
    return cast, notes, model


def test_where_nothing_is_in_use_the_language_model_answers(settings: Settings) -> None:
    assert cast_of(settings) == (Cast(CHAT), [], "grande")


def test_without_a_language_model_nothing_changes(settings: Settings, promote: Promote) -> None:
    promote(prompt="another")
    assert cast_of(settings, None) == (Cast(None), [], "")


def test_what_is_in_use_answers_under_its_name(
    settings: Settings, promote: Promote, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = promote(prompt=version("reformulate"))
    program = (
        "import struct, sys\nprint('{\"held\": []}', flush=True)\n"
        "n, = struct.unpack('>I', sys.stdin.buffer.read(4)); sys.stdin.buffer.read(n)\n"
        f"import json; print(json.dumps({{'text': {ANSWER!r}}}), flush=True)"
    )
    monkeypatch.setattr(speaking, "speech", lambda _, seconds: Speech([sys.executable, "-c", program], seconds=seconds))
    cast, notes, model = cast_of(settings)
    assert (cast.identity, notes) == (digest, [])
    assert model == "reformulate/1"
    found = speaking_in_use(settings)
    assert found
    assert found.name == "reformulate/1"


def test_a_model_that_does_not_load_is_told_in_the_run_and_the_teacher_answers(
    settings: Settings, promote: Promote, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(prompt=version("reformulate"))
    monkeypatch.setattr(speaking, "speech", lambda *_: Speech([sys.executable, "-S", "-c", "raise SystemExit(1)"]))
    _, notes, model = cast_of(settings)
    assert model == "grande"
    assert notes == [
        "La versión de reformulate en uso no se usa; responde en su lugar el modelo de lenguaje: "
        "el proceso del modelo ajustado no arranca"
    ]


def test_another_wording_of_the_prompt_is_told(settings: Settings, promote: Promote) -> None:
    promote(prompt="another")
    cast, (note,), model = cast_of(settings)
    assert (cast, model) == (Cast(CHAT), "grande")
    assert "se midió con otra redacción de la petición" in note
    with pytest.raises(TrainingError, match="another wording"):
        speaking_in_use(settings)


def test_a_missing_extra_is_told(settings: Settings, promote: Promote, monkeypatch: pytest.MonkeyPatch) -> None:
    promote()
    monkeypatch.setattr("resuelve.training.recipe.installed", lambda: False)
    _, (note,), model = cast_of(settings)
    assert model == "grande"
    assert "make train" in note


def test_files_of_another_format_and_a_missing_base_are_told(settings: Settings, promote: Promote) -> None:
    promote()
    registry = Registry(settings.workspace / ".resuelve" / "models")
    (one,) = registry.versions("reformulate")
    for about, said in (
        ({"format": 9, "whole": True}, "otra versión de Resuelve"),
        ({"format": 1, "whole": False, "model": "/nowhere/base", "identity": "y", "longest": 64}, "config.json"),
    ):
        files = settings.workspace / "again"
        files.mkdir(exist_ok=True)
        (files / "model.json").write_text(json.dumps(about), encoding="utf-8")
        registry.promote("reformulate", registry.register("reformulate", files, one.card).number)
        _, (note,), model = cast_of(settings)
        assert model == "grande"
        assert said in note


def test_another_version_makes_unchanged_tickets_be_looked_at_again(settings: Settings) -> None:
    known = Catalogue({})

    def of(speaking: str) -> str:
        return fingerprint(settings, known, "embedder", 0, "", [speaking] if speaking else [])

    assert len({of(""), of("a"), of("b")}) == 3
    assert of("") == fingerprint(settings, known, "embedder", 0)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (ANSWER, "No se puede entrar en la aplicación"),
        ('{"problema": " ", "otro_asunto": "x y z w"}', ""),
        ('{"problema": "No va"}', None),
        ("No va", None),
    ],
)
def test_what_would_be_searched_with(answer: str, words: str | None) -> None:
    assert searched_with(answer) == words


def held(count: int, row: str = "R1", system: str = PROMPT.system, answer: str = ANSWER) -> list[Conversation]:
    names = ["".join(chr(97 + int(digit)) for digit in str(number)) for number in range(count)]
    return [Conversation((("system", system), ("user", f"No entra {one}")), answer, one, row) for one in names]


@pytest.mark.parametrize(
    "history",
    [
        [],
        held(19),
        held(30, row=""),
        held(30, system="Resume."),
        held(30, answer="No va"),
        [one for one in held(19) for _ in range(3)],
        [Conversation((*one.asked[:1], ("user", "No entra")), one.answer, one.group, one.row) for one in held(40)],
    ],
    ids=["none", "19", "no row", "another wording", "no usable teacher", "19 again and again", "the same words"],
)
def test_too_few_tickets_show_nothing_and_nothing_is_started(settings: Settings, history: list[Conversation]) -> None:
    judged = judge(settings, history, settings.workspace / "nothing", lambda *_: None)
    assert not judged.passed
    assert judged.why == ""
    assert judged.comparison.missing > 0
    (line,) = told(judged, "en")
    assert f"{judged.comparison.missing} are missing" in line


def test_without_a_dictionary_or_an_index_nothing_is_shown(settings: Settings) -> None:
    judged = judge(settings, held(25), settings.workspace / "nothing", lambda *_: None)
    assert not judged.passed
    (line,) = told(judged, "es")
    assert "no se ha medido si es tan bueno" in line.lower()
    assert "PROBLEMAS_GLOBALES.csv" in line


@pytest.mark.parametrize("start", ["speaking", "captions"])
def test_the_child_imports_nothing_from_the_current_folder(
    start: str, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `json.py` that lies where a command is given is somebody else's."""
    (tmp_path / "json.py").write_text("open('run', 'w'); raise SystemExit(1)", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    if start == "speaking":
        child = speaking.speech(tmp_path / "nothing", 5.0).child
    else:
        (tmp_path / "files").mkdir()
        about = {"format": 1, "whole": True, "model": "x", "identity": "y", "longest": 64}
        (tmp_path / "files" / "model.json").write_text(json.dumps(about), encoding="utf-8")
        registry = Registry(tmp_path / ".resuelve" / "models")
        card = Card("2026-11-27", "m", "held_out_loss", True, 0.5, 0.4, 20, "d", "1")
        registry.register("image-to-text-finetuned", tmp_path / "files", card)
        registry.promote("image-to-text-finetuned", 1)
        made = describer(settings)
        assert made
        child = made.child
    done = subprocess.run(child._program, input=b"", capture_output=True, timeout=60, check=False)
    assert "error" in json.loads(done.stdout), "it ran, and found no model"
    assert not (tmp_path / "run").exists()
