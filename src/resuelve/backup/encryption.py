r"""An encrypted backup: the archive in pieces, each sealed, so that none can be changed, moved, left out or added.

    magic     16 bytes   RESUELVE BACKUP\n
    format     1 byte    1
    scrypt     3 bytes   log2 of N, r, p
    salt      16 bytes   random, so that no two files have the same keys
    created    8 bytes   seconds since 1970, UTC, most significant byte first
    workspace 16 bytes   which workspace it is of
    check     16 bytes   HMAC-SHA-256 of everything before it: tells a wrong passphrase from damage
    pieces               64 KiB of the archive and a tag of 16 bytes each, the last one shorter, perhaps empty

scrypt makes 64 bytes of the passphrase: a key for the pieces, one for the check. A piece is sealed by ChaCha20-Poly1305
with the header as additional data and a nonce of its number (11 bytes) and a byte that is 1 for the last piece only
(the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, "Online Authenticated-Encryption and its Nonce-Reuse
Misuse-Resistance", 2015). Memory is bounded by a piece, apart from scrypt's own 128 MiB.

What stands in the header is readable without the passphrase: old backups are found and removed without it.
"""

from __future__ import annotations

import hmac
import os
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO

from resuelve.backup.archive import OTHER, Readable
from resuelve.domain.errors import BackupError, BackupRefused
from resuelve.domain.message import message

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

MAGIC = b"RESUELVE BACKUP\n"
FORMAT = 1
SHORTEST_PASSPHRASE = 12
"""Characters."""

_LOG_N, _R, _P = 17, 8, 1
_LARGEST_LOG_N = 20
"""A header that nobody has checked yet may not ask for more than 1 GiB."""

_HEAD = struct.Struct(">16sBBBB16sQ16s")
_CHECK = 16
_PIECE = 2**16
_TAG = 16


@dataclass(frozen=True, slots=True)
class Head:
    """What stands before the pieces.

    Attributes:
        data: the bytes themselves, check included.
        log_n: of scrypt, with `salt`.
    """

    data: bytes
    log_n: int
    salt: bytes
    created: datetime
    workspace: str


class EncryptingWriter:
    """Seals what is written into it; `finish` writes the last piece, without which the file cannot be read.

    Raises:
        BackupError: the passphrase is too short, or the library is missing.
    """

    def __init__(self, out: BinaryIO, passphrase: str, *, created: datetime, workspace: str) -> None:
        if len(passphrase) < SHORTEST_PASSPHRASE:
            raise BackupError(
                message("the passphrase has fewer than {least} characters", least=SHORTEST_PASSPHRASE),
                where="RESUELVE_BACKUP_PASSPHRASE",
                remedy="take a longer one, for example five words that do not belong together",
            )
        salt = os.urandom(16)
        fields = (MAGIC, FORMAT, _LOG_N, _R, _P, salt, int(created.timestamp()), bytes.fromhex(workspace))
        head = _HEAD.pack(*fields)
        key, check_key = _keys(passphrase, salt, _LOG_N)
        self._head = head + _check(check_key, head)
        self._cipher = _cipher(key)
        self._out = out
        self._rest = bytearray()
        self._number = 0
        out.write(self._head)

    def write(self, data: bytes, /) -> int:
        self._rest += data
        while len(self._rest) > _PIECE:  # not `>=`: what may be the last piece waits for `finish`
            self._seal(bytes(self._rest[:_PIECE]), last=False)
            del self._rest[:_PIECE]
        return len(data)

    def flush(self) -> None:
        """Nothing: a piece is written when it is full."""

    def finish(self) -> None:
        """Write the last piece."""
        self._seal(bytes(self._rest), last=True)
        self._rest.clear()

    def _seal(self, piece: bytes, *, last: bool) -> None:
        self._out.write(self._cipher.encrypt(_nonce(self._number, last=last), piece, self._head))
        self._number += 1


class DecryptingReader:
    """The archive in an encrypted file.

    Raises:
        BackupRefused: the passphrase is wrong, or the file is not what was written, up to the last byte.
        BackupError: the library is missing.
    """

    def __init__(self, source: Readable, passphrase: str, where: str) -> None:
        head = read_head(source, where)
        key, check_key = _keys(passphrase, head.salt, head.log_n)
        if not hmac.compare_digest(_check(check_key, head.data[: _HEAD.size]), head.data[_HEAD.size :]):
            raise BackupRefused(
                "the passphrase is not the one that it was encrypted with, or its beginning was changed",
                where=where,
                remedy="look for the right passphrase; without it nobody can read it",
            )
        self._cipher = _cipher(key)
        self._head = head.data
        self._source = source
        self._where = where
        self._number = 0
        self._ahead = _full(source, _PIECE + _TAG)
        self._rest = b""
        self._ended = False

    def read(self, size: int = -1, /) -> bytes:
        while not self._rest and not self._ended:
            self._rest = self._opened()
        wanted = len(self._rest) if size < 0 else size
        data, self._rest = self._rest[:wanted], self._rest[wanted:]
        return data

    def _opened(self) -> bytes:
        from cryptography.exceptions import InvalidTag

        sealed, self._ahead = self._ahead, _full(self._source, _PIECE + _TAG)
        last = not self._ahead
        try:
            piece = self._cipher.decrypt(_nonce(self._number, last=last), sealed, self._head)
        except InvalidTag:
            what = "it was changed or cut short: a piece of it is not what was written"
            raise BackupRefused(what, where=self._where, remedy=OTHER) from None
        self._number += 1
        self._ended = last
        return piece


def read_head(source: Readable, where: str) -> Head:
    """The header; nothing in it is proved yet.

    Raises:
        BackupRefused: it is none, or of a newer format.
    """
    data = _full(source, _HEAD.size + _CHECK)
    if len(data) < _HEAD.size + _CHECK:
        raise BackupRefused("it ends too early", where=where, remedy=OTHER)
    magic, version, log_n, r, p, salt, created, workspace = _HEAD.unpack(data[: _HEAD.size])
    if magic != MAGIC:
        raise BackupRefused("it is not an encrypted backup of Resuelve", where=where, remedy=OTHER)
    if version > FORMAT:
        what = message(
            "it is encrypted in format {version}; this version of Resuelve reads up to {newest}",
            version=version,
            newest=FORMAT,
        )
        raise BackupRefused(what, where=where, remedy="update Resuelve")
    if version != FORMAT or log_n > _LARGEST_LOG_N or log_n < 1 or (r, p) != (_R, _P) or created >= 2**37:
        raise BackupRefused("its beginning is damaged", where=where, remedy=OTHER)
    return Head(data, log_n, salt, datetime.fromtimestamp(created, UTC), workspace.hex())


def _keys(passphrase: str, salt: bytes, log_n: int) -> tuple[bytes, bytes]:
    try:
        from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
    except ImportError as error:
        raise BackupError(
            "encrypted backups need the package cryptography",
            where="encryption",
            remedy="run `make encryption`, or install resuelve[encryption]",
        ) from error
    both = Scrypt(salt=salt, length=64, n=2**log_n, r=_R, p=_P).derive(passphrase.encode("utf-8"))
    return both[:32], both[32:]


def _cipher(key: bytes) -> ChaCha20Poly1305:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    return ChaCha20Poly1305(key)


def _check(key: bytes, head: bytes) -> bytes:
    return hmac.digest(key, head, "sha256")[:_CHECK]


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _full(source: Readable, size: int) -> bytes:
    """So many bytes, fewer only at the end."""
    data = source.read(size)
    while len(data) < size and (more := source.read(size - len(data))):
        data += more
    return data
