"""Office files: ZIP archives of XML parts, opened so that no part expands beyond what was allowed."""

from __future__ import annotations

import io
import posixpath
import struct
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lxml import etree

from resuelve.readers.formats.scope import Found, Scope
from resuelve.readers.port import Obstacle, Unread

MOST_PARTS = 10_000

BROKEN = (
    *(KeyError, ValueError, EOFError, OSError, RuntimeError, struct.error),
    *(zipfile.BadZipFile, zlib.error, etree.LxmlError),
)
"""What reading a part may raise: it is missing, damaged or no XML."""

SAFE = {
    "resolve_entities": False,
    "load_dtd": False,
    "no_network": True,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}
"""How every part is parsed: nothing in it names another file, and nothing expands."""

_DRAWN = ("emf", "wmf", "svg")
"""Endings of drawings, which are instructions to draw and no pixels."""

_LOCKED = 1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_RELATION = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"


class Refused(Exception):
    """A package that is not opened. Its argument is the reason, an `Unread`."""

    @property
    def reason(self) -> Unread:
        """Why."""
        reason: Unread = self.args[0]
        return reason


@dataclass(frozen=True, slots=True)
class Relation:
    """What a part points to.

    Attributes:
        kind: the last part of its type: ``image``, ``header``.
        target: the name of a part, or an address when `external`.
    """

    kind: str
    target: str
    external: bool


class Package:
    """The parts of an Office file.

    Raises:
        Refused: it is encrypted, or its parts would come to more than `room` bytes.
        BROKEN: it is no archive.
    """

    def __init__(self, data: bytes, room: int) -> None:
        if data.count(b"PK\x01\x02") > MOST_PARTS:
            raise Refused(Unread.EXPANDS)
        self._archive = zipfile.ZipFile(io.BytesIO(data))
        parts = self._archive.infolist()
        if any(part.flag_bits & _LOCKED for part in parts):
            raise Refused(Unread.ENCRYPTED)
        if any(part.compress_type not in _METHODS for part in parts):
            raise Refused(Unread.DAMAGED)
        # `zipfile` gives no more bytes of a part than the directory says, so that the directory may be believed here.
        if sum(part.file_size for part in parts) > room:
            raise Refused(Unread.EXPANDS)
        self.names = frozenset(part.filename for part in parts)

    def bytes(self, name: str) -> bytes:
        """A part.

        Raises:
            BROKEN: it is missing or damaged.
        """
        return self._archive.read(name)

    def xml(self, name: str, *, mend: bool = False) -> Any:
        """The root element of a part; nothing in it is expanded, fetched or validated.

        Args:
            mend: take what stands before the place at which it is broken.

        Raises:
            BROKEN: it is missing or damaged.
        """
        root = etree.fromstring(self.bytes(name), _parser(mend=mend))
        if root is None:
            raise ValueError("no element")
        return root

    def relations(self, name: str) -> dict[str, Relation]:
        """What a part points to, by the identifiers that it uses; empty when it points to nothing."""
        folder, file = posixpath.split(name)
        try:
            root = self.xml(posixpath.join(folder, "_rels", f"{file}.rels"))
        except BROKEN:
            return {}
        return {
            one.get("Id", ""): Relation(
                one.get("Type", "").rpartition("/")[2],
                posixpath.normpath(posixpath.join("/", folder, one.get("Target", ""))).lstrip("/"),
                one.get("TargetMode", "") == "External",
            )
            for one in root.iter(_RELATION)
        }

    def pictures(self, relations: Iterable[Relation], scope: Scope) -> Found:
        """What the pictures that are pointed to say, each once; those on the network are left alone."""
        names = list(dict.fromkeys(one.target for one in relations if not one.external))
        for name in names[: scope.limits.files]:
            shown = posixpath.basename(name)
            ending = posixpath.splitext(name)[1].lstrip(".").lower()
            if ending in _DRAWN:
                yield Obstacle(shown, Unread.UNKNOWN_KIND, ending)
                continue
            try:
                content = self.bytes(name)
            except BROKEN:
                yield Obstacle(shown, Unread.DAMAGED)
                continue
            yield from scope.inner(shown, content)
        if len(names) > scope.limits.files:
            yield Obstacle("", Unread.TOO_MANY_FILES, str(len(names)))


def _parser(*, mend: bool) -> etree.XMLParser:
    return etree.XMLParser(recover=mend, **SAFE)
