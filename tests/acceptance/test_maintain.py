"""`resuelve maintain` on the demo's closed incidents, to the day on which what it taught resolves a new ticket."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from resuelve.knowledge.catalogue import read
from resuelve.mocks.world import demo_folder
from tests.acceptance.product import DEMO_WORLD, DICTIONARY, Desk, Ended, Product, desk_with

EXPECTED_FILE = Path(__file__).parent / "demo" / "expected_closed.jsonl"
EXPECTED = {one["incident"]: one for one in map(json.loads, EXPECTED_FILE.read_text("utf-8").splitlines())}
LANGUAGES = "INC0103"
"""One of those who look for a psychologist who speaks English: no row of the demo covers that."""


@pytest.fixture(scope="module")
def maintained(
    product: Product, indexed: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Desk, Ended]]:
    """The demo world, maintained once."""
    folder = tmp_path_factory.mktemp("maintained")
    with desk_with(product, indexed, folder, DEMO_WORLD, RESUELVE_LANGUAGE="en", LOGNAME="ana") as desk:
        yield desk, desk.run("maintain")


def done(ended: Ended) -> str:
    assert ended.status == 0, ended.error or ended.out
    return ended.out


def report(desk: Desk) -> dict[str, Any]:
    (file,) = desk.workspace.glob("reportes/reporte_mantenimiento_globales_*.json")
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return found


def listed(desk: Desk) -> dict[str, Any]:
    return {one["id"]: one for one in json.loads(done(desk.run("maintain", "review", "list", "--decided", "--json")))}


def with_evidence(desk: Desk, code: str) -> dict[str, Any]:
    """The proposal that this incident is evidence of."""
    every: list[dict[str, Any]] = list(listed(desk).values())
    (found,) = (one for one in every if code in [each["code"] for each in one["evidence"]])
    return found


def test_it_proposes_and_touches_nothing(maintained: tuple[Desk, Ended]) -> None:
    desk, ended = maintained
    assert "Closed incidents read: 50" in done(ended)
    assert (desk.workspace / DICTIONARY).read_bytes() == (demo_folder() / DICTIONARY).read_bytes()
    assert desk.ledger() == []
    told = report(desk)
    assert {one["code"] for one in told["fates"]} == set(EXPECTED)
    assert sum(told["counts"].values()) == told["incidents"] == len(EXPECTED)
    assert set(told["new"]) == {one["id"] for one in told["proposals"]} == set(listed(desk))
    new = [one for one in told["proposals"] if one["kind"] == "problem"]
    right = [EXPECTED[each["code"]]["novel"] for one in new for each in one["evidence"]]
    assert sum(right) >= 0.8 * len(right) > 0, "what is new is seldom known"
    examples = [one for one in told["proposals"] if one["kind"] == "example"]
    right = [one["problem"] in EXPECTED[each["code"]]["problems"] for one in examples for each in one["evidence"]]
    assert sum(right) >= 0.8 * len(right) > 0, "an example goes to its own problem"


def test_the_rows_are_left_in_a_file_that_is_a_dictionary(maintained: tuple[Desk, Ended]) -> None:
    desk = maintained[0]
    (file,) = desk.workspace.glob("PROBLEMAS_GLOBALES_*.csv")
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == len(report(desk)["proposals"])
    assert not read(file).rejected


def test_from_a_closed_incident_to_a_row_that_is_chosen(product: Product, indexed: Path, tmp_path: Path) -> None:
    with desk_with(product, indexed, tmp_path, DEMO_WORLD, RESUELVE_LANGUAGE="en", LOGNAME="ana") as desk:
        done(desk.run("maintain"))
        accepted, rejected = with_evidence(desk, LANGUAGES), with_evidence(desk, "INC0102")
        text = "Buenos días. En el cuadro médico, abra Filtros > Idiomas y elija inglés."
        done(desk.run("maintain", "review", "accept", accepted["id"], "--set", f"SOLUCIÓN={text}", "--past", "0"))
        assert "The index was up to date" in done(desk.run("index")), "it has followed"
        done(desk.run("maintain", "review", "reject", rejected["id"], "--why", "told often enough"))

        again = done(desk.run("maintain"))
        told = report(desk)
        codes = {one["code"] for one in accepted["evidence"]}
        assert set(told["told"]) == codes
        assert f"already taught to the dictionary: {len(codes)}" in again
        assert rejected["id"] in {one["because_of"] for one in told["suppressed"]}
        open_codes = {each["code"] for one in told["proposals"] for each in one["evidence"]}
        assert not open_codes & {*codes, *(one["code"] for one in rejected["evidence"])}
        assert told["new"] == [], "nothing is told twice"

        desk.touch("INC9001", titulo=accepted["evidence"][-1]["title"], descripcion=accepted["description"],
                   buzon="GR_SAL_CUADRO_MEDICO", solicitante="Nuria Vaquer", estado="En curso")  # fmt: skip
        explained = json.loads(done(desk.run("explain", "INC9001", "--json")))
        assert explained["decision"]["problem"]["id"] == accepted["problem"]


def test_an_export_is_read_without_a_ticket_manager(indexed: Path, product: Product, tmp_path: Path) -> None:
    export = demo_folder() / "incidencias_cerradas.json"
    with desk_with(product, indexed, tmp_path, DEMO_WORLD, RESUELVE_LANGUAGE="en") as desk:
        nowhere = {"MOCK_GESTOR_URL": "http://127.0.0.1:1"}
        arguments = ("maintain", "--from", export, "--since", "2026-03-01", "--limit", "20")
        assert "Closed incidents read: 20" in done(desk.run(*arguments, **nowhere))
        assert desk.run("maintain", **nowhere).status == 1
