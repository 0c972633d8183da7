"""The owner of the dictionary at work on the command line: change, look, undo, and others who save the file too."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.fixtures import NewDesk
from tests.acceptance.product import DEMO_WORLD, DICTIONARY, Ended, Product, copy_of, demo_incidents

Run = Callable[..., Ended]


@pytest.fixture
def folder(indexed: Path, tmp_path: Path) -> Path:
    return copy_of(indexed, tmp_path / "workspace")


@pytest.fixture
def run(product: Product, folder: Path) -> Run:
    def command(*arguments: object, **settings: str) -> Ended:
        own = {"RESUELVE_WORKSPACE": str(folder), "RESUELVE_LANGUAGE": "en", "LOGNAME": "ana", **settings}
        return product.run("dictionary", *arguments, settings=own)

    return command


def done(ended: Ended) -> str:
    assert ended.status == 0, ended.error
    return ended.out


def changed(run: Run, *arguments: object) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(done(run(*arguments, "--why", "better", "--past", "0", "--json")))
    return told


def test_an_owner_changes_a_text_looks_at_it_and_takes_it_back(run: Run, folder: Path, product: Product) -> None:
    file = folder / DICTIONARY
    before = file.read_bytes()
    out = done(run("set", "REE002", "--solution", "Use JPG.", "--why", "shorter", "--past", "0"))
    assert "+ SOLUCIÓN: Use JPG." in out
    assert "Version 2" in out
    assert "The index was up to date" in out, "solutions are not indexed"
    old, new = before.splitlines(), file.read_bytes().splitlines()
    assert [(a, b) for a, b in zip(old, new, strict=True) if a != b] == [(old[3], new[3])]
    assert b",Use JPG.,12/03/2026,cierre," in new[3]
    shown = json.loads(done(run("show", "REE002", "--json")))
    assert (shown["SOLUCIÓN"], [one["who"] for one in shown["versions"]]) == ("Use JPG.", ["ana"])
    assert "Version 2" in done(run("show", "REE002"))
    history = done(run("history"))
    assert "shorter" in history
    assert "ana" in history
    (row,) = json.loads(done(run("diff", "2", "--json")))["rows"]
    assert (row["change"], row["after"]["SOLUCIÓN"]) == ("changed", "Use JPG.")
    assert "- SOLUCIÓN: Buenos días." in done(run("diff"))
    done(run("undo", "2", "--why", "no", "--past", "0"))
    assert file.read_bytes() == before


def test_a_new_problem_with_examples_is_found_at_once(run: Run, folder: Path, product: Product) -> None:
    before = (folder / DICTIONARY).read_bytes()
    text = folder.parent / "solution.txt"
    text.write_bytes("Buenos días.\r\n\r\nMire la opción «Centros».\r\n".encode("cp1252"))
    fields = ("--component", "Mapa", "--description", "El mapa de clínicas sale gris", "--resolution", "cierre")
    told = changed(run, "add", *fields, "--solution-file", text, "--example", "No se ven los centros en el mapa")
    (problem,) = told["version"]["problems"]
    assert told["rows"][0]["after"]["SOLUCIÓN"] == "Buenos días.\n\nMire la opción «Centros»."
    changed(run, "example", problem, "El plano está vacío")
    changed(run, "example", problem, "El mapa de clínicas sale gris", "--drop")
    shown = json.loads(done(run("show", problem, "--json")))
    assert shown["examples"] == ["No se ven los centros en el mapa", "El plano está vacío"]
    index = product.run("index", settings={"RESUELVE_WORKSPACE": str(folder), "RESUELVE_LANGUAGE": "en"})
    assert "The index was up to date" in index.out
    changed(run, "set", problem, "--queue", "GR_X", "--resolution", "reasignacion", "--column", "TIPO INCIDENCIA=Error")
    changed(run, "remove", problem)
    assert (folder / DICTIONARY).read_bytes() == before
    assert [one["number"] for one in json.loads(done(run("history", "--problem", problem, "--json")))] == [
        6,
        5,
        4,
        3,
        2,
    ]


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (("set", "REE002", "--solution", "x"), 2, "needs a reason"),
        (("set", "REE002", "--why", "x"), 2, "qué columna"),
        (("set", "REE002", "--column", "x", "--why", "x"), 2, "NOMBRE=TEXTO"),
        (("set", "REE002", "--solution", "a", "--solution-file", "b", "--why", "x"), 2, "no ambos"),
        (("set", "REE002", "--solution-file", "none.txt", "--why", "x"), 1, "none.txt: cannot be read"),
        (("set", "REE002", "--solution", "=1+1", "--why", "x"), 1, "formula"),
        (("set", "REE002", "--resolution", "reasignacion", "--queue", "", "--why", "x"), 1, "BUZON REASIGNACION"),
        (("remove", "NADA1", "--why", "x"), 1, "no problem NADA1"),
        (("show", "NADA1"), 1, "no problem NADA1"),
        (("undo", "1", "--why", "x"), 1, "nothing before"),
        (("diff", "9"), 1, "no version 9"),
    ],
)
def test_what_cannot_be_is_said(run: Run, folder: Path, arguments: tuple[str, ...], status: int, told: str) -> None:
    before = (folder / DICTIONARY).read_bytes()
    ended = run(*arguments)
    assert (ended.status, told in ended.error, ended.out) == (status, True, "")
    assert (folder / DICTIONARY).read_bytes() == before


def test_a_save_with_another_program_is_noted_and_what_it_undid_is_told(
    run: Run, folder: Path, product: Product
) -> None:
    file = folder / DICTIONARY
    opened = file.read_text("utf-8")
    changed(run, "set", "REE002", "--solution", "Use JPG.")
    file.write_bytes(opened.replace("foto HEIC", "fotografía HEIC").replace("\n", "\r\n").encode("utf-8-sig"))
    index = product.run("index", settings={"RESUELVE_WORKSPACE": str(folder), "RESUELVE_LANGUAGE": "en"})
    assert "saved with another program" in index.out
    assert "before versions 2" not in index.out, "the row has changed otherwise too: it is no older state"
    file.write_bytes(opened.encode("utf-8"))
    changed(run, "set", "REE002", "--solution", "Use PNG.")
    file.write_bytes(opened.encode("utf-8"))
    out = done(run("set", "REE003", "--kind", "Otro", "--why", "x", "--past", "0"))
    assert "before versions 5" in out
    kinds = [one["kind"] for one in json.loads(done(run("history", "--json")))]
    assert kinds == ["edit", "outside", "edit", "outside", "outside", "edit", "found"]


def test_damaged_versions_stop_changes_only(run: Run, folder: Path, product: Product) -> None:
    changed(run, "set", "REE002", "--solution", "Use JPG.")
    log = folder / ".resuelve" / "versions" / "versions.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"who":"ana"', b'"who":"eva"'))
    refused = run("set", "REE002", "--solution", "Use PNG.", "--why", "x")
    assert (refused.status, "damaged" in refused.error) == (1, True)
    assert "Use JPG." in done(run("show", "REE002"))
    index = product.run("index", settings={"RESUELVE_WORKSPACE": str(folder), "RESUELVE_LANGUAGE": "en"})
    assert index.status == 0
    assert "damaged" in index.out


def test_a_change_that_breaks_a_regression_ticket_is_not_made(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents("INC1001"), RESUELVE_LANGUAGE="en")
    file = desk.workspace / DICTIONARY
    before = file.read_bytes()
    assert desk.run("check", "add", "INC1001", "--problem", "REE016").status == 0
    removal = ("dictionary", "remove", "REE016", "--why", "gone")
    refused = desk.run(*removal)
    assert refused.status == 1, refused.error
    assert "Regression tickets that would fail: 1" in refused.out
    assert file.read_bytes() == before
    assert desk.run(*removal, "--force").status == 0
    assert b"REE016" not in file.read_bytes()
    assert desk.run("dictionary", "undo", "2", "--why", "needed").status == 0
    assert file.read_bytes() == before
    assert desk.run("check").status == 0
    assert not DEMO_WORLD.closed_incidents or "past tickets" in refused.out
