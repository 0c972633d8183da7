"""From accepted proposals to rows, and the file of proposed rows."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from resuelve.domain.errors import DictionaryError, WorkspaceError
from resuelve.domain.known_error import Prescription, ResolutionKind
from resuelve.knowledge.catalogue import read
from resuelve.knowledge.edits import apply_edits
from resuelve.knowledge.maintenance.proposed import write_proposed
from resuelve.knowledge.maintenance.review import accepting, checked_edits, merging, row_fields
from resuelve.knowledge.maintenance.stored import Entry, State
from resuelve.knowledge.sheet import Sheet
from tests.proposals import evidence, example, new_problem

AT = datetime(2026, 3, 1, 10, tzinfo=UTC)
WITH_ID = (
    b"ID PROBLEMA;COMPONENTE;DESCRIPCION;SOLUCION;RESOLUCION AUTOMATICA;BUZON REASIGNACION\r\n"
    b"W1;Web;No entra;Borre las cookies;cierre;\r\n"
)
WITHOUT_ID = WITH_ID.replace(b"ID PROBLEMA;", b"").replace(b"W1;", b"")


def sheet(data: bytes = WITH_ID) -> Sheet:
    return Sheet.parse(data, "d.csv")


def entry(proposal: object, **edits: str) -> Entry:
    return Entry(proposal, AT, edits=edits)  # type: ignore[arg-type]


def test_a_new_problem_becomes_a_row_and_the_rest_of_the_file_stays() -> None:
    before = sheet()
    plan = accepting([entry(new_problem("A", "B", description="No carga el mapa"))], before)
    after = apply_edits(before, plan.edits)
    old, new = before.data.splitlines(), after.data.splitlines()
    assert new[0] == old[0] + ";TIPO INCIDENCIA;FECHA DE RESOLUCIÓN".encode()
    assert (new[1:2], len(new)) == (old[1:], 3)
    known = after.catalogue().problems["NEW1"]
    assert (known.description, known.component, known.resolved_on) == ("No carga el mapa", "Web", "01/02/2026")
    assert plan.problems == {new_problem("A", "B").id: "NEW1"}


def test_the_titles_of_its_incidents_become_examples_on_demand() -> None:
    titles = ("Mapa en blanco", "=HYPERLINK(1)", "No entra", "Mapa en blanco", "")
    proposal = new_problem("A", evidence=tuple(replace(evidence("A"), title=text) for text in titles))
    plan = accepting([entry(proposal)], sheet(), examples=True)
    known = apply_edits(sheet(), plan.edits).catalogue().problems["NEW1"]
    assert known.examples == (proposal.description, "Mapa en blanco")


def test_an_example_becomes_a_row_of_its_problem() -> None:
    after = apply_edits(sheet(), accepting([entry(example("A", description="No me deja pasar"))], sheet()).edits)
    assert after.data == WITH_ID + b"W1;Web;No me deja pasar;Borre las cookies;cierre;\r\n"


def test_several_are_one_change() -> None:
    chosen = [entry(new_problem("A")), entry(example("B")), entry(new_problem("C", problem="NEW2"))]
    after = apply_edits(sheet(), accepting(chosen, sheet()).edits).catalogue()
    assert {name: len(one.examples) for name, one in after.problems.items()} == {"W1": 2, "NEW1": 1, "NEW2": 1}


def test_a_file_without_ids_gets_no_column_for_a_new_problem() -> None:
    before = sheet(WITHOUT_ID)
    plan = accepting([entry(new_problem("A"))], before, examples=True)
    after = apply_edits(before, plan.edits)
    (problem,) = plan.problems.values()
    assert after.catalogue().problems[problem].examples == (new_problem("A").description, "Asunto de A")
    alone = accepting([entry(new_problem("A"))], before)
    after = apply_edits(before, alone.edits)
    assert after.place("ID PROBLEMA") is None
    assert alone.problems == plan.problems
    assert problem in after.catalogue().problems


def test_what_a_person_wrote_counts() -> None:
    edited = entry(new_problem("A"), SOLUCIÓN="Espere un día.", DESCRIPCION="Mapa vacío")
    known = apply_edits(sheet(), accepting([edited], sheet()).edits).catalogue().problems["NEW1"]
    assert (known.solution, known.description) == ("Espere un día.", "Mapa vacío")


def test_a_merged_one_is_an_example_of_the_problem_that_was_named() -> None:
    one = entry(new_problem("A"), DESCRIPCION="Mapa vacío")
    plan = merging([one], "W1")
    after = apply_edits(sheet(), plan.edits).catalogue()
    assert after.problems["W1"].examples == ("No entra", "Mapa vacío")
    assert list(plan.problems.values()) == ["W1"]


def test_a_row_that_could_not_be_used_is_refused() -> None:
    lost = new_problem("A", prescription=Prescription(ResolutionKind.REASSIGN))
    with pytest.raises(DictionaryError, match="BUZON REASIGNACION"):
        accepting([entry(lost)], sheet())


@pytest.mark.parametrize(
    ("proposal", "fields", "reason"),
    [
        (new_problem("A"), {"NADA": "x"}, "no column NADA"),
        (new_problem("A"), {"SOLUCION": "=1+1"}, "formula"),
        (example("A"), {"SOLUCIÓN": "x"}, "only a DESCRIPCION"),
    ],
)
def test_edits_that_cannot_be(proposal: object, fields: dict[str, str], reason: str) -> None:
    with pytest.raises(DictionaryError, match=reason):
        checked_edits(entry(proposal), fields)


def test_edits_get_the_names_of_the_contract() -> None:
    fields = {"solucion": " a\r\nb ", "Descripción": "x"}
    assert checked_edits(entry(new_problem("A")), fields) == {"SOLUCIÓN": "a\nb", "DESCRIPCION": "x"}


def test_the_file_of_proposed_rows_is_a_dictionary(tmp_path: Path) -> None:
    nasty = new_problem("A", description="=HYPERLINK(1)", solution='Dos\nlíneas; "con" comillas, y\rotra')
    rejected = replace(entry(new_problem("B", problem="NEW2")), state=State.REJECTED)
    edited = replace(entry(new_problem("C", problem="NEW3"), SOLUCIÓN="Espere."), state=State.EDITED)
    other = example("D", prescription=Prescription(ResolutionKind.REASSIGN, queue="GR_X"))
    file = tmp_path / "PROBLEMAS_GLOBALES_20260301.csv"
    file.write_text("older")
    write_proposed(file, [entry(nasty), rejected, edited, entry(other)], sheet().catalogue())
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [row["ID PROBLEMA"] for row in rows] == ["NEW1", "NEW3", "W1"]
    assert rows[0]["DESCRIPCION"] == "'=HYPERLINK(1)"
    assert rows[0]["SOLUCIÓN"] == 'Dos\nlíneas; "con" comillas, y\notra'
    assert rows[1]["SOLUCIÓN"] == "Espere."
    assert (rows[2]["RESOLUCION AUTOMÁTICA"], rows[2]["BUZON REASIGNACION"]) == ("cierre", ""), "as its problem"
    assert not read(file).rejected
    assert set(read(file).problems) == {"NEW1", "NEW3", "W1"}


def test_an_example_of_a_problem_that_is_gone_keeps_what_was_done() -> None:
    gone = entry(example("A", problem="GONE"))
    assert row_fields(gone, sheet().catalogue())["RESOLUCION AUTOMÁTICA"] == "cierre"


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WorkspaceError, match="cannot be written"):
        write_proposed(tmp_path / "file" / "d.csv", [], sheet().catalogue())
