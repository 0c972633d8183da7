"""What differs between two states of a large file is found without reading the rest, and is the same."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from resuelve.domain.errors import DictionaryError
from resuelve.knowledge import difference as module
from resuelve.knowledge.difference import ChangeKind, RowChange, difference, sheets_difference
from resuelve.knowledge.narrow import common_end, common_start, narrowed
from resuelve.knowledge.sheet import Sheet

HEADER = "ID PROBLEMA,DESCRIPCION,SOLUCIÓN,RESOLUCION AUTOMÁTICA\n"
RECORDS = st.sampled_from(
    [
        "A,no entra,pulse F5,cierre\n",
        "B,no sale,,manual\r\n",
        'C,"dos\nlíneas","y\r\nmás",cierre\n',
        'D,5" de pantalla,"dice ""no""",cierre\n',
        '"no cerrada,x,y\n',
        'E,"texto" detrás,y,cierre\n',
        "\n",
        "F,con retorno,x,cierre\r",
        "G,otra cosa,y,cierre,de más\n",
        "H,y",
        'H,"y\n',
        '\nI",fin,cierre\n',
    ]
)
TEXTS = st.lists(RECORDS, max_size=6).map("".join)
SIGNS = st.text('AB,;"\n\r ñx', max_size=6)


def plainly(before: str, after: str) -> tuple[RowChange, ...]:
    """The difference of the whole sheets."""
    sheets: list[Sheet | None] = []
    for text in (before, after):
        try:
            sheets.append(Sheet.parse_text(text, "file"))
        except DictionaryError:
            sheets.append(None)
    return sheets_difference(*sheets)


def rows(changes: tuple[RowChange, ...]) -> tuple[Counter[str], Counter[str]]:
    """The rows that went and those that came, whoever is whose partner."""
    return Counter(repr(one.before) for one in changes if one.before), Counter(
        repr(one.after) for one in changes if one.after
    )


@given(TEXTS, TEXTS, TEXTS, TEXTS, SIGNS, SIGNS)
@example("", '\nB,no sale,,manual\nI",fin,cierre\n', "H,y", 'H,"y', "", "")
@example("", '"no cerrada,x,y\n', "", "", "", '"')
@example('C,"dos\nlíneas",,cierre\n', "A,no entra,pulse F5,cierre\n", "", "", '"', "")
def test_the_difference_is_that_of_the_whole_files(
    start: str, end: str, old: str, new: str, removed: str, inserted: str
) -> None:
    before, after = HEADER + start + old + removed + end, HEADER + start + new + inserted + end
    found, wanted = difference(before.encode(), after.encode(), "file"), plainly(before, after)
    assert rows(found) == rows(wanted)
    if max((*Counter(before.splitlines()).values(), *Counter(after.splitlines()).values())) == 1:
        assert found == wanted


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_no_two_files_are_too_strange(one: bytes, other: bytes) -> None:
    assert difference(one, one, "file") == ()
    difference(one, other, "file")


def many(count: int = 3_000) -> list[str]:
    return [f'P{n},"dice ""{n}"", y\nsigue",solución {n},cierre\n' for n in range(count)]


@pytest.mark.parametrize("at", [0, 1_500, 2_999])
def test_of_a_large_file_only_the_changed_record_is_read(at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    parse_text = Sheet.parse_text

    def counted(text: str, where: str) -> Sheet:
        sheet = parse_text(text, where)
        read.append(len(sheet.rows))
        return sheet

    monkeypatch.setattr(Sheet, "parse_text", counted)
    monkeypatch.setattr(module, "_parsed", lambda *_: pytest.fail("the whole file is read"))
    changed = many()
    changed[at] = changed[at].replace("sigue", "acaba")
    before, after = (HEADER + "".join(texts) for texts in (many(), changed))
    (one,) = difference(before.encode(), after.encode(), "file")
    assert (one.kind, one.problem, one.columns) == (ChangeKind.CHANGED, f"P{at}", ("DESCRIPCION",))
    assert max(read) <= 200


def test_a_changed_header_makes_the_whole_file_another() -> None:
    before = HEADER + "".join(many(3))
    assert list(narrowed(before, before.replace("SOLUCIÓN", "RESPUESTA"))) == []
    changes = difference(before.encode(), before.replace("SOLUCIÓN", "RESPUESTA").encode(), "file")
    assert [one.columns for one in changes] == [("SOLUCIÓN", "RESPUESTA")] * 3


@given(st.text("ab"), st.text("ab"), st.integers(0, 5))
def test_what_is_common_is_all_that_is(one: str, other: str, start: int) -> None:
    count = common_start(one, other)
    assert one[:count] == other[:count]
    assert one[count : count + 1] != other[count : count + 1] or count == len(one) == len(other)
    start = min(start, len(one), len(other))
    count = common_end(one, other, start)
    assert one[len(one) - count :] == other[len(other) - count :]
    longest = min(len(one), len(other)) - start
    assert count == longest or one[-count - 1] != other[-count - 1]
