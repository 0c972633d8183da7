"""Office files for tests: made by well-known libraries, taken apart and changed where those would refuse."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping


def parts(data: bytes) -> dict[str, bytes]:
    """The parts of an Office file."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(content: Mapping[str, bytes]) -> bytes:
    """Parts as an Office file."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return written.getvalue()


def replaced(data: bytes, name: str, old: bytes, new: bytes) -> bytes:
    """The file with one part changed."""
    content = parts(data)
    assert old in content[name], f"{old!r} is not in {name}"
    content[name] = content[name].replace(old, new)
    return packed(content)


def liar(data: bytes, name: str, claimed: int) -> bytes:
    """The file with a directory that claims another size for a part than it has."""
    changed = bytearray(data)
    at = changed.find(b"PK\x01\x02")
    while at >= 0:
        length = struct.unpack_from("<H", changed, at + 28)[0]
        if changed[at + 46 : at + 46 + length] == name.encode():
            struct.pack_into("<I", changed, at + 24, claimed)
        at = changed.find(b"PK\x01\x02", at + 4)
    return bytes(changed)


LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (n + 1, b"&l%d;" % n * 10) for n in range(9))
DOCTYPE = b'<!DOCTYPE x [<!ENTITY l0 "lol"><!ENTITY secret SYSTEM "file:///etc/hostname">' + LAUGHS + b"]>"


def png(width: int = 8, height: int = 8) -> bytes:
    """A grey picture."""
    rows = b"".join(b"\0" + bytes(width) for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
