"""How far a text that was read is from the true one."""

from __future__ import annotations


def spaced(text: str) -> str:
    """One blank wherever there is space: how a line was broken is no letter."""
    return " ".join(text.split())


def distance(one: str, other: str) -> int:
    """The fewest letters to put in, take out or change."""
    before = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        now = [row]
        for place, facing in enumerate(other, 1):
            now.append(min(before[place] + 1, now[-1] + 1, before[place - 1] + (letter != facing)))
        before = now
    return before[-1]


def errors(read: str, true: str) -> int:
    """Letters that are wrong, missing or too many."""
    return distance(spaced(read), spaced(true))
