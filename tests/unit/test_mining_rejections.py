"""Rejections as they lie about: written by several processes, opened in spreadsheets, cut."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from resuelve.knowledge.mining.rejections import RejectedRow, rejected_rows
from resuelve.resolution.report import REJECTION_COLUMNS, append_rejections

AT = datetime(2026, 3, 2, 10, 0).astimezone()


def entry(incident: str, *problems: str, doubt: str = "weak_match", advice: str = "Otra fila.") -> dict[str, Any]:
    def rejection(problem: str) -> dict[str, Any]:
        critique = {"reason": "No.", "doubt": doubt, "avoid": [problem], "advice": advice}
        return {"problem": problem, "resolution": "cierre", "queue": "", "solution": "Haga.", "critique": critique}

    return {"incident": incident, "decision": {"rejections": [rejection(problem) for problem in problems]}}


def file_of(folder: Path) -> Path:
    return folder / f"rejected{AT:%Y%m%d}.csv"


def test_rows_are_counted_by_incident(tmp_path: Path) -> None:
    append_rejections(tmp_path, AT, entry("INC1", "A", "B"))
    append_rejections(tmp_path, AT, entry("INC2", "A", doubt="no_match", advice="=Una fila nueva"))
    append_rejections(tmp_path, AT, entry("INC2", "A", doubt="no_match", advice="=Una fila nueva"))  # after a crash
    rows, unread = rejected_rows([file_of(tmp_path)])
    assert rows == (
        RejectedRow("A", 2, (("no_match", 2), ("weak_match", 1)), "=Una fila nueva"),
        RejectedRow("B", 1, (("weak_match", 1),), "Otra fila."),
    )
    assert unread == ()


def test_a_file_that_a_spreadsheet_saved(tmp_path: Path) -> None:
    lines = [
        ";".join(REJECTION_COLUMNS),
        '2026;INC1;No;{};weak_match;A;Añada más ejemplos;cierre;;Haga;"{""problem"": ""A""}"',
        "2026;INC2;No;{};weak_match;B; C;otra;cierre;;Haga;no es JSON",
        "2026;INC3;No;{};weak_match;B;otra;cierre;;Haga;no es JSON",
    ]
    file = tmp_path / "rejected20260302.csv"
    file.write_bytes("\r\n".join(lines).encode("cp1252"))
    rows, unread = rejected_rows([file])
    assert [(one.row, one.incidents, one.advice) for one in rows] == [
        ("A", 1, "Añada más ejemplos"),
        ("B", 1, "otra"),
    ]
    assert [one.where for one in unread] == ["rejected20260302.csv:3"]


def test_odd_content_is_set_aside_and_the_rest_is_read(tmp_path: Path) -> None:
    append_rejections(tmp_path, AT, entry("INC1", "A", advice="dos\nlíneas\r, \0 y «,»"))
    with file_of(tmp_path).open("ab") as file:
        file.write(b"\n\xff\xfe,short\n")
    append_rejections(tmp_path, AT, entry("INC2", "A", advice="dos\nlíneas\r, \0 y «,»"))
    with file_of(tmp_path).open("ab") as file:
        file.write(b'"cut in the mid')
    rows, unread = rejected_rows([file_of(tmp_path), tmp_path / "gone.csv"])
    assert [(one.row, one.incidents) for one in rows] == [("A", 2)]
    assert len(unread) == 3


def test_a_huge_cell_costs_its_own_line(tmp_path: Path) -> None:
    append_rejections(tmp_path, AT, entry("INC1", "A", advice="x" * 1_100_000))
    append_rejections(tmp_path, AT, entry("INC2", "B"))
    rows, unread = rejected_rows([file_of(tmp_path)])
    assert [one.row for one in rows] == ["B"]
    assert unread


def test_a_file_with_other_columns_is_named(tmp_path: Path) -> None:
    (tmp_path / "rejected1.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (tmp_path / "rejected2.csv").write_text("", encoding="utf-8")
    rows, unread = rejected_rows(sorted(tmp_path.glob("*.csv")))
    assert rows == ()
    assert ["codigo_incidencia" in one.reason for one in unread] == [True, True]


@given(st.binary(max_size=400))
def test_nothing_that_stands_in_a_file_ends_the_reading(content: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rejected1.csv"
        file.write_bytes(",".join(REJECTION_COLUMNS).encode() + b"\n" + content)
        rejected_rows([file])


def test_deeply_nested_json_names_no_row(tmp_path: Path) -> None:
    file = tmp_path / "rejected1.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, REJECTION_COLUMNS)
        writer.writeheader()
        for whole in ("[" * 100_000, json.dumps({"problem": 3}), json.dumps([1])):
            writer.writerow({"codigo_incidencia": "INC1", "evitar_soluciones": "A; B", "resolucion_completa": whole})
    rows, _ = rejected_rows([file])
    assert [(one.row, one.incidents) for one in rows] == [("A", 1)]
