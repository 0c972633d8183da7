"""A change to the dictionary's file changes the records that it means, and no other byte."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.errors import DictionaryError
from resuelve.knowledge.sheet import Sheet
from resuelve.knowledge.table import Encoding, Line

HEADER = "COMPONENTE,DESCRIPCION,SOLUCIÓN,RESOLUCION AUTOMÁTICA"
ENCODINGS = {
    "utf-8": Encoding("utf-8"),
    "utf-8 with a mark": Encoding("utf-8", b"\xef\xbb\xbf"),
    "utf-16-le": Encoding("utf-16-le", b"\xff\xfe"),
    "utf-16-be": Encoding("utf-16-be", b"\xfe\xff"),
    "cp1252": Encoding("cp1252"),
}


def sheet_of(*lines: str, encoding: str = "utf-8", ending: str = "\n", last: bool = True) -> Sheet:
    text = ending.join([HEADER, *lines]) + (ending if last else "")
    return Sheet.parse(ENCODINGS[encoding].encode(text), "a.csv")


@dataclass(frozen=True)
class Dialect:
    """How somebody's spreadsheet saves."""

    encoding: Encoding
    separator: str
    ending: str
    quoting: str
    last_ending: bool
    blank: str
    """What stands in lines without content."""

    def file(self, rows: list[list[str]]) -> bytes:
        lines = [self.separator.join(self._cell(cell) for cell in row) for row in rows]
        between = self.ending + (self.blank + self.ending if self.blank else "")
        return self.encoding.encode(between.join(lines) + (self.ending if self.last_ending else ""))

    def _cell(self, cell: str) -> str:
        needed = any(char in cell for char in f'"\r\n{self.separator}')
        if self.quoting == "all" or needed or (self.quoting == "filled" and cell):
            return '"' + cell.replace('"', '""') + '"'
        return cell


letters = st.sampled_from("abñóé €«\"',;\t|\n '=#")
cells = st.text(letters, max_size=12)
texts = st.text(letters, min_size=1, max_size=12).map(lambda text: f"x{text}y")
rows = st.lists(st.tuples(cells, texts, cells, st.just("manual")).map(list), max_size=6)
dialects = st.builds(
    Dialect,
    encoding=st.sampled_from(list(ENCODINGS.values())),
    separator=st.sampled_from([",", ";", "\t", "|"]),
    ending=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from(["needed", "filled", "all"]),
    last_ending=st.booleans(),
    blank=st.sampled_from(["", " ", "  "]),
)


@given(dialects, rows)
def test_nothing_changes_nothing(dialect: Dialect, content: list[list[str]]) -> None:
    data = dialect.file([HEADER.split(","), *content])
    sheet = Sheet.parse(data, "a.csv")
    assert sheet.rewritten({}, {}).data == data
    assert [list(row.cells) for row in sheet.rows] == content


@given(dialects, rows, st.data())
def test_only_what_is_meant_changes(dialect: Dialect, content: list[list[str]], data: st.DataObject) -> None:
    """The file is, to the byte, what its author's program would have saved with the other content."""
    before = dialect.file([HEADER.split(","), *content])
    sheet = Sheet.parse(before, "a.csv")
    changed: dict[int, list[str] | None] = {}
    wanted: list[list[str]] = []
    for at, row in enumerate(content):
        match data.draw(st.sampled_from(["keep", "change", "remove"] if not dialect.blank else ["keep", "change"])):
            case "keep":
                wanted.append(row)
            case "change":
                changed[at] = [row[0], data.draw(texts), *row[2:]]
                wanted.append(changed[at] or [])
            case _:
                changed[at] = None
    new = [] if dialect.blank else data.draw(rows)
    after = sheet.rewritten(changed, {len(content) - 1: new} if new else {})
    bare = any("" in row for row in content)
    habits_show = (content or dialect.last_ending) and (dialect.quoting != "filled" or bare)
    if habits_show:
        assert after.data == dialect.file([HEADER.split(","), *wanted, *new])
    assert [list(row.cells) for row in after.rows] == wanted + new


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_encodings(encoding: str) -> None:
    sheet = sheet_of("Web,Años mal,Sí,cierre", encoding=encoding)
    after = sheet.rewritten({0: ["Web", "Años bien", "Sí", "cierre"]}, {})
    assert after.data == sheet_of("Web,Años bien,Sí,cierre", encoding=encoding).data


def test_cells_that_stay_keep_their_very_characters() -> None:
    sheet = sheet_of('"Web", a ,"needless",cierre', '"x","y ""z"""')
    after = sheet.rewritten({0: ["Web", " a ", "new", "cierre"], 1: ["x", 'y "z"', "one", "two"]}, {})
    assert after.text == f'{HEADER}\n"Web", a ,new,cierre\n"x","y ""z""",one,two\n'


