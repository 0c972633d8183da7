"""One file, read: its kind decides who reads it, the limits what is kept, and no library's error goes further."""

from __future__ import annotations

import importlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from resuelve.readers.formats.scope import Found, Scope
from resuelve.readers.kinds import told
from resuelve.readers.naming import clean_name, clean_place, clean_text
from resuelve.readers.port import Document, Limits, Obstacle, Passage, Unread

FORMATS = {
    **dict.fromkeys(("png", "jpeg", "webp", "gif", "bmp", "tiff"), "picture"),
    **dict.fromkeys(("csv", "xlsx"), "sheets"),
    **dict.fromkeys(("eml", "msg"), "mail"),
    "pdf": "pdf",
    "docx": "docx",
    "html": "web",
    "zip": "archive",
    "text": "text",
}
"""The module below `resuelve.readers.formats` that reads a kind. It is imported when such a file comes."""

PICTURES = frozenset(kind for kind, module in FORMATS.items() if module == "picture")
EXTRA = "resuelve[reading]"
MOST_ITEMS = 500
"""Passages and obstacles of one file; nobody looks at more."""

NO_MEMORY = ("bad_alloc", "MemoryError", "annot allocate memory", "ut of memory")
"""What libraries say when there is no memory left."""

_CARRIERS = frozenset(("zip", "eml", "msg"))
"""What carries files. A picture in a document is a part of it, and no file within a file."""

Clock = Callable[[], float]


@dataclass(slots=True)
class _Left:
    """What may still be spent on one attachment, over all that lies in it."""

    characters: int
    files: int
    expanded: int
    items: int
    until: float


def document(name: str, data: bytes, limits: Limits, clock: Clock = time.monotonic) -> Document:
    """The whole file. Nothing that it holds raises."""
    if refused := too_large(name, data, limits):
        return refused
    items = tuple(found(name, data, limits, clock))
    return Document(
        clean_name(name),
        told(data, name).kind,
        tuple(one for one in items if isinstance(one, Passage)),
        tuple(one for one in items if isinstance(one, Obstacle)),
    )


def too_large(name: str, data: bytes, limits: Limits) -> Document | None:
    """The document of a file that is not even looked at; None for all others."""
    if len(data) <= limits.bytes:
        return None
    return Document(clean_name(name), "", obstacles=(Obstacle("", Unread.TOO_LARGE, _megabytes(limits.bytes)),))


def found(name: str, data: bytes, limits: Limits, clock: Clock = time.monotonic) -> Found:
    """What the file says, piece by piece, so that what was found before something goes wrong is not lost."""
    left = _Left(limits.characters, limits.files, limits.expanded, MOST_ITEMS, clock() + limits.seconds)
    yield from _kept(_file(name, data, limits, left, depth=0, inside=""), left, limits, clock)


def _kept(raw: Found, left: _Left, limits: Limits, clock: Clock) -> Found:
    """What the limits let through, cleaned. An obstacle says where it ends."""
    nothing = True
    for one in raw:
        place = clean_place(one.place)
        left.items -= 1
        if isinstance(one, Obstacle):
            nothing = False
            yield Obstacle(place, one.reason, clean_place(one.detail))
        elif text := clean_text(one.text):
            nothing = False
            if left.characters:
                yield Passage(place, text[: left.characters])
            left.characters -= len(text)
        if left.characters < 0 or left.items <= 0:
            yield Obstacle(place, Unread.TOO_LONG, str(limits.characters if left.characters < 0 else MOST_ITEMS))
            return
        if clock() > left.until:
            yield Obstacle("", Unread.TIME, f"{limits.seconds:g} s")
            return
    if nothing:
        yield Obstacle("", Unread.NO_TEXT)


def _file(name: str, data: bytes, limits: Limits, left: _Left, *, depth: int, inside: str) -> Found:
    """A file as its format reads it; `inside` is the kind of the file that holds it."""
    what = told(data, name)
    if not what.kind:
        yield Obstacle("", what.why or Unread.UNKNOWN_KIND, what.detail)
        return
    if (depth > 1 or inside == "zip") and what.kind == "zip":
        yield Obstacle("", Unread.NESTED)
        return
    names: Counter[str] = Counter()

    def inner(inner_name: str, inner_data: bytes) -> Found:
        shown = _different(clean_name(inner_name), names)
        below = _within(inner_name, inner_data, limits, left, depth=depth, outside=what.kind)
        for one in below:
            place = f"{shown} · {one.place}" if one.place else shown
            yield replace(one, place=place)

    def picture(png: bytes) -> Found:
        yield from _read("png", png, Scope(_of(limits, left, shared=depth > 0), depth, inner, picture))

    scope = Scope(_of(limits, left, shared=depth > 0), depth, inner, picture)
    yield from _read(what.kind, data, scope)


def _within(name: str, data: bytes, limits: Limits, left: _Left, *, depth: int, outside: str) -> Found:
    """A file that lies in another, as far as files, bytes and levels go."""
    left.files -= 1
    left.expanded -= len(data)
    deeper = depth + (outside in _CARRIERS)
    if left.files < 0:
        yield Obstacle("", Unread.TOO_MANY_FILES, str(limits.files))
    elif left.expanded < 0:
        yield Obstacle("", Unread.EXPANDS, _megabytes(limits.expanded))
    elif deeper > 1 or (outside not in _CARRIERS and told(data, name).kind not in PICTURES):
        yield Obstacle("", Unread.NESTED)
    else:
        yield from _shared(_file(name, data, limits, left, depth=deeper, inside=outside), left)


def _shared(raw: Found, left: _Left) -> Found:
    """A file within a file may take half of what is left, so that a long one does not hide the next."""
    room = max(left.characters // 2, 1)
    nothing = True
    for one in raw:
        nothing = False
        if isinstance(one, Passage) and len(one.text) > room:
            yield Passage(one.place, one.text[:room])
            yield Obstacle(one.place, Unread.TOO_LONG, str(room))
            return
        room -= len(one.text) if isinstance(one, Passage) else 0
        yield one
    if nothing:
        yield Obstacle("", Unread.NO_TEXT)


def _of(limits: Limits, left: _Left, *, shared: bool) -> Limits:
    characters = max(left.characters, 0)
    return replace(
        limits,
        characters=characters // 2 if shared else characters,
        files=max(left.files, 0),
        expanded=max(left.expanded, 0),
    )


def _read(kind: str, data: bytes, scope: Scope) -> Iterator[Passage | Obstacle]:
    """The format's own reading; what goes wrong in it is an obstacle, and what came before stays."""
    try:
        module = importlib.import_module(f"resuelve.readers.formats.{FORMATS[kind]}")
        yield from module.read(data, scope)
    except Exception as error:  # noqa: BLE001 - libraries raise anything for a file that is broken on purpose
        yield _stumbled(error)


def _stumbled(error: Exception) -> Obstacle:
    """What an error of a library means. Many say that there is no memory in words only."""
    if isinstance(error, MemoryError) or any(words in str(error) for words in NO_MEMORY):
        return Obstacle("", Unread.MEMORY)
    if isinstance(error, ImportError):
        return Obstacle("", Unread.NOT_INSTALLED, EXTRA)
    return Obstacle("", Unread.DAMAGED)


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:g} MB"


def _different(name: str, names: Counter[str]) -> str:
    """The name, with a number when another file of the same name came before."""
    names[name] += 1
    return name if names[name] == 1 else f"{name} ({names[name]})"
