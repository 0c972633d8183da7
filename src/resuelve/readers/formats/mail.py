"""E-mail: the subject, the date, what was written last, what it quotes, and what is attached.

Names and addresses are not read: they are personal and tell nothing about a problem.
"""

from __future__ import annotations

import email
import email.policy
import re
import struct
from collections.abc import Iterator
from dataclasses import replace
from email.errors import MessageError
from email.message import Message
from typing import Any

from resuelve.readers.agreement import agrees
from resuelve.readers.encodings import text_in
from resuelve.readers.formats.scope import Found, Scope
from resuelve.readers.letter import Letter
from resuelve.readers.port import Obstacle, Passage, Unread

_OLE = b"\xd0\xcf\x11\xe0"
_BROKEN = (MessageError, OSError, RecursionError, ValueError, LookupError, AttributeError, TypeError, struct.error)
"""What the parser of the standard library, and that of OLE files, raise for messages that are broken enough."""

_DEEPEST, _MOST_PARTS = 20, 500
_DOT = 1024
"""Bytes up to which a picture within the text is a line, a dot or a counter of readers."""

_ENCRYPTED = ("application/pgp-encrypted", "multipart/encrypted")
_SEALS = ("application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature")
_ENDINGS = {"plain": "txt", "jpeg": "jpg", "octet-stream": "bin", "rfc822": "eml", "svg+xml": "svg"}
_QUOTED = re.compile(
    r"^\s*(?:-{2,}\s*(?:mensaje original|original message|mensaje reenviado|forwarded message)\s*-{2,}"
    r"|_{20,}"
    r"|(?:el|on) .{5,200}(?:escribió|wrote):"
    r"|(?:de|from):.{0,300}\n\s*(?:enviado|enviado el|sent|date|fecha):)",
    re.IGNORECASE | re.MULTILINE,
)


def read(data: bytes, scope: Scope) -> Found:
    """The message and then its attachments, each with its name before its places."""
    try:
        if data.startswith(_OLE):
            from resuelve.readers.outlook import letter

            found = letter(data, scope.limits.files, scope.limits.expanded)
        else:
            found = _taken_apart(data, scope.limits.files)
    except _BROKEN:
        yield Obstacle("", Unread.DAMAGED)
        return
    yield from _told(found, scope)


def _told(letter: Letter, scope: Scope) -> Found:
    room = scope.limits.characters
    head = "\n".join(filter(None, (letter.subject, letter.date)))
    body = list(_body(letter, scope))
    written = "\n".join(one.text for one in body if isinstance(one, Passage) and not one.place)
    own, quoted = _parted(written)
    first = f"{head}\n\n{own}".strip()
    for place, text in (("", first), ("quoted", quoted)):
        if text and room > 0:
            yield Passage(place, text[:room])
        room -= len(text)
    if room < 0:
        yield Obstacle("", Unread.TOO_LONG, str(scope.limits.characters))
    yield from (one for one in body if isinstance(one, Obstacle) or one.place)
    yield from letter.obstacles
    yield from _files(letter.files, scope)
    for name, within in letter.letters[: scope.limits.files]:
        yield from _letter_within(name, within, replace(scope, limits=replace(scope.limits, characters=max(room, 1))))


def _letter_within(name: str, letter: Letter, scope: Scope) -> Found:
    """A message that is no file of its own; those beyond the first level are only told."""
    if scope.depth > 0:
        yield Obstacle(name, Unread.NESTED)
        return
    below = replace(scope, depth=scope.depth + 1, inner=lambda file, _: iter([Obstacle(file, Unread.NESTED)]))
    for one in _told(letter, below):
        yield replace(one, place=f"{name} · {one.place}" if one.place else name)


def _body(letter: Letter, scope: Scope) -> Found:
    """What was written. Programs show the page and not the plain text, which may say anything else."""
    if not letter.html.strip():
        yield from [Passage("", letter.plain)] if letter.plain.strip() else []
        return
    from resuelve.readers.formats import web

    page = list(web.read(letter.html, scope))
    shown = "\n".join(one.text for one in page if isinstance(one, Passage) and not one.place)
    if not letter.plain.strip():
        yield from page
    elif not shown or agrees(letter.plain, shown):
        yield Passage("", letter.plain)
        yield from (one for one in page if isinstance(one, Passage) and one.place)
    else:
        yield from page
        yield Obstacle("text/plain", Unread.HIDDEN, str(len("".join(letter.plain.split()))))


