"""ZIP archives: what is not even expanded, and what headers cannot hide."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.readers.containers import MOST_ENTRIES, zip_names
from resuelve.readers.formats import archive
from resuelve.readers.formats.scope import Scope
from resuelve.readers.port import Limits, Obstacle, Passage, Unread
from tests.chaos.hostile_files import absurd_count, lying_sizes, packed


def read(data: bytes, limits: Limits | None = None) -> list[Passage | Obstacle]:
    """What is found, with a reader of members that says how many bytes they have."""

    def inner(name: str, content: bytes) -> Iterator[Passage | Obstacle]:
        yield Passage(name, str(len(content)))

    return list(archive.read(data, Scope(limits or Limits(), 0, inner, lambda _: iter(()))))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_method_that_cannot_be_stopped_is_not_begun(method: int) -> None:
    assert read(packed([("a.txt", b"a")], method)) == [Obstacle("a.txt", Unread.UNKNOWN_KIND, f"ZIP {method}")]


def test_what_systems_put_in_is_passed_over() -> None:
    data = packed([("__MACOSX/._a.txt", b"x"), ("b/.DS_Store", b"x"), ("Thumbs.db", b"x"), ("a.txt", b"hola")])
    assert read(data) == [Passage("a.txt", "4")]
    assert read(packed([("Thumbs.db", b"x")])) == [Obstacle("", Unread.EMPTY)]


def test_a_log_that_repeats_itself_is_no_bomb() -> None:
    log = b"".join(b"2026-01-01 10:00:%02d INFO peticion %d atendida\n" % (n % 60, n) for n in range(200_000))
    assert read(packed([("a.log", log)])) == [Passage("a.log", str(len(log)))]


def test_a_member_that_grows_like_a_bomb_is_stopped_within_the_limits() -> None:
    data = packed([("a", bytes(20_000_000)), ("b", b"b")])
    assert read(data) == [Obstacle("a", Unread.EXPANDS), Passage("b", "1")]


def test_no_header_is_believed() -> None:
    assert read(lying_sizes()) == [Obstacle("a.txt", Unread.DAMAGED)]
    assert read(absurd_count()) == [Obstacle("", Unread.TOO_MANY_FILES, "50")]


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1), max_size=9),
    st.binary(max_size=20),
)
def test_the_directory_is_read_as_python_reads_it(names: list[str], before: bytes) -> None:
    names = list(dict.fromkeys(names))
    data = packed([(name, b"x") for name in names])
    for whole in (data, before + data):
        assert zip_names(whole, MOST_ENTRIES) == tuple(names)


@given(st.binary(max_size=200), st.integers(0, 200))
def test_any_directory_comes_to_an_end(rest: bytes, cut: int) -> None:
    zip_names(b"PK\x01\x02" + rest + b"PK\x05\x06" + rest, 10)
    zip_names(packed([("a", b"a"), ("b", b"b")])[:cut], 10)
