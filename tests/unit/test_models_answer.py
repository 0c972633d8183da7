"""Reading a model's answer: one JSON value, or nothing."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from resuelve.domain.errors import ModelOutputInvalid
from resuelve.models.answer import find_value, read_answer, read_json, wire_schema


class Inner(BaseModel):
    name: str = Field(min_length=1, max_length=9)
    note: str = "none"


class Outer(BaseModel):
    """A schema with everything that strict modes are picky about."""

    kind: Literal["a", "b"]
    default: int = Field(ge=0, le=3)  # a field with a keyword's name
    inner: Inner = Field(description="nested")
    more: list[Inner] = []
    choice: Inner | None = None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
containers = st.lists(json_values, max_size=4) | st.dictionaries(st.text(), json_values, max_size=4)
prose = st.text(alphabet=st.characters(exclude_characters="{}[]\"'<,:", exclude_categories=["Cs"]), max_size=40)


def test_the_schema_on_the_wire_requires_all_and_allows_no_more() -> None:
    schema = wire_schema(Outer)
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["kind", "default", "inner", "more", "choice"]
    assert schema["properties"]["inner"] == {"$ref": "#/$defs/Inner"}
    assert schema["properties"]["default"]["type"] == "integer"
    inner = schema["$defs"]["Inner"]
    assert inner["required"] == ["name", "note"]
    assert "default" not in inner["properties"]["note"]
    assert "maxLength" not in inner["properties"]["name"]


FULL: dict[str, Any] = {
    "kind": "a",
    "default": 1,
    "inner": {"name": "x", "note": ""},
    "more": [{"name": "y", "note": ""}],
    "choice": None,
}


def test_a_full_answer_is_read() -> None:
    assert read_answer(json.dumps(FULL), Outer).more[0].name == "y"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"default": 9}, "default"),
        ({"default": "1"}, "default"),
        ({"inner": {"name": "x"}}, "note"),
        ({"inner": {"name": "x", "note": "", "z": 1}}, "inner.z"),
        ({"more": [{"name": "y"}]}, "note"),
        ({"inner": {"name": "0123456789", "note": ""}}, "inner.name"),
    ],
)
def test_off_the_schema_says_where_and_not_what(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ModelOutputInvalid) as caught:
        read_answer(json.dumps(FULL | change), Outer)
    assert says in caught.value.what
    assert "0123456789" not in caught.value.what


def test_a_field_with_a_default_may_not_be_left_out() -> None:
    with pytest.raises(ModelOutputInvalid, match="choice left out"):
        read_answer(json.dumps({k: v for k, v in FULL.items() if k != "choice"}), Outer)


@given(containers)
def test_json_is_read_as_it_was_written(value: Any) -> None:
    text = json.dumps(value)
    assert read_json(text) == find_value(text) == value
    assert read_json(json.dumps(value, ensure_ascii=False).encode()) == value


@given(prose, containers, prose)
def test_prose_around_a_value_does_not_change_it(before: str, value: Any, after: str) -> None:
    assert find_value(f"{before}\n{json.dumps(value)}\n{after}") == value


@given(containers, st.data())
def test_a_cut_value_is_never_read(value: Any, data: st.DataObject) -> None:
    text = json.dumps(value)
    with pytest.raises(ModelOutputInvalid):
        find_value(text[: data.draw(st.integers(0, len(text) - 1))])


@given(containers, prose, containers)
def test_a_second_value_is_never_passed_over(first: Any, between: str, second: Any) -> None:
    with pytest.raises(ModelOutputInvalid):
        find_value(f"{json.dumps(first)}{between}{json.dumps(second)}")


@given(st.text() | st.text(alphabet='{}[]":,<think>/`-0e\\ud8nNaI\n '))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read_answer(text, Outer)
    except ModelOutputInvalid as error:
        assert error.what
        assert len(error.what) < 400


@given(st.binary())
def test_any_bytes_are_read_or_refused(document: bytes) -> None:
    try:
        read_json(document)
    except ModelOutputInvalid as error:
        assert error.what


@pytest.mark.parametrize("depth", [100_000, 5_000])
@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
def test_deep_nesting_is_refused(opening: str, depth: int) -> None:
    for read in (read_json, find_value):
        with pytest.raises(ModelOutputInvalid):
            read(opening * depth)


def test_deep_nesting_that_is_closed_is_read_or_refused_but_never_crashes() -> None:
    for depth in (100, 900, 990, 1_000, 50_000):
        try:
            read_answer("[" * depth + "]" * depth, Outer)
        except ModelOutputInvalid:
            continue
        raise AssertionError("a list is not an Outer")


@pytest.mark.parametrize(
    "text",
    [
        '<think>a</think><think>b</think> {"a": 1}',
        '\n<think>\n{"a": 2}\n</think>\n\n{"a": 1}',
        'thoughts, whose opening tag the template has eaten</think>{"a": 1}',
        '```\n{"a": 1}\n```',
        '```json\n{"a": 1}',
    ],
)
def test_thoughts_and_fences_are_set_aside(text: str) -> None:
    assert find_value(text) == {"a": 1}


@pytest.mark.parametrize(
    "text",
    ['<think>{"a": 1}', '{"a": 1}</think>', '{"a": 1}<think>', 'so {"a": 0}</think>{"a": 1}', 'x <think>{"a": 1}'],
)
def test_thoughts_are_never_taken_for_the_answer(text: str) -> None:
    with pytest.raises(ModelOutputInvalid):
        find_value(text)


def test_the_hostile_json_files(shared_data: Path) -> None:
    rows = _rows(shared_data / "malformed-json" / "json-files.jsonl")
    wrong = {row["name"] for row in rows if row["expect"] != "either" and _accepts(row) != (row["expect"] == "accept")}
    # RFC 8259 leaves these to the reader; here a second key of one name is refused.
    assert wrong == {"y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"}
    assert [_accepts(row) for row in rows if row["expect"] == "either"]


def test_the_recorded_answers_of_a_model_are_read_or_refused(shared_data: Path) -> None:
    read, refused = 0, 0
    for row in _rows(shared_data / "insurance-es" / "llm-outputs.jsonl"):
        try:
            value = find_value(row["raw"])
        except ModelOutputInvalid:
            refused += 1
            assert row["class"] != "fenced_valid", row["raw"]
        else:
            read += 1
            assert row["class"] == "fenced_valid", row["raw"]
            assert value == json.loads(row["raw"].removeprefix("```json").removesuffix("```"))
    assert (read, refused) == (54, 315)


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _accepts(row: dict[str, Any]) -> bool:
    try:
        read_json(base64.b64decode(row["text_b64"]))
    except ModelOutputInvalid:
        return False
    return True
