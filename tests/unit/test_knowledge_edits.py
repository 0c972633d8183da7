"""What a command may do to the dictionary, and that nothing becomes unusable by it."""

from __future__ import annotations

import pytest

from resuelve.domain.errors import DictionaryError, EditConflict
from resuelve.domain.known_error import KnownError
from resuelve.knowledge.edits import (
    AddExample,
    AddProblem,
    ChangeProblem,
    DropExample,
    Edit,
    RemoveProblem,
    apply_edits,
    fingerprint,
)
from resuelve.knowledge.sheet import Sheet

HEADER = "ID PROBLEMA,COMPONENTE,DESCRIPCION,SOLUCIÓN,RESOLUCION AUTOMÁTICA,BUZON REASIGNACION"
WEB = "W1,Web,No entra,Borre las cookies,cierre,"
WEB_TOO = "W1,Web,Se queda en blanco,Borre las cookies,cierre,"
MAIL = "M1,Correo,No llega,Mire en spam,En espera,"


def sheet_of(*lines: str, header: str = HEADER) -> Sheet:
    return Sheet.parse(("\n".join([header, *lines]) + "\n").encode(), "a.csv")


def lines_after(sheet: Sheet, *edits: Edit) -> list[str]:
    return apply_edits(sheet, edits).text.splitlines()


def problem_of(sheet: Sheet, problem: str) -> KnownError:
    return sheet.catalogue().problems[problem]


def refused(sheet: Sheet, *edits: Edit) -> str:
    with pytest.raises(DictionaryError) as caught:
        apply_edits(sheet, edits)
    assert caught.value.remedy
    return str(caught.value)


def test_a_change_goes_into_every_row_of_the_problem() -> None:
    found = lines_after(
        sheet_of(WEB, MAIL, WEB_TOO), ChangeProblem("W1", {"SOLUCION": "Pulse F5", "componente": "App"})
    )
    assert found == [HEADER, "W1,App,No entra,Pulse F5,cierre,", MAIL, "W1,App,Se queda en blanco,Pulse F5,cierre,"]


def test_examples_that_leave_the_solution_to_another_row_go_on_doing_so() -> None:
    bare = "W1,Web,Se queda en blanco,,cierre,"
    found = lines_after(sheet_of(WEB, bare), ChangeProblem("W1", {"SOLUCIÓN": "Pulse F5"}))
    assert found[1:] == ["W1,Web,No entra,Pulse F5,cierre,", bare]
    found = lines_after(
        sheet_of(bare, "W1,Web,Otra,,cierre,"), ChangeProblem("W1", {"SOLUCIÓN": "Pulse F5"}), AddExample("W1", "Más")
    )
    assert found[1:] == ["W1,Web,Se queda en blanco,Pulse F5,cierre,", "W1,Web,Otra,,cierre,", "W1,Web,Más,,cierre,"]


def test_a_description_is_changed_in_its_own_row_only() -> None:
    found = lines_after(sheet_of(WEB, WEB_TOO), ChangeProblem("W1", {"DESCRIPCION": "No abre"}))
    assert found[1:] == ["W1,Web,No abre,Borre las cookies,cierre,", WEB_TOO]


def test_a_derived_id_is_written_with_the_first_change() -> None:
    header = HEADER.removeprefix("ID PROBLEMA,")
    sheet = sheet_of("Web,No entra,Borre,cierre,", "Correo,No llega,Mire,manual", header=header)
    problem = next(iter(sheet.catalogue().problems))
    after = apply_edits(sheet, [ChangeProblem(problem, {"SOLUCIÓN": "Pulse F5"}), AddExample(problem, "No abre")])
    assert after.text.splitlines() == [
        f"{header},ID PROBLEMA",
        f"Web,No entra,Pulse F5,cierre,,{problem}",
        f"Web,No abre,Pulse F5,cierre,,{problem}",
        "Correo,No llega,Mire,manual",
    ]
    assert list(after.catalogue().problems) == list(sheet.catalogue().problems)


