"""Files of the log that somebody took away before all of them was shipped."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from resuelve.telemetry.logs.shipping.places import head_of

_BYTES_A_LINE = 300.0


@dataclass(frozen=True, slots=True)
class Gone:
    """What of a file nobody can ship any more, as far as it was seen.

    Attributes:
        lines: about how many that is, by the length of those that were shipped last.
    """

    name: str
    bytes: int
    lines: int


@dataclass(frozen=True, slots=True)
class _Seen:
    head: str
    size: int
    done: int


class Seen:
    """The files as they were at the last look.

    Args:
        offset: how far a file was shipped before it was seen.
    """

    def __init__(self, offset: Callable[[Path], int]) -> None:
        self._offset = offset
        self._files: dict[str, _Seen] = {}
        self._mean = _BYTES_A_LINE

    def look(self, present: Iterable[Path]) -> list[Gone]:
        """Look again; what is missing since the last look, or was cut, or is another file of the same name."""
        before, self._files = self._files, {}
        for file in present:
            try:
                size, known = file.stat().st_size, before.get(file.name)
                head = known.head if known and known.size == size else head_of(file)
            except OSError:
                continue
            if known and size >= known.size and known.head in (head, ""):
                del before[file.name]
                self._files[file.name] = _Seen(head, size, known.done)
            else:
                self._files[file.name] = _Seen(head, size, self._offset(file))
        return [self._left(name, one) for name, one in before.items() if one.size > one.done]

    def shipped(self, name: str, head: str, offset: int, lines: int, length: int) -> None:
        """Of the file of this head so much is shipped; the last time `lines` of `length` bytes."""
        self._mean = length / lines
        if (one := self._files.get(name)) and one.head == head:
            self._files[name] = replace(one, done=offset, size=max(one.size, offset))

    def _left(self, name: str, one: _Seen) -> Gone:
        left = one.size - one.done
        return Gone(name, left, max(1, round(left / self._mean)))
