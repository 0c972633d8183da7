"""`resuelve report` on a workspace of the demo, through the command line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.product import ACTING, Desk, Product, demo_incidents, desk_with, world_of
from tests.report_samples import a_maintenance, a_run, an_entry

CLOSED, MOVED, OTHER = "INC1003", "INC1001", "INC1017"
PAGE = "reportes/informe.html"
INCOMPLETE = 3


@pytest.fixture(scope="module")
def used(product: Product, indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk with four runs, one of them in shadow: two tickets came back, one as a person says."""
    folder = tmp_path_factory.mktemp("report")
    (handed,) = demo_incidents("INC1002")
    with desk_with(product, indexed, folder, world_of([handed, *demo_incidents(CLOSED, MOVED)])) as desk:
        assert desk.run("run", "--shadow").status == 0
        assert desk.run("run").status == 0
        (moved,) = demo_incidents(MOVED)
        desk.touch(MOVED, estado="En curso", buzon=moved["buzon"], comentario="Sigo igual.")
        desk.touch(OTHER, **demo_incidents(OTHER)[0])
        assert desk.run("run").status == 0
        assert desk.run("returned", "wrong", CLOSED).status == 0
        yield desk


def figures(desk: Desk, *arguments: object, status: int = 0, **settings: str) -> tuple[dict[str, Any], str]:
    out = desk.workspace.parent / "figures.json"
    ended = desk.run("report", *arguments, "--json", out, **settings)
    assert ended.status == status, ended.error
    return json.loads(out.read_text(encoding="utf-8")), ended.out


def test_the_workspace_is_summed_up(used: Desk) -> None:
    found, out = figures(used, RESUELVE_LANGUAGE="en")
    assert (found["runs"]["count"], found["runs"]["live"], found["runs"]["shadow"]) == (3, 2, 1)
    assert found["incidents"] == {"handled": 4, "executed": 3, "automatic_rate": 0.75}
    assert found["shadow"] == {"handled": 3, "would_change": 2, "rate": 0.6667}
    assert {one["incident"]: one["how"] for one in found["returned"]["list"]} == {
        MOVED: "reopened",
        CLOSED: "reported",
    }
    newest = {one["incident"]: (one["outcome"], one["came_back"]) for one in found["newest"]["incidents"]}
    assert newest[MOVED] == ("handed_off", "reopened")
    assert newest[OTHER][1] == ""
    assert found["returned"]["changes"] == len(used.ledger()) == 3
    assert (found["now"]["queue"], found["now"]["set_aside_count"], found["now"]["unknown_count"]) == ("", 0, 0)
    assert found["newest"]["run"] == found["now"]["run"] == used.report()["run"]
    assert used.report()["scope"] == {"queue": "", "incident": "", "limit": 0}
    assert len(found["batches"]) == 1
    assert (found["set_aside"], found["notes"]) == ([], [])
    assert "3 runs" in out
    assert "Is it working?" in out
    assert f"Page: {used.workspace / PAGE}" in out
    page = (used.workspace / PAGE).read_text(encoding="utf-8")
    for shown in ("How Resuelve is doing", MOVED, CLOSED, "the ticket came back", "a person said so"):
        assert shown in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")


def test_it_speaks_spanish(used: Desk) -> None:
    ended = used.run("report", "--last", 1)
    assert ended.status == 0
    assert "¿Funciona?" in ended.out
    page = (used.workspace / PAGE).read_text(encoding="utf-8")
    assert "Cómo va Resuelve" in page
    assert "No se cuentan 2 ejecuciones anteriores" in page


def test_a_run_over_a_part_does_not_say_what_is_left(used: Desk, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(used.workspace, tmp_path / "workspace"))
    (moved,) = demo_incidents(MOVED)
    assert (
        used.run("run", "--workspace", copy, "--queue", moved["buzon"], "--limit", 2, "--incident", MOVED).status == 0
    )
    newest = max(copy.glob("reportes/reporte[0-9]*.json"), key=lambda one: one.stat().st_mtime_ns)
    scope = json.loads(newest.read_text(encoding="utf-8"))["scope"]
    assert scope == {"queue": moved["buzon"], "incident": MOVED, "limit": 2}
    found, _ = figures(used, "--workspace", copy)
    assert (found["newest"]["file"], found["now"]["run"]) == (newest.name, used.report()["run"])


