"""ZIP archives: members one after the other, in memory only, and never more than the limits say."""

from __future__ import annotations

import io
import zipfile
import zlib

from resuelve.readers.containers import MOST_ENTRIES, zip_names
from resuelve.readers.formats.scope import Found, Scope
from resuelve.readers.naming import clean_name
from resuelve.readers.port import Obstacle, Unread

_PIECE = 65_536
_STEEPEST, _STEEP_FROM = 400, 4_000_000
"""How many bytes one byte may become, once a member has become so many. Logs reach some hundred, bombs a thousand."""

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_SYSTEM = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
"""What systems put into archives by themselves."""


class _Expands(Exception):
    """A member becomes too large."""


def read(data: bytes, scope: Scope) -> Found:
    """What the members say, in the order of the directory; each within the limits that those before have left."""
    names = zip_names(data, MOST_ENTRIES)
    if names is not None and len(names) > MOST_ENTRIES:
        yield Obstacle("", Unread.TOO_MANY_FILES, str(scope.limits.files))
        return
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [one for one in archive.infolist() if not one.is_dir() and not _of_a_system(one.filename)]
        if not members:
            yield Obstacle("", Unread.EMPTY)
        room = scope.limits.expanded
        for member in members[: scope.limits.files]:
            name = clean_name(member.filename)
            if refused := _refused(member, name):
                yield refused
                continue
            try:
                content = _expanded(archive, member, room)
            except _Expands:
                yield Obstacle(name, Unread.EXPANDS)
                continue
            except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError):
                yield Obstacle(name, Unread.DAMAGED)
                continue
            room -= len(content)
            yield from scope.inner(member.filename, content)
        if len(members) > scope.limits.files:
            yield Obstacle("", Unread.TOO_MANY_FILES, str(len(members)))


def _of_a_system(name: str) -> bool:
    return name.startswith(_SYSTEM[0]) or clean_name(name) in _SYSTEM


def _refused(member: zipfile.ZipInfo, name: str) -> Obstacle | None:
    if member.flag_bits & _ENCRYPTED:
        return Obstacle(name, Unread.ENCRYPTED)
    if member.compress_type not in _METHODS:  # the others give no way to stop within one piece
        return Obstacle(name, Unread.UNKNOWN_KIND, f"ZIP {member.compress_type}")
    return None


def _expanded(archive: zipfile.ZipFile, member: zipfile.ZipInfo, room: int) -> bytes:
    """The member's bytes, counted while they come: what its header says of their number proves nothing."""
    pieces, size = [], 0
    with archive.open(member) as stream:
        while piece := stream.read(_PIECE):
            size += len(piece)
            if size > room or (size > _STEEP_FROM and size > _STEEPEST * max(member.compress_size, 1)):
                raise _Expands
            pieces.append(piece)
    return b"".join(pieces)
