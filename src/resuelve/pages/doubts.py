"""Doubts as people read them."""

from __future__ import annotations

from resuelve.domain.decision import Doubt
from resuelve.texts import say

_DOUBTS = frozenset(doubt.value for doubt in Doubt if doubt is not Doubt.NONE)


def doubt_in_words(name: str, language: str) -> str:
    """A kind of doubt; as it stands where it is none of ours (a file may have been edited)."""
    return say(f"cli.doubt.{name}", language) if name in _DOUBTS else name or "—"
