"""Every change of the dictionary has a version, can be taken back, and what others save is not lost silently."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resuelve.domain.errors import DictionaryError, EditConflict
from resuelve.knowledge.edits import AddExample, AddProblem, ChangeProblem, DropExample, Edit, RemoveProblem
from resuelve.knowledge.version_log import Delta, Version, VersionKind
from resuelve.knowledge.versions import Dictionary

AT = datetime(2026, 3, 1, 10, tzinfo=UTC)
START = (
    "ID PROBLEMA;COMPONENTE;DESCRIPCION;SOLUCIÓN;RESOLUCION AUTOMÁTICA\r\n"
    "W1;Web;No entra;Borre las cookies;cierre\r\n"
    "M1;Correo;No llega;Mire en spam;En espera\r\n"
    "M1;Correo;No sale;;En espera\r\n"
).encode("cp1252")


@pytest.fixture
def book(tmp_path: Path) -> Dictionary:
    return new_book(tmp_path)


def new_book(folder: Path, content: bytes = START) -> Dictionary:
    file_in(folder).write_bytes(content)
    return Dictionary(file_in(folder), folder / "versions", wait=5)


def file_in(folder: Path) -> Path:
    return folder / "PROBLEMAS_GLOBALES.csv"


def change(book: Dictionary, *edits: Edit, why: str = "mejor así") -> Version:
    return book.apply(edits, who="ana", why=why, at=AT)


def solution(text: str, problem: str = "W1") -> ChangeProblem:
    return ChangeProblem(problem, {"SOLUCIÓN": text})


def undo(book: Dictionary, number: int) -> Version:
    return book.undo(number, who="eva", why="era un error", at=AT)


def told(book: Dictionary, number: int) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(str(one.kind), one.problem, one.columns) for one in book.difference(number)]


def test_history_begins_with_the_file_as_it_is_found(tmp_path: Path, book: Dictionary) -> None:
    os.utime(file_in(tmp_path), (0, 1_700_000_000))
    (first,) = book.history()
    assert (first.number, first.kind, first.who, first.changes) == (1, VersionKind.FOUND, "", ())
    assert first.at.timestamp() == 1_700_000_000
    assert file_in(tmp_path).read_bytes() == START


def test_a_change_is_a_version_with_who_when_and_why(tmp_path: Path, book: Dictionary) -> None:
    version = change(book, solution("Pulse F5"), AddExample("M1", "Llega tarde"))
    assert (version.number, version.who, version.why, version.at) == (2, "ana", "mejor así", AT)
    assert version.problems == ("W1", "M1")
    assert book.history()[-1] == version
    assert told(book, 2) == [
        ("changed", "W1", ("SOLUCIÓN",)),
        ("added", "M1", ("ID PROBLEMA", "COMPONENTE", "DESCRIPCION", "RESOLUCION AUTOMÁTICA")),
    ]
    (changed, _) = book.difference(2)
    assert (changed.before["SOLUCIÓN"], changed.after["SOLUCIÓN"]) == ("Borre las cookies", "Pulse F5")
    expected = START.replace(b"Borre las cookies", b"Pulse F5") + b"M1;Correo;Llega tarde;;En espera\r\n"
    assert file_in(tmp_path).read_bytes() == expected


def test_a_preview_writes_nothing(tmp_path: Path, book: Dictionary) -> None:
    assert book.preview([solution("Pulse F5")]).problems["W1"].solution == "Pulse F5"
    assert [path.name for path in tmp_path.iterdir()] == ["PROBLEMAS_GLOBALES.csv"]


@pytest.mark.parametrize("given", [{"who": " ", "why": "b"}, {"who": "a", "why": ""}])
def test_who_and_why_must_be_said(book: Dictionary, given: dict[str, str]) -> None:
    with pytest.raises(DictionaryError, match="reason"):
        book.apply([solution("Pulse F5")], at=AT, **given)


def test_a_refused_edit_leaves_no_version(tmp_path: Path, book: Dictionary) -> None:
    with pytest.raises(DictionaryError):
        change(book, solution("Pulse F5"), RemoveProblem("X9"))
    assert len(book.history()) == 1
    assert file_in(tmp_path).read_bytes() == START


def test_the_newest_version_is_undone_to_the_byte_and_again(tmp_path: Path, book: Dictionary) -> None:
    change(book, ChangeProblem("W1", {"TIPO INCIDENCIA": "Error"}), RemoveProblem("M1"))
    after = file_in(tmp_path).read_bytes()
    assert book.preview_undo(2).problems["M1"].examples == ("No llega", "No sale")
    version = undo(book, 2)
    assert (version.number, version.kind, version.undoes, version.who) == (3, VersionKind.UNDO, 2, "eva")
    assert file_in(tmp_path).read_bytes() == START
    undo(book, 3)
    assert file_in(tmp_path).read_bytes() == after


def test_an_older_version_is_undone_by_rows(tmp_path: Path, book: Dictionary) -> None:
    change(book, solution("Pulse F5"), AddExample("W1", "No abre"), DropExample("M1", "No sale"))
    change(book, solution("Otra cosa", "M1"))
    undo(book, 2)
    assert file_in(tmp_path).read_bytes() == START.replace(b"Mire en spam", b"Otra cosa")


def test_what_later_versions_changed_is_not_undone(tmp_path: Path, book: Dictionary) -> None:
    change(book, solution("Pulse F5"))
    change(book, solution("Pulse F5 dos veces"))
    before = file_in(tmp_path).read_bytes()
    with pytest.raises(EditConflict, match="W1 has been changed since") as caught:
        undo(book, 2)
    assert caught.value.current["SOLUCIÓN"] == "Pulse F5 dos veces"
    assert file_in(tmp_path).read_bytes() == before
    assert len(book.history()) == 3


def test_an_undo_that_would_contradict_later_rows_is_refused(book: Dictionary) -> None:
    change(book, DropExample("M1", "No sale"))
    change(book, ChangeProblem("M1", {"RESOLUCION AUTOMÁTICA": "manual"}))
    with pytest.raises(EditConflict, match="contradict"):
        undo(book, 2)


def test_there_is_nothing_before_the_first_version(book: Dictionary) -> None:
    for number, reason in ((1, "nothing before"), (0, "no version 0"), (5, "no version 5")):
        with pytest.raises(DictionaryError, match=reason):
            undo(book, number)


def save_outside(folder: Path, content: bytes) -> None:
    file_in(folder).write_bytes(content)


def test_what_others_save_is_a_version(tmp_path: Path, book: Dictionary) -> None:
    change(book, solution("Pulse F5"))
    assert book.notice() is None
    text = file_in(tmp_path).read_bytes().decode("cp1252").replace("No llega", "No llega nunca")
    save_outside(tmp_path, text.replace(";", ",").encode("utf-8-sig"))
    os.utime(file_in(tmp_path), (0, 1_700_000_000))
    noticed = book.notice()
    assert noticed is not None
    assert (noticed.number, noticed.kind, noticed.who, noticed.reverts) == (3, VersionKind.OUTSIDE, "", ())
    assert noticed.at.timestamp() == 1_700_000_000
    assert told(book, 3) == [("changed", "M1", ("DESCRIPCION",))], "encoding and separator are no rows"
    undo(book, 3)
    assert b"No llega;" in file_in(tmp_path).read_bytes()


def test_a_save_that_brings_back_older_rows_says_so(tmp_path: Path, book: Dictionary) -> None:
    opened = file_in(tmp_path).read_bytes()
    change(book, solution("Pulse F5"))
    change(book, AddProblem({"ID PROBLEMA": "N1", "DESCRIPCION": "Algo", "RESOLUCION AUTOMÁTICA": "manual"}))
    change(book, solution("Pulse F5 dos veces"))
    change(book, RemoveProblem("M1"))
    save_outside(tmp_path, opened.replace(b"No sale", b"No sale nada"))
    assert (noticed := book.notice()) is not None
    assert noticed.reverts == (2, 3, 4, 5)
    assert undo(book, 6).number == 7
    assert sorted(book.sheet().catalogue().problems) == ["N1", "W1"]


def test_a_row_that_others_change_on_purpose_is_no_relapse(tmp_path: Path, book: Dictionary) -> None:
    change(book, solution("Pulse F5"))
    save_outside(tmp_path, file_in(tmp_path).read_bytes().replace(b"Pulse F5", b"Reinicie"))
    assert (noticed := book.notice()) is not None
    assert noticed.reverts == ()


def test_a_file_that_was_brought_back_whole_is_not_taken_for_a_crash(tmp_path: Path, book: Dictionary) -> None:
    change(book, solution("Pulse F5"))
    save_outside(tmp_path, START)
    assert book.history()[-1].reverts == (2,)
    assert file_in(tmp_path).read_bytes() == START


def test_others_may_save_something_that_is_no_dictionary(tmp_path: Path, book: Dictionary) -> None:
    book.history()
    save_outside(tmp_path, b"PK\x03\x04 a workbook")
    assert book.history()[-1].kind is VersionKind.OUTSIDE
    with pytest.raises(DictionaryError, match="not a text file"):
        change(book, solution("Pulse F5"))
    undo(book, 2)
    assert file_in(tmp_path).read_bytes() == START


def test_a_missing_file_is_told_with_where_its_last_content_is(tmp_path: Path, book: Dictionary) -> None:
    change(book, solution("Pulse F5"))
    file_in(tmp_path).unlink()
    assert len(book.history()) == 2
    with pytest.raises(DictionaryError, match=r"last\.csv"):
        change(book, solution("Otra"))


def test_the_copy_of_the_newest_version_may_be_lost(tmp_path: Path, book: Dictionary) -> None:
    change(book, solution("Pulse F5"))
    for spoil in (Path.unlink, lambda path: path.write_bytes(b"spoilt")):
        spoil(tmp_path / "versions" / "last.csv")
        save_outside(tmp_path, file_in(tmp_path).read_bytes().replace(b"No llega", b"No llega "))
        save_outside(tmp_path, file_in(tmp_path).read_bytes().replace(b"Mire", b"Mire bien"))
        assert told(book, len(book.history())) == [("changed", "M1", ("SOLUCIÓN",))]


def test_half_a_last_line_is_cut_off(tmp_path: Path, book: Dictionary) -> None:
    change(book, solution("Pulse F5"))
    log = tmp_path / "versions" / "versions.jsonl"
    whole = log.read_bytes()
    log.write_bytes(whole + whole.splitlines()[-1][:50])
    assert len(book.history()) == 2
    assert log.read_bytes() == whole


@pytest.mark.parametrize("how", ["rewritten", "lost line", "no json", "newer format"])
def test_damaged_versions_are_refused_and_the_dictionary_stays_usable(
    tmp_path: Path, book: Dictionary, how: str
) -> None:
    change(book, solution("Pulse F5"))
    change(book, solution("Otra"))
    log = tmp_path / "versions" / "versions.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    content = json.loads(lines[1])
    match how:
        case "rewritten":
            lines[1] = json.dumps({**content, "who": "nobody"}).encode() + b"\n"
        case "lost line":
            del lines[1]
        case "no json":
            lines[1] = b"\x00" * 40 + b"\n"
        case _:
            lines[1] = json.dumps({**content, "format": 2}).encode() + b"\n"
    log.write_bytes(b"".join(lines))
    for use in (book.history, lambda: change(book, solution("Más")), lambda: undo(book, 3), book.notice):
        with pytest.raises(DictionaryError, match=r"damaged.*move that folder aside"):
            use()
    assert book.preview([solution("Más")]).problems["W1"].solution == "Más"
    (tmp_path / "versions").rename(tmp_path / "aside")
    assert change(book, solution("Más")).number == 2


def test_the_file_keeps_its_permissions_and_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    book = new_book(tmp_path / "shared")
    real = file_in(tmp_path / "shared")
    real.chmod(0o640)
    file_in(tmp_path).symlink_to(real)
    Dictionary(file_in(tmp_path), tmp_path / "versions").apply([solution("Pulse F5")], who="a", why="b", at=AT)
    assert file_in(tmp_path).is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert book.sheet().catalogue().problems["W1"].solution == "Pulse F5"


def test_what_cannot_be_written_is_said_and_leaves_no_version(
    tmp_path: Path, book: Dictionary, monkeypatch: pytest.MonkeyPatch
) -> None:
    book.history()

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device", str(target))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(DictionaryError, match="No space left"):
            change(book, solution("Pulse F5"))
    assert len(book.history()) == 1
    assert file_in(tmp_path).read_bytes() == START


@given(st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=60))
def test_a_delta_leads_there_and_back(start: bytes, one: bytes, other: bytes, end: bytes) -> None:
    before, after = start + one + end, start + other + end
    delta = Delta.between(before, after)
    assert (delta.forward(before), delta.backward(after)) == (after, before)
    assert len(delta.removed) <= len(one)
    assert len(delta.inserted) <= len(other)


texts = st.text(st.sampled_from('abñ ;,"\n|'), min_size=1, max_size=10).map(lambda text: f"x{text}y")


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["W1", "M1"]), texts, st.integers(0, 3)), min_size=1, max_size=4))
def test_every_change_is_read_back_and_taken_back_to_the_byte(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[str, str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("book")
    book = new_book(folder)
    for problem, text, kind in edits:
        example, new = AddExample(problem, text), {"DESCRIPCION": text, "RESOLUCION AUTOMÁTICA": "manual"}
        edit = (solution(text, problem), example, AddProblem(new), RemoveProblem(problem))[kind]
        before = file_in(folder).read_bytes()
        try:
            number = change(book, edit).number
        except DictionaryError:
            assert file_in(folder).read_bytes() == before
            continue
        after = file_in(folder).read_bytes()
        problems = book.sheet().catalogue().problems
        match edit:
            case ChangeProblem():
                assert problems[problem].solution == text
            case AddExample() | AddProblem():
                assert any(text in one.examples for one in problems.values())
            case _:
                assert problem not in problems
        undo(book, number)
        assert file_in(folder).read_bytes() == before
        undo(book, number + 1)
        assert file_in(folder).read_bytes() == after
