"""What a stage was given and gave out, as lines that people read: labels and closed vocabularies in their language.

Names of features stay as the reports and their documentation have them; so do values that come from a ticket, the
dictionary or a model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from resuelve.resolution import score, votes
from resuelve.resolution.attachments import DESCRIPTION
from resuelve.texts import catalogue, say

FEATURES = frozenset({*score.FEATURES, *votes.VOTES, "relevance"})
"""Names that are explained where reports are, and stand in every report."""

_PARTS = "parts"
_PART = re.compile(r"history\[(\d+)\]\.(detail|notes)")
_ENTRY = re.compile(r"history\[(\d+)\]")
_SHORT = 12
"""A mapping of fewer plain values is one line."""

_VOCABULARIES = {
    "verdict": "explain.verdict",
    "doubt": "cli.doubt",
    "permission": "explain.permission",
    "policy": "explain.permission",
    "purpose": "explain.purpose",
    "kind": "explain.kind",
    "unread": "readers.unread",
}
"""Where the words of a field, or of what stands below it, are said, by its name."""


def lines(value: Any, language: str, *, below: str = "", indent: int = 0) -> Iterator[str]:
    """A nested value, a line each. What comes from tickets is in them as it was written, on one line.

    Args:
        below: the name of the field that the value belongs to.
    """
    pad = "  " * indent
    if isinstance(value, Mapping):
        if value and len(value) < _SHORT and not any(isinstance(one, (dict, list)) for one in value.values()):
            yield pad + " · ".join(f"{label(k, language)}: {_said(v, language, k, below)}" for k, v in value.items())
            return
        for key, one in value.items():
            if isinstance(one, (dict, list)) and one:
                yield f"{pad}{label(key, language)}:"
                yield from lines(one, language, below=key, indent=indent + 1)
            else:
                yield f"{pad}{label(key, language)}: {_said(one, language, key, below)}"
    elif isinstance(value, list):
        if not value:
            yield f"{pad}—"
        for one in value:
            yield from lines(one, language, below=below, indent=indent)
    else:
        yield pad + _said(value, language, below)


def label(key: str, language: str) -> str:
    """What a field is called; a part of the ticket by its name, and what has no name here as it is."""
    if f"explain.key.{key}" in catalogue(language):
        return say(f"explain.key.{key}", language)
    return " ".join(part(key, language).split())


def part(source: str, language: str) -> str:
    """Where in a ticket a text stands: «título», «historial[2].detalle»."""
    if source in ("title", "description"):
        return say(f"explain.part.{source}", language)
    if match := _PART.fullmatch(source):
        return say(f"explain.part.{match[2]}", language, number=match[1])
    origin, _, within = source.partition(" · ")
    if not within:
        return source
    if match := _ENTRY.fullmatch(origin):
        origin = say("explain.part.entry", language, number=match[1])
    elif origin == "incident":
        origin = say("explain.part.incident", language)
    return f"{origin} · {_described(within, language)}"


def _described(within: str, language: str) -> str:
    """The place in an attachment; only a model's description is called differently in another language."""
    file, dot, last = within.rpartition(" · ")
    return f"{file}{dot}{say('explain.part.seen', language)}" if dot and last == DESCRIPTION else within


def _said(value: Any, language: str, *fields: str) -> str:
    """A value in a person's words; `fields` are its own name and that of what it stands in."""
    if value is None or value in ("", "none", [], {}):
        return "—"
    if isinstance(value, bool):
        return say(f"explain.{'yes' if value else 'no'}", language)
    text = " ".join(str(value).split())
    if not isinstance(value, str):
        return text
    if fields[0] in (_PARTS, "source"):
        return part(text, language)
    for field in fields:
        key = f"{_VOCABULARIES.get(field, '')}.{text}"
        if key in catalogue(language):
            return say(key, language)
    return text
