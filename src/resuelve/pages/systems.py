"""Systems that fail as people read them."""

from __future__ import annotations

from resuelve.texts import say

SYSTEMS = frozenset("tickets agents models index journal resuelve".split())


def system_in_words(name: str, language: str) -> str:
    """A system; as it stands where it is none of ours (a file may have been edited, or be of another version)."""
    return say(f"cli.system.{name}", language) if name in SYSTEMS else name or "—"
