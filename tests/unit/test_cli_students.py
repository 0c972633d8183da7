"""`resuelve train critic` … `show`: learned, tested, promoted or refused, used, and taken back, on invented history."""

from __future__ import annotations

import json
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from resuelve import wiring
from resuelve.cli import app, promoting
from resuelve.domain.errors import TrainingError
from resuelve.journal.memory_acts import MemoryActs
from resuelve.journal.memory_answers import MemoryAnswers
from resuelve.journal.port import Act, Answer
from resuelve.replay.learned import Learned, write
from resuelve.resolution.act import reference_named
from resuelve.resolution.score import Scoring, Weights, shipped
from resuelve.settings import Settings, load
from resuelve.training.registry import Card, Registry
from resuelve.training.students import FILE, CriticStudent, write_critic
from resuelve.wiring import publishing
from resuelve.wiring.students import rules_in_force, students_in_use
from tests.history_samples import EMBEDDER, START, MemoryHistory, critics, rerankings

DICTIONARY = "DESCRIPCION,SOLUCIÓN,RESOLUCION AUTOMÁTICA\nNo sube el PDF,Redúzcalo a 5 MB,cierre\n"
OFFICE = Path("office")


class Office:
    """A workspace with a history that a test may change."""

    def __init__(self) -> None:
        self.history = MemoryHistory()
        self.embedder = EMBEDDER

    @property
    def settings(self) -> Settings:
        return load(workspace=OFFICE)

    @property
    def registry(self) -> Registry:
        return Registry(OFFICE / ".resuelve" / "models")

    def train(self, *arguments: str) -> str:
        done = CliRunner().invoke(app, ["train", *arguments, "-w", str(OFFICE)], catch_exceptions=False)
        assert done.exit_code == 0
        return done.output

    def rules(self) -> Any:
        return rules_in_force(self.settings, self.embedder, self.noted.append)

    @property
    def notes(self) -> list[str]:
        self.noted: list[str] = []
        self.rules()
        return self.noted


