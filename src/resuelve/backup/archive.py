"""One tar, gzipped: the manifest first, then its files in its order. Any tar program unpacks it.

It is compressed because an index consists mostly of holes: the demo takes 107 MB in a plain tar and 0.6 MB in this.

What is read is believed in nothing. There are regular members only, in the order, with the names and of the sizes that
the manifest gives, and nothing after them; so links, devices, absolute names and `..` have no way in, and nothing grows
beyond what was announced. Everything is read and checked piece by piece in bounded memory.
"""

from __future__ import annotations

import gzip
import hashlib
import tarfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import IO, Protocol

from resuelve.backup.manifest import LARGEST_MANIFEST, NAME, Manifest, Member, parse
from resuelve.domain.errors import BackupRefused
from resuelve.domain.message import message

GZIP_MAGIC = b"\x1f\x8b"
_BLOCK = 512
_CHUNK = 2**16
_LARGEST_EXTENSION = 2**14
"""Bytes of the extended header that a long or a Spanish name needs."""

_LEVEL = 3
OTHER = "use another backup"


class Readable(Protocol):
    """What can be read in pieces."""

    def read(self, size: int = -1, /) -> bytes:
        """At most so many bytes; none at the end."""
        ...


class Writable(Protocol):
    """What can be written in pieces."""

    def write(self, data: bytes, /) -> int:
        """Write all of it."""
        ...


Opener = Callable[[Member], IO[bytes]]
Pieces = Iterator[bytes]


def write_archive(out: Writable, manifest: Manifest, opened: Opener) -> None:
    """Write the archive of these files.

    Raises:
        OSError: a file cannot be read, or the archive not be written.
    """
    with gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=out, mtime=0) as packed:  # type: ignore[call-overload]
        listing = manifest.to_bytes()
        packed.write(_header(NAME, len(listing)))
        packed.write(listing + _padding(len(listing)))
        for member in manifest.members:
            packed.write(_header(member.name, member.size))
            with opened(member) as file:
                left = member.size
                while left and (data := file.read(min(_CHUNK, left))):
                    packed.write(data)
                    left -= len(data)
            packed.write(bytes(left) + _padding(member.size))
        packed.write(bytes(2 * _BLOCK))


def read_manifest(source: Readable, where: str) -> Manifest:
    """The manifest alone, unchecked against what follows.

    Raises:
        BackupRefused: it is no backup, or damaged at its beginning.
    """
    with _reading(where):
        return _Tar(source, where).manifest()


def read_archive(source: Readable, where: str) -> Generator[tuple[Manifest, Member, Pieces]]:
    """Every member with its content, which is to be read to its end before the next one; its hash is compared then.

    Raises:
        BackupRefused: the archive is not what was written, with the reason; perhaps only after its last piece.
    """
    with _reading(where):
        tar = _Tar(source, where)
        manifest = tar.manifest()
        for member in manifest.members:
            if tar.next() != (member.name, member.size):
                raise _refused(message("{name} is not where it should be", name=member.name), where)
            yield manifest, member, _checked(tar, member, where)
        tar.require_end()


def _checked(tar: _Tar, member: Member, where: str) -> Pieces:
    digest = hashlib.sha256()
    with _reading(where):
        for data in tar.content(member.size):
            digest.update(data)
            yield data
    if digest.hexdigest() != member.sha256:
        raise _refused(message("{name} is damaged", name=member.name), where)


class _Tar:
    """Reads the members of a tar one after the other."""

    def __init__(self, source: Readable, where: str) -> None:
        self._stream = gzip.GzipFile(fileobj=source, mode="rb")  # type: ignore[call-overload]
        self._where = where

    def manifest(self) -> Manifest:
        name, size = self.next()
        if name != NAME:
            raise _refused("it is not a backup of Resuelve", self._where)
        if size > LARGEST_MANIFEST:
            raise _refused("its list of contents is too long", self._where)
        return parse(b"".join(self.content(size)), self._where)

    def next(self) -> tuple[str, int]:
        """Name and size of the next member."""
        kind, name, size = self._head()
        if kind != tarfile.XHDTYPE:
            return name, size
        if size > _LARGEST_EXTENSION:
            raise _refused("a header is too long", self._where)
        extended = _extensions(b"".join(self.content(size)))
        kind, name, size = self._head()
        if kind == tarfile.XHDTYPE:
            raise _refused("two headers follow each other", self._where)
        return extended.get("path", name), int(extended.get("size", size))

    def content(self, size: int) -> Pieces:
        left = size
        while left:
            data = self._stream.read(min(_CHUNK, left))
            if not data:
                raise EOFError
            left -= len(data)
            yield data
        if any(self._exactly(-size % _BLOCK)):
            raise _refused("there is something between two files", self._where)

    def require_end(self) -> None:
        if any(self._exactly(2 * _BLOCK)) or self._stream.read(1):
            raise _refused("something follows after its end", self._where)

    def _head(self) -> tuple[bytes, str, int]:
        block = self._exactly(_BLOCK)
        try:
            head = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
        except (tarfile.HeaderError, ValueError) as error:
            raise _refused("a header is damaged, or a file is missing", self._where) from error
        if head.type not in (tarfile.REGTYPE, tarfile.XHDTYPE):
            raise _refused(message("{name} is no regular file", name=repr(head.name[:200])), self._where)
        if head.size < 0:
            raise _refused("a header is damaged", self._where)
        return head.type, head.name, head.size

    def _exactly(self, size: int) -> bytes:
        data = self._stream.read(size)
        while len(data) < size:
            more = self._stream.read(size - len(data))
            if not more:
                raise EOFError
            data += more
        return bytes(data)


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict")


def _padding(size: int) -> bytes:
    return bytes(-size % _BLOCK)


def _extensions(data: bytes) -> dict[str, str]:
    """The records of an extended header, each ``LENGTH KEY=VALUE`` with the length of all of it. Raises ValueError."""
    found = {}
    while data:
        length = int(data[: data.index(b" ")])
        record, data = data[:length], data[length:]
        key, equals, value = record[record.index(b" ") + 1 :].decode("utf-8").partition("=")
        if not equals or not value.endswith("\n"):
            raise ValueError
        found[key] = value[:-1]
    return found


@contextmanager
def _reading(where: str) -> Iterator[None]:
    """What goes wrong while an archive is unpacked means that it is damaged."""
    try:
        yield
    except EOFError as error:
        raise _refused("it ends too early", where) from error
    except (gzip.BadGzipFile, zlib.error, ValueError, OverflowError) as error:
        raise _refused("it is damaged, or not a backup of Resuelve", where) from error


def _refused(what: str, where: str) -> BackupRefused:
    return BackupRefused(what, where=where, remedy=OTHER)
