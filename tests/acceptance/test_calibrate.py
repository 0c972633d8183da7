"""`resuelve calibrate` on the demo world: what it says, what it keeps, and what runs make of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from resuelve.knowledge.catalogue import read
from resuelve.resolution.merits import state_of
from resuelve.resolution.score import FEATURES
from tests.acceptance.fixtures import NewDesk
from tests.acceptance.product import (
    ACTING,
    DEMO_WORLD,
    DICTIONARY,
    Desk,
    Product,
    build_workspace,
    demo_incidents,
    desk_with,
    small_dictionary,
)


def kept(desk: Desk) -> Path:
    return desk.workspace / ".resuelve" / "calibration.json"


def states(desk: Desk) -> dict[str, str]:
    """The names of the rows as they are written now."""
    return {one.id: state_of(one) for one in read(desk.workspace / DICTIONARY).problems.values()}


def write(desk: Desk, **parts: Any) -> None:
    content = json.loads(kept(desk).read_text(encoding="utf-8"))
    kept(desk).write_text(json.dumps({**content, **parts}), encoding="utf-8")


def acted(desk: Desk) -> dict[str, str]:
    """The rows by the tickets that they changed."""
    entries = desk.entries()
    return {entry["incident"]: entries[entry["incident"]]["decision"]["problem"]["id"] for entry in desk.ledger()}


@pytest.fixture(scope="module")
def calibrated(product: Product, indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("calibrate")
    with desk_with(product, indexed, folder, DEMO_WORLD, RESUELVE_LANGUAGE="en") as desk:
        done = desk.run("calibrate", "--all", RESUELVE_RIGHT_BEFORE_ACTING="1")
        assert done.status == 0, done.error
        (folder / "out").write_text(done.out, encoding="utf-8")
        yield desk


@pytest.fixture
def desk(calibrated: Desk, new_desk: NewDesk) -> Desk:
    """A desk whose past was read, with incidents on which the product surely acts."""
    fresh = new_desk(demo_incidents(*ACTING))
    kept(fresh).write_text(kept(calibrated).read_text(encoding="utf-8"), encoding="utf-8")
    return fresh


def test_with_few_outcomes_it_says_how_many_lack_and_learns_no_score(calibrated: Desk) -> None:
    out = (calibrated.workspace.parent / "out").read_text(encoding="utf-8")
    content = json.loads(kept(calibrated).read_text(encoding="utf-8"))
    assert (content["tickets"], content["scoring"]) == (50, None)
    assert 0 < content["right"] < content["outcomes"] < 50
    assert f"{50 - content['outcomes']} more are needed" in out
    assert calibrated.ledger() == []


def test_each_row_is_listed_with_what_it_would_have_done(calibrated: Desk) -> None:
    out = (calibrated.workspace.parent / "out").read_text(encoding="utf-8")
    merits = json.loads(kept(calibrated).read_text(encoding="utf-8"))["merits"]
    assert len(merits) >= 5
    for name, (right, wrong) in merits.items():
        line = next(line for line in out.splitlines() if line.startswith(name.partition("\x1f")[0]))
        assert line.split()[1:3] == [str(right), str(wrong)]
        assert ("acts by itself" in line) is (right >= 1 + wrong)


def test_a_row_acts_when_it_has_shown_enough(desk: Desk) -> None:
    """The same incidents, run by run: nothing has been shown, then one row has, then none has to show anything."""
    write(desk, merits={})
    assert desk.run("run", RESUELVE_RIGHT_BEFORE_ACTING="2").status == 0
    assert desk.ledger() == []
    decisions = {code: entry["decision"] for code, entry in desk.entries().items()}
    assert {one["doubt"] for one in decisions.values()} == {"unproven"}
    assert {one["permission"] for one in decisions.values()} == {"ask"}
    row = decisions[ACTING[0]]["problem"]["id"]
    write(desk, merits={states(desk)[row]: [3, 1]})  # one wrong one asks for as many right ones again
    assert desk.run("run", RESUELVE_RIGHT_BEFORE_ACTING="2").status == 0
    assert desk.ledger() == []
    write(desk, merits={states(desk)[row]: [4, 1]})
    assert desk.run("run", RESUELVE_RIGHT_BEFORE_ACTING="2").status == 0
    assert set(acted(desk).values()) == {row}
    before = len(desk.ledger())
    assert desk.run("run").status == 0
    assert len(desk.ledger()) > before
    desk.nothing_twice()


def test_a_row_that_is_rewritten_begins_anew(desk: Desk) -> None:
    assert desk.run("run", "--shadow").status == 0
    row = desk.entries()[ACTING[0]]["decision"]["problem"]["id"]
    write(desk, merits={states(desk)[row]: [9, 0]})
    changed = ("dictionary", "set", row, "--solution", "Otra respuesta, escrita hoy, que nadie ha probado todavía")
    done = desk.run(*changed, "--why", "prueba", "--who", "Ana", "--past", 0)
    assert done.status == 0, done.error
    assert desk.run("run", RESUELVE_RIGHT_BEFORE_ACTING="1").status == 0
    assert desk.ledger() == []


def test_explain_shows_every_feature(desk: Desk) -> None:
    out = desk.run("explain", ACTING[0]).out
    assert [name for name in FEATURES if name not in out] == [], out


def weights(intercept: float) -> dict[str, Any]:
    one = {"intercept": intercept, "by_feature": {"gap": 1.0}}
    return {"words": one, "no_words": one}


def test_what_was_learned_counts_from_the_next_run_on_and_is_forgotten(desk: Desk) -> None:
    """A run with a score that trusts nothing leaves all; the same tickets are decided again when it is forgotten."""
    write(desk, scoring=weights(-99.0))
    assert desk.run("run").status == 0
    assert desk.ledger() == []
    assert {entry["decision"]["doubt"] for entry in desk.entries().values()} == {"weak_match"}
    doctor = desk.run("doctor", RESUELVE_LANGUAGE="en")
    assert "Score: learned on" in doctor.out
    assert desk.run("calibrate", "--forget").status == 0
    assert not kept(desk).exists()
    assert desk.run("run").status == 0
    assert len(desk.ledger()) >= 6


def test_with_another_embedder_it_does_not_count(desk: Desk) -> None:
    write(desk, scoring=weights(-99.0), embedder="another/model")
    assert "learned with another embedding model" in desk.run("doctor", RESUELVE_LANGUAGE="en").out
    assert desk.run("run").status == 0
    assert len(desk.ledger()) >= 6


def test_what_cannot_be_read_decides_nothing(desk: Desk) -> None:
    kept(desk).write_text('{"format": 1}', encoding="utf-8")
    done = desk.run("run", RESUELVE_LANGUAGE="en")
    assert done.status == 1
    assert "calibration.json" in done.error
    assert "resuelve calibrate --forget" in done.error
    assert desk.ledger() == []
    assert "calibration.json" in desk.run("doctor").out


def test_what_the_rows_may_come_from_teaches_nothing_and_a_dry_run_keeps_nothing(
    product: Product, tmp_path: Path
) -> None:
    closed = json.dumps([{"codIncidencia": "X1", "titulo": "PDF", "descripcion": "No sube", "historial": []}])
    export = tmp_path / "closed.json"
    export.write_text(closed, encoding="utf-8")
    workspace = build_workspace(product, tmp_path / "workspace", small_dictionary(tmp_path))
    done = product.run("calibrate", "--workspace", workspace, "--from", export, "--dry-run", "--json")
    assert done.status == 0, done.error
    content = json.loads(done.out)
    assert (content["tickets"], content["left_out"], content["kept"], content["rows"]) == (0, 1, False, [])
    assert not (workspace / ".resuelve" / "calibration.json").exists()