def _parted(text: str) -> tuple[str, str]:
    """What was written now, and what was quoted of earlier messages."""
    text = text.replace("\r\n", "\n")
    found = _QUOTED.search(text)
    own, quoted = (text, "") if found is None else (text[: found.start()], text[found.start() :])
    lines = own.split("\n")
    earlier = [line.lstrip("> ") for line in lines if line.startswith(">")]
    kept = "\n".join(line for line in lines if not line.startswith(">"))
    return kept.strip(), "\n".join((*earlier, quoted)).strip()


def _files(files: list[tuple[str, bytes]], scope: Scope) -> Found:
    room = scope.limits.expanded
    for name, content in files[: scope.limits.files]:
        room -= len(content)
        if room < 0:
            yield Obstacle(name, Unread.EXPANDS)
        else:
            yield from scope.inner(name, content)
    if len(files) > scope.limits.files:
        yield Obstacle("", Unread.TOO_MANY_FILES, str(len(files)))


def _taken_apart(data: bytes, most: int) -> Letter:
    message = email.message_from_bytes(data, policy=email.policy.compat32)
    letter = Letter(_header(message, "subject"), _header(message, "date"))
    for part in _parts(message, 0):
        kind = part.get_content_type()
        if kind in _SEALS:
            continue
        if kind in _ENCRYPTED or (kind.endswith("pkcs7-mime") and "signed" not in str(part.get("content-type", ""))):
            letter.obstacles.append(Obstacle("", Unread.ENCRYPTED))
            break
        _sort_in(part, kind, letter)
        if len(letter.files) > most:
            break
    return letter


def _parts(message: Message, depth: int) -> Iterator[Message]:
    """The parts that hold something, in their order; attached messages are one each."""
    if message.get_content_type() in _ENCRYPTED or depth > _DEEPEST:
        yield message
    elif message.get_content_maintype() == "multipart" and message.is_multipart():
        for part in _within(message)[:_MOST_PARTS]:
            yield from _parts(part, depth + 1)
    else:
        yield message


def _within(message: Message) -> list[Message]:
    held: Any = message.get_payload()
    return [one for one in held if isinstance(one, Message)] if isinstance(held, list) else []


def _sort_in(part: Message, kind: str, letter: Letter) -> None:
    """A part is what was written, or a file."""
    name = _file_name(part)
    attached = str(part.get("content-disposition", "")).strip().lower().startswith("attachment") or bool(name)
    content = _content(part)
    if kind == "text/plain" and not attached:
        letter.plain += text_in(content, part.get_content_charset())
    elif kind == "text/html" and not attached:
        letter.html = letter.html or text_in(content, part.get_content_charset()).encode("utf-8", "replace")
    elif content and not (kind.startswith("image/") and part.get("content-id") and len(content) <= _DOT):
        ending = part.get_content_subtype()
        letter.files.append((name or f"part{len(letter.files) + 1}.{_ENDINGS.get(ending, ending)}", content))


def _content(part: Message) -> bytes:
    if part.is_multipart():  # an attached message, or several
        return b"\n".join(one.as_bytes() for one in _within(part))
    raw = part.get_payload(decode=True)
    return raw if isinstance(raw, bytes) else b""


def _file_name(part: Message) -> str:
    try:
        name = part.get_filename()
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""
    return _decoded_words(name) if isinstance(name, str) else ""


def _header(message: Message, name: str) -> str:
    raw = next((str(value) for key, value in message.raw_items() if key.lower() == name), "")
    return " ".join(_decoded_words(raw).split())


def _decoded_words(text: str) -> str:
    """A header with the encoded words in it as what they say."""
    from email.header import decode_header

    try:
        pieces = decode_header(text)
    except (MessageError, ValueError, LookupError, TypeError):
        return text
    read = (text_in(piece, charset) if isinstance(piece, bytes) else piece for piece, charset in pieces)
    # Bytes that no header may have are kept by the parser as halves of characters.
    return text_in("".join(read).encode("utf-8", "surrogateescape"), None)
