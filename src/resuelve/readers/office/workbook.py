"""Excel workbooks: the values that a person sees, sheet by sheet, with comments and pictures.

Values are read as they were last computed, no formula. Hidden sheets, rows, columns and values are left out and told.
The XML is read here and not by openpyxl, whose parser of sheets expands entities and whose fast mode knows no hidden
row.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from lxml import etree

from resuelve.readers.formats.scope import Found, Scope
from resuelve.readers.office.package import BROKEN, SAFE, Package, Refused
from resuelve.readers.port import Obstacle, Passage, Unread
from resuelve.readers.rows import COLUMNS, Lines

_M = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_TRUE = ("1", "true")
_DATES = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
"""Numbers of the built-in formats that show a date or a time."""

_QUOTED = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.|\*.')
_ZERO, _ZERO_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001 - a sheet knows no zone
_LAST_DAY = 2_958_466
_WHITE = 0xF0


@dataclass(frozen=True, slots=True)
class _Style:
    date: bool = False
    unseen: bool = False


@dataclass(slots=True)
class _Book:
    package: Package
    strings: list[str] = field(default_factory=list)
    styles: list[_Style] = field(default_factory=list)
    zero: datetime = _ZERO


@dataclass(slots=True)
class _Sheet:
    """What was found in one sheet so far."""

    lines: Lines
    hidden: bool
    unseen: int = 0
    columns: list[tuple[int, int]] = field(default_factory=list)
    """Hidden columns, from and to, counted from 0."""


def read_workbook(data: bytes, scope: Scope) -> Found:
    """Its sheets in their order, each with its name as the place."""
    try:
        package = Package(data, scope.limits.expanded)
        roots = (one.target for one in package.relations("").values() if one.kind == "officeDocument")
        main = next(roots, "xl/workbook.xml")
        root = package.xml(main)
    except Refused as refused:
        yield Obstacle("", refused.reason)
        return
    except BROKEN:
        yield Obstacle("", Unread.DAMAGED)
        return
    relations, book = package.relations(main), _Book(package)
    properties = root.find(f"{_M}workbookPr")
    book.zero = _ZERO_1904 if properties is not None and properties.get("date1904") in _TRUE else _ZERO
    for one in relations.values():
        try:
            if one.kind == "sharedStrings":
                book.strings = _strings(package.bytes(one.target))
            elif one.kind == "styles":
                book.styles = _styles(package.xml(one.target))
        except BROKEN:
            yield Obstacle("", Unread.DAMAGED)
    sheets = list(root.iter(f"{_M}sheet"))
    room = scope.limits.characters
    for sheet in sheets[: scope.limits.pages]:
        relation = relations.get(sheet.get(_R, ""))
        name = sheet.get("name", "")
        if relation is None or relation.kind != "worksheet":
            continue
        found = _Sheet(Lines(room), sheet.get("state", "visible") != "visible")
        yield from _sheet(book, relation.target, name, found)
        if not found.hidden:
            yield from _beside(package, relation.target, name, scope)
        if found.lines.full:
            yield Obstacle(name, Unread.TOO_LONG, str(scope.limits.characters))
            return
        room = found.lines.room
    if len(sheets) > scope.limits.pages:
        yield Obstacle("", Unread.TOO_MANY_PAGES, str(len(sheets)))


def _sheet(book: _Book, part: str, name: str, found: _Sheet) -> Found:
    broken = False
    try:
        _rows(book, part, found)
    except BROKEN:
        broken = True
    if text := found.lines.text():
        yield Passage(name, text)
    if found.unseen:
        yield Obstacle(name, Unread.HIDDEN, str(found.unseen))
    if broken:
        yield Obstacle(name, Unread.DAMAGED)


def _rows(book: _Book, part: str, found: _Sheet) -> None:
    for element in _elements(book.package.bytes(part), f"{_M}row", f"{_M}col"):
        if element.tag == f"{_M}col":
            if element.get("hidden") in _TRUE:
                found.columns.append((_number(element.get("min")) - 1, _number(element.get("max")) - 1))
            continue
        hidden = found.hidden or element.get("hidden") in _TRUE
        row: list[str] = []
        for cell in element.iterchildren(f"{_M}c"):
            column = _column(cell.get("r", ""), len(row))
            if column >= COLUMNS:
                break
            text, unseen = _value(cell, book)
            if hidden or unseen or any(first <= column <= last for first, last in found.columns):
                found.unseen += len("".join(text.split()))
                text = ""
            row += [""] * (column + 1 - len(row))
            row[column] = text
        found.lines.add(row)
        if found.lines.full:
            return


def _elements(data: bytes, *tags: str) -> Iterator[Any]:
    """The elements of these names, one after the other, each gone when the next comes."""
    parsed = etree.iterparse(io.BytesIO(data), tag=tags, **SAFE)
    for _, element in parsed:
        yield element
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]


def _strings(data: bytes) -> list[str]:
    return [_text(element) for element in _elements(data, f"{_M}si")]


def _text(element: Any) -> str:
    """Its text with all its runs; without how it is spoken."""
    return "".join(
        one.text or "" for one in element.iter(f"{_M}t") if one.getparent() is None or one.getparent().tag != f"{_M}rPh"
    )


def _value(cell: Any, book: _Book) -> tuple[str, bool]:
    """What a cell shows, and whether nobody sees it."""
    kind, number = cell.get("t", "n"), _number(cell.get("s"))
    style = book.styles[number] if number < len(book.styles) else _Style()
    if kind == "inlineStr":
        return _text(cell), style.unseen
    held = cell.findtext(f"{_M}v") or ""
    if kind == "s":
        index = _number(held)
        return (book.strings[index] if held and index < len(book.strings) else ""), style.unseen
    if kind == "b":
        return ("TRUE" if held == "1" else "FALSE"), style.unseen
    return (_shown(held, book.zero if style.date else None) if kind == "n" else held), style.unseen


def _shown(held: str, zero: datetime | None) -> str:
    """A number as a person writes it; with a day zero, the date that it is."""
    try:
        number = float(held)
    except ValueError:
        return held
    if zero is None or not 0 <= number < _LAST_DAY:
        return f"{number:.15g}"
    at = zero + timedelta(seconds=round(number * 86_400))
    if number < 1:
        return f"{at:%H:%M}"
    return f"{at:%Y-%m-%d}" if at == at.replace(hour=0, minute=0, second=0) else f"{at:%Y-%m-%d %H:%M}"


def _styles(root: Any) -> list[_Style]:
    """How each style of a cell shows its value."""
    formats = {_number(one.get("numFmtId")): one.get("formatCode", "") for one in root.iter(f"{_M}numFmt")}
    fonts = [_is_white(one.find(f"{_M}color")) for one in root.iterfind(f"{_M}fonts/{_M}font")]
    fills = [_is_filled(one.find(f"{_M}patternFill")) for one in root.iterfind(f"{_M}fills/{_M}fill")]
    styles = []
    for one in root.iterfind(f"{_M}cellXfs/{_M}xf"):
        form, font, fill = (_number(one.get(name)) for name in ("numFmtId", "fontId", "fillId"))
        code = formats.get(form, "")
        white = font < len(fonts) and fonts[font] and not (fill < len(fills) and fills[fill])
        empty = bool(code) and not code.strip("; ")
        date = form in _DATES or bool(re.search("[dmyhs]", _QUOTED.sub("", code), re.IGNORECASE))
        styles.append(_Style(date, white or empty))
    return styles


def _is_white(colour: Any) -> bool:
    if colour is None:
        return False
    if colour.get("theme") == "0":  # the ground of the theme
        return float(colour.get("tint") or 0) > -0.05
    code = colour.get("rgb", "")[-6:]
    try:
        return len(code) == 6 and min(bytes.fromhex(code)) >= _WHITE
    except ValueError:
        return False


def _is_filled(pattern: Any) -> bool:
    """With another colour than white."""
    if pattern is None:
        return True  # a gradient
    return pattern.get("patternType", "none") != "none" and not _is_white(pattern.find(f"{_M}fgColor"))


def _beside(package: Package, part: str, name: str, scope: Scope) -> Found:
    """The comments of a sheet and the pictures on it."""
    for one in package.relations(part).values():
        if one.external:
            continue
        if one.kind == "comments":
            try:
                said = [_text(comment).strip() for comment in package.xml(one.target).iter(f"{_M}comment")]
            except BROKEN:
                continue
            if text := "\n".join(filter(None, said))[: scope.limits.characters]:
                yield Passage(f"{name} · comments", text)
        elif one.kind == "drawing":
            yield from _pictures(package, one.target, scope)


def _pictures(package: Package, drawing: str, scope: Scope) -> Found:
    return package.pictures((one for one in package.relations(drawing).values() if one.kind == "image"), scope)


def _column(place: str, following: int) -> int:
    """The number of the column of a cell, from 0; without a place it is the next."""
    number = 0
    for letter in place[:4]:
        if not ("A" <= letter <= "Z"):
            break
        number = 26 * number + ord(letter) - 64
    return number - 1 if number else following


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 12 else 0
