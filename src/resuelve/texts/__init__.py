"""Every sentence that a person reads, in Spanish and English, by key.

A folder a language, a file a floor (`agents.json`, `resolution.json`, `cli.json`…); keys begin with the file's name:
``agents.iban.missing``. What errors say has no key: ``es/errors.json`` has the Spanish of each English sentence.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from string import Formatter
from typing import Literal

from resuelve.domain.errors import Rejected, ResuelveError
from resuelve.domain.message import Message

Language = Literal["es", "en"]

_ERRORS = "errors.json"


@cache
def catalogue(language: str) -> dict[str, str]:
    """All sentences of a language by key."""
    sentences: dict[str, str] = {}
    for file in resources.files(__package__).joinpath(language).iterdir():
        if file.name.endswith(".json") and file.name != _ERRORS:
            sentences.update(json.loads(file.read_text(encoding="utf-8")))
    return sentences


def say(key: str, language: str = "es", **slots: object) -> str:
    """The sentence of this key with its slots filled in. Slot values are inserted as they are, never interpreted.

    Raises:
        KeyError: the key or a slot is unknown; a test over all keys keeps this from users.
    """
    return catalogue(language if language in ("es", "en") else "es")[key].format(**slots)


@cache
def sentences_of_errors(language: str) -> dict[str, str]:
    """What errors and reasons say in this language, by their English; empty for English itself."""
    file = resources.files(__package__).joinpath(language, _ERRORS)
    return dict(json.loads(file.read_text(encoding="utf-8"))) if language == "es" else {}


def translated(said: str | ResuelveError | Rejected, language: str) -> str:
    """An error, what was set aside, or a message, in this language; as it is where there is no such sentence."""
    if isinstance(said, ResuelveError | Rejected):
        return said.worded(lambda text: translated(text, language))
    spoken = Message.of(said)
    sentence = sentences_of_errors(language).get(spoken.template, spoken.template)
    slots = {n: translated(v, language) if isinstance(v, Message) else v for n, v in spoken.slots.items()}
    return sentence.format(**slots) if slots else sentence


def slots_of(sentence: str) -> frozenset[str]:
    """The names of the slots of a sentence."""
    return frozenset(name for _, name, _, _ in Formatter().parse(sentence) if name)
