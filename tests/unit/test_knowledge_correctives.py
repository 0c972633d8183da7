"""Fixes under way: read, joined with the dictionary, and told to a ticket while their day is ahead."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resuelve.domain.decision import Candidate, Doubt, Hold, Verdict
from resuelve.domain.errors import DictionaryError
from resuelve.domain.incident import Incident
from resuelve.domain.known_error import Fix, KnownError, Prescription, ResolutionKind
from resuelve.knowledge import catalogue, correctives
from resuelve.knowledge.catalogue import Catalogue
from resuelve.resolution.case import Case
from resuelve.resolution.consult import prescribed
from resuelve.resolution.critique import critique
from resuelve.resolution.read import read
from resuelve.resolution.rerank import Ranked
from resuelve.resolution.retrieve import Retrieved
from resuelve.resolution.words import Lexicon

HEADER = "ID INCIDENCIA,DESCRIPCION,FECHA PREVISTA,RESOLUCION AUTOMÁTICA\n"
ASKED = "El resumen anual de primas sale con los importes a cero"
DAY = date(2027, 3, 31)


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "CORRECTIVOS_ABIERTOS.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_no_file_is_no_fix(tmp_path: Path) -> None:
    assert correctives.read(tmp_path / "CORRECTIVOS_ABIERTOS.csv") == Catalogue({})


@pytest.mark.parametrize("day", ["31/03/2027", "31-3-2027", "2027-03-31", "31.03.2027 00:00", "2027-03-31T10:00:00"])
def test_a_fix_holds_and_names_its_day(tmp_path: Path, day: str) -> None:
    found = correctives.read(written(tmp_path, f"{HEADER}C1,{ASKED},{day},En espera\n"))
    fix = found.problems["C1"]
    assert (fix.fix, fix.prescription.kind, fix.examples) == (Fix(DAY), ResolutionKind.HOLD, (ASKED,))
    resolution = prescribed(fix)
    assert isinstance(resolution, Hold)
    assert "31/03/2027" in resolution.text


def test_as_people_save_it(tmp_path: Path) -> None:
    text = (
        HEADER.replace(",", ";") + f"C1;{ASKED};31/03/2027;en espera\nC1;Otra manera de decirlo;31/03/2027;En espera\n"
    )
    for encoding in ("utf-8-sig", "cp1252", "utf-16"):
        found = correctives.read(written(tmp_path, text, encoding), language="en")
        assert found.problems["C1"].examples == (ASKED, "Otra manera de decirlo")
        assert "(C1)" in found.problems["C1"].solution
        assert "expected on 2027-03-31" in found.problems["C1"].solution


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",Algo,31/03/2027,En espera", "ID INCIDENCIA is empty"),
        ("C1,,31/03/2027,En espera", "DESCRIPCION is empty"),
        ("C1,Algo,pronto,En espera", "«pronto» is no date"),
        ("C1,Algo,31/02/2027,En espera", "«31/02/2027» is no date"),
        ("C1,Algo,31/03/2027,cierre", "not «CIERRE»"),
        ("C0,Otra cosa,01/04/2027,En espera", "differs from line 2"),
    ],
)
def test_a_row_that_cannot_be_used_is_set_aside(tmp_path: Path, row: str, reason: str) -> None:
    found = correctives.read(written(tmp_path, f"{HEADER}C0,Bien,31/03/2027,En espera\n{row}\n"))
    assert list(found.problems) == ["C0"]
    (rejected,) = found.rejected
    assert rejected.where == "CORRECTIVOS_ABIERTOS.csv:3"
    assert reason in str(rejected.reason)


@pytest.mark.parametrize("text", ["", "UNA,COSA\nx,y\n"])
def test_a_file_without_its_columns_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(DictionaryError, match="ID INCIDENCIA"):
        correctives.read(written(tmp_path, text))


def test_the_dictionary_has_the_first_right_to_an_id(tmp_path: Path) -> None:
    fixes = correctives.read(
        written(tmp_path, f"{HEADER}C1,{ASKED},31/03/2027,En espera\nC2,Otra,31/03/2027,En espera\n")
    )
    row = KnownError("C1", "Web", ("Algo",), "Error", "Haga algo", Prescription(ResolutionKind.CLOSE))
    both = correctives.joined(Catalogue({"C1": row}), fixes, "CORRECTIVOS_ABIERTOS.csv")
    assert both.problems["C1"] is row
    assert list(both.problems) == ["C1", "C2"]
    assert [one.where for one in both.rejected] == ["CORRECTIVOS_ABIERTOS.csv:2"]


def test_what_is_overdue(tmp_path: Path) -> None:
    rows = "A,uno,31/03/2027,En espera\nB,dos,30/03/2027,En espera\nC,tres,,En espera\n"
    found = correctives.read(written(tmp_path, HEADER + rows)).problems.values()
    assert correctives.overdue(found, DAY) == ["B", "C"]


SENT = ("http://tickets.example.com/captura.png",)


def judged(expected: date | None, today: date | None, attachments: tuple[str, ...] = ()) -> tuple[Verdict, Doubt]:
    text = "La corrección está prevista para el 31/03/2027; no hace falta que envíe más datos."
    fix = KnownError("C1", "", (ASKED,), "", text, Prescription(ResolutionKind.HOLD), fix=Fix(expected))
    first = Ranked(Candidate(fix, ASKED, 0.9, 3.0, 0.5), 6.0, 1.0, 1.0, 0, 0, 6.0)
    reading = read(Incident("INC1", description=ASKED, attachments=attachments), label="[SPAI] ")
    found = critique(Case(reading, Retrieved((), 0.1, 0.1), (first,), first, Lexicon([ASKED]), 65.0, today=today))
    return found.verdict, found.doubt


def test_a_ticket_waits_while_the_day_is_ahead() -> None:
    assert judged(DAY, DAY) == (Verdict.APPROVED, Doubt.NONE)
    late = (Verdict.REJECTED, Doubt.FIX_OVERDUE)
    assert judged(DAY, date(2027, 4, 1)) == late
    assert judged(None, DAY) == late
    assert judged(DAY, None) == late


def test_a_fix_asks_for_nothing_so_what_was_sent_is_no_answer() -> None:
    assert judged(DAY, DAY, SENT)[0] is Verdict.APPROVED


cell = st.text(alphabet='abc ;,"/\n012\t\u200bé', max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.lists(cell, max_size=5), max_size=6), st.sampled_from([",", ";"]))
def test_reading_never_fails_on_rows(tmp_path: Path, rows: list[list[str]], separator: str) -> None:
    text = HEADER.replace(",", separator) + "\n".join(separator.join(row) for row in rows)
    found = correctives.read(written(tmp_path, text))
    assert all(one.fix is not None and one.examples[0] for one in found.problems.values())


def test_the_demo_s_own(tmp_path: Path) -> None:
    from resuelve.mocks.world import demo_folder

    fixes = correctives.read(demo_folder() / "CORRECTIVOS_ABIERTOS.csv")
    both = correctives.joined(catalogue.read(demo_folder() / catalogue.FILE_NAME), fixes, "x")
    assert not both.rejected
    assert correctives.overdue(fixes.problems.values(), DAY) == ["COR0377", "COR0401"]
