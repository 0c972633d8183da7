"""Bytes as text: which encoding they are in, and whether they are text at all."""

from __future__ import annotations

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NO_TEXT = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f\ufffd]")
"""What a text hardly has: control characters but tab, line ends, form feed, escape and next line."""

_ALLOWED = 0.02
_SENTENCE = 20
"""Letters from which on one that is odd is forgiven."""

_SAMPLE = 65_536
_MANY = 0.4

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


def decoded(data: bytes) -> str | None:
    """The text that these bytes are, with U+FFFD for single bytes that cannot be read; None for what is no text."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            text = data.decode(encoding, "replace")
            return text if _is_text(text) else None
    for encoding in _wide(data[:_SAMPLE]):
        text = data.decode(encoding, "replace")
        if _is_text(text):
            return text
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = _single(data)
    return text if _is_text(text) else None


def _single(data: bytes) -> str:
    """Text with a byte a letter; what is UTF-8 but for a few bytes, as after a cut, stays that."""
    almost = data.decode("utf-8", "replace")
    sample = almost[:_SAMPLE]
    odd = sample.count("\ufffd")
    beyond = sum(1 for letter in sample if letter > "\x7f" and letter != "\ufffd")
    if beyond > odd:
        return almost
    # The five bytes that cp1252 does not know are controls in latin-1, and count as such.
    return (
        data.decode("cp1252", "replace") if not re.search(rb"[\x81\x8d\x8f\x90\x9d]", data) else data.decode("latin-1")
    )


def _wide(sample: bytes) -> tuple[str, ...]:
    """UTF-16 without a mark: every other byte of a European text is zero."""
    pairs = len(sample) // 2
    if pairs < 2:  # one letter proves nothing
        return ()
    low, high = sample[1::2].count(0) / pairs, sample[::2].count(0) / pairs
    if low > _MANY and high < _ALLOWED:
        return ("utf-16-le",)
    return ("utf-16-be",) if high > _MANY and low < _ALLOWED else ()


def _is_text(text: str) -> bool:
    sample = text[:_SAMPLE]
    return len(_NO_TEXT.findall(sample)) <= max(_ALLOWED * len(sample), int(len(sample) >= _SENTENCE))
