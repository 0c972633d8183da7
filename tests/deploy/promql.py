"""What a PromQL expression asks for: series with their matchers, and the labels that it groups by.

No parser: promtool has looked at the syntax before. It finds words that are no function, no keyword and no label.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_KEYWORDS = frozenset("and or unless by without on ignoring group_left group_right offset bool".split())
_TAKES_LABELS = ("by", "without", "on", "ignoring", "group_left", "group_right")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\[[^\]]*\]|[A-Za-z_:][\w:]*|[0-9][\w.]*|=~|!~|!=|==|>=|<=|[^\s]')


class Matcher(NamedTuple):
    """``label op "value"``."""

    label: str
    operator: str
    value: str


class Asked(NamedTuple):
    """A series with its matchers."""

    name: str
    matchers: tuple[Matcher, ...]


def series(expression: str) -> Iterator[Asked]:
    """The series that an expression asks for."""
    tokens = _TOKEN.findall(expression)
    at = 0
    while at < len(tokens):
        word, after = tokens[at], tokens[at + 1 : at + 2]
        if word in _TAKES_LABELS and after == ["("]:
            at = tokens.index(")", at)
        elif (
            re.match(r"[A-Za-z_:]", word)
            and word not in _KEYWORDS
            and after != ["("]
            and not _is_aggregation(tokens, at)
        ):
            end = tokens.index("}", at) if after == ["{"] else at
            yield Asked(word, tuple(_matchers(tokens[at + 2 : end])))
            at = end
        at += 1


def labels(expression: str) -> Iterator[str]:
    """The labels that it groups or joins by."""
    for words in re.findall(rf"\b(?:{'|'.join(_TAKES_LABELS)})\s*\(([^)]*)\)", expression):
        yield from filter(None, (word.strip() for word in words.split(",")))


def _is_aggregation(tokens: list[str], at: int) -> bool:
    """As in ``sum by (le) (…)``."""
    return tokens[at + 1 : at + 2] in (["by"], ["without"])


def _matchers(tokens: list[str]) -> Iterator[Matcher]:
    for at in range(0, len(tokens), 4):
        label, operator, value = tokens[at : at + 3]
        yield Matcher(label, operator, value[1:-1])
