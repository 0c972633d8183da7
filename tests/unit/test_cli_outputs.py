"""What `resuelve report` writes takes the place of nothing but what it wrote."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import typer

from resuelve.cli.outputs import PAGE, Outputs, refuse_losses
from resuelve.pages.reported import reported_page
from resuelve.reports.summary import Summary
from resuelve.workspace import Workspace


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    place = Workspace(tmp_path / "desk")
    place.prepare()
    for path in (
        place.dictionary,
        place.journal_file,
        place.reports / "reporte20260901_0830.json",
        place.root / "a.html",
    ):
        path.write_bytes(b"of somebody")
    return place


def refused(place: Workspace, html: Path | None = None, json: Path | None = None, read: tuple[Path, ...] = ()) -> str:
    """The option and why; empty when nothing would be lost."""
    try:
        refuse_losses(Outputs(html, json), place, read)
    except typer.BadParameter as error:
        return f"{error.param_hint} {error.message}"
    return ""


@pytest.mark.parametrize(
    "name",
    [
        "PROBLEMAS_GLOBALES.csv",
        "CORRECTIVOS_ABIERTOS.csv",
        "PRUEBAS_PROBLEMAS.jsonl",
        ".resuelve/journal.db",
        ".resuelve/new",
        "historico/page.html",
        "a.html",
    ],
)
def test_what_is_of_the_workspace_stays(place: Workspace, name: str) -> None:
    assert refused(place, html=place.root / name).startswith("--html")
    assert refused(place, json=place.root / name).startswith("--json")


def test_it_stays_by_any_other_name(place: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "link").symlink_to(place.root)
    assert refused(place, html=tmp_path / "link" / "PROBLEMAS_GLOBALES.csv")
    monkeypatch.chdir(place.reports)
    assert refused(place, json=Path("../PROBLEMAS_GLOBALES.csv"))


@pytest.mark.parametrize("name", ["reporte-x.json", "reporte20260901_0830.json", "Reporte.JSON"])
def test_nothing_is_written_that_would_be_read_as_a_report(place: Workspace, name: str) -> None:
    assert "--json" in refused(place, json=place.reports / name)
    assert "--html" in refused(place, html=place.reports / name)
    assert not refused(place, json=place.root / name)


def test_what_is_read_stays(place: Workspace, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    report.write_text("{}")
    os.link(report, tmp_path / "the same")
    for name in ("report.json", "the same"):
        assert "--html" in refused(place, html=tmp_path / name, read=(report,))
        assert "--json" in refused(place, json=tmp_path / name, read=(report,))
    assert not refused(place, html=report)


def test_page_and_figures_are_two_files(place: Workspace, tmp_path: Path) -> None:
    assert "--json" in refused(place, html=tmp_path / "a", json=tmp_path / "b" / ".." / "a")
    assert "--json" in refused(place, json=place.reports / PAGE)
    assert "--json" in refused(place, html=tmp_path / "a", json=place.reports / PAGE)


def test_a_folder_is_no_file(place: Workspace, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for out in (Path(), tmp_path, place.reports, tmp_path / "file" / "page.html"):
        assert "--html" in refused(place, html=out)
        assert "--json" in refused(place, json=out)


def test_our_own_are_replaced(place: Workspace, tmp_path: Path) -> None:
    figures = {
        "made": "2026-11-26T12:00:00+00:00",
        "source": "desk",
        "period": {"since": None, "until": None, "last": None},
        "older_runs": 0,
        **Summary([]).as_json(),
        **{name: [] for name in ("batches", "maintenance", "set_aside", "notes")},
    }
    page, drawn = place.root / "figures.json", place.reports / "november.html"
    page.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    for language in ("en", "es"):
        drawn.write_text(reported_page(figures, language=language), encoding="utf-8")
        assert not refused(place, html=drawn, json=page)
    assert refused(place, html=page).startswith("--html")
    assert refused(place, json=drawn).startswith("--json")
    assert not refused(place, html=place.reports / PAGE)
    (place.root / "empty").touch()
    assert not refused(place, html=place.root / "empty", json=place.root / "new" / "figures.json")
    assert not refused(place, html=tmp_path / "elsewhere.html")
