"""A model whose noes to one question were mostly wrong weighs less there, by a desk's outcomes, and only as shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.product import ACTING, DEMO_WORLD, Desk, demo_incidents
from tests.model_server import ModelServer, Reply, Request, chat

NewDesk = Callable[..., Desk]
RIGHT, WRONG = ("INC0114", "INC0121", "INC0125", "INC0213"), ("INC0103", "INC0202", "INC0220")
"""Of the demo's past: what the product would act on, and rightly; and what it would have chosen wrongly, and leaves."""

THRESHOLD = 65.0
TIMES = 10
"""How often they are told, each time as other tickets: enough to learn from, and hardly more to compute."""


def naysayer(request: Request) -> Reply:
    """A model that finds that no row ever fits."""
    role = request.body["response_format"]["json_schema"]["name"]
    if role == "_Pong":  # `doctor`
        return chat(json.dumps({"funciona": True}))
    assert role == "Selection"
    return chat(json.dumps({"eleccion": "NINGUNO", "motivo": "Ninguna fila trata de eso."}))


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("past") / "closed.json"
    told = [
        {**one, "codIncidencia": f"{one['codIncidencia']}-{number}"}
        for number in range(TIMES)
        for one in DEMO_WORLD.closed_incidents
        if one["codIncidencia"] in {*RIGHT, *WRONG}
    ]
    path.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    return path


def test_what_its_noes_are_worth_is_learned(new_desk: NewDesk, export: Path) -> None:
    with ModelServer(naysayer) as server:
        settings = {
            "ENTORNO": "PROD",
            "OPENAI_BASE_URL": server.url,
            "OPENAI_API_KEY": "sk-secret",
            "RESUELVE_EMBEDDING_MODEL": "embedded",
            "RESUELVE_MODEL_ATTEMPTS": "1",
            "RESUELVE_LANGUAGE": "en",
        }
        desk = new_desk(demo_incidents(*ACTING), **settings)
        assert desk.run("run").status == 0
        assert desk.ledger() == []
        entries = desk.entries()
        for code in ACTING:
            assert entries[code]["decision"]["critique"]["features"]["vote_choice"] == -1
            assert entries[code]["decision"]["usage"]["calls"] == 1
        assert "vote_choice" in desk.run("explain", ACTING[0]).out

        done = desk.start("calibrate", "--all", "--from", export, "--json").wait(seconds=300.0)
        learned: dict[str, Any] = json.loads(done.out)
        votes = learned["votes"]
        assert learned["right"] == TIMES * len(RIGHT)
        assert learned["outcomes"] - learned["right"] >= 10
        assert votes["asked"] == votes["noes"]["vote_choice"]["said"]
        assert votes["asked"] == votes["right"] == TIMES * len(RIGHT)
        assert set(votes["weights"]) == {"vote_choice"}
        assert (votes["unasked"], votes["certain_from"]) == (0, None)

        # Another model has shown nothing, nor has this one for another threshold: its no takes all.
        for other in ({"RESUELVE_CHAT_MODEL": "another"}, {"CRITIC_APPROVAL_THRESHOLD": "66"}):
            assert desk.run("run", "--shadow", **other).status == 0
            assert {one["outcome"] for one in desk.entries().values()} == {"handed_off"}
            assert {one["decision"]["usage"]["calls"] for one in desk.entries().values()} == {1}
            assert "learned with another model" in desk.run("doctor", **other).out
        assert "learned with another model" not in desk.run("doctor").out

        # One no is worth little. Of the other two questions nothing is known: it is still asked about every ticket.
        before = len(server.requests)
        assert desk.run("run").status == 0
        assert len(server.requests) - before == len(ACTING)
        spared = {code for code, one in desk.entries().items() if one["changed"]}
        assert spared
        for code, one in desk.entries().items():
            assert one["decision"]["usage"]["calls"] == 1
            assert (one["decision"]["score"] >= THRESHOLD) == (code in spared)
            assert one["decision"]["critique"]["features"]["vote_choice"] == -1
        assert {change["incident"] for change in desk.ledger()} == spared
