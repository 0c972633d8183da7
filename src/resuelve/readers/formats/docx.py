"""Word: what a person reads in the document, its headers, notes and comments; and the pictures in it.

The parts are read as XML and nothing is run: no macro, no field, no linked file. Text that cannot be seen is left out:
marked as hidden, in the colour of its ground, too small to be read.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from resuelve.readers.formats.scope import Found, Scope
from resuelve.readers.office.package import BROKEN, Package, Refused, Relation
from resuelve.readers.office.word_looks import (
    DEFAULT,
    UNKNOWN,
    WordLook,
    described_look,
    ground_of,
    number_of,
    styles_of,
    value_of,
)
from resuelve.readers.port import Obstacle, Passage, Unread

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_V = "{urn:schemas-microsoft-com:vml}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_WP = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
_WPS = "{http://schemas.microsoft.com/office/word/2010/wordprocessingShape}"

_ICON = 300_000 * 300_000
"""Square EMU (360,000 a centimetre) below which a picture says nothing."""

_ASIDE = ("header", "footer", "footnotes", "endnotes", "comments")
_SKIPPED = frozenset(f"{_W}{name}" for name in "del moveFrom instrText delText pPr rPr tblPr trPr tcPr sectPr".split())
_SIGNS = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-", f"{_W}softHyphen": ""}


class _Full(Exception):
    """There is no room for more text."""


@dataclass(slots=True)
class _Part:
    """The text of one part while it is read."""

    styles: dict[str, WordLook]
    room: int
    """Characters for which there is room."""

    lines: list[str] = field(default_factory=list)
    unseen: int = 0
    pictures: dict[str, None] = field(default_factory=dict)
    """The identifiers of its pictures, in their order."""

    nested: int = 0
    full: bool = False

    def add(self, line: str) -> None:
        """A line of text.

        Raises:
            _Full: it was cut.
        """
        line = line.strip()
        if not line:
            return
        self.lines.append(line[: self.room])
        self.room -= len(line)
        if self.room < 0:
            raise _Full


def read(data: bytes, scope: Scope) -> Found:
    """The document's text, its pictures, then what stands aside of it."""
    try:
        package = Package(data, scope.limits.expanded)
    except Refused as refused:
        yield Obstacle("", refused.reason)
        return
    except BROKEN:
        yield Obstacle("", Unread.DAMAGED)
        return
    roots = (one.target for one in package.relations("").values() if one.kind == "officeDocument")
    main = next(roots, "word/document.xml")
    relations = package.relations(main)
    styles = styles_of(package, relations)
    room = scope.limits.characters
    for name, place in ((main, ""), *_aside(package, relations)):
        part = _Part(styles, room)
        yield from _read_part(package, name, place, part)
        if name == main:
            yield from _pictures(package, part, relations, scope)
        if part.full:
            yield Obstacle(place, Unread.TOO_LONG, str(scope.limits.characters))
            return
        room = part.room


def _read_part(package: Package, name: str, place: str, part: _Part) -> Found:
    """One part; of a broken one what stands before the break."""
    broken = False
    try:
        try:
            root = package.xml(name)
        except etree.XMLSyntaxError:
            broken = True
            root = package.xml(name, mend=True)
        _blocks(root, part.styles.get(DEFAULT, WordLook()), part)
    except _Full:
        part.full = True
    except BROKEN:
        broken = True
    if part.lines:
        yield Passage(place, "\n".join(part.lines))
    if part.unseen:
        yield Obstacle(place, Unread.HIDDEN, str(part.unseen))
    if part.nested:
        yield Obstacle(place, Unread.NESTED, str(part.nested))
    if broken:
        yield Obstacle(place, Unread.DAMAGED)


def _aside(package: Package, relations: dict[str, Relation]) -> Iterator[tuple[str, str]]:
    """Headers, footers, notes and comments, each with its place."""
    for kind in _ASIDE:
        targets = [one.target for one in relations.values() if one.kind == kind and not one.external]
        for target in dict.fromkeys(target for target in targets if target in package.names):
            yield target, posixpath.splitext(posixpath.basename(target))[0]


def _pictures(package: Package, part: _Part, relations: dict[str, Relation], scope: Scope) -> Found:
    """The pictures of the document itself; those of headers are letter paper."""
    return package.pictures((relations[one] for one in part.pictures if one in relations), scope)


def _blocks(around: Any, look: WordLook, part: _Part) -> None:
    """Paragraphs and tables in their order, however deep they lie."""
    for one in _children(around):
        if one.tag == f"{_W}p":
            _paragraph(one, look, part)
        elif one.tag == f"{_W}tbl":
            _table(one, look, part)
        elif one.tag == f"{_W}altChunk":
            part.nested += 1
        else:
            _blocks(one, look, part)


def _children(around: Any) -> Iterator[Any]:
    """The elements within; of alternatives the first, and nothing that was deleted or only describes."""
    for one in around:
        if one.tag == f"{_MC}AlternateContent":
            chosen = next(iter(one), None)
            if chosen is not None:
                yield from _children(chosen)
        elif isinstance(one.tag, str) and one.tag not in _SKIPPED:
            yield one