@pytest.fixture
def office(own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.chdir(own_folder)
    monkeypatch.setenv("RESUELVE_LANGUAGE", "en")
    OFFICE.mkdir()
    (OFFICE / "PROBLEMAS_GLOBALES.csv").write_text(DICTIONARY, encoding="utf-8")
    found = Office()
    found.noted = []
    monkeypatch.setattr(wiring, "embedder", lambda _: SimpleNamespace(identity=found.embedder))
    monkeypatch.setattr(wiring, "history", lambda _: found.history)
    monkeypatch.setattr(publishing, "installed", lambda: False)  # each word to MLflow takes seconds
    return found


def test_a_critic_that_is_not_worse_is_promoted_used_and_demoted(office: Office) -> None:
    office.history = critics(200)
    out = office.train("critic")
    assert "whose outcome is known: 200" in out
    assert "Test passed" in out
    assert "Registered as critic/1, a candidate." in out
    assert office.history.closed
    assert office.rules().scoring == shipped(), "a candidate decides nothing"

    assert "critic/1 is in use from the next run on" in office.train("promote", "critic")
    rules = office.rules()
    assert rules.versions == {"critic": "critic/1"}
    assert rules.scoring != shipped()
    assert "in use already" in office.train("promote", "critic")
    assert office.train("list").count("in use") == 1

    shown = office.train("show", "critic")
    assert "log loss" in shown
    assert "teacher: resuelve" in shown
    assert "Test passed" in shown

    assert "No version of critic is in use any more" in office.train("demote", "critic")
    assert (office.rules().scoring, dict(office.rules().versions)) == (shipped(), {})
    with pytest.raises(TrainingError, match="no version is in use"):
        office.train("demote", "critic")


def test_there_is_a_way_back_to_the_version_of_before(office: Office) -> None:
    office.history = critics(200)
    office.train("critic")
    office.train("promote", "critic", "1")
    office.history = critics(200, turned=True)
    said = json.loads(office.train("critic", "--json"))
    assert (said["version"], said["teacher"]) == ("critic/2", "critic/1")
    office.train("promote", "critic")
    assert office.rules().versions == {"critic": "critic/2"}
    assert "critic/1 is in use again" in office.train("demote", "critic")
    assert office.rules().versions == {"critic": "critic/1"}


def test_a_critic_that_is_worse_is_registered_and_never_promoted(office: Office) -> None:
    office.history = critics(120, noise=True)
    even = Scoring(Weights(0.0, {}), Weights(0.0, {}))
    wiring.workspace(office.settings).prepare()
    write(OFFICE / ".resuelve" / "calibration.json", Learned("2026-03-01", EMBEDDER, 1, 1, 1, even))
    said = json.loads(office.train("critic", "--json"))
    assert (said["passed"], said["version"], said["teacher"]) == (False, "critic/1", "calibrate 2026-03-01")
    with pytest.raises(TrainingError, match=r"is worse than its teacher, or could be: held_out_log_loss 0\.\d{4}"):
        office.train("promote", "critic")
    assert office.registry.in_use("critic") is None
    assert "cannot be promoted" in office.train("critic")


def test_incidents_on_which_it_acted_are_left_out_and_told(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    acts = MemoryActs()
    for kind, invented in (("INC", critics(60)), ("TIC", rerankings(60))):
        office.history.keep(list(invented.calls()))
        office.history.note_outcomes(list(invented.outcomes()))
        for number in range(5):
            incident = f"{kind}{number:05}"
            acts.note(Act(f"r{number}", incident, "Q", "", "close", "R1", "x", START))
    monkeypatch.setattr(wiring, "acts", lambda settings, durable: acts)
    for role in ("critic", "rerank"):
        said = json.loads(office.train(role, "--json", "--dry-run"))
        assert (said["examples"], said["aside"]) == (55, {"acted": 5})
        assert "5 calls (Resuelve itself acted on the incident" in office.train(role, "--dry-run").replace("\n", " ")


def test_what_a_person_agreed_to_teaches(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    acts, answers = MemoryActs(), MemoryAnswers()
    invented = critics(60)
    office.history.keep(list(invented.calls()))
    office.history.note_outcomes(list(invented.outcomes()))
    for number in range(5):
        incident = f"INC{number:05}"
        acts.note(Act(reference_named(incident, "r"), incident, "Q", "", "close", "R1", "x", START))
        if number < 3:
            answers.note(Answer(incident, "r", "R1", "R1\x1fx", "A-1", number < 2, "Ana", "", START))
    acts.note(Act("R-BY-ITSELF", "INC00000", "Q", "", "close", "R1", "x", START))
    monkeypatch.setattr(wiring, "acts", lambda settings, durable: acts)
    monkeypatch.setattr(wiring, "answers", lambda settings, durable: answers)
    said = json.loads(office.train("critic", "--json", "--dry-run"))
    # One of five: a no is no leave, and on the first incident something was done by itself, too.
    assert (said["examples"], said["aside"]) == (56, {"acted": 4})


def test_with_few_outcomes_or_dry_nothing_is_registered(office: Office) -> None:
    assert "50 more are needed" in office.train("critic")
    assert "50 more are needed" in office.train("rerank")
    office.history = critics(200)
    assert "Nothing was registered" in office.train("critic", "--dry-run")
    assert office.registry.roles() == ()
    assert "No model was learned yet" in office.train("list")


@pytest.mark.parametrize(("role", "invented"), [("critic", critics), ("rerank", rerankings)])
def test_every_look_at_the_same_held_out_incidents_makes_the_test_harder(
    office: Office, role: str, invented: Any
) -> None:
    def level(count: int) -> float:
        office.history = invented(count)
        return float(json.loads(office.train(role, "--json"))["figures"]["level"])

    assert level(100) == 0.05
    assert level(100) == 0.05, "the very same comes out the same"
    assert level(103) == 0.025, "one was tested on most of these"
    assert "tested on mostly the same incidents: 1" in office.train("show", role)
    assert level(200) == 0.05, "these are others"


def test_an_order_is_learned_promoted_and_used(office: Office) -> None:
    office.history = rerankings(200)
    assert "won" in office.train("rerank")
    office.train("promote", "rerank", "1")
    rules = office.rules()
    assert rules.versions == {"rerank": "rerank/1"}
    assert rules.order
    assert rules.order.by_value["echo"] > 0
    again = json.loads(office.train("rerank", "--json", "--dry-run"))
    assert (again["missing"], again["teacher"]) == (0, "rerank/1")


def test_what_was_measured_against_something_else_is_not_promoted(office: Office, monkeypatch: Any) -> None:
    office.history = critics(200)
    office.train("critic")
    office.train("critic")
    with monkeypatch.context() as patch:
        patch.setenv("CRITIC_APPROVAL_THRESHOLD", "40")
        with pytest.raises(TrainingError, match="measured against something else"):
            office.train("promote", "critic")
    office.train("promote", "critic", "1")
    with pytest.raises(TrainingError, match="run resuelve train critic again"):
        office.train("promote", "critic", "2")
    assert office.rules().versions == {"critic": "critic/1"}


def test_a_version_that_does_not_fit_falls_back_with_a_warning(office: Office) -> None:
    office.history = critics(200)
    office.train("critic")
    office.train("promote", "critic")
    assert office.notes == []
    in_use = students_in_use(office.settings, EMBEDDER)
    assert in_use.fingerprint.startswith("critic/1:")

    office.embedder = "another"
    (note,) = office.notes
    assert "was learned with the embedder invented/1, and another is used" in note
    assert (office.rules().scoring, students_in_use(office.settings, "another").fingerprint) == (shipped(), "")
    with pytest.raises(TrainingError, match="was learned with the embedder"):
        office.registry.demote("critic")
        office.train("promote", "critic")

    office.embedder = EMBEDDER
    office.train("promote", "critic")
    file = office.registry.folder(office.registry.versions("critic")[0]) / FILE
    file.write_text(file.read_text(encoding="utf-8").replace('"gap"', '"crowd"'), encoding="utf-8")
    (note,) = office.notes
    assert "not those that were registered" in note
    (OFFICE / ".resuelve" / "models" / "critic" / "in_use.json").write_text("{", encoding="utf-8")
    (note,) = office.notes
    assert "what is in use cannot be read" in note
    assert office.rules().scoring == shipped()


def test_a_critic_speaks_only_with_the_order_that_it_was_measured_with(office: Office) -> None:
    for invented in (critics(200), rerankings(200)):
        office.history.keep(list(invented.calls()))
        office.history.note_outcomes(list(invented.outcomes()))
    office.train("critic")
    office.train("promote", "critic")
    office.train("rerank")
    assert "measured with another order of the candidates" in office.train("promote", "rerank"), "told at once"
    (note,) = office.notes
    assert "measured with another order of the candidates" in note
    assert (office.rules().scoring, office.rules().versions) == (shipped(), {"rerank": "rerank/1"})

    noted, brace, said = office.train("critic", "--json").partition("{")
    assert "another order of the candidates" in noted
    assert json.loads(brace + said)["teacher"].startswith("resuelve"), "what is in force teaches"
    office.train("promote", "critic")
    assert office.notes == []
    assert office.rules().versions == {"critic": "critic/2", "rerank": "rerank/1"}
    assert "run resuelve train critic again" in office.train("demote", "rerank")
    (note,) = office.notes
    assert "run resuelve train critic again" in note
    assert (office.rules().scoring, office.rules().order) == (shipped(), None)


def test_a_critic_in_use_comes_before_a_calibration(office: Office) -> None:
    office.history = critics(200)
    office.train("critic")
    office.train("promote", "critic")
    even = Scoring(Weights(0.0, {}), Weights(0.0, {}))
    write(OFFICE / ".resuelve" / "calibration.json", Learned("2026-03-01", EMBEDDER, 1, 1, 1, even))
    assert office.rules().scoring not in (even, shipped())
    office.train("demote", "critic")
    assert office.rules().scoring == even


def card(*, students: float, passed: bool | None = None) -> Card:
    return Card(
        "2026-11-01T10:00:00+01:00", "grande", "held_out_loss", True, 0.5, students, 20, "abc", "0.1.0", passed=passed
    )


def test_fine_tuned_models_are_promoted_by_what_was_measured(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model").mkdir()
    for students in (0.4, 0.6):
        office.registry.register("reformulate", tmp_path / "model", card(students=students))
    with pytest.raises(TrainingError, match=r"held_out_loss 0\.6000, and 0\.5000 for grande, on 20"):
        office.train("promote", "reformulate")
    with pytest.raises(TrainingError, match="it does not say what it is"):
        office.train("promote", "reformulate", "1")
    monkeypatch.setattr(promoting, "checks_here", lambda settings, strict: {})  # as if its files were those of a model
    out = office.train("promote", "reformulate", "1")
    assert "held_out_loss 0.5000 before (grande), 0.4000 after" in out
    assert json.loads(office.train("show", "reformulate", "1", "--json"))["in_use"] is True
    assert [one["not_worse"] for one in json.loads(office.train("list", "--json"))] == [True, False]


def test_the_test_of_a_card_outweighs_its_measure(office: Office, tmp_path: Path) -> None:
    write_critic(tmp_path / "model", CriticStudent(EMBEDDER, shipped()))
    office.registry.register("critic", tmp_path / "model", card(students=0.1, passed=False))
    with pytest.raises(TrainingError, match="is worse than its teacher, or could be"):
        office.train("promote", "critic")


@pytest.mark.parametrize("role", ["critic", "nothing", "../critic"])
def test_what_does_not_exist_is_said(office: Office, role: str) -> None:
    for command in ("promote", "show"):
        with pytest.raises(TrainingError, match=r"there is no version|no name of a role"):
            office.train(command, role)


def test_chance_of_history_is_shuffled_the_same_for_all(office: Office) -> None:
    """The order in which the journal gives calls plays no part."""
    office.history = critics(200)
    first = office.train("critic", "--json", "--dry-run")
    office.history.kept = random.Random(5).sample(list(office.history.kept), 200)
    assert office.train("critic", "--json", "--dry-run") == first
