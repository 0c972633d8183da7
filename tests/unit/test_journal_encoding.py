"""Values survive as text."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from resuelve.journal.encoding import dump, escape, load, unescape

ANY_TEXT = st.text(st.characters(codec=None))
"""Lone surrogates and NUL included."""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(ANY_TEXT)
@example("\\u0041 \\ud800 \\")
@example("\x00\ud83d\ude00\udfff")
def test_any_string_comes_back(text: str) -> None:
    stored = escape(text)
    stored.encode("utf-8")
    assert "\x00" not in stored
    assert unescape(stored) == text


@given(ANY_TEXT.map(lambda text: "".join(c for c in text if c not in "\x00\\" and not "\ud800" <= c <= "\udfff")))
def test_ordinary_strings_stay_as_they_are(text: str) -> None:
    assert escape(text) == text


@given(JSON)
@example("\ud800")
@example({"\udfff": "\x00 \\ud800"})
def test_any_json_comes_back(value: object) -> None:
    stored = dump(value)
    stored.encode("utf-8")
    assert "\x00" not in stored
    # Two surrogates that stand side by side are one character to JSON, whoever writes it.
    assert _joined(load(stored)) == _joined(value)


def _joined(value: object) -> object:
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        case list():
            return [_joined(inner) for inner in value]
        case dict():
            return {_joined(key): _joined(inner) for key, inner in value.items()}
        case _:
            return value


def test_json_is_readable() -> None:
    assert dump({"título": "Póliza 😀"}) == '{"título": "Póliza 😀"}'


def test_what_is_not_json_is_a_bug() -> None:
    with pytest.raises(TypeError):
        dump({1, 2})