def test_a_new_problem_is_read_back_as_it_was_given() -> None:
    fields = {
        "COMPONENTE": " Web ",
        "DESCRIPCION": 'Dice "error",\r\nluego nada',
        "SOLUCIÓN": "Pulse F5",
        "RESOLUCION AUTOMÁTICA": "reasignacion",
        "BUZON REASIGNACION": "GR_X",
        "FECHA DE RESOLUCIÓN": "01/02/2026",
    }
    after = apply_edits(sheet_of(MAIL), [AddProblem(fields)])
    (problem,) = (p for p in after.catalogue().problems.values() if p.id != "M1")
    assert (problem.component, problem.solution, problem.resolved_on) == ("Web", "Pulse F5", "01/02/2026")
    assert problem.description == 'Dice "error",\nluego nada'
    assert problem.prescription.queue == "GR_X"
    row = after.text.splitlines()[2]
    assert row.startswith(f"{problem.id},Web,"), "its id is written, so that it keeps it"
    assert after.text.startswith(f"{HEADER},FECHA DE RESOLUCIÓN\n")
    again = apply_edits(sheet_of(WEB), [AddProblem(fields)])
    assert problem.id in again.catalogue().problems, "the id is made from the content alone"


def test_a_problem_may_come_with_its_id() -> None:
    fields = {"ID PROBLEMA": "N1", "DESCRIPCION": "Algo", "RESOLUCION AUTOMÁTICA": "manual"}
    assert lines_after(sheet_of(WEB), AddProblem(fields))[-1] == "N1,,Algo,,manual,"


def test_an_example_stands_with_its_like() -> None:
    found = lines_after(sheet_of(WEB, MAIL), AddExample("W1", "Se queda en blanco"), AddExample("W1", "Otra más"))
    assert found == [HEADER, WEB, WEB_TOO, "W1,Web,Otra más,Borre las cookies,cierre,", MAIL]


def test_a_dropped_example_leaves_what_only_it_said() -> None:
    found = lines_after(sheet_of(WEB, "W1,,Se queda en blanco,,cierre,"), DropExample("W1", "No entra"))
    assert found == [HEADER, WEB_TOO]


def test_a_removed_problem_takes_all_its_rows() -> None:
    contradicting = "W1,Web,Otra cosa,Nada,manual,"
    assert lines_after(sheet_of(WEB, MAIL, WEB_TOO, contradicting), RemoveProblem("W1")) == [HEADER, MAIL]


def test_edits_build_on_each_other() -> None:
    new = {"ID PROBLEMA": "N1", "DESCRIPCION": "Algo", "RESOLUCION AUTOMÁTICA": "manual"}
    found = lines_after(
        sheet_of(WEB),
        AddProblem(new),
        AddExample("N1", "Algo más"),
        ChangeProblem("N1", {"SOLUCIÓN": "Nota"}),
        DropExample("N1", "Algo"),
        RemoveProblem("W1"),
    )
    assert found == [HEADER, "N1,,Algo más,Nota,manual,"]


