"""Any CSV that a spreadsheet saves is read, and one bad line costs one line."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.errors import DictionaryError
from resuelve.knowledge.table import Line, read_text, split
from tests import careful

TEXT = "COMPONENTE,SOLUCIÓN\r\nPágina,«Sí» – 5 €…\r\n"


def cells_of(text: str) -> list[tuple[str, ...]]:
    return [line.cells for line in split(text)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    file = tmp_path / "a.csv"
    file.write_bytes(mark + TEXT.encode(encoding))
    assert read_text(file) == TEXT


def test_latin_1_with_bytes_that_windows_does_not_have(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes("año\x81".encode("latin-1"))
    assert read_text(file) == "año\x81"


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04\x00\x00sheet", "COMPONENTE".encode("utf-16-le"), b"\x00", b"PK\x03\x04sheet"]
)
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(content)
    with pytest.raises(DictionaryError) as caught:
        read_text(file)
    assert caught.value.where == str(file)
    assert caught.value.remedy


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(DictionaryError) as caught:
            read_text(path)
        assert caught.value.where == str(path)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_separators_and_line_endings(separator: str, ending: str) -> None:
    text = ending.join(["A,B,C".replace(",", separator), "1,2,3".replace(",", separator), ""])
    assert cells_of(text) == [("A", "B", "C"), ("1", "2", "3")]


def test_the_header_decides_on_the_separator_and_blank_lines_before_it_do_not_count() -> None:
    assert cells_of("\n\nA;B\n1,5;2\n") == [("A", "B"), ("1,5", "2")]


def test_nothing_comes_of_an_empty_text() -> None:
    for text in ("", "\n\r\n", " \n,,\n", "\ufeff"[:0]):
        assert cells_of(text) == []


def test_lines_are_numbered_as_an_editor_does() -> None:
    text = 'A,B\n"one\nand two",x\n\n,\n"y\r\ny",z\nlast,line\n'
    assert [line.number for line in split(text)] == [1, 2, 6, 8]


def test_an_unclosed_quote_in_the_middle_costs_its_line_only() -> None:
    found = list(split('A,B\n1,2\nx,"not closed\n3,4\n5,6\n'))
    assert found[2].number == 3
    assert found[2].cells == ()
    assert found[2].problem
    assert [line.cells for line in found[3:]] == [("3", "4"), ("5", "6")]


def test_text_behind_a_closing_quote_costs_its_line_only() -> None:
    found = list(split('A,B\n"one" two,x\n"he said ""hi""",y\n'))
    assert [(line.number, line.cells, bool(line.problem)) for line in found[1:]] == [
        (2, (), True),
        (3, ('he said "hi"', "y"), False),
    ]


def test_a_cell_that_is_too_large_costs_its_line_only() -> None:
    found = list(split(f"A,B\n{'x' * 1_000_001},1\n3,4\n"))
    assert [bool(line.problem) for line in found] == [False, True, False]


@pytest.mark.parametrize("char", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\x00"])
def test_only_line_ends_end_a_line(char: str) -> None:
    assert list(split(f"A,B\nx{char}y,z\n")) == [Line(1, ("A", "B")), Line(2, (f"x{char}y", "z"))]


@given(st.lists(st.tuples(st.text(min_size=1), st.text(), st.text()), max_size=5))
def test_what_csv_writes_is_read_back(rows: list[tuple[str, ...]]) -> None:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([("A", "B", "C"), *rows])
    expected = [row for row in rows if any(cell.strip() for cell in row)]
    assert cells_of(buffer.getvalue())[1:] == expected


@given(st.text(alphabet=st.sampled_from('abc",;\t|\n\r\\ \x00\u2028') | st.characters()))
def test_no_text_is_too_strange(text: str) -> None:
    numbers = [line.number for line in split(text)]
    assert numbers == sorted(numbers)


@given(st.binary(max_size=300))
def test_no_file_is_too_strange(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.csv"
    file.write_bytes(content)
    try:
        list(split(read_text(file)))
    except DictionaryError as error:
        assert error.where == str(file)


@given(
    st.lists(st.sampled_from(['"', '""', ",", ";", "\n", "\r", "\r\n", "\r\r\n", " ", "\x0c", "a", "b1", "ñ\u2028"]))
)
def test_it_reads_as_the_plainest_reader_does(pieces: list[str]) -> None:
    text = "".join(pieces)
    found = [(line.number, line.cells, bool(line.problem), line.start, line.end) for line in split(text)]
    assert found == list(careful.records(text))
