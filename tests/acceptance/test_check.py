"""Rows as tested code, through the command line: regression tickets are added, run and removed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from resuelve.mocks.serve import start
from resuelve.mocks.world import demo_folder
from tests.acceptance.product import DEMO_WORLD, DICTIONARY, Desk, Product, copy_of, demo_incidents

NewDesk = Callable[..., Desk]
FILE = "PRUEBAS_PROBLEMAS.jsonl"
FAILED, INCOMPLETE = 1, 3


def lines(desk: Desk) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (desk.workspace / FILE).read_text(encoding="utf-8").splitlines()]


def results(desk: Desk, *options: str, **settings: str) -> tuple[int, dict[str, Any]]:
    ended = desk.run("check", "--json", *options, **settings)
    assert ended.error == ""
    return ended.status, json.loads(ended.out)


@pytest.fixture
def tested(new_desk: NewDesk) -> Desk:
    """A desk whose workspace has the regression tickets of the demo."""
    desk = new_desk(demo_incidents("INC1001", "INC1003"))
    shutil.copyfile(demo_folder() / FILE, desk.workspace / FILE)
    return desk


def test_the_demo_shows_something(tested: Desk) -> None:
    ended = tested.run("check")
    assert (ended.status, ended.error) == (0, "")
    status, content = results(tested)
    assert status == 0
    assert content["totals"] == {"passed": 10, "weak": 0, "failed": 0}
    assert {one["must"] for one in content["results"]} == {True, False}
    assert all(one["problem"] in ended.out and one["incident"] in ended.out for one in content["results"])
    assert tested.ledger() == []
    assert tested.reports() == []


def test_a_weak_ticket_fails_only_when_told(tested: Desk) -> None:
    careful = {"CRITIC_APPROVAL_THRESHOLD": "100"}
    assert tested.run("check", **careful).status == 0
    status, content = results(tested, "--strict", **careful)
    weak = [one for one in content["results"] if one["result"] == "weak"]
    assert (status, content["passed"], bool(weak)) == (INCOMPLETE, False, True)
    assert all(one["decision"]["problem"] == one["problem"] and not one["decision"]["approved"] for one in weak)
    assert tested.run("check", "--strict").status == 0


def test_a_dictionary_that_changed_for_the_worse_fails(tested: Desk) -> None:
    file = tested.workspace / DICTIONARY
    rows = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join(row for row in rows if not row.startswith("REE003,")), encoding="utf-8")
    stale = tested.run("check")
    assert stale.status == FAILED
    assert "resuelve index" in stale.error
    assert tested.run("index").status == 0
    status, content = results(tested, "--problem", "REE003")
    (one,) = content["results"]
    assert (status, one["result"], one["known_problem"]) == (INCOMPLETE, "failed", False)
    assert "REE003" in tested.run("check").out


def test_no_regression_tickets(new_desk: NewDesk) -> None:
    desk = new_desk([])
    ended = desk.run("check")
    assert (ended.status, ended.error) == (0, "")
    assert "check add" in ended.out
    assert results(desk)[1]["results"] == []


def test_a_line_that_cannot_be_read_is_told_and_fails(tested: Desk) -> None:
    with (tested.workspace / FILE).open("a", encoding="utf-8") as file:
        file.write("\x1b[31m{broken\n")
    ended = tested.run("check")
    assert ended.status == INCOMPLETE
    assert f"{FILE}:11: " in ended.out
    assert "\x1b" not in ended.out
    assert results(tested)[1]["set_aside"][0]["where"] == f"{FILE}:11"


def test_add_an_open_incident_and_remove_it(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents("INC1001"))
    added = desk.run("check", "add", "INC1001", "--problem", "REE016", "--note", "año anterior")
    assert (added.status, added.error) == (0, "")
    assert "✓" in added.out
    assert desk.run("check", "add", "INC1001", "--problem", "REE015", "--not").status == 0
    first, second = lines(desk)
    assert (first["ID PROBLEMA"], first["debe"], first["nota"]) == ("REE016", True, "año anterior")
    assert (second["ID PROBLEMA"], second["debe"]) == ("REE015", False)
    text = json.dumps(lines(desk), ensure_ascii=False)
    assert not [word for word in ("99999919J", "Ledo", "ledo", "600 000 023", "Pinar") if word in text]
    assert results(desk)[1]["totals"] == {"passed": 2, "weak": 0, "failed": 0}

    # The other way round both fail, and are replaced.
    assert desk.run("check", "add", "INC1001", "--problem", "REE016", "--not").status == 0
    assert "✗" in desk.run("check", "add", "INC1001", "--problem", "REE015").out
    status, content = results(desk)
    assert (status, content["totals"]["failed"], len(lines(desk))) == (INCOMPLETE, 2, 2)

    assert desk.run("check", "remove", "INC1001", "--problem", "REE016").status == 0
    assert [one["ID PROBLEMA"] for one in lines(desk)] == ["REE015"]
    assert desk.run("check", "remove", "INC1001").status == 0
    assert desk.run("check", "remove", "INC1001").status == FAILED
    assert lines(desk) == []
    assert desk.ledger() == []


def test_what_cannot_be_added(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents("INC1001"))
    for arguments in (("INC9999", "--problem", "REE016"), ("INC1001", "--problem", "REE999")):
        ended = desk.run("check", "add", *arguments)
        assert ended.status == FAILED
        assert "999" in ended.error
    assert not (desk.workspace / FILE).exists()


def test_a_closed_incident_is_added_as_it_was_asked(product: Product, indexed: Path, tmp_path: Path) -> None:
    copy_of(indexed, tmp_path / "workspace")
    (closed,) = [one for one in DEMO_WORLD.closed_incidents if one["codIncidencia"] == "INC0111"]
    with start(world=DEMO_WORLD) as services:
        desk = Desk(product, services, tmp_path / "workspace")
        added = desk.run("check", "add", "INC0111", "--problem", "REE007")
        assert added.status == 0, added.error
        assert "✓" in added.out, "an agent's row counts as chosen, and no agent is asked"
        assert services.checks.entries() == []
    (one,) = lines(desk)
    assert closed["historial"]
    assert (one["historial"], one["estado"]) == ([], "En curso")
    assert "IBAN" in one["descripcion"]


def test_an_incident_that_resuelve_answered_is_added_as_it_was_asked(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents("INC1003"))
    assert desk.run("run").status == 0
    assert len(desk.ledger()) == 1
    assert "✓" in desk.run("check", "add", "INC1003", "--problem", "CUA003").out
    assert lines(desk)[0]["historial"] == []
