"""One file within its limits, whatever its format's reader does."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.readers.extract import MOST_ITEMS, document, found
from resuelve.readers.formats.scope import Found, Scope
from resuelve.readers.naming import LONGEST_NAME, LONGEST_PLACE, clean_name, clean_place, clean_text
from resuelve.readers.port import Limits, Obstacle, Passage, Unread
from tests.chaos.hostile_files import docx, packed, png, word

Install = Callable[..., None]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put readers in the place of those of these formats."""

    def put(**readers: Callable[[bytes, Scope], Found]) -> None:
        for name, read in readers.items():
            module = ModuleType(name)
            module.read = read  # type: ignore[attr-defined]
            monkeypatch.setitem(sys.modules, f"resuelve.readers.formats.{name}", module)

    return put


def saying(*texts: str) -> Callable[[bytes, Scope], Found]:
    return lambda data, scope: iter([Passage("", text) for text in texts])


def failing(error: BaseException) -> Callable[[bytes, Scope], Found]:
    def read(data: bytes, scope: Scope) -> Found:
        yield Passage("p. 1", "antes")
        raise error

    return read


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ValueError("x"), Obstacle("", Unread.DAMAGED)),
        (RecursionError(), Obstacle("", Unread.DAMAGED)),
        (MemoryError(), Obstacle("", Unread.MEMORY)),
        (RuntimeError("[ONNX] std::bad_alloc"), Obstacle("", Unread.MEMORY)),
        (ModuleNotFoundError("pypdfium2"), Obstacle("", Unread.NOT_INSTALLED, "resuelve[reading]")),
        (ImportError("libx.so: Cannot allocate memory"), Obstacle("", Unread.MEMORY)),
    ],
)
def test_an_error_of_a_library_is_an_obstacle_and_what_came_before_stays(
    install: Install, error: Exception, expected: Obstacle
) -> None:
    install(text=failing(error))
    read = document("x", b"hola", Limits())
    assert (read.passages, read.obstacles) == ((Passage("p. 1", "antes"),), (expected,))


def test_an_interruption_is_none(install: Install) -> None:
    install(text=failing(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        document("x", b"hola", Limits())


def test_characters_are_counted_over_the_whole_file(install: Install) -> None:
    install(text=saying("12345", "67890", "abcde"))
    read = document("x", b"hola", Limits(characters=8))
    assert [one.text for one in read.passages] == ["12345", "678"]
    assert read.obstacles == (Obstacle("", Unread.TOO_LONG, "8"),)


def test_exactly_as_many_characters_are_no_obstacle(install: Install) -> None:
    install(text=saying("1234", "5678"))
    assert document("x", b"hola", Limits(characters=8)).obstacles == ()


def test_nothing_is_read_beyond_what_is_kept(install: Install) -> None:
    asked = []

    def endless(data: bytes, scope: Scope) -> Iterator[Passage]:
        while True:
            asked.append(1)
            yield Passage("", "a")

    install(text=endless)
    read = document("x", b"hola", Limits())
    assert len(asked) == MOST_ITEMS == len(read.passages)
    assert [one.reason for one in read.obstacles] == [Unread.TOO_LONG]


def test_time_is_looked_at_between_two_passages(install: Install) -> None:
    install(text=saying("a", "b", "c"))
    clock = iter([0.0, 1.0, 9.0])
    items = list(found("x", b"hola", Limits(seconds=5), lambda: next(clock)))
    assert items == [Passage("", "a"), Passage("", "b"), Obstacle("", Unread.TIME, "5 s")]


def test_nothing_found_is_no_text(install: Install) -> None:
    install(text=saying())
    assert document("x", b"hola", Limits()).obstacles == (Obstacle("", Unread.NO_TEXT),)
    install(text=saying("\x00 \n"))
    assert document("x", b"hola", Limits()).obstacles == (Obstacle("", Unread.NO_TEXT),)


def inside(name: str, data: bytes) -> Callable[[bytes, Scope], Found]:
    """A format whose files hold this one."""
    return lambda _, scope: scope.inner(name, data)


def test_a_picture_in_a_document_is_a_part_of_it_wherever_that_lies(install: Install) -> None:
    install(picture=saying("visto"), docx=inside("image1.png", png(1, 1)))
    inner = docx(word("x"))
    assert document("x.docx", inner, Limits()).passages == (Passage("image1.png", "visto"),)
    read = document("x.zip", packed([("x.docx", inner)]), Limits())
    assert read.passages == (Passage("x.docx · image1.png", "visto"),)


def test_a_document_carries_pictures_only(install: Install) -> None:
    install(docx=inside("a.txt", b"hola"))
    assert document("x", docx(word("x")), Limits()).obstacles == (Obstacle("a.txt", Unread.NESTED),)


def test_a_message_in_an_archive_is_read_and_what_it_carries_is_not(install: Install) -> None:
    def mail(data: bytes, scope: Scope) -> Found:
        yield Passage("", "cuerpo")
        yield from scope.inner("a.txt", b"hola")

    install(mail=mail)
    message = b"Received: x\nFrom: a@example.com\nSubject: x\n\nhola"
    alone = document("x.eml", message, Limits())
    assert alone.passages == (Passage("", "cuerpo"), Passage("a.txt", "hola"))
    within = document("x.zip", packed([("m.eml", message)]), Limits())
    assert within.passages == (Passage("m.eml", "cuerpo"),)
    assert within.obstacles == (Obstacle("m.eml · a.txt", Unread.NESTED),)


def test_what_lies_inside_is_told_what_is_left(install: Install) -> None:
    seen: list[Limits] = []

    def look(data: bytes, scope: Scope) -> Found:
        seen.append(scope.limits)
        yield Passage("", "a" * 100)

    install(text=look)
    document("x.zip", packed([("a", b"12345"), ("b", b"123")]), Limits(characters=1000, expanded=20, files=9))
    assert [(one.files, one.expanded, one.characters) for one in seen] == [(8, 15, 500), (7, 12, 450)]


def test_one_long_file_does_not_hide_the_next(install: Install) -> None:
    install(text=saying("a" * 5000))
    read = document("x.zip", packed([("a", b"x"), ("b", b"y")]), Limits(characters=1000))
    assert [(one.place, len(one.text)) for one in read.passages] == [("a", 500), ("b", 250)]
    assert read.obstacles == (Obstacle("a", Unread.TOO_LONG, "500"), Obstacle("b", Unread.TOO_LONG, "250"))


ANY = st.text(st.characters(), max_size=400)


@given(ANY)
def test_a_clean_name_is_no_path_and_can_be_shown(name: str) -> None:
    shown = clean_name(name)
    assert shown == clean_name(shown)
    assert 0 < len(shown) <= LONGEST_NAME
    assert not set(shown) & set("/\\·\n")
    assert shown.isprintable()


@given(ANY)
def test_a_clean_place_can_be_shown(place: str) -> None:
    shown = clean_place(place)
    assert shown == clean_place(shown)
    assert len(shown) <= LONGEST_PLACE
    assert shown.isprintable()


@given(ANY)
def test_a_clean_text_keeps_its_letters_and_can_be_written(text: str) -> None:
    shown = clean_text(text)
    assert shown == clean_text(shown)
    shown.encode("utf-8")
    assert [one for one in shown if one.isalnum()] == [one for one in text if one.isalnum()]
