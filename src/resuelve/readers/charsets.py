"""Bytes as text in an encoding that a page or a message names, which need not be true."""

from __future__ import annotations

import re

from resuelve.readers.encodings import decoded

_KNOWN = re.compile(
    r"utf-?(?:8|16)|us-ascii|iso-?8859-\d{1,2}|latin-?\d|windows-\d{3,4}|cp\d{3,4}|koi8-[ru]|macintosh|big5|gb\w{4,5}"
    r"|euc-\w{2}|shift[_-]jis|iso-2022-\w{2}",
    re.IGNORECASE,
)
"""Encodings of text. Python knows others by name, which take time without bound or are none."""


def text_in(data: bytes, charset: str | None) -> str:
    """The text, by its bytes where they are UTF-8, else as was named, else as it looks; bytes of no text give none."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    if charset and _KNOWN.fullmatch(charset):
        try:
            return data.decode(charset, "replace")
        except LookupError:
            pass
    return decoded(data) or ""
