"""Of a record's content only what is asked for: it has some thousand characters, and mostly three words are wanted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from resuelve.journal.port import Json


def part_of(content: Json, members: Sequence[str]) -> Json:
    """A content with these members only (``decision.score``), as far as it has them; whole when none is named."""
    return with_members((name, _at(content, name)) for name in members) if members else content


def with_members(found: Iterable[tuple[str, Json]]) -> dict[str, Json]:
    """A content with these members; without those that are None."""
    content: dict[str, Json] = {}
    for name, value in found:
        if value is not None:
            *above, last = name.split(".")
            place = content
            for one in above:
                place = place.setdefault(one, {})
            place[last] = value
    return content


def _at(content: Json, name: str) -> Json:
    for one in name.split("."):
        content = content.get(one) if isinstance(content, dict) else None
    return content
