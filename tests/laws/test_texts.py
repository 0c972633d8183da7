"""Every sentence exists in both languages, with the same slots, and is said somewhere."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from resuelve.texts import catalogue, say, slots_of
from tests.laws.repository import SOURCE, name_of, source_files, syntax

TEXTS = SOURCE / "texts"
LANGUAGES = ("es", "en")
FILES = sorted(path for path in TEXTS.glob("*/*.json") if path.name != "errors.json")
FLOORS = {path.stem for path in FILES}


@pytest.mark.parametrize("file", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_keys_begin_with_the_name_of_their_file(file: Path) -> None:
    pairs = json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=list)
    keys = [key for key, _ in pairs]
    assert [key for key in keys if not key.startswith(f"{file.stem}.")] == []
    assert len(keys) == len(set(keys)), "a key stands twice"


def test_languages_have_the_same_sentences() -> None:
    spanish, english = (catalogue(language) for language in LANGUAGES)
    assert set(spanish) == set(english)
    assert {k for k in spanish if slots_of(spanish[k]) != slots_of(english[k])} == set(), "slots differ"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_can_be_said(language: str) -> None:
    for key, sentence in catalogue(language).items():
        assert sentence.strip() == sentence != "", key
        assert say(key, language, **dict.fromkeys(slots_of(sentence), "x")), key


def test_slot_values_are_not_interpreted() -> None:
    key, slot = next((k, min(slots_of(s))) for k, s in catalogue("es").items() if len(slots_of(s)) == 1)
    assert "{0.__class__} {x}" in say(key, "es", **{slot: "{0.__class__} {x}"})


def test_every_key_that_is_said_exists_and_gets_its_slots() -> None:
    known = catalogue("es")
    wrong = []
    for where, call in _says():
        match call.args[0]:
            case ast.Constant(value=str(key)) if key not in known:
                wrong.append(f"{where}: no sentence {key}")
            case ast.Constant(value=str(key)):
                given = {k.arg for k in call.keywords} - {"language"}
                if None not in given and given != slots_of(known[key]):
                    wrong.append(f"{where}: {key} has the slots {sorted(slots_of(known[key]))}")
            case ast.JoinedStr() as pattern if not any(re.fullmatch(_pattern(pattern), key) for key in known):
                wrong.append(f"{where}: no sentence like {_pattern(pattern)}")
    assert not wrong


def test_every_sentence_is_used() -> None:
    constants, patterns = set(), set()
    for file in source_files():
        for node in ast.walk(syntax(file)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                constants.add(node.value)
            elif isinstance(node, ast.JoinedStr) and (pattern := _pattern(node)).split(r"\.")[0] in FLOORS:
                patterns.add(pattern)
    unused = [k for k in catalogue("es") if k not in constants and not any(re.fullmatch(p, k) for p in patterns)]
    assert not unused


def _says() -> Iterator[tuple[str, ast.Call]]:
    for file in source_files():
        for node in ast.walk(syntax(file)):
            if isinstance(node, ast.Call) and node.args and isinstance(node.func, ast.Name) and node.func.id == "say":
                yield f"{name_of(file)}:{node.lineno}", node


def _pattern(text: ast.JoinedStr) -> str:
    """The keys that an f-string can name, as a regular expression."""
    return "".join(re.escape(str(v.value)) if isinstance(v, ast.Constant) else r"[\w.]+" for v in text.values)