def test_the_editor_must_have_seen_what_is_changed() -> None:
    sheet = sheet_of(WEB, MAIL)
    seen = fingerprint(problem_of(sheet, "W1"))
    changed = apply_edits(sheet, [ChangeProblem("W1", {"SOLUCIÓN": "Pulse F5"}, seen)])
    for edit in (ChangeProblem("W1", {"SOLUCIÓN": "Otra"}, seen), RemoveProblem("W1", seen)):
        with pytest.raises(EditConflict) as caught:
            apply_edits(changed, [edit])
        assert caught.value.current["SOLUCIÓN"] == "Pulse F5"
    with pytest.raises(EditConflict) as caught:
        apply_edits(apply_edits(sheet, [RemoveProblem("W1")]), [DropExample("W1", "No entra", seen)])
    assert caught.value.current == {}
    moved = sheet_of(MAIL, WEB)
    assert seen == fingerprint(problem_of(moved, "W1")), "its place in the file does not matter"


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (ChangeProblem("X9", {"SOLUCIÓN": "a"}), "no problem X9"),
        (AddExample("X9", "a"), "no problem X9"),
        (RemoveProblem("X9"), "no problem X9"),
        (ChangeProblem("W1", {"COLOR": "azul"}), "no column COLOR"),
        (ChangeProblem("W1", {"DESCRIPCION": " "}), "DESCRIPCION is empty"),
        (ChangeProblem("W1", {"RESOLUCION AUTOMÁTICA": "cerrar"}), "«cerrar» is none of"),
        (ChangeProblem("W1", {"RESOLUCION AUTOMÁTICA": "reasignacion"}), "needs a BUZON REASIGNACION"),
        (ChangeProblem("W1", {"ID PROBLEMA": "W2"}), "stays for ever"),
        (ChangeProblem("W1", {"DESCRIPCION": "No llega"}), "already a description of M1"),
        (ChangeProblem("W1", {"SOLUCIÓN": "Borre las cookies"}), "nothing would change"),
        (ChangeProblem("W1", {"SOLUCIÓN": '=HYPERLINK("x")'}), "formula"),
        (ChangeProblem("W1", {"SOLUCIÓN": "- Reinicie"}), "formula"),
        (AddProblem({"DESCRIPCION": "Algo"}), "is none of manual"),
        (AddProblem({"DESCRIPCION": "", "RESOLUCION AUTOMÁTICA": "manual"}), "DESCRIPCION is empty"),
        (AddProblem({"DESCRIPCION": "No llega", "RESOLUCION AUTOMÁTICA": "manual"}), "already a description of M1"),
        (
            AddProblem({"ID PROBLEMA": "M1", "DESCRIPCION": "Algo", "RESOLUCION AUTOMÁTICA": "manual"}),
            "already a problem M1",
        ),
        (AddProblem({"DESCRIPCION": "@suma", "RESOLUCION AUTOMÁTICA": "manual"}), "formula"),
        (AddExample("W1", "No entra"), "already a description of W1"),
        (AddExample("W1", ""), "DESCRIPCION is empty"),
        (AddExample("W1", "+1"), "formula"),
        (DropExample("M1", "No llega"), "only description"),
        (DropExample("W1", "Otra cosa"), "no example"),
    ],
)
def test_what_cannot_be_is_refused(edit: Edit, reason: str) -> None:
    assert reason in refused(sheet_of(WEB, MAIL, WEB_TOO), edit)


def test_a_formula_that_stands_there_already_stays_in_peace() -> None:
    sheet = sheet_of("W1,Web,No entra,- Reinicie,cierre,")
    after = apply_edits(sheet, [ChangeProblem("W1", {"SOLUCIÓN": "- Reinicie", "COMPONENTE": "App"})])
    assert after.text.endswith("W1,App,No entra,- Reinicie,cierre,\n")


def test_a_problem_whose_rows_contradict_each_other_must_be_mended_first() -> None:
    sheet = sheet_of(WEB, "W1,Web,Otra,Nada,manual,")
    assert "line 2, which has the same ID PROBLEMA" in refused(sheet, ChangeProblem("W1", {"COMPONENTE": "App"}))


def test_a_change_never_makes_another_row_usable_or_other() -> None:
    header = HEADER.removeprefix("ID PROBLEMA,")
    sheet = sheet_of("Web,No entra,Borre,cierre,", "Correo,No llega,Mire,manual,,EXTRA", header=header)
    problem = next(iter(sheet.catalogue().problems))
    assert "also change EXTRA" in refused(sheet, ChangeProblem(problem, {"SOLUCIÓN": "Pulse F5"}))


def test_all_edits_or_none() -> None:
    sheet = sheet_of(WEB)
    refused(sheet, ChangeProblem("W1", {"SOLUCIÓN": "Pulse F5"}), AddExample("X9", "a"))
    assert sheet == sheet_of(WEB)
