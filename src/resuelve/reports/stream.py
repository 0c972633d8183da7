"""A JSON object read piece by piece: of its long list one element at a time is in memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from json import JSONDecodeError, JSONDecoder
from typing import Any, TextIO

LISTED = "incidents"
"""The member whose elements come one by one."""

_CHUNK = 2**16
_LONGEST = 2**26
"""Characters of one value: the entry of one incident has some thousands."""

_SPACE = " \t\r\n"
_BLANKS = re.compile(f"[{_SPACE}]*")
_MOST_BLANKS = 2**22
"""Blanks without anything between them; between two entries there is a line end and its indent."""

_AFTER = frozenset(_SPACE + ",:]}")
"""What follows a whole value. Of ``0.5`` the first sign alone is a value too, when the rest is not read yet."""

_DECODER = JSONDecoder(parse_constant=lambda _: None)  # NaN and Infinity are no numbers to count with


class ObjectReader:
    """The one object of a file.

    Attributes:
        head: its members that have been read, without the elements of the list.
        has_list: the list was there, be it empty.
    """

    def __init__(self, file: TextIO) -> None:
        self._text = _Text(file)
        self.head: dict[str, Any] = {}
        self.has_list = False

    def elements(self) -> Iterator[Any]:
        """The elements of the list; when the first comes, `head` has what stands before the list, in the end all.

        Raises:
            ValueError: it is no JSON object, or not a whole one, or one value is longer than any that we write.
            RecursionError: it is nested deeper than any that we write.
        """
        text = self._text
        text.take("{")
        if text.passes("}"):
            text.end()
            return
        while True:
            name = text.value()
            if not isinstance(name, str):
                raise ValueError(name)
            text.take(":")
            if name == LISTED and text.passes("["):
                self.has_list = True
                yield from self._list()
            else:
                self.head[name] = text.value()
            if text.passes("}"):
                text.end()
                return
            text.take(",")

    def _list(self) -> Iterator[Any]:
        text = self._text
        if text.passes("]"):
            return
        while True:
            yield text.value()
            if text.passes("]"):
                return
            text.take(",")


class _Text:
    """A text of which only what is needed next is held."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._held = ""
        self._at = 0
        self._ended = False

    def passes(self, sign: str) -> bool:
        """Step over this sign, if it comes next."""
        if self._next() != sign:
            return False
        self._at += 1
        return True

    def take(self, sign: str) -> None:
        if not self.passes(sign):
            raise ValueError(sign)

    def end(self) -> None:
        """Nothing may follow."""
        if self._next():
            raise ValueError("more than one value")

    def value(self) -> Any:
        self._next()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._held, self._at)
            except JSONDecodeError:
                if self._ended:
                    raise
            else:
                if self._held[end : end + 1] in _AFTER or self._ended:
                    self._at = end
                    return value
            self._more()

    def _next(self) -> str:
        passed = 0
        while True:
            begun, self._at = self._at, _end_of_blanks(self._held, self._at)
            if self._at < len(self._held):
                return self._held[self._at]
            passed += self._at - begun
            if passed > _MOST_BLANKS:
                raise ValueError("too many blanks")
            if self._ended:
                return ""
            self._more()

    def _more(self) -> None:
        rest = self._held[self._at :]
        if len(rest) > _LONGEST:
            raise ValueError("a value is too long")
        # As much again as is held: a long value is tried a few times only.
        read = self._file.read(max(_CHUNK, len(rest)))
        self._ended = not read
        self._held, self._at = rest + read, 0


def _end_of_blanks(text: str, at: int) -> int:
    found = _BLANKS.match(text, at)
    return found.end() if found else at