def test_an_author_who_quotes_everything_goes_on_doing_so() -> None:
    quoted = '"' + HEADER.replace(",", '","') + '"'
    for empty in ("", '""'):
        sheet = Sheet.parse(f'{quoted}\r\n"a","b",{empty},"manual"\r\n'.encode(), "a.csv")
        after = sheet.rewritten({}, {0: [["c", "d", "", "manual"]]})
        assert after.text.splitlines()[-1] == f'"c","d",{empty},"manual"'


def test_new_rows_stand_before_what_a_spreadsheet_leaves_at_the_end() -> None:
    sheet = sheet_of("a,b,c,manual", ",,,", "")
    assert sheet.rewritten({}, {0: [["d", "e", "f", "manual"]]}).text.endswith("\nd,e,f,manual\n,,,\n\n")


def test_a_file_without_a_last_line_ending_stays_so() -> None:
    sheet = sheet_of("a,b,c,manual", ending="\r\n", last=False)
    assert sheet.rewritten({}, {0: [["d", "e", "f", "manual"]]}).text.endswith("\r\na,b,c,manual\r\nd,e,f,manual")
    assert sheet.rewritten({0: None}, {}).text == HEADER
    assert sheet_of(last=False).rewritten({}, {-1: [["d", "e", "f", "x"]]}).text == f"{HEADER}\nd,e,f,x"


def test_the_header_gets_a_column_at_its_end_and_other_rows_stay_short() -> None:
    sheet = sheet_of("a,b,c,manual", "d,e,f,manual")
    after = sheet.rewritten({1: ["d", "e", "f", "manual", "X1"]}, {}, ["ID PROBLEMA"])
    assert after.text == f"{HEADER},ID PROBLEMA\na,b,c,manual\nd,e,f,manual,X1\n"


def test_lines_that_cannot_be_read_stay_as_they_are() -> None:
    sheet = sheet_of("a,b,c,manual", 'd,"open,f', "g,h,i,manual")
    assert [bool(row.problem) for row in sheet.rows] == [False, True, False]
    after = sheet.rewritten({2: ["g", "new", "i", "manual"], 0: None}, {})
    assert after.text == f'{HEADER}\nd,"open,f\ng,new,i,manual\n'


def test_a_change_that_an_open_quote_would_swallow_is_refused() -> None:
    sheet = sheet_of('d,"open,f', "g,h,i,manual")
    with pytest.raises(DictionaryError, match="read back") as caught:
        sheet.rewritten({1: ["g", 'so "', "i", "manual"], 0: sheet.rows[0].cells}, {})
    assert caught.value.where == "a.csv:2"


def test_a_text_that_the_encoding_cannot_carry_is_refused() -> None:
    sheet = sheet_of("Años,b,c,manual", encoding="cp1252")
    with pytest.raises(DictionaryError, match=r"cp1252.*U\+2192.*UTF-8"):
        sheet.rewritten({0: ["Años", "Ajustes → Red", "c", "manual"]}, {})
    with pytest.raises(DictionaryError, match="half a character"):
        sheet_of("a,b,c,manual").rewritten({0: ["a", "\ud83d", "c", "manual"]}, {})


def test_a_change_by_which_the_file_would_be_taken_for_another_encoding_is_refused() -> None:
    sheet = Sheet.parse((HEADER.replace("Ó", "O").replace("Á", "A") + "\nÑ,b,c,manual\n").encode("cp1252"), "a.csv")
    with pytest.raises(DictionaryError, match="UTF-8"):
        sheet.rewritten({0: ["Ã±", "b", "c", "manual"]}, {})


def test_a_file_that_would_lose_bytes_is_refused() -> None:
    data = b"\xff\xfe" + f"{HEADER}\na,\ud800,c,manual\n".encode("utf-16-le", "surrogatepass")
    sheet = Sheet.parse(data, "a.csv")
    with pytest.raises(DictionaryError, match="would lose"):
        sheet.rewritten({0: ["a", "b", "c", "manual"]}, {})


def test_fields_have_the_names_of_the_contract() -> None:
    sheet = Sheet.parse(b"descripcion;Solucion;resolucion_automatica;NOTA;;NOTA\na; b ;manual;n;x;y;z\n", "a.csv")
    assert sheet.fields(sheet.rows[0]) == {
        "DESCRIPCION": "a",
        "SOLUCIÓN": "b",
        "RESOLUCION AUTOMÁTICA": "manual",
        "NOTA": "n",
        "#5": "x",
        "#6": "y",
        "#7": "z",
    }
    assert [sheet.place(name) for name in ("SOLUCIÓN", "nota", "ID PROBLEMA")] == [1, 3, None]
    assert sheet_of('a,"b').fields(Line(2, (), "open", 5, 9)) == {"": sheet_of('a,"b').text[5:9]}
