"""From the dictionary's file to known errors; what cannot be used is set aside with its line and reason."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.errors import DictionaryError
from resuelve.domain.known_error import Prescription, ResolutionKind
from resuelve.knowledge.catalogue import Catalogue, clean, columns_of, examples, read, row_of
from resuelve.knowledge.table import Line
from tests import careful

HEADER = "COMPONENTE,DESCRIPCION,TIPO INCIDENCIA,SOLUCIÓN,FECHA DE RESOLUCIÓN,RESOLUCION AUTOMÁTICA,BUZON REASIGNACION"


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    file = folder / "PROBLEMAS_GLOBALES.csv"
    file.write_bytes(text.encode(encoding))
    return file


def catalogue_of(folder: Path, *rows: str, header: str = HEADER) -> Catalogue:
    return read(written(folder, "\n".join([header, *rows]) + "\n"))


def table(folder: Path, header: Iterable[str], rows: Iterable[Iterable[str]]) -> Path:
    file = folder / "table.csv"
    with file.open("w", encoding="utf-8", newline="") as target:
        csv.writer(target).writerows([header, *rows])
    return file


def reasons(catalogue: Catalogue) -> list[tuple[str, str]]:
    return [(one.where.rsplit(":", 1)[1], one.reason) for one in catalogue.rejected]


def test_a_row_is_a_known_error(tmp_path: Path) -> None:
    (problem,) = catalogue_of(
        tmp_path, 'Web,"No entra, da error",Error,Borrar cookies,01/02/2025,Cierre,X'
    ).problems.values()
    assert problem.component == "Web"
    assert problem.description == "No entra, da error"
    assert problem.kind == "Error"
    assert problem.solution == "Borrar cookies"
    assert problem.resolved_on == "01/02/2025"
    assert problem.prescription == Prescription(ResolutionKind.CLOSE)
    assert problem.lines == (2,)
    assert problem.id.startswith("P-")


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("manual", Prescription(ResolutionKind.MANUAL)),
        (" MANUAL ", Prescription(ResolutionKind.MANUAL)),
        ("En espera", Prescription(ResolutionKind.HOLD)),
        ("en  ESPERA", Prescription(ResolutionKind.HOLD)),
        ("en_espera", Prescription(ResolutionKind.HOLD)),
        ("reasignación", Prescription(ResolutionKind.REASSIGN, queue="GR_X")),
        ("api|fxprovicion", Prescription(ResolutionKind.AGENT, agent_code="fxprovicion")),
        ("API | fxprovicion ", Prescription(ResolutionKind.AGENT, agent_code="fxprovicion")),
    ],
)
def test_every_word_of_the_contract(tmp_path: Path, word: str, expected: Prescription) -> None:
    (problem,) = catalogue_of(tmp_path, f"Web,No entra,Error,Algo,,{word},GR_X").problems.values()
    assert problem.prescription == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_files_as_people_save_them(tmp_path: Path, encoding: str, separator: str, ending: str) -> None:
    lines = [HEADER, "Pólizas,Años mal,Error,Está arreglado,,cierre,"]
    text = ending.join(line.replace(",", separator) for line in [*lines, ""])
    (problem,) = read(written(tmp_path, text, encoding)).problems.values()
    assert (problem.component, problem.description, problem.solution) == ("Pólizas", "Años mal", "Está arreglado")


@pytest.mark.parametrize(
    "header",
    [
        "Resolucion automatica,Descripción,Notas",
        "RESOLUCIÓN_AUTOMÁTICA, descripcion ,extra",
        "\ufeffRESOLUCION AUTOMÁTICA,DESCRIPCIÓN,",
        "resolucion  automática,Descripcio\u0301n,x",
    ],
)
def test_headers_in_any_spelling_order_and_company(tmp_path: Path, header: str) -> None:
    (problem,) = catalogue_of(tmp_path, "cierre,No entra,apunte", header=header).problems.values()
    assert (problem.description, problem.component, problem.solution) == ("No entra", "", "")


def test_the_error_names_the_columns_that_are_missing(tmp_path: Path) -> None:
    file = written(tmp_path, "COMPONENTE,SOLUCION\nWeb,Algo\n")
    with pytest.raises(DictionaryError) as caught:
        read(file)
    assert "DESCRIPCION" in caught.value.what
    assert "RESOLUCION AUTOMATICA" in caught.value.what
    assert caught.value.where == f"{file}:1"


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff"])
def test_an_empty_file_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(DictionaryError, match="is empty"):
        read(written(tmp_path, text))


def test_a_header_alone_is_an_empty_dictionary(tmp_path: Path) -> None:
    catalogue = catalogue_of(tmp_path)
    assert catalogue.problems == {}
    assert catalogue.rejected == ()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("Web,No entra,Error,Algo,,quizá,", "«quizá» is none of"),
        ("Web,No entra,Error,Algo,,,", "is none of"),
        ("Web,No entra,Error", "is none of"),
        ("Web,No entra,Error,Algo,,api|,", "names no code"),
        ("Web,No entra,Error,Algo,,api| ,", "names no code"),
        ("Web,No entra,Error,Algo,,reasignacion, ", "needs a BUZON"),
        ("Web,,Error,Algo,,cierre,", "DESCRIPCION is empty"),
        ("Web,\u200b,Error,Algo,,cierre,", "DESCRIPCION is empty"),
        ("Web,No entra,Error,Algo, y más,,cierre,X", "more cells than the header"),
        ('Web,"No" entra,Error,Algo,,cierre,', "cannot be read"),
        ('Web,"No entra,Error,Algo,,cierre,', "cannot be read"),
    ],
)
def test_a_row_that_cannot_be_used_is_set_aside_and_the_others_stay(tmp_path: Path, row: str, reason: str) -> None:
    good = "Web,Sí entra,Error,Algo,,cierre,"
    catalogue = catalogue_of(tmp_path, good, row, good.replace("Sí", "Casi"))
    assert [problem.description for problem in catalogue.problems.values()] == ["Sí entra", "Casi entra"]
    ((line, why),) = reasons(catalogue)
    assert line == "3"
    assert reason in why


def test_empty_cells_behind_the_last_column_do_no_harm(tmp_path: Path) -> None:
    assert len(catalogue_of(tmp_path, "Web,No entra,Error,Algo,,cierre,,,, ").problems) == 1


def test_line_numbers_count_the_lines_of_cells(tmp_path: Path) -> None:
    catalogue = catalogue_of(tmp_path, 'Web,"No\nentra",Error,"a\r\nb",,cierre,', "", "Web,Otra,Error,Algo,,no,")
    (problem,) = catalogue.problems.values()
    assert problem.lines == (2,)
    assert problem.description == "No\nentra"
    assert [line for line, _ in reasons(catalogue)] == ["6"]


def test_control_and_invisible_characters_do_not_reach_a_ticket(tmp_path: Path) -> None:
    row = "Web,No\x00 entra,Error,Reso\u00adlución\x07 lista \U0001f469\u200d\U0001f4bb\u202e,,cierre,"
    catalogue = catalogue_of(tmp_path, row)
    (problem,) = catalogue.problems.values()
    assert problem.solution == "Resolución  lista \U0001f469\u200d\U0001f4bb"
    assert problem.description == "No  entra"


def test_rows_that_share_an_id_are_examples_of_one_problem(tmp_path: Path) -> None:
    header = f"ID PROBLEMA,{HEADER}"
    catalogue = catalogue_of(
        tmp_path,
        "A,Web,No entra,Error,,,cierre,",
        "B,Web,Otra,Error,Algo,,manual,",
        "A,Web,No puede entrar,Error,Borrar cookies,,cierre,",
        "A,Web,No entra,Error,Borrar cookies,,cierre,",
        header=header,
    )
    problem = catalogue.problems["A"]
    assert problem.examples == ("No entra", "No puede entrar")
    assert problem.solution == "Borrar cookies"
    assert problem.lines == (2, 4, 5)
    assert [(p.id, text) for p, text in examples(catalogue.problems)] == [
        ("A", "No entra"),
        ("A", "No puede entrar"),
        ("B", "Otra"),
    ]


@pytest.mark.parametrize(
    ("other", "column"),
    [("A,No entra nada,Algo,manual,", "RESOLUCION"), ("A,No entra nada,Otra cosa,cierre,", "SOLUCIÓN")],
)
def test_rows_that_share_an_id_and_disagree_are_set_aside_with_both_lines(
    tmp_path: Path, other: str, column: str
) -> None:
    header = "ID PROBLEMA,DESCRIPCION,SOLUCION,RESOLUCION AUTOMATICA,BUZON REASIGNACION"
    catalogue = catalogue_of(tmp_path, "A,No entra,Algo,cierre,", "B,Otra,Algo,cierre,", other, header=header)
    assert catalogue.problems["A"].examples == ("No entra",)
    ((line, why),) = reasons(catalogue)
    assert line == "4"
    assert column in why
    assert "line 2" in why


def test_derived_ids_and_fingerprint_do_not_depend_on_the_order(tmp_path: Path) -> None:
    rows = [f"Web,Fallo número {n},Error,Algo {n % 3},,{'cierre' if n % 2 else 'manual'}," for n in range(30)]
    one = catalogue_of(tmp_path, *rows)
    random.Random(3).shuffle(rows)
    other = catalogue_of(tmp_path, *rows)
    assert list(one.problems) != list(other.problems)
    assert set(one.problems) == set(other.problems)
    assert one.fingerprint == other.fingerprint
    assert catalogue_of(tmp_path, *rows[1:]).fingerprint != one.fingerprint


cell = st.text(alphabet=st.characters(exclude_categories=["C"]), max_size=30)
said = st.text(alphabet=st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=30)
word = st.sampled_from(["manual", "Cierre", "EN ESPERA", "reasignacion", "api|code"])
rows_of = st.lists(st.tuples(cell, said, cell, word, said), max_size=8)
COLUMNS = ("COMPONENTE", "DESCRIPCION", "SOLUCION", "RESOLUCION AUTOMATICA", "BUZON REASIGNACION")


@given(rows_of, st.randoms(use_true_random=False))
def test_any_text_is_read_back_and_ids_are_stable(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]], chance: random.Random
) -> None:
    folder = tmp_path_factory.getbasetemp()
    catalogue = read(table(folder, COLUMNS, rows))
    assert catalogue.rejected == ()
    wanted = {(row[0].strip(), row[1], row[2].strip()) for row in rows}
    assert {(p.component, p.description, p.solution) for p in catalogue.problems.values()} == wanted
    shuffled = chance.sample(rows, len(rows))
    again = read(table(folder, COLUMNS, shuffled))
    assert set(again.problems) == set(catalogue.problems)
    assert again.fingerprint == catalogue.fingerprint


@given(st.text(alphabet=st.sampled_from('ab",;|\n\r\t') | st.characters(), max_size=200))
def test_no_dictionary_is_too_strange(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.getbasetemp() / "strange.csv"
    file.write_bytes(f"{HEADER}\n{text}".encode("utf-8", "surrogatepass"))
    catalogue = read(file)
    assert all(problem.description and problem.lines[0] > 1 for problem in catalogue.problems.values())


def test_ten_thousand_rows(tmp_path: Path) -> None:
    rows = [("Web", f"No entra en la pantalla {n}", f"Solución {n}", "cierre", "") for n in range(10_000)]
    assert len(read(table(tmp_path, COLUMNS, rows)).problems) == 10_000


SIGNS = st.text(
    st.sampled_from("ab ñ\n\t\r\x00\x1f\x85\xa0\xad\u200b\u200d\u2028\ud800\ue000\U0001f600") | st.characters()
)


@given(SIGNS)
def test_a_cell_is_cleaned_as_sign_by_sign(cell: str) -> None:
    assert clean(cell) == careful.clean(cell)


@given(
    st.permutations(
        ["ID PROBLEMA", "COMPONENTE", "DESCRIPCION", "SOLUCION", "X", "", "RESOLUCION AUTOMATICA", "BUZON"]
    ),
    st.lists(SIGNS | st.sampled_from(["cierre", "Manual\r", "reasignacion", "api|x", ""]), max_size=10),
)
def test_a_row_is_read_as_cell_by_cell(header: list[str], cells: list[str]) -> None:
    columns = columns_of("file", Line(1, tuple(header)))
    line = Line(2, tuple(cells))
    assert row_of(line, columns) == careful.known(line, columns)


def test_a_row_whose_date_is_none_is_used_and_told(tmp_path: Path) -> None:
    found = catalogue_of(
        tmp_path,
        "Web,No entra,Error,Borrar,01/02/2026,cierre,",
        "Web,No sale,Error,Borrar,32/13/2026,cierre,",
        "Web,No abre,Error,Borrar,,cierre,",
    )
    assert len(found.problems) == 3
    assert found.rejected == ()
    (remark,) = found.remarks
    assert remark.where == "PROBLEMAS_GLOBALES.csv:3"
    assert "«32/13/2026»" in remark.reason