def _paragraph(paragraph: Any, look: WordLook, part: _Part) -> None:
    described = paragraph.find(f"{_W}pPr")
    if described is not None:
        style = part.styles.get(value_of(described, "pStyle"), WordLook())
        look = WordLook(ground=ground_of(described)).over(style).over(look)
    pieces: list[str] = []
    boxes: list[tuple[Any, WordLook]] = []
    _runs(paragraph, look, part, pieces, boxes)
    part.add("".join(pieces))
    for box, box_look in boxes:
        _blocks(box, box_look, part)


def _runs(around: Any, look: WordLook, part: _Part, pieces: list[str], boxes: list[tuple[Any, WordLook]]) -> None:
    for one in _children(around):
        if one.tag == f"{_W}r":
            described = one.find(f"{_W}rPr")
            seen = look if described is None else described_look(described, part.styles).over(look)
            _runs(one, seen, part, pieces, boxes)
        elif one.tag == f"{_W}t":
            text = one.text or ""
            if look.unseen:
                part.unseen += len("".join(text.split()))
            else:
                pieces.append(text)
        elif one.tag in _SIGNS:
            pieces.append(_SIGNS[one.tag])
        elif one.tag in (f"{_W}drawing", f"{_W}pict", f"{_W}object"):
            _drawing(one, part, boxes)
        else:
            _runs(one, look, part, pieces, boxes)


def _drawing(around: Any, part: _Part, boxes: list[tuple[Any, WordLook]]) -> None:
    """Pictures, text boxes and embedded files of a drawing that is shown."""
    extent, named = around.find(f".//{_WP}extent"), around.find(f".//{_WP}docPr")
    if named is not None and named.get("hidden") in ("1", "true"):
        return
    small = extent is not None and number_of(extent.get("cx")) * number_of(extent.get("cy")) < _ICON
    pictures: list[str] = []
    _shapes(around, part, pictures, boxes, None)
    if not small:
        part.pictures.update(dict.fromkeys(pictures))


def _shapes(
    around: Any, part: _Part, pictures: list[str], boxes: list[tuple[Any, WordLook]], ground: str | None
) -> None:
    for one in _children(around):
        if one.tag == f"{_W}txbxContent":
            boxes.append((one, WordLook(ground=ground).over(part.styles.get(DEFAULT, WordLook()))))
            continue
        identifier = one.get(f"{_R}embed") if one.tag == f"{_A}blip" else None
        identifier = one.get(f"{_R}id") if one.tag == f"{_V}imagedata" else identifier
        if identifier:
            pictures.append(identifier)
        part.nested += one.tag.endswith("}OLEObject")
        _shapes(one, part, pictures, boxes, _filled(one) or ground)


def _filled(shape: Any) -> str | None:
    """The colour in which a shape is filled; `UNKNOWN` when it is filled in another way, None when it is not."""
    properties = shape.find(f"{_WPS}spPr") if shape.tag == f"{_WPS}wsp" else None
    if properties is not None:
        if properties.find(f"{_A}noFill") is not None:
            return None
        plain = properties.find(f"{_A}solidFill/{_A}srgbClr")
        other = any(properties.find(f"{_A}{kind}Fill") is not None for kind in ("solid", "grad", "blip", "patt"))
        other = other or shape.find(f"{_WPS}style") is not None
        return plain.get("val") if plain is not None else UNKNOWN if other else None
    colour = shape.get("fillcolor") if shape.tag.startswith(_V) else None
    return None if colour is None else colour.lstrip("#").split(" ")[0]


def _table(table: Any, look: WordLook, part: _Part) -> None:
    """A line a row, its cells parted by bars."""
    described = table.find(f"{_W}tblPr")
    style = part.styles.get(value_of(described, "tblStyle"), WordLook()) if described is not None else WordLook()
    look = WordLook(ground=style.ground).over(look)
    for row in _children(table):
        if row.tag != f"{_W}tr":
            _blocks(row, look, part)
            continue
        cells = [_cell(cell, look, part) for cell in _cells(row)]
        while cells and not cells[-1]:
            cells.pop()
        part.add(" | ".join(cells))


def _cells(row: Any) -> Iterator[Any]:
    """The cells of a row, those within content controls too."""
    for one in _children(row):
        if one.tag == f"{_W}tc":
            yield one
        else:
            yield from _cells(one)


def _cell(cell: Any, look: WordLook, part: _Part) -> str:
    described = cell.find(f"{_W}tcPr")
    look = look if described is None else WordLook(ground=ground_of(described)).over(look)
    lines, part.lines, room = part.lines, [], part.room
    try:
        _blocks(cell, look, part)
        text = " ".join(part.lines)
        part.room = room  # the row counts it
    except _Full:
        lines += part.lines
        raise
    finally:
        part.lines = lines
    return text
