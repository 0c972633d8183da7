"""The `.env` file: which names it sets, and on which line it is broken. The values are read by pydantic."""

from __future__ import annotations

import io
import logging
import re
from dataclasses import dataclass
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from resuelve.domain.errors import SettingsError
from resuelve.domain.message import message, system_said

FILE = ".env"

_BLANK = re.compile(r"\s*")
_LINE_END = re.compile(r"\r\n|\n|\r")

# What the library says of a broken line, it says once more whenever the file is read, and without what to do.
logging.getLogger("dotenv.main").setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class Named:
    """A name that the file sets.

    Attributes:
        where: file and line.
        valued: False when the line has the name alone, without `=`; then it sets nothing.
    """

    name: str
    where: str
    valued: bool


def names(path: Path | None = None) -> tuple[Named, ...]:
    """What the file sets, in its order; nothing when there is no file.

    Raises:
        SettingsError: it cannot be read, or one of its lines cannot.
    """
    path = path or Path(FILE).absolute()
    found = []
    for binding in parse_stream(io.StringIO(_text(path), newline="")):
        where = f"{path}:{_line(binding)}"
        if binding.error:
            raise SettingsError(
                "the line is not NAME=value, or a quote in it is not closed",
                where=where,
                remedy="write it as NAME=value, with both quotes or none; a remark begins with #",
            )
        if binding.key is not None:
            found.append(Named(binding.key, where, binding.value is not None))
    return tuple(found)


def _line(binding: Binding) -> int:
    """The line of the text; the library counts from the blank lines before it."""
    blank = _BLANK.match(binding.original.string)
    return binding.original.line + (len(_LINE_END.findall(blank.group())) if blank else 0)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return ""
    except (UnicodeDecodeError, OSError) as error:
        why = message("not UTF-8") if isinstance(error, UnicodeDecodeError) else system_said(error)
        raise SettingsError(
            message("cannot be read ({why})", why=why), where=str(path), remedy="save it as UTF-8 text"
        ) from error
