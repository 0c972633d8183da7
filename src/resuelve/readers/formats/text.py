"""Plain text and logs. Of a long one, the lines around its errors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from resuelve.readers.encodings import decoded
from resuelve.readers.formats.scope import Found, Scope
from resuelve.readers.port import Obstacle, Passage, Unread

WHOLE = 6_000
"""Characters up to which a text is read whole."""

EXCERPT = 8_000
"""Characters of the excerpts of a longer one."""

_BEFORE, _AFTER, _TRACE = 2, 3, 15
_LONGEST_LINE, _LEAD = 400, 100
_ENDS = 20
"""Lines at the beginning and the end of a long text in which nothing looks like an error."""

_SEVERE = re.compile(r"\b(?:FATAL|CRITICAL|SEVERE|PANIC|EMERG|CR[IÍ]TICO|GRAVE)\b|Traceback \(most recent")
_ERROR = re.compile(
    r"\b(?:FATAL|CRITICAL|SEVERE|PANIC|EMERG|CR[IÍ]TICO|GRAVE|ERR|Err)\b|Exception\b|Traceback \(most recent|Caused by:"
    r"|(?i:\berror(?:es|s)?\b)"
)
_NO_ERROR = re.compile(
    r"(?i)\b(?:0|no|sin|without|ning[uú]n)\s+error(?:es|s)?\b|\berror(?:es|s)?\s*[:=]\s*(?:0|none|no)\b"
)
_CONTINUES = re.compile(r"\s+at |\s+File \"|\s+\.\.\. \d|Caused by:|\s{2,}\S|\w[\w.]*(?:Error|Exception)\b")
_VARIES = re.compile(r"[0-9a-fA-F]{8,}|\d+|\"[^\"]{0,200}\"|'[^']{0,200}'")


@dataclass(slots=True)
class _Said:
    """A message that comes again and again."""

    first: int
    last: int
    times: int
    severe: bool


def read(data: bytes, scope: Scope) -> Found:
    """The text, or of a long one its excerpts, with the numbers of their lines as the place."""
    text = decoded(data)
    if text is None:
        yield Obstacle("", Unread.UNKNOWN_KIND)
        return
    if len(text) <= min(WHOLE, scope.limits.characters):
        yield Passage("", text)
        return
    lines = text.replace("\r\n", "\n").split("\n")
    for first, last in _chosen(lines, min(EXCERPT, scope.limits.characters)):
        yield Passage(_place(first, last), "\n".join(_shown(line) for line in lines[first : last + 1]))
    yield Obstacle("", Unread.TOO_LONG, f"l. 1–{len(lines)}")


def _place(first: int, last: int) -> str:
    return f"l. {first + 1}" if first == last else f"l. {first + 1}–{last + 1}"


def _chosen(lines: Sequence[str], room: int) -> list[tuple[int, int]]:
    """The lines to show, first and last of each excerpt, in the order of the file and within the room."""
    said = _messages(lines)
    if not said:
        end = len(lines) - 1
        return _joined([(0, min(_ENDS, end)), (max(end - _ENDS, 0), end)])
    chosen: set[int] = set()
    # What is rare tells more than what is said a thousand times, and what is grave more than both.
    for one in sorted(said, key=lambda one: (not one.severe, one.times, one.first)):
        for number in dict.fromkeys((one.first, one.last)):
            window = [n for n in _window(lines, number) if n not in chosen]
            cost = sum(len(_shown(lines[n])) + 1 for n in window)
            if cost <= room:
                room -= cost
                chosen.update(window)
    return _joined([(n, n) for n in sorted(chosen)])


def _messages(lines: Sequence[str]) -> list[_Said]:
    """Each different message that looks like an error, where it came first and last."""
    said: dict[str, _Said] = {}
    for number, line in enumerate(lines):
        if not _ERROR.search(line) or (_NO_ERROR.search(line) and not _ERROR.search(_NO_ERROR.sub("", line))):
            continue
        key = _VARIES.sub("#", _shown(line))
        known = said.setdefault(key, _Said(number, number, 0, bool(_SEVERE.search(line))))
        known.last, known.times = number, known.times + 1
    return list(said.values())


def _window(lines: Sequence[str], number: int) -> range:
    """The lines around this one; a trace that follows goes with it."""
    end = min(number + _AFTER, len(lines) - 1)
    while end + 1 < min(len(lines), number + _TRACE) and _CONTINUES.match(lines[end + 1][:_LONGEST_LINE]):
        end += 1
    return range(max(number - _BEFORE, 0), end + 1)


def _joined(pieces: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Pieces that touch, as one."""
    whole: list[tuple[int, int]] = []
    for first, last in pieces:
        if whole and first <= whole[-1][1] + 1:
            whole[-1] = (whole[-1][0], max(last, whole[-1][1]))
        else:
            whole.append((first, last))
    return whole


def _shown(line: str) -> str:
    """The line; of an endless one, what stands around the error."""
    if len(line) <= _LONGEST_LINE:
        return line
    found = _ERROR.search(line)
    start = max(found.start() - _LEAD, 0) if found else 0
    return line[start : start + _LONGEST_LINE]
