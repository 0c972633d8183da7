"""At the start: which version is taken, and that whatever goes wrong leaves what was in use, and is told."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve import wiring
from resuelve.domain.errors import ExperimentsUnavailable, SettingsError, TrainingError
from resuelve.experiments.versions import CARD, DIGEST, ROLE, Announced
from resuelve.resolution.score import Scoring, Weights, shipped
from resuelve.settings import Settings, load
from resuelve.training.registry import Card, Registry, Version
from resuelve.training.students import CRITIC, FILE, CriticStudent, write_critic
from resuelve.wiring import following
from resuelve.wiring.following import ROLES, Check, follow, in_use
from resuelve.wiring.students import measured_against, order_mark, rules_in_force

CARD_OF = Card("2026-11-27T10:00:00+01:00", "rules", "auroc", False, 0.8, 0.9, 40, "ab" * 32, "0.1.0")


@dataclass
class Elsewhere:
    """A store with versions of the critic; the newest stands first."""

    folder: Path
    versions: list[Announced] = field(default_factory=list)
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    fetched: int = 0
    asked: list[str] = field(default_factory=list)
    silent: bool = False
    place: str = "http://mlflow.example"

    def add(
        self, content: str, card: Card = CARD_OF, tags: Mapping[str, str] | None = None, name: str = "weights.json"
    ) -> Announced:
        number = str(len(self.versions) + 1)
        aside = self.folder / number
        aside.mkdir(parents=True)
        (aside / name).write_text(content, encoding="utf-8")
        digest = Registry(self.folder / "scratch").register("critic", aside, card).digest
        said = {ROLE: "critic", DIGEST: digest, CARD: json.dumps(asdict(card)), **(tags or {})}
        one = Announced("resuelve-critic", number, f"mlflow-artifacts:/{number}", said)
        self.versions.insert(0, one)
        self.files[one.source] = {name: content.encode()}
        return one

    def newest(self, models: Sequence[str], alias: str = "") -> Mapping[str, Sequence[Announced]]:
        self.asked.append(alias)
        if self.silent:
            raise ExperimentsUnavailable("MLflow is not installed", where=self.place)
        return {"resuelve-critic": self.versions[-1:] if alias else self.versions}

    def fetch(self, source: str, into: Path) -> None:
        self.fetched += 1
        for name, content in self.files[source].items():
            (into / name).write_bytes(content)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    store = Elsewhere(tmp_path / "elsewhere")
    monkeypatch.setattr(wiring, "experiments", lambda settings: store)
    return store


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(workspace=tmp_path / "office", model_source="latest", language="en")


def followed(settings: Settings, checks: Mapping[str, Check] | None = None) -> tuple[str, list[str]]:
    """The critic that is in use afterwards, and what was told."""
    notes: list[str] = []
    follow(settings, notes.append, {} if checks is None else checks)
    found, wrong = in_use(settings)
    assert not wrong
    return ", ".join(one.name for one in found), notes


def registry(settings: Settings) -> Registry:
    return Registry(settings.workspace / ".resuelve" / "models")


def local(settings: Settings, folder: Path) -> Version:
    """A version that was made and promoted here."""
    (folder / "here").mkdir()
    (folder / "here" / "weights.json").write_text("here", encoding="utf-8")
    version = registry(settings).register("critic", folder / "here", CARD_OF)
    return registry(settings).promote("critic", version.number)


def test_by_itself_nothing_is_asked(elsewhere: Elsewhere, settings: Settings) -> None:
    elsewhere.add("one")
    assert followed(load(workspace=settings.workspace)) == ("", [])
    assert elsewhere.asked == []
    assert not settings.workspace.exists()


def test_the_newest_is_fetched_once_and_says_where_from(elsewhere: Elsewhere, settings: Settings) -> None:
    elsewhere.add("one")
    newest = elsewhere.add("two")
    assert followed(settings) == ("critic/1", [])
    (version,) = registry(settings).versions("critic")
    assert version.digest == newest.digest
    assert version.card == replace(CARD_OF, origin="http://mlflow.example · resuelve-critic/2")
    assert (registry(settings).folder(version) / "weights.json").read_text(encoding="utf-8") == "two"
    assert followed(settings) == ("critic/1", [])
    assert (elsewhere.fetched, elsewhere.asked) == (1, ["", ""])
    assert sorted(one.name for one in (settings.workspace / ".resuelve" / "models").iterdir()) == [
        ".following",
        "critic",
    ]


def test_a_version_worse_than_its_teacher_takes_no_role(elsewhere: Elsewhere, settings: Settings) -> None:
    elsewhere.add("worse", replace(CARD_OF, students=0.7))
    assert followed(settings) == ("", [])
    named = load(workspace=settings.workspace, model_source="alias:champion", language="en")
    name, (note,) = followed(named)
    assert name == ""
    assert "resuelve-critic/1: it did not pass its test" in note
    assert elsewhere.asked == ["", "champion"]
    elsewhere.add("good")
    elsewhere.add("worse again", replace(CARD_OF, students=0.79))
    assert followed(settings) == ("critic/1", []), "the newest of those that may"


def test_an_alias_that_was_taken_back_is_told(elsewhere: Elsewhere, settings: Settings) -> None:
    named = load(workspace=settings.workspace, model_source="alias:champion", language="en")
    assert followed(named) == ("", []), "a role of which nothing is known is no news"
    elsewhere.add("one")
    assert followed(named) == ("critic/1", [])
    elsewhere.versions.clear()
    name, (note,) = followed(named)
    assert (name, note) == (
        "critic/1",
        "critic: no version bears the alias champion any more; what was in use stays (critic/1)",
    )


def test_where_none_is_in_use_an_older_one_that_fits_is_taken(elsewhere: Elsewhere, settings: Settings) -> None:
    def check(folder: Path, card: Card, back: bool) -> None:
        if (folder / "weights.json").read_text() == "new":
            raise TrainingError("another embedder", where="critic")

    elsewhere.add("old")
    elsewhere.add("new")
    name, notes = followed(settings, {"critic": check})
    assert (name, len(notes)) == ("critic/2", 1)
    elsewhere.add("older still")
    elsewhere.versions.append(elsewhere.versions.pop(0))
    assert followed(settings, {"critic": check})[0] == "critic/2", "what is in use stays"


def test_what_came_back_is_taken_from_here(elsewhere: Elsewhere, settings: Settings) -> None:
    elsewhere.add("one")
    followed(settings)
    elsewhere.add("two")
    assert followed(settings)[0] == "critic/2"
    elsewhere.versions.pop(0)
    assert followed(settings) == ("critic/1", [])
    assert elsewhere.fetched == 2


def test_a_store_that_does_not_answer_leaves_all(elsewhere: Elsewhere, settings: Settings, tmp_path: Path) -> None:
    local(settings, tmp_path)
    elsewhere.silent = True
    assert followed(settings) == (
        "critic/1",
        ["the learned versions that were in use stay: http://mlflow.example: MLflow is not installed"],
    )


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"weights.json": b"other"}, "its files are not those that were announced"),
        ({"weights.json": b"two", "more.txt": b""}, "its files are not those that were announced"),
        ({}, "its files are not those that were announced"),
        ({"weights.json": b"two", "a.pkl": b""}, "a file of this kind could run code, and is not kept"),
    ],
)
def test_files_that_were_not_announced_are_not_kept(
    files: dict[str, bytes], why: str, elsewhere: Elsewhere, settings: Settings, tmp_path: Path
) -> None:
    local(settings, tmp_path)
    elsewhere.files[elsewhere.add("two").source] = files
    name, (note,) = followed(settings)
    assert name == "critic/1"
    assert note.startswith("critic: what was in use stays (critic/1): ")
    assert why in note
    assert len(registry(settings).versions("critic")) == 1


def test_a_version_that_does_not_fit_waits_as_a_candidate(elsewhere: Elsewhere, settings: Settings) -> None:
    elsewhere.add("one")

    def check(folder: Path, card: Card, back: bool) -> None:
        if (folder / "weights.json").read_text() == "one":
            raise TrainingError("another embedder", where="critic")

    name, notes = followed(settings, {"critic": check})
    assert (name, len(registry(settings).versions("critic"))) == ("", 1)
    assert notes == [
        "critic: what was in use stays (none): resuelve-critic/1: it does not fit here (critic: another embedder)"
    ]
    assert followed(settings) == ("critic/1", []), "once it fits, it is here already"
    assert elsewhere.fetched == 1


def test_an_error_of_a_check_is_a_reason(elsewhere: Elsewhere, settings: Settings) -> None:
    def raises(folder: Path, card: Card, back: bool) -> None:
        raise TrainingError("it does not say what it is", where="x")

    elsewhere.add("one")
    _, (note,) = followed(settings, {"critic": raises})
    assert note.endswith("it does not fit here (x: it does not say what it is)")


def test_by_itself_a_critic_has_to_fit_what_is_here(
    elsewhere: Elsewhere, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Embedder:
        identity = "e5/384"

    monkeypatch.setattr(wiring, "embedder", lambda settings: Embedder())

    def critic(embedder: str) -> str:
        write_critic(tmp_path, CriticStudent(embedder, shipped()))
        return (tmp_path / FILE).read_text(encoding="utf-8")

    here = {
        "measured_against": measured_against(rules_in_force(settings, "e5/384"), CRITIC),
        "order": order_mark(None),
    }
    notes: list[str] = []
    elsewhere.add(critic("other/768"), replace(CARD_OF, fits=here), name=FILE)
    follow(settings, notes.append)
    assert "was learned with the embedder other/768" in notes[0]
    elsewhere.add(critic("e5/384"), replace(CARD_OF, fits={"measured_against": "others"}), name=FILE)
    follow(settings, notes.append)
    assert "was measured against something else than what is in force now" in notes[1]
    notes.clear()
    elsewhere.add(critic("e5/384") + " ", replace(CARD_OF, fits=here), name=FILE)
    follow(settings, notes.append)
    assert notes == []
    assert [one.name for one in in_use(settings)[0]] == ["critic/3"]


def test_with_the_checks_of_the_product_there_is_a_way_back(
    elsewhere: Elsewhere, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "embedder", lambda settings: SimpleNamespace(identity="e5/384"))
    shipped_here = measured_against(rules_in_force(settings, "e5/384"), CRITIC)

    def critic(stretch: float, against: str) -> Announced:
        words = Weights(stretch, {"gap": stretch})
        write_critic(tmp_path, CriticStudent("e5/384", Scoring(words, words)))
        card = replace(CARD_OF, fits={"measured_against": against, "order": order_mark(None)})
        return elsewhere.add((tmp_path / FILE).read_text(encoding="utf-8"), card, name=FILE)

    notes: list[str] = []
    first = critic(1.0, shipped_here)
    follow(settings, notes.append)
    critic(2.0, shipped_here)  # where they are learned, none is in use
    follow(settings, notes.append)
    assert [one.name for one in in_use(settings)[0]] == ["critic/2"]
    critic(3.0, measured_against(rules_in_force(settings, "e5/384"), CRITIC))
    follow(settings, notes.append)
    assert [one.name for one in in_use(settings)[0]] == ["critic/3"]
    elsewhere.versions[:] = [first]
    follow(load(workspace=settings.workspace, model_source="alias:in-use", language="en"), notes.append)
    assert [one.name for one in in_use(settings)[0]] == ["critic/1"]
    assert notes == []


def test_what_a_killed_process_left_is_taken_away(elsewhere: Elsewhere, settings: Settings) -> None:
    left = settings.workspace / ".resuelve" / "models" / ".fetched-old"
    left.mkdir(parents=True)
    elsewhere.add("one")
    assert followed(settings) == ("critic/1", [])
    assert not left.exists()


def test_what_is_lost_here_is_mended(elsewhere: Elsewhere, settings: Settings) -> None:
    elsewhere.add("one")
    followed(settings)
    (settings.workspace / ".resuelve" / "models" / "critic" / "in_use.json").write_text("[7]", encoding="utf-8")
    assert in_use(settings)[1]
    assert followed(settings) == ("critic/1", [])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.text(max_size=4),
    lambda some: st.lists(some, max_size=3) | st.dictionaries(st.text(max_size=4), some, max_size=3),
    max_leaves=6,
)
CHANGED = st.dictionaries(st.sampled_from(sorted(asdict(CARD_OF))), JSON, min_size=1, max_size=3)


@given(CHANGED | st.text(max_size=20))
def test_whatever_a_card_says_the_start_goes_on(changed: Any) -> None:
    """It is taken as a card whose figures can be compared, or refused; nothing else is raised."""
    said = changed if isinstance(changed, str) else json.dumps(asdict(CARD_OF) | changed)
    one = Announced("resuelve-critic", "1", "", {ROLE: "critic", DIGEST: "ab" * 32, CARD: said})
    try:
        card = following._card(one, "critic")
    except TrainingError:
        return
    assert card.not_worse in (True, False)
    assert all(isinstance(value, float) for value in (card.teachers, card.students, *card.figures.values()))


@pytest.mark.parametrize("tags", [{ROLE: "rerank"}, {DIGEST: ""}, {CARD: ""}, {CARD: "[]"}])
def test_a_version_that_does_not_say_what_it_is_is_told(
    tags: dict[str, str], elsewhere: Elsewhere, settings: Settings
) -> None:
    elsewhere.add("one", tags=tags)
    name, (note,) = followed(settings)
    assert name == ""
    assert "resuelve-critic/1: it does not say what it is" in note
    assert elsewhere.fetched == 0


def test_without_mlflow_that_is_told(elsewhere: Elsewhere, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "installed", lambda: False)
    _, (note,) = followed(settings)
    assert "MLflow is not installed, so RESUELVE_MODEL_SOURCE=latest finds nothing" in note
    assert elsewhere.asked == []


@pytest.mark.parametrize("source", ["newest", "alias:", "alias:a b", "Latest", "alias:../x"])
def test_a_source_that_is_none_is_refused(source: str) -> None:
    with pytest.raises(SettingsError, match="must be local, latest or alias:NAME"):
        load(model_source=source)


@pytest.mark.parametrize("prefix", ["", "a/b", "A", "a:b", "-x", "a'b"])
def test_a_prefix_that_could_be_no_name_is_refused(prefix: str) -> None:
    with pytest.raises(SettingsError, match="may hold small letters, digits, - and _ only"):
        load(mlflow_prefix=prefix)


def test_every_role_may_be_followed() -> None:
    assert ROLES == ("critic", "image-to-text-finetuned", "reformulate", "rerank")
