"""Every sentence that a person reads, in Spanish and English, by key.

A folder a language, a file a floor (`agents.json`, `resolution.json`, `cli.json`…); keys begin with the file's name:
``agents.iban.missing``.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from string import Formatter
from typing import Literal

Language = Literal["es", "en"]


@cache
def catalogue(language: str) -> dict[str, str]:
    """All sentences of a language by key."""
    sentences: dict[str, str] = {}
    for file in resources.files(__package__).joinpath(language).iterdir():
        if file.name.endswith(".json"):
            sentences.update(json.loads(file.read_text(encoding="utf-8")))
    return sentences


def say(key: str, language: str = "es", **slots: object) -> str:
    """The sentence of this key with its slots filled in. Slot values are inserted as they are, never interpreted.

    Raises:
        KeyError: the key or a slot is unknown; a test over all keys keeps this from users.
    """
    return catalogue(language if language in ("es", "en") else "es")[key].format(**slots)


def slots_of(sentence: str) -> frozenset[str]:
    """The names of the slots of a sentence."""
    return frozenset(name for _, name, _, _ in Formatter().parse(sentence) if name)
