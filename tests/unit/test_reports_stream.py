"""A report read piece by piece says what it says as a whole, or that it is not whole."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.reports import stream
from resuelve.reports.stream import LISTED, ObjectReader

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
HEADS = st.dictionaries(st.text(max_size=5).filter(lambda name: name != LISTED), VALUES, max_size=4)


def read(text: str) -> tuple[dict[str, Any], list[Any], bool]:
    reader = ObjectReader(io.StringIO(text))
    found = list(reader.elements())
    return reader.head, found, reader.has_list


@given(HEADS, st.lists(VALUES, max_size=4), HEADS, st.integers(1, 40), st.sampled_from([None, 1]), st.booleans())
def test_it_reads_what_stands_there(
    head: dict[str, Any], listed: list[Any], after: dict[str, Any], chunk: int, indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps({**head, LISTED: listed, **{f"{name}'": v for name, v in after.items()}}, indent=indent)
    whole = json.loads(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "_CHUNK", chunk)
        found_head, found, has_list = read(text)
        assert found == whole.pop(LISTED)
        assert found_head == whole
        assert has_list


@given(HEADS, st.lists(VALUES, max_size=3), st.data())
def test_what_breaks_off_is_not_taken_for_whole(head: dict[str, Any], listed: list[Any], data: st.DataObject) -> None:
    text = json.dumps({**head, LISTED: listed})
    with pytest.raises(ValueError):
        read(text[: data.draw(st.integers(0, len(text) - 1))])


@pytest.mark.parametrize("text", ["", "[]", "1", "{} {}", '{"a" 1}', '{"a": 1,}', "{1: 2}", '{"incidents": [1 2]}'])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read(text)


def test_a_head_is_there_when_the_first_element_comes() -> None:
    reader = ObjectReader(io.StringIO('{"run": "a", "incidents": [{"b": 1}, broken'))
    assert next(reader.elements()) == {"b": 1}
    assert reader.head == {"run": "a"}


def test_a_value_without_end_is_not_gathered_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "_CHUNK", 8)
    monkeypatch.setattr(stream, "_LONGEST", 64)
    with pytest.raises(ValueError, match="too long"):
        read('{"a": "' + "x" * 10_000)


def test_a_list_that_is_none_is_a_member() -> None:
    assert read('{"incidents": 7}') == ({"incidents": 7}, [], False)
    assert read('{"incidents": []}') == ({}, [], True)


def test_depth_is_told_and_not_survived_by_luck() -> None:
    with pytest.raises(RecursionError):
        read('{"a": ' + "[" * 100_000)


class Blanks(io.StringIO):
    """A file of blanks that has no end, after its beginning."""

    asked = 0

    def read(self, size: int | None = -1) -> str:
        self.asked += 1
        assert self.asked < 1000, "it reads on for ever"
        return super().read(size) or " \n" * 2**15


def test_blanks_without_end_are_not_read_for_ever() -> None:
    for begun in ("", "{", '{"a": 1 ', '{"incidents": [1, '):
        with pytest.raises(ValueError, match="blanks"):
            list(ObjectReader(Blanks(begun)).elements())


def test_blanks_of_some_length_are_blanks() -> None:
    blanks = " \t\r\n" * 2**19
    assert read(f'{blanks}{{"a":{blanks}1}}{blanks}') == ({"a": 1}, [], False)
