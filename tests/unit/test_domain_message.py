"""A message is its English text for everything that does not ask, and can be said in Spanish by whoever does."""

from __future__ import annotations

import copy
import errno
import json
import pickle
from dataclasses import replace
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.errors import IndexMissing, Rejected, ResuelveError
from resuelve.domain.message import Message, message, system_said
from resuelve.texts import sentences_of_errors, translated

T = TypeVar("T")


def pickled(value: T) -> T:
    copied: T = pickle.loads(pickle.dumps(value))  # noqa: S301 - our own
    return copied


INNER = message("{name} is {kind}", name="codIncidencia", kind=message("a list"))
OUTER = message("the incident cannot be read: {why}", why=INNER)


def test_a_message_is_its_english_text() -> None:
    assert OUTER == "the incident cannot be read: codIncidencia is a list"
    assert f"{OUTER}!" == "the incident cannot be read: codIncidencia is a list!"
    assert json.loads(json.dumps({"reason": OUTER})) == {"reason": str(OUTER)}
    assert type(json.loads(json.dumps(OUTER))) is str


@pytest.mark.parametrize("same", [pickled(OUTER), copy.deepcopy(OUTER), copy.copy(OUTER)])
def test_a_copy_keeps_its_parts(same: Message) -> None:
    assert (same, same.template, same.slots) == (OUTER, OUTER.template, OUTER.slots)
    assert translated(same, "es") == "la incidencia no se puede leer: codIncidencia es una lista"


def test_errors_and_what_was_set_aside_keep_their_parts() -> None:
    error = IndexMissing("there is no index yet", where="index", remedy="run `resuelve index`")
    for one in (error, pickled(error), copy.deepcopy(error)):
        assert str(one) == "index: there is no index yet → run `resuelve index`"
        assert translated(one, "es") == "índice: todavía no hay índice → ejecute `resuelve index`"
        assert translated(one, "en") == str(one)
    moved = replace(Rejected("a", "b.csv:2", INNER), where="b.csv:3")
    assert translated(moved, "es") == "b.csv:3: codIncidencia es una lista"
    assert translated(pickled(moved), "en") == "b.csv:3: codIncidencia is a list"


def test_the_words_of_another_error_are_translated_within_it() -> None:
    inner = ResuelveError("the answer is not JSON")
    outer = message("the answer is not that of a model server: {why}", why=inner.what)
    assert translated(outer, "es").endswith(": la respuesta no es JSON")


def test_what_has_no_translation_stays_as_it_is() -> None:
    unknown = message("nobody has written {this} yet", this=message("a text"))
    assert translated(unknown, "es") == "nobody has written un texto yet"
    assert translated("{no} sentence", "es") == "{no} sentence"
    assert translated(OUTER, "fr") == OUTER


@given(st.text())
def test_slot_values_are_inserted_as_they_are(value: str) -> None:
    awkward = f"{{0}}{{problem}}{{{value}"
    said = message("there is no problem {problem}", problem=awkward)
    assert said == f"there is no problem {awkward}"
    assert translated(said, "es") == f"no hay ningún problema {awkward}"


def test_a_slot_that_happens_to_be_a_sentence_is_not_translated() -> None:
    assert translated(message("there is no problem {problem}", problem="a list"), "es").endswith(" a list")


def test_what_the_operating_system_says() -> None:
    assert system_said(OSError(errno.EACCES, "Permission denied")) == "Permission denied"
    assert translated(system_said(OSError(errno.EACCES, "in any language")), "es") == "permiso denegado"
    assert system_said(OSError(errno.EXDEV, "Invalid cross-device link")) == "Invalid cross-device link"
    assert system_said(OSError("odd")) == "odd"


def test_english_has_no_table() -> None:
    assert sentences_of_errors("en") == {}
    assert len(sentences_of_errors("es")) > 300
