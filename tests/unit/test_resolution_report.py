"""The files that a run leaves behind, as the contract names them."""

from __future__ import annotations

import csv
import json
import multiprocessing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from resuelve.domain.errors import Rejected, WorkspaceError
from resuelve.resolution.report import Totals, append_rejections, rejected_as_json, write_report

AT = datetime(2026, 11, 22, 9, 5, 7, tzinfo=UTC)
CONTRACT = (
    "timestamp, codigo_incidencia, motivo_rechazo, critica_completa, tipo_problema, evitar_soluciones, "
    "enfoque_recomendado, resolucion_tipo, resolucion_buzon, resolucion_solucion, resolucion_completa"
).split(", ")


def rejection(reason: str = "no encaja", **changes: Any) -> dict[str, Any]:
    critique = {"reason": reason, "doubt": "no_match", "avoid": ["A", "B"], "advice": "buscar otra", "score": 12.5}
    row = {"problem": "A", "resolution": "cierre", "queue": "", "solution": "Borre las cookies"}
    return {**row, **changes, "critique": critique}


def entry(code: str = "INC1", outcome: str = "closed", *, changed: bool = True, **decision: Any) -> dict[str, Any]:
    return {"incident": code, "outcome": outcome, "changed": changed, "decision": {"prescribed": "cierre", **decision}}


def written(folder: Path, entries: list[dict[str, Any]], **totals: Any) -> tuple[Path, Any]:
    path = write_report(folder, AT, {"run": "r1"}, entries, totals)
    return path, json.loads(path.read_text(encoding="utf-8"))


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "rejected20261122.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_report_has_head_totals_and_incidents(own_folder: Path) -> None:
    path, report = written(own_folder / "reportes", [entry("Ñ1"), entry("Ñ2")], incidents=2)
    assert path.name == "reporte20261122_0905.json"
    assert report == {"run": "r1", "totals": {"incidents": 2}, "incidents": [entry("Ñ1"), entry("Ñ2")]}
    assert "Ñ1" in path.read_text(encoding="utf-8")


def test_an_empty_report_is_one(own_folder: Path) -> None:
    assert written(own_folder, [])[1] == {"run": "r1", "totals": {}, "incidents": []}


def test_runs_of_one_minute_do_not_overwrite_each_other(own_folder: Path) -> None:
    names = [written(own_folder, [entry(str(n))])[0].name for n in range(3)]
    assert names == ["reporte20261122_0905.json", "reporte20261122_0905_2.json", "reporte20261122_0905_3.json"]
    assert sorted(file.name for file in own_folder.iterdir()) == sorted(names)
    first = json.loads((own_folder / names[0]).read_text(encoding="utf-8"))
    assert first["incidents"][0]["incident"] == "0"


def test_many_entries_are_written_as_they_come(own_folder: Path) -> None:
    seen = 0

    def entries() -> Any:
        nonlocal seen
        for seen in range(5000):
            yield entry(str(seen))

    path = write_report(own_folder, AT, {}, entries(), {})
    assert len(json.loads(path.read_text(encoding="utf-8"))["incidents"]) == seen + 1 == 5000


def test_half_a_character_does_not_cost_the_report(own_folder: Path) -> None:
    _, report = written(own_folder, [{**entry(), "reason": 'roto \ud83d aquí " \\ \u2028'}])
    assert report["incidents"][0]["reason"] == 'roto \ud83d aquí " \\ \u2028'


def test_what_json_does_not_know_is_written_as_text(own_folder: Path) -> None:
    assert written(own_folder, [], at=AT)[1]["totals"]["at"] == str(AT)


def test_a_folder_that_cannot_be_written_is_named(own_folder: Path) -> None:
    (own_folder / "taken").write_text("")
    with pytest.raises(WorkspaceError) as report:
        written(own_folder / "taken", [])
    with pytest.raises(WorkspaceError) as rejections:
        append_rejections(own_folder / "taken", AT, entry(rejections=[rejection()]))
    for caught in (report, rejections):
        assert "taken" in caught.value.where
        assert caught.value.remedy