def test_nothing_but_the_page_is_left(used: Desk) -> None:
    before = {path for path in used.workspace.rglob("*") if path.is_file()}
    assert used.run("report").status == 0
    after = {path for path in used.workspace.rglob("*") if path.is_file()}
    assert {path.name for path in after - before} <= {"informe.html"}


def test_named_files_are_exactly_those(used: Desk, tmp_path: Path) -> None:
    first = sorted(used.workspace.glob("reportes/reporte[0-9]*.json"), key=lambda one: one.stat().st_mtime_ns)[1]
    renamed = shutil.copyfile(first, tmp_path / "some name.txt")
    page = tmp_path / "out" / "page.html"
    found, out = figures(used, renamed, a_maintenance(tmp_path), "--html", page)
    assert (found["runs"]["count"], found["incidents"]["executed"]) == (1, 2)
    assert found["returned"]["known"] is False
    assert len(found["maintenance"]) == 1
    assert f"Página: {page}" in out
    assert "NEW001" in page.read_text(encoding="utf-8")


def test_what_cannot_be_read_is_set_aside(used: Desk, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(used.workspace / "reportes", tmp_path / "workspace" / "reportes")).parent
    runs = sorted(copy.glob("reportes/reporte[0-9]*.json"))
    half, foreign, empty = (copy / "reportes" / f"reporte2099010{n}_0800.json" for n in (1, 2, 3))
    half.write_bytes(runs[-1].read_bytes().replace(b'"run": "', b'"run": "x')[:-300])
    foreign.write_text('{"a": 1}', encoding="utf-8")
    empty.touch()
    shutil.copyfile(runs[0], copy / "reportes" / "reporte20990104_0800.json")
    found, out = figures(used, "--workspace", copy, status=INCOMPLETE)
    assert found["runs"]["count"] == 3
    assert {one["what"] for one in found["set_aside"]} == {half.name, foreign.name}
    assert len(found["notes"]) == 1
    assert found["returned"]["known"] is False
    assert "no se escribió hasta el final" in out
    page = (copy / PAGE).read_text(encoding="utf-8")
    for shown in (half.name, foreign.name, "no se escribió hasta el final", "cuenta otra vez la ejecución de"):
        assert shown in page


def test_a_run_that_was_killed_is_marked(used: Desk, tmp_path: Path) -> None:
    killed = a_run(tmp_path, "k", "2026-09-01T08:00:00+00:00", [an_entry("INC1", "closed")], broken_off=True)
    page = tmp_path / "page.html"
    found, _ = figures(used, killed, "--html", page, RESUELVE_LANGUAGE="en")
    assert found["runs"]["broken_off"] == 1
    assert '<span class="tag">broken off</span>' in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["--since", "2099-01-01"], 1, "ningún informe cae en estos días"),
        (["none.json"], 1, "ninguno de estos ficheros"),
        (["--since", "2026-02-01", "--until", "2026-01-01"], 2, "--since"),
        (["a.json", "--html", "a.json"], 2, "--html"),
        (["--html", "b/../a", "--json", "./a"], 2, "--json"),
        (["--last", "0"], 2, "--last"),
        (["--since", "tomorrow"], 2, "Escriba el día como"),
        (["--html", "./"], 2, "Es una carpeta"),
        (["--json", "PROBLEMAS_GLOBALES.csv"], 2, "Es de la carpeta de trabajo"),
        (["--html", ".resuelve/journal.db"], 2, "Es de la carpeta de trabajo"),
        (["--json", "reportes/reporte-x.json"], 2, "se leería como un informe"),
        (["--json", "reportes/informe.html"], 2, "--json"),
    ],
)
def test_what_cannot_be_done_is_told(used: Desk, arguments: list[str], status: int, told: str) -> None:
    arguments = [str(used.workspace / one) if "/" in one or one.endswith(".csv") else one for one in arguments]
    ended = used.run("report", *arguments)
    assert ended.status == status
    assert told in " ".join(ended.error.replace("│", " ").split())
    assert status == 1 or not ended.out


def test_a_workspace_without_reports(product: Product, tmp_path: Path) -> None:
    ended = product.run("report", "--workspace", tmp_path / "new")
    assert ended.status == 1
    assert "no hay ningún informe" in ended.error
    assert not list(tmp_path.rglob("informe.html"))


def test_the_samples_are_of_this_world() -> None:
    assert {CLOSED, MOVED, OTHER} <= set(ACTING)
