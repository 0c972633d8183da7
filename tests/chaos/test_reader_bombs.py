"""Files made to harm their reader: each has its reasons within the limits, and the next file is read."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec

import pytest

from resuelve.readers import Document, Limits, Passage, Unread
from resuelve.readers.extract import FORMATS
from resuelve.readers.sandbox import SandboxedReader
from tests.chaos import hostile_files as files

LIMITS = Limits(seconds=30.0, memory=1_500_000_000)
SOME = frozenset((Unread.DAMAGED, Unread.NO_TEXT))
TOO_MUCH = frozenset((Unread.EXPANDS, Unread.MEMORY, Unread.TIME))

Bomb = tuple[str, Callable[[], bytes], frozenset[Unread]]
BOMBS: dict[str, Bomb] = {
    "a member that becomes 150 MB": ("zip", files.bomb_of_one_member, frozenset((Unread.EXPANDS,))),
    "members that overlap": (
        "zip",
        files.overlapping,
        frozenset((Unread.EXPANDS, Unread.DAMAGED, Unread.TOO_MANY_FILES)),
    ),
    "sizes that lie": ("zip", files.lying_sizes, frozenset((Unread.DAMAGED, Unread.EXPANDS))),
    "300,000 members": ("zip", files.absurd_count, frozenset((Unread.TOO_MANY_FILES,))),
    "archives in archives": ("zip", files.onion, frozenset((Unread.NESTED,))),
    "a picture that claims 4,000 million pixels": (
        "png",
        lambda: files.png(65_000, 65_000, zlib.compress(b"")),
        frozenset((Unread.TOO_MANY_PIXELS,)),
    ),
    "a picture of 100 million pixels": (
        "png",
        lambda: files.blank_png(10_000, 10_000),
        frozenset((Unread.TOO_MANY_PIXELS,)),
    ),
    "a picture of one row, endlessly wide": (
        "png",
        lambda: files.png(2**31 - 1, 1, b""),
        frozenset((Unread.TOO_MANY_PIXELS, Unread.DAMAGED)),
    ),
    "a picture with a comment of 200 MB": ("png", files.text_bomb, SOME | TOO_MUCH),
    "EXIF that points to itself": (
        "jpeg",
        lambda: files.jpeg_with_exif(b"MM\0*\0\0\0\x08" + b"\xff\xff" + b"\x87\x69\0\x04\0\0\0\x01\0\0\0\x08" * 20),
        SOME | {Unread.EMPTY},
    ),
    "a Word file whose entities become 1 GB": (
        "docx",
        lambda: files.docx(files.word("&a9;", files.LAUGHS)),
        SOME | TOO_MUCH | {Unread.HIDDEN, Unread.TOO_LONG},
    ),
    "a sheet whose entities become 1 GB": (
        "xlsx",
        lambda: files.xlsx(files.sheet("&a9;", files.LAUGHS)),
        SOME | TOO_MUCH | {Unread.TOO_LONG, Unread.EMPTY},
    ),
    "a Word file that becomes 150 MB": (
        "docx",
        lambda: files.docx(files.word("a" * 150_000_000)),
        TOO_MUCH | {Unread.DAMAGED},
    ),
    "a PDF whose pages are a circle": ("pdf", lambda: files.pdf(3, parent_of_itself=True), SOME | {Unread.EMPTY}),
    "a PDF of 5,000 pages": ("pdf", lambda: files.pdf(5_000), frozenset((Unread.TOO_MANY_PAGES, Unread.NO_TEXT))),
}
"""What it claims to be, how it is made, and the reasons that may be given for it."""


@pytest.fixture(scope="module")
def reader() -> Iterator[SandboxedReader]:
    made = SandboxedReader(LIMITS)
    yield made
    made.close()


def there(kind: str) -> bool:
    """Whether there is a reader of this format."""
    return find_spec(f"resuelve.readers.formats.{FORMATS[kind]}") is not None


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_has_its_reason_and_the_next_file_is_read(reader: SandboxedReader, bomb: str) -> None:
    kind, made, allowed = BOMBS[bomb]
    data = made()
    began = time.monotonic()
    document = reader.read("adjunto", data)
    assert time.monotonic() - began < LIMITS.seconds + 20
    assert document.kind == kind
    found = {one.reason for one in document.obstacles}
    assert found
    assert found <= (allowed if there(kind) else {Unread.NOT_INSTALLED})
    assert sum(len(one.text) for one in document.passages) <= LIMITS.characters
    assert reader.read("nota.txt", b"calma") == Document("nota.txt", "text", (Passage("", "calma"),))


@pytest.mark.parametrize("kind", ["docx", "xlsx"])
def test_an_entity_brings_in_no_other_file(reader: SandboxedReader, kind: str) -> None:
    made = (
        files.docx(files.word("&a9;", files.OUTSIDE))
        if kind == "docx"
        else files.xlsx(files.sheet("&a9;", files.OUTSIDE))
    )
    document = reader.read("adjunto", made)
    assert not [one for one in document.passages if "root:" in one.text]
    assert document.kind == kind


WHOLE: dict[str, Callable[[], bytes]] = {
    "png": lambda: files.blank_png(200, 100),
    "docx": lambda: files.docx(files.word("La póliza no se guarda")),
    "xlsx": lambda: files.xlsx(files.sheet("La póliza no se guarda")),
    "pdf": lambda: files.pdf(2),
    "zip": lambda: files.packed([("a.txt", b"hola"), ("b.txt", b"adios")]),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_a_wrong_ending_changes_nothing(reader: SandboxedReader, kind: str) -> None:
    data = WHOLE[kind]()
    own, other = reader.read(f"x.{kind}", data), reader.read("x.exe", data)
    assert own.kind == other.kind == kind
    assert (own.passages, own.obstacles) == (other.passages, other.obstacles)


@pytest.mark.parametrize("kind", WHOLE)
def test_a_file_cut_anywhere_has_a_reason_or_says_what_is_left(reader: SandboxedReader, kind: str) -> None:
    data = WHOLE[kind]()
    whole = {one.text for one in reader.read("x", data).passages}
    for end in range(1, len(data), max(len(data) // 12, 1)):
        document = reader.read("x", data[:end])
        assert document.passages or document.obstacles
        allowed = set(Unread) - {Unread.TIME, Unread.MEMORY, Unread.CRASHED}
        assert {one.reason for one in document.obstacles} <= allowed
        if kind != "pdf" and document.kind == kind:
            assert all(any(one.text in text for text in whole) for one in document.passages)


def test_a_bomb_costs_no_more_than_the_limits(reader: SandboxedReader) -> None:
    small = SandboxedReader(replace(LIMITS, expanded=1_000_000, memory=200_000_000))
    try:
        document = small.read("x.zip", files.packed([(f"{n}.txt", b"palabra " * 100_000) for n in range(20)]))
        assert sum(one.reason is Unread.EXPANDS for one in document.obstacles) >= 19
    finally:
        small.close()
