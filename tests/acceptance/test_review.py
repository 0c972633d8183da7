"""Proposals under review on the command line: accepted, edited, merged, rejected; one by one, in bulk, in a talk."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from resuelve.knowledge.maintenance.ledger import Ledger
from resuelve.knowledge.maintenance.proposal import Grade, Near, Proposal
from tests.acceptance.fixtures import NewDesk
from tests.acceptance.product import DICTIONARY, KILLED, SOURCES, Ended, Product, copy_of, demo_incidents
from tests.proposals import example, new_problem

AT = datetime(2026, 3, 1, 10, tzinfo=UTC)
Run = Callable[..., Ended]

MAP = new_problem("INC1", "INC2", problem="MAP1", description="El plano de clínicas sale en gris en la aplicación")
FAX = new_problem("INC3", problem="FAX1", description="El fax de la oficina no imprime", grade=Grade.POOR)
PHOTO = example("INC4", problem="REE002", description="La cámara del teléfono guarda en un formato raro")


@pytest.fixture
def folder(indexed: Path, tmp_path: Path) -> Path:
    workspace = copy_of(indexed, tmp_path / "workspace")
    offer(workspace, FAX, PHOTO, MAP)
    return workspace


@pytest.fixture
def run(product: Product, folder: Path) -> Run:
    def command(*arguments: object) -> Ended:
        return product.run(*arguments, settings=settings_of(folder))

    return command


def settings_of(folder: Path) -> dict[str, str]:
    return {"RESUELVE_WORKSPACE": str(folder), "RESUELVE_LANGUAGE": "en", "LOGNAME": "ana"}


def offer(workspace: Path, *proposals: Proposal) -> None:
    Ledger(workspace / ".resuelve" / "proposals", history=tuple).offer(proposals, at=AT)


def done(ended: Ended) -> str:
    assert ended.status == 0, ended.error or ended.out
    return ended.out


def entries(run: Run) -> dict[str, Any]:
    return {one["id"]: one for one in json.loads(done(run("maintain", "review", "list", "--decided", "--json")))}


def states(run: Run) -> dict[str, str]:
    return {name: one["state"] for name, one in entries(run).items()}


def rows(folder: Path) -> list[str]:
    return (folder / DICTIONARY).read_text("utf-8").splitlines()


def test_what_is_open_is_listed_and_shown(run: Run) -> None:
    listed = done(run("maintain", "review", "list"))
    assert [line.split()[0] for line in listed.splitlines() if line.startswith("P-")] == [MAP.id, PHOTO.id, FAX.id]
    assert "Waiting: 3" in listed
    shown = done(run("maintain", "review", "show", PHOTO.id))
    assert "example of REE002" in shown
    assert "Asunto de INC4" in shown
    assert "cierre" in shown, "where the problem leads"
    told = json.loads(done(run("maintain", "review", "show", MAP.id, "--json")))
    assert (told["row"]["ID PROBLEMA"], [one["code"] for one in told["evidence"]]) == ("MAP1", ["INC1", "INC2"])


def test_accepted_ones_are_one_version_and_the_index_follows(run: Run, folder: Path) -> None:
    before = rows(folder)
    rehearsed = run("maintain", "review", "accept", "--all", "--grade", "good", "--past", "0", "--dry-run")
    assert "Nothing was changed" in done(rehearsed)
    assert MAP.description in rehearsed.out
    assert rows(folder) == before
    accepted = done(run("maintain", "review", "accept", "--all", "--grade", "good", "--past", "0"))
    assert "Version 2" in accepted
    new = [row for row in rows(folder) if row not in before]
    assert sorted(row.split(",")[0] for row in new) == ["MAP1", "REE002"]
    assert len(rows(folder)) == len(before) + 2
    assert states(run) == {MAP.id: "accepted", PHOTO.id: "accepted", FAX.id: "open"}
    decision = entries(run)[MAP.id]["decisions"][-1]
    assert (decision["version"], decision["problem"], decision["who"]) == (2, "MAP1", "ana")
    assert "2 proposals" in done(run("dictionary", "history"))
    assert "The index was up to date" in done(run("index")), "it has followed already"
    done(run("dictionary", "undo", "2", "--why", "too early", "--past", "0"))
    assert rows(folder) == before
    assert states(run)[MAP.id] == "accepted", "undone in the dictionary, not in what was decided"


def test_one_is_edited_accepted_with_another_text_merged_and_rejected(run: Run, folder: Path) -> None:
    edited = run("maintain", "review", "edit", FAX.id, "--set", "SOLUCION=Apague y encienda el fax.")
    assert "still waiting" in done(edited)
    assert (states(run)[FAX.id], entries(run)[FAX.id]["row"]["SOLUCIÓN"]) == ("edited", "Apague y encienda el fax.")
    done(run("maintain", "review", "accept", FAX.id, "--set", "COMPONENTE=Oficina", "--past", "0", "--why", "frequent"))
    (row,) = (line for line in rows(folder) if "FAX1" in line)
    assert "Oficina" in row
    assert "Apague y encienda el fax." in row
    done(run("maintain", "review", "merge", MAP.id, "--into", "REE003", "--past", "0"))
    assert any(row.startswith("REE003") and MAP.description in row for row in rows(folder))
    done(run("maintain", "review", "reject", PHOTO.id, "--why", "a single case"))
    assert states(run) == {FAX.id: "accepted", MAP.id: "merged", PHOTO.id: "rejected"}
    assert "a single case" in done(run("maintain", "review", "show", PHOTO.id))
    assert "No proposals are waiting" in done(run("maintain", "review"))


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (("accept",), 2, "--all"),
        (("accept", "P-0"), 1, "no proposal P-0"),
        (("accept", MAP.id, "--set", "NADA=x"), 1, "no column NADA"),
        (("accept", MAP.id, "--set", "SOLUCIÓN"), 2, "NOMBRE=TEXTO"),
        (("accept", MAP.id, "--set", "SOLUCIÓN==1+1"), 1, "formula"),
        (("accept", MAP.id, "--set", "RESOLUCION AUTOMÁTICA=api|nadie"), 1, "no agent answers api|nadie"),
        (("accept", MAP.id, "--set", "SOLUCIÓN="), 1, "solution not fit to send"),
        (("accept", MAP.id, "--set", "SOLUCIÓN=Su póliza MOCK_POLIZA"), 1, "row not filled in"),
        (("accept", MAP.id, "--set", "ID PROBLEMA=REE002"), 1, "already a problem REE002"),
        (("edit", MAP.id, "--set", "SOLUCIÓN="), 1, "solution not fit to send"),
        (("edit", MAP.id, "--set", "RESOLUCION AUTOMÁTICA=luego"), 1, "none of manual"),
        (("edit", PHOTO.id, "--set", "SOLUCIÓN=x"), 1, "only a DESCRIPCION"),
        (("edit", MAP.id), 2, "--set"),
        (("merge", MAP.id, "--into", "NADA1"), 1, "no problem NADA1"),
        (("reject", MAP.id), 2, "--why"),
        (("reject", MAP.id, "--why", " "), 1, "needs a reason"),
        (("show", "P-0"), 1, "no proposal P-0"),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(
    run: Run, folder: Path, arguments: tuple[str, ...], status: int, told: str
) -> None:
    before = rows(folder)
    past = () if arguments[0] in ("edit", "reject", "show") else ("--past", "0")
    ended = run("maintain", "review", *arguments, *past)
    assert (ended.status, told in ended.error + ended.out) == (status, True), ended.error + ended.out
    assert rows(folder) == before
    assert set(states(run).values()) == {"open"}


def test_accepting_runs_the_regression_tickets_and_tells_what_would_change(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents("INC1001", "INC1003"), RESUELVE_LANGUAGE="en")
    assert desk.run("check", "add", "INC1001", "--problem", "REE016").status == 0
    incident = demo_incidents("INC1001")[0]
    catching = new_problem("INC9", problem="CATCH", description=f"{incident['titulo']} {incident['descripcion']}")
    offer(desk.workspace, catching)
    before = rows(desk.workspace)
    refused = desk.run("maintain", "review", "accept", catching.id)
    assert refused.status == 1, refused.out
    assert "Regression tickets that would" in refused.out
    assert "past tickets" in refused.out
    assert rows(desk.workspace) == before
    assert desk.run("maintain", "review", "accept", catching.id, "--dry-run").status == 1
    assert desk.run("maintain", "review", "accept", catching.id, "--force").status == 0
    assert any(row.startswith("CATCH,") for row in rows(desk.workspace))


def dialogue(folder: Path, *lines: str) -> str:
    command = [sys.executable, "-m", "resuelve", "maintain", "review", "--past", "0"]
    environment = {**os.environ, **settings_of(folder), "PYTHONPATH": str(SOURCES)}
    told = "".join(f"{line}\n" for line in lines)
    ended = subprocess.run(command, input=told, env=environment, capture_output=True, text=True, timeout=90)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def test_a_dialogue_decides_one_by_one(run: Run, folder: Path) -> None:
    before = rows(folder)
    lines = ("x", "e", "SOLUCIÓN=", "", "e", "nothing", "SOLUCIÓN=Recargue.", "", "a")
    out = dialogue(folder, *lines, "m", "NADA1", "m", "REE003", "r", "", "r", "nobody has a fax")
    assert "Type one of these letters" in out
    assert "solution not fit to send" in out
    assert "no problem NADA1" in out
    assert "Accepted: 1; merged: 1; rejected: 1; skipped: 0. Waiting: 0." in out
    assert out.count("The index") == 1, "it follows once, in the end"
    assert states(run) == {MAP.id: "accepted", PHOTO.id: "merged", FAX.id: "rejected"}
    assert len(rows(folder)) == len(before) + 2
    assert any("Recargue." in row for row in rows(folder))
    assert "The index was up to date" in done(run("index"))


def test_a_dialogue_that_ends_early_decides_nothing_more(run: Run, folder: Path) -> None:
    before = rows(folder)
    assert "skipped: 1. Waiting: 3." in dialogue(folder, "s", "q", "a")
    assert "skipped: 1. Waiting: 3." in dialogue(folder, "s")
    assert rows(folder) == before
    assert set(states(run).values()) == {"open"}


def test_in_bulk_what_resembles_something_is_left_to_a_look(run: Run, folder: Path) -> None:
    other = new_problem("INC5", problem="MAP2", description="El mapa no carga", contradicts=(Near("REE003", 0.8),))
    double = new_problem("INC6", problem="MAP3", description="Plano en gris", duplicates=(Near(MAP.id, 0.9),))
    own = example("INC7", problem="REE003", description="Da un fallo 500", duplicates=(Near("REE003", 0.9),))
    offer(folder, other, double, own)
    out = done(run("maintain", "review", "accept", "--all", "--grade", "good", "--past", "0", "--no-index"))
    assert f"2 ({other.id}, {double.id})" in out
    accepted = {name for name, state in states(run).items() if state == "accepted"}
    assert accepted == {MAP.id, PHOTO.id, own.id}
    assert "≠ REE003 (0.80)" in done(run("maintain", "review", "list"))
    done(run("maintain", "review", "accept", other.id, "--past", "0", "--no-index"))


def test_many_are_rejected_at_once_and_only_those_that_were_meant(run: Run) -> None:
    done(run("maintain", "review", "reject", "--all", "--grade", "poor", "--why", "not documented"))
    assert states(run) == {MAP.id: "open", PHOTO.id: "open", FAX.id: "rejected"}
    done(run("maintain", "review", "reject", "--all", "--kind", "example", "--why", "told often enough"))
    assert states(run) == {MAP.id: "open", PHOTO.id: "rejected", FAX.id: "rejected"}
    assert "No proposals are waiting" in done(run("maintain", "review", "accept", "--all", "--grade", "fair"))


@pytest.mark.parametrize(("when", "state"), [("before", "open"), ("after", "accepted")])
def test_a_review_that_is_killed_leaves_dictionary_and_proposals_of_one_mind(
    product: Product, run: Run, folder: Path, when: str, state: str
) -> None:
    die = [{"place": "change", "when": when, "call": 1, "signal": int(signal.SIGKILL)}]
    arguments = ("maintain", "review", "accept", MAP.id, "--past", "0")
    assert product.start(*arguments, settings=settings_of(folder), interrupts=die).wait().status == KILLED
    assert states(run)[MAP.id] == state
    again = run(*arguments)
    assert (again.status, "accepted already" in again.error) == ((0, False) if when == "before" else (1, True))
    assert len([row for row in rows(folder) if row.startswith("MAP1,")]) == 1


def test_a_damaged_line_is_told_and_the_rest_goes_on(run: Run, folder: Path) -> None:
    file = folder / ".resuelve" / "proposals" / "proposals.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"{broken\n" + b"".join(lines[1:]))
    listed = done(run("maintain", "review", "list"))
    assert "proposals.jsonl:1: a proposal cannot be read" in listed
    assert "Waiting: 2" in listed
