"""`resuelve mine` on the demo world after a run, judged by the demo's list of problems without row, and on exports."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from resuelve.knowledge.catalogue import read
from resuelve.mocks.world import demo_folder
from resuelve.resolution.words import fold
from tests.acceptance.product import DEMO_WORLD, DICTIONARY, Desk, Ended, Product, copy_of, desk_with

EXPECTED_FILE = Path(__file__).parent / "demo" / "expected_closed.jsonl"
EXPECTED = [json.loads(line) for line in EXPECTED_FILE.read_text(encoding="utf-8").splitlines()]
POLICIES = tuple((DEMO_WORLD.policies or {}).values())
NOWHERE = {"MOCK_GESTOR_URL": "http://127.0.0.1:1"}
VOID = {"meta", "br", "rect", "line", "circle"}


@pytest.fixture(scope="module")
def mined(product: Product, indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, Ended]]:
    """The demo world, resolved once and mined."""
    with desk_with(product, indexed, tmp_path_factory.mktemp("mined"), DEMO_WORLD) as desk:
        assert desk.run("run").status == 0
        yield desk, desk.run("mine")


@pytest.fixture
def report(mined: tuple[Desk, Ended]) -> dict[str, Any]:
    (file,) = mined[0].workspace.glob("reportes/mineria_*.json")
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


@pytest.fixture
def page(mined: tuple[Desk, Ended]) -> str:
    (file,) = mined[0].workspace.glob("reportes/mineria_*.html")
    return file.read_text(encoding="utf-8")


def pairs(groups: list[list[str]]) -> set[tuple[str, str]]:
    return {pair for group in groups for pair in combinations(sorted(group), 2)}


def test_it_says_what_it_found_and_where(mined: tuple[Desk, Ended]) -> None:
    desk, ended = mined
    assert (ended.status, ended.error) == (0, "")
    for file in desk.workspace.glob("reportes/mineria_*"):
        assert file.name in ended.out
    assert "Derivadas a personas por falta de fila" in ended.out


def test_the_problems_without_a_row_are_found_and_nothing_else_is(report: dict[str, Any]) -> None:
    groups: dict[str, list[str]] = defaultdict(list)
    for one in EXPECTED:
        if one["group"]:
            groups[one["group"]].append(one["incident"])
    labelled = {one["incident"] for one in EXPECTED}
    found = pairs([[code for code in one["codes"] if code in labelled] for one in report["problems"]])
    wanted = pairs(list(groups.values()))
    assert len(found & wanted) >= 0.7 * len(wanted)
    assert len(found & wanted) >= 0.7 * len(found)


def test_each_problem_says_what_it_cost_and_what_was_done(report: dict[str, Any]) -> None:
    assert [one["cost"] for one in report["problems"]] == sorted((p["cost"] for p in report["problems"]), reverse=True)
    for one in report["problems"]:
        assert one["incidents"] == len(one["codes"]) == sum(deed["incidents"] for deed in one["done"])
        assert one["cost"] == pytest.approx(one["incidents"] * one["hours_median"], abs=0.01)
        assert one["words"]
        assert one["answer"]
        assert sum(one["timeline"]["counts"]) == one["incidents"]
        assert one["first"] <= one["last"]
    doubled = next(one for one in report["problems"] if "INC0106" in one["codes"])
    assert [(deed["resolution"], deed["queue"]) for deed in doubled["done"]] == [("reasignacion", "GR_NEG_COBROS")]
    assert not doubled["perhaps_covered"]  # the row that is nearest would have closed them


def test_every_incident_is_accounted_for(report: dict[str, Any]) -> None:
    fits = report["fits"]
    assert sum(fits.values()) == report["incidents"] >= len(EXPECTED)
    assert fits["unsure"] + fits["new"] == report["alone"] + sum(one["incidents"] for one in report["problems"])


def test_rows_that_want_care(report: dict[str, Any]) -> None:
    problems = read(demo_folder() / DICTIONARY).problems
    rows = report["rows"]
    assert {(pair["row"], pair["other"]) for pair in rows["contradictions"]} >= {("APP001", "APP002")}
    assert all(pair["leads"] or pair["other_leads"] for pair in rows["contradictions"])
    assert {one["row"] for one in rows["unused"]} < set(problems)
    assert {one["row"] for one in rows["otherwise"]} <= set(problems)
    assert all(one["incidents"] for one in rows["otherwise"])


def test_gaps_of_our_own_runs(mined: tuple[Desk, Ended], report: dict[str, Any]) -> None:
    desk = mined[0]
    lacking = {"no_match", "weak_match", "ambiguous"}
    handed = {
        code
        for code, entry in desk.entries().items()
        if entry["outcome"] == "handed_off" and entry["decision"]["doubt"] in lacking
    }
    assert report["handed_over"] == len(handed)
    assert report["gaps"]
    assert {code for one in report["gaps"] for code in one["codes"]} <= handed
    rejected: dict[str, set[str]] = defaultdict(set)
    for line in desk.rejected():
        rejected[json.loads(line["resolucion_completa"])["problem"]].add(line["codigo_incidencia"])
    wanted = {row: len(incidents) for row, incidents in rejected.items() if len(incidents) > 1}
    assert {one["row"]: one["incidents"] for one in report["rejected"]} == wanted
    assert all(one["advice"] for one in report["rejected"])


def test_nobody_is_named(report: dict[str, Any], page: str) -> None:
    told = json.dumps(
        {name: value for name, value in report.items() if name not in ("rows", "descriptions")}, ensure_ascii=False
    )
    texts = fold(told + page)
    incidents = (*DEMO_WORLD.open_incidents, *DEMO_WORLD.closed_incidents)
    names = {one["solicitante"] for one in incidents} | {one["nombre"] for one in POLICIES}
    assert len(names) > 100
    assert {name for name in names if " " in name and fold(name) in texts} == set()
    own = {fold(word) for problem in read(demo_folder() / DICTIONARY).problems.values() for text in
           (*problem.examples, problem.solution, problem.component) for word in re.findall(r"\w+", text)}  # fmt: skip
    parts = {part for name in names for part in re.findall(r"[a-z]{4,}", fold(name))} - own
    words = set(re.findall(r"[a-z]+", texts))
    common = {"atencion", "centro", "clinica", "hospital", "oficina", "mediador", "comunidad", "agencia", "empresa"}
    assert (parts & words) - common == set()
    numbers = {one[name] for one in POLICIES for name in ("NIF", "poliza")}
    assert {number for number in numbers if fold(str(number)) in texts} == set()
    assert not re.search(r"\b\d{8}[a-z]\b|\b[a-z0-9._]+@[a-z]+\.[a-z]+\b|\bes\d{22}\b", texts)


class _Reader(HTMLParser):
    """Checks that what is opened is closed, and notes what would be loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.loads: list[str] = []
        self.places: set[str] = set()
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in ("script", "iframe", "img", "link", "object", "form") or "style" in values:
            self.wrong.append(tag)
        self.loads += [str(values[name]) for name in ("src", "action", "data") if name in values]
        self.places.add(str(values.get("id")))
        if tag == "a":
            self.links.add(str(values["href"]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"/{tag}")


def test_the_page_needs_nothing_else(page: str) -> None:
    reader = _Reader()
    reader.feed(page)
    assert (reader.wrong, reader.open, reader.loads) == ([], [], [])
    assert {link.removeprefix("#") for link in reader.links} <= reader.places
    assert "default-src 'none'" in page
    assert "unsafe" not in page
    assert '<html lang="es">' in page


def test_an_export_is_mined_without_the_ticket_manager(product: Product, indexed: Path, tmp_path: Path) -> None:
    odd = {
        **DEMO_WORLD.closed_incidents[2],
        "codIncidencia": "ODD1",
        "titulo": "</style><script>alert(1)</script> {{ 7*7 }} \u202egnp",
        "descripcion": "[bold red] no imprime la etiqueta <b>roja</b> del paquete & se atasca",
    }
    entries = [*DEMO_WORLD.closed_incidents[:12], odd, {**odd, "codIncidencia": "ODD2"}, 7, {"titulo": "sin código"}]
    workspace = copy_of(indexed, tmp_path / "workspace")
    export = tmp_path / "export.json"
    export.write_text(json.dumps(entries), encoding="utf-8")
    settings = {
        "RESUELVE_WORKSPACE": str(workspace),
        "RESUELVE_LANGUAGE": "en",
        **NOWHERE,
    }
    ended = product.run("mine", "--from", export, "--at-least", 2, settings=settings)
    assert ended.status == 0, ended.error
    assert "\u202e" not in ended.out
    path = Path(re.search(r"Report: (.+\.html) \(page\)", ended.out)[1])  # type: ignore[index]
    report = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert (report["incidents"], len(report["unread"])) == (14, 2)
    page = path.read_text(encoding="utf-8")
    assert "<script" not in page
    assert "{{ 7*7 }}" in page
    assert "\u202e" not in page
    reader = _Reader()
    reader.feed(page)
    assert (reader.wrong, reader.open) == ([], [])


@pytest.mark.parametrize(
    ("content", "says"), [("{}", "lista"), ("not JSON", "JSON"), ("[" * 100_000, "JSON"), (None, "no se puede leer")]
)
def test_an_export_that_is_none(
    product: Product, indexed: Path, tmp_path: Path, content: str | None, says: str
) -> None:
    file = tmp_path / "export.json"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    workspace = copy_of(indexed, tmp_path / "workspace")
    ended = product.run("mine", "--from", file, settings={"RESUELVE_WORKSPACE": str(workspace), **NOWHERE})
    assert ended.status == 1
    (line,) = ended.error.splitlines()
    assert says in line
    assert str(file) in line


def test_an_empty_past(product: Product, indexed: Path, tmp_path: Path) -> None:
    file = tmp_path / "export.json"
    file.write_text("[]", encoding="utf-8")
    workspace = copy_of(indexed, tmp_path / "workspace")
    ended = product.run("mine", "--from", file, settings={"RESUELVE_WORKSPACE": str(workspace), **NOWHERE})
    assert ended.status == 0, ended.error
