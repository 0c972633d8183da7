"""What parent and reading process say to each other."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.readers.naming import clean_place, clean_text
from resuelve.readers.port import Limits, Obstacle, Passage, Unread
from resuelve.readers.process import frames, worker

TEXT = st.text(max_size=50)


@given(TEXT, st.binary(max_size=50), TEXT, st.binary(max_size=50))
def test_files_arrive_one_after_the_other(name: str, data: bytes, other: str, more: bytes) -> None:
    stream = io.BytesIO(frames.request(name, data) + frames.request(other, more))
    assert frames.requested(stream) == (name, data)
    assert frames.requested(stream) == (other, more)
    assert frames.requested(stream) is None


def test_a_name_with_half_a_character_arrives() -> None:
    assert frames.requested(io.BytesIO(frames.request("a\udcff", b"x"))) == ("a?", b"x")


@given(TEXT, TEXT, st.sampled_from(Unread))
def test_what_was_found_arrives(place: str, text: str, reason: Unread) -> None:
    place, text = clean_place(place), clean_text(text)
    for one in (Passage(place, text), Obstacle(place, reason, place)):
        line = frames.item(one)
        assert line.count(b"\n") == 1
        assert frames.heard(line) == one


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"no JSON",
        b"[" * 100_000,
        b'{"kind":"exe"}',
        b'{"kind":5}',
        b'{"read":["a"]}',
        b'{"read":["a",5]}',
        b'{"read":["a","b","c"]}',
        b'{"unread":["","because",""]}',
        b'{"end":false}',
        b"[]",
        b"NaN",
        b"\xff",
    ],
)
def test_nothing_else_is_believed(said: bytes) -> None:
    with pytest.raises(frames.Unbelievable):
        frames.heard(said)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | TEXT, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner)
    )
)
def test_any_value_is_understood_or_refused(said: object) -> None:
    for line in (json.dumps(said), json.dumps({"read": said}), json.dumps({"unread": said})):
        try:
            heard = frames.heard(line.encode())
        except frames.Unbelievable:
            continue
        assert isinstance(heard, Passage | Obstacle)


def test_places_and_texts_are_cleaned_again() -> None:
    assert frames.heard(b'{"read":["a\\u202eb\\n","x\\u0000y"]}') == Passage("ab", "xy")


def test_a_process_serves_until_no_more_files_come(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed: list[float] = []
    monkeypatch.setattr(worker, "allow_seconds", allowed.append)  # it would hold for the tests as well
    answers = io.BytesIO()
    worker.serve(io.BytesIO(frames.request("a", b"hola") + frames.request("b", b"")), answers, Limits())
    said = [frames.heard(line) for line in answers.getvalue().splitlines()]
    assert said == ["text", Passage("", "hola"), None, "", Obstacle("", Unread.EMPTY), None]
    assert allowed == [60.0, 60.0]
