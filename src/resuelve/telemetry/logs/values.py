"""What may stand in a line: plain values, bounded, whatever was given. Nothing here raises."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import date
from enum import Enum
from pathlib import PurePath
from typing import Any

CUT = "…[cut]"
"""Stands at the end of what was cut."""

_LONGEST = 2_000
_LONGEST_GIVEN = 8_000
_DEEPEST = 4
_MOST = 50
_LARGEST = 2**63
_UNWANTED = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What JSON leaves as it is and a terminal or a reader of lines obeys, and halves of characters."""

Words = Callable[[str], str]


def plain(value: object, words: Words, deep: int = 0) -> Any:
    """The value as JSON can hold it, with `words` put to each text. Of what is of no plain kind, the kind's name."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return plain(value.value, words, deep + 1) if deep < _DEEPEST else type(value).__name__
    if isinstance(value, str):
        return text(value, words)
    if isinstance(value, int):
        return int(value) if abs(value) < _LARGEST else "large"
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    if isinstance(value, PurePath | date):
        return text(str(value), words)
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return _many(value, words, deep) if deep < _DEEPEST else "…"
    return f"<{type(value).__name__}>"


def text(value: str, words: Words) -> str:
    """A text of a bounded length, without signs that command."""
    shown = _UNWANTED.sub("\ufffd", words(str(value[:_LONGEST_GIVEN])))
    return cut(shown, _LONGEST) if len(value) <= _LONGEST_GIVEN else cut(f"{shown} ", min(len(shown), _LONGEST))


def cut(value: str, longest: int) -> str:
    """The text, with a mark at its end where it was longer."""
    return value if len(value) <= longest else value[: max(0, longest - len(CUT))] + CUT


def _many(value: Any, words: Words, deep: int) -> Any:
    try:
        if isinstance(value, Mapping):
            pairs = list(value.items())
            kept = {_name(name, words): plain(one, words, deep + 1) for name, one in pairs[:_MOST]}
            return kept if len(pairs) <= _MOST else {**kept, CUT: len(pairs) - _MOST}
        shown = [plain(one, words, deep + 1) for one in list(value)[:_MOST]]
        return shown if len(value) <= _MOST else [*shown, CUT]
    except RuntimeError:  # another thread is changing it
        return f"<{type(value).__name__}>"


def _name(name: object, words: Words) -> str:
    return cut(text(name, words) if isinstance(name, str) else f"<{type(name).__name__}>", 100)