def test_totals_count_what_was_done_and_not_what_was_meant() -> None:
    totals = Totals()
    assert totals.as_json()["automatic_rate"] == 0
    usage = {"calls": 2, "tokens_in": 10, "tokens_out": 3, "seconds": 1.5}
    totals.add(entry(usage=usage, doubt="none") | {"seconds": {"decide": 0.5, "act": 0.25}})
    totals.add(entry(outcome="held", prescribed="api|fx", usage=usage) | {"seconds": {"decide": 0.25}})
    totals.add(entry(outcome="handed_off", changed=False, doubt="no_match", prescribed=None))
    totals.add(entry(outcome="unknown", changed=False))
    totals.add(entry(outcome="shadowed", changed=False))
    totals.add({"incident": "x", "outcome": "failed", "changed": False, "decision": {"failed_system": "tickets"}})
    assert totals.as_json() == {
        "incidents": 6,
        "executed": 2,
        "automatic_rate": 0.3333,
        "by_outcome": {"closed": 1, "held": 1, "handed_off": 1, "unknown": 1, "shadowed": 1, "failed": 1},
        "by_resolution": {"cierre": 1, "api|fx": 1},
        "by_doubt": {"no_match": 1},
        "errors_by_system": {"tickets": 1},
        "seconds_by_stage": {"decide": 0.75, "act": 0.25},
        "model": {"calls": 4, "tokens_in": 20, "tokens_out": 6},
    }


def test_rejections_have_the_columns_of_the_contract(own_folder: Path) -> None:
    append_rejections(own_folder / "rejected", AT, entry(rejections=[rejection(), rejection('dos\n"líneas", ñ')]))
    append_rejections(
        own_folder / "rejected", AT, entry("INC2", rejections=[rejection(resolution="reasignacion", queue="Q")])
    )
    rows = table(own_folder / "rejected")
    assert list(rows[0]) == CONTRACT
    assert [row["codigo_incidencia"] for row in rows] == ["INC1", "INC1", "INC2"]
    assert rows[0]["timestamp"] == "2026-11-22T09:05:07+00:00"
    assert rows[0]["evitar_soluciones"] == "A; B"
    assert rows[0]["tipo_problema"] == "no_match"
    assert rows[1]["motivo_rechazo"] == 'dos\n"líneas", ñ'
    assert (rows[2]["resolucion_tipo"], rows[2]["resolucion_buzon"]) == ("reasignacion", "Q")
    assert json.loads(rows[0]["critica_completa"])["score"] == 12.5
    assert json.loads(rows[0]["resolucion_completa"])["solution"] == "Borre las cookies"


def test_without_a_rejection_there_is_no_file(own_folder: Path) -> None:
    append_rejections(own_folder / "rejected", AT, entry())
    append_rejections(own_folder / "rejected", AT, {"incident": "x"})
    assert not (own_folder / "rejected").exists()


@pytest.mark.parametrize(
    "text", ['=HYPERLINK("http://a.invalid")', "+1", "-1", "@x", "\t=1", "\r=1", " =1", "\n=1", "＝1"]
)
def test_a_spreadsheet_runs_no_cell(own_folder: Path, text: str) -> None:
    given = rejection(text, queue=text, solution=text)
    append_rejections(own_folder, AT, {**entry(text), "decision": {"rejections": [given]}})
    (row,) = table(own_folder)
    for column in ("codigo_incidencia", "motivo_rechazo", "resolucion_buzon", "resolucion_solucion"):
        assert row[column] == f"'{text}"


def test_a_rejection_with_half_a_character_is_kept(own_folder: Path) -> None:
    append_rejections(own_folder, AT, entry(rejections=[rejection("roto \ud83d")]))
    assert table(own_folder)[0]["motivo_rechazo"] == "roto \\ud83d"


def _appends(folder: str, code: str) -> None:
    for _ in range(40):
        append_rejections(Path(folder), AT, entry(code, rejections=[rejection("x" * 5000)]))


def test_several_processes_append_to_one_file(own_folder: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_appends, args=(str(own_folder), f"INC{n}")) for n in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    rows = table(own_folder)
    assert len(rows) == 120
    assert all(len(row["motivo_rechazo"]) == 5000 for row in rows)


def test_what_was_set_aside_goes_into_the_report() -> None:
    assert rejected_as_json([Rejected("a", "b", "c")], "es") == [{"what": "a", "where": "b", "reason": "c"}]


def test_what_a_person_agreed_to_counts_neither_for_nor_against_the_automatic_rate() -> None:
    totals = Totals()
    for one in (entry("INC1"), entry("INC2", "handed_off", changed=False), {**entry("INC3"), "approved_by": "Ana"}):
        totals.add(one)
    found = totals.as_json()
    assert (found["executed"], found["approved"], found["automatic_rate"]) == (2, 1, 0.5)
