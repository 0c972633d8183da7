"""Stages as people read them."""

from __future__ import annotations

from resuelve.texts import say

_STAGES = frozenset(
    "read attachments identify reformulate retrieve rerank decide critique authorise consult act".split()
)


def stage_in_words(name: str, language: str) -> str:
    """A stage; as it stands where it is none of ours (a file may have been edited, or be of another version)."""
    return say(f"cli.stage.{name}", language) if name in _STAGES else name or "—"
