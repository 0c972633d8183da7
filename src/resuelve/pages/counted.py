"""Counts with what is counted: ``1 run``, ``1,234 runs``."""

from __future__ import annotations

from resuelve.pages.numbers import number
from resuelve.texts import say


def counted(what: str, count: int, language: str) -> str:
    """So many of something, as the sentence ``report.count.WHAT`` says, or for a single one ``report.one.WHAT``."""
    return say(f"report.{'one' if count == 1 else 'count'}.{what}", language, count=number(count, language))
