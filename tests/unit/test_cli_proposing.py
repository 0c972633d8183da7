"""`resuelve maintain` around the finder: what it is given, what is noted, and what is not told twice."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from resuelve.cli import proposing
from resuelve.cli.proposing import run_maintain
from resuelve.domain.incident import Incident
from resuelve.knowledge.maintenance.proposal import Proposal
from resuelve.settings import Settings, load
from tests.proposals import new_problem

DICTIONARY = "ID PROBLEMA,DESCRIPCION,SOLUCIÓN,RESOLUCION AUTOMÁTICA\nW1,No entra,Borre las cookies,cierre\n"


@dataclass
class Finder:
    """Proposes one problem for all incidents that it is given, and remembers them."""

    given: list[list[str]] = field(default_factory=list)

    def __call__(self, closed: Sequence[Incident], knowledge: Any, *, label: str, chat: Any, progress: Any) -> Any:
        codes = [one.code for one in closed]
        self.given.append(codes)
        progress(len(codes), len(codes))
        proposals = (new_problem(*codes),) if codes else ()
        return Found(proposals, {"incidents": len(codes)}, dict.fromkeys(codes, "proposed"))


@dataclass(frozen=True)
class Found:
    proposals: tuple[Proposal, ...]
    counts: dict[str, int]
    fates: dict[str, str]


@pytest.fixture
def finder(monkeypatch: pytest.MonkeyPatch) -> Finder:
    found = Finder()
    module: Any = ModuleType("find")
    module.find_proposals = found
    monkeypatch.setitem(sys.modules, "resuelve.knowledge.maintenance.find", module)
    monkeypatch.setattr(proposing, "surveying", lambda *_: nullcontext())
    return found


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "PROBLEMAS_GLOBALES.csv").write_text(DICTIONARY, encoding="utf-8")
    return load(workspace=tmp_path, language="en")


def export(folder: Path, *days: int) -> Path:
    """Incidents A, B, C… closed on these days of January 2026; 0: nobody knows when."""
    entries = [
        {
            "codIncidencia": chr(ord("A") + number),
            "titulo": f"Asunto {number}",
            "historial": [
                {"Fecha": f"{day:02}/01/2026 10:00:00 CET" if day else "", "Autor": "eva", "estado": "Cerrada"}
            ],
        }
        for number, day in enumerate(days)
    ]
    file = folder / "closed.json"
    file.write_text(json.dumps([*entries, {"titulo": "sin código"}]), encoding="utf-8")
    return file


def report(folder: Path) -> dict[str, Any]:
    (file,) = folder.glob("reportes/reporte_mantenimiento_globales_*.json")
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def proposed(folder: Path) -> list[dict[str, str]]:
    (file,) = folder.glob("PROBLEMAS_GLOBALES_*.csv")
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_it_leaves_rows_a_report_and_what_comes_next(
    settings: Settings, finder: Finder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_maintain(settings, source=export(tmp_path, 1, 2))
    out = capsys.readouterr().out
    assert "Closed incidents read: 2; already taught to the dictionary: 0." in out
    assert "Proposals: 1 new, 0 with more evidence" in out
    assert "Incidents that cannot be read: 1" in out
    assert "resuelve maintain review" in out
    assert new_problem("A", "B").id in out
    (row,) = proposed(tmp_path)
    assert (row["ID PROBLEMA"], row["RESOLUCION AUTOMÁTICA"]) == ("NEW1", "cierre")
    told = report(tmp_path)
    assert (told["incidents"], told["counts"], told["fates"]) == (
        2,
        {"incidents": 2},
        {"A": "proposed", "B": "proposed"},
    )
    assert told["model"] == {"calls": 0, "tokens_in": 0, "tokens_out": 0}
    assert [one["code"] for one in told["proposals"][0]["evidence"]] == ["A", "B"]
    assert len(told["unread"]) == 1
    for file in (*tmp_path.glob("PROBLEMAS_GLOBALES_*"), *tmp_path.glob("reportes/*")):
        assert file.name in out.replace("\n", "")


def test_a_second_run_tells_nothing_twice(
    settings: Settings, finder: Finder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = export(tmp_path, 1, 2)
    run_maintain(settings, source=file)
    capsys.readouterr()
    run_maintain(settings, source=file)
    out = capsys.readouterr().out
    assert "Proposals: 0 new, 0 with more evidence, 1 that were waiting already" in out
    assert new_problem("A", "B").id not in out
    assert len(proposed(tmp_path)) == 1
    run_maintain(settings, source=export(tmp_path, 1, 2, 3))
    assert "0 new, 1 with more evidence" in capsys.readouterr().out
    assert report(tmp_path)["renewed"] == [new_problem("A", "B", "C").id]
    assert len(proposed(tmp_path)) == 1


def test_what_was_decided_is_not_asked_again(settings: Settings, finder: Finder, tmp_path: Path) -> None:
    from resuelve.cli.dictionary_changes import Change
    from resuelve.cli.review import Review

    file = export(tmp_path, 1, 2)
    run_maintain(settings, source=file, limit=1)
    review = Review(settings, Change(settings, "ana", "sí", 0, False, False, as_json=False))
    review.accept(review.waiting(), {})
    run_maintain(settings, source=file)
    assert finder.given == [["B"], ["A"]], "what stands in the dictionary is not looked at"
    assert report(tmp_path)["told"] == ["B"]
    review.reject(review.waiting(), "no")
    run_maintain(settings, source=file)
    rejected = new_problem("A").id
    assert report(tmp_path)["suppressed"] == [{"id": rejected, "because_of": rejected, "state": "rejected"}]
    assert (proposed(tmp_path), report(tmp_path)["proposals"]) == ([], [])
    run_maintain(settings, source=file, again=True)
    assert report(tmp_path)["new"] == [rejected]


@pytest.mark.parametrize(
    ("since", "limit", "given"),
    [
        (None, 0, ["A", "B", "C", "D"]),
        (date(2026, 1, 2), 0, ["A", "B", "D"]),
        (None, 2, ["A", "B"]),
        (date(2026, 1, 3), 1, ["A"]),
        (date(2026, 2, 1), 0, ["D"]),
    ],
)
def test_the_newest_and_those_since_a_day(
    settings: Settings, finder: Finder, tmp_path: Path, since: date | None, limit: int, given: list[str]
) -> None:
    run_maintain(settings, source=export(tmp_path, 3, 2, 1, 0), since=since, limit=limit)
    assert finder.given == [given]
