"""What every reader must do: the one in the process and the one in a process of its own."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resuelve.readers import Document, Limits, Obstacle, Passage, Reader, Unread
from resuelve.readers.direct import DirectReader
from resuelve.readers.sandbox import SandboxedReader

Make = Callable[[Limits], Reader]
READERS: dict[str, Make] = {"direct": DirectReader, "sandbox": SandboxedReader}
TEXT = "Al guardar la póliza sale el error ERR-5001.\nNo deja continuar."


@pytest.fixture(params=READERS, scope="module")
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    made: dict[Limits, Reader] = {}

    def one(limits: Limits) -> Reader:
        return made.setdefault(limits, READERS[request.param](limits))

    yield one
    for reader in made.values():
        reader.close()


@pytest.fixture(scope="module")
def reader(make: Make) -> Reader:
    return make(Limits())


def archive(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP of these members."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", method) as writer:
        for name, data in members:
            writer.writestr(name, data)
    return whole.getvalue()


def reasons(document: Document) -> list[tuple[str, Unread]]:
    """What was not read, by place."""
    return [(one.place, one.reason) for one in document.obstacles]


def test_it_is_a_reader(reader: Reader) -> None:
    assert isinstance(reader, Reader)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_a_text_is_read_whole(reader: Reader, encoding: str) -> None:
    document = reader.read("nota.txt", TEXT.encode(encoding))
    assert document == Document("nota.txt", "text", (Passage("", TEXT),))


def test_what_is_found_does_not_depend_on_the_name(reader: Reader) -> None:
    assert reader.read("captura.png", TEXT.encode()).passages == (Passage("", TEXT),)
    assert reader.read("nota.txt", archive(("a.txt", TEXT.encode()))).kind == "zip"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Unread.EMPTY),
        (b" \n\t ", Unread.EMPTY),
        (bytes(range(256)) * 10, Unread.UNKNOWN_KIND),
        (b"Rar!\x1a\x07\x00" + bytes(100), Unread.UNKNOWN_KIND),
        (b"PK\x03\x04" + bytes(100), Unread.DAMAGED),
        (archive(), Unread.EMPTY),
    ],
)
def test_what_cannot_be_read_has_a_reason(reader: Reader, data: bytes, reason: Unread) -> None:
    document = reader.read("x", data)
    assert (document.passages, reasons(document)) == ((), [("", reason)])


def test_a_file_that_is_too_large_is_not_looked_at(make: Make) -> None:
    small = make(Limits(bytes=1_000_000))
    assert small.read("x.txt", b"a" * 1_000_000).kind == "text"
    document = small.read("x.txt", b"a" * 1_000_001)
    assert document == Document("x.txt", "", obstacles=(Obstacle("", Unread.TOO_LARGE, "1 MB"),))


def test_members_of_an_archive_say_where_they_stand(reader: Reader) -> None:
    data = archive(("a/b.txt", b"uno"), ("../../b.txt", b"dos"), ("carpeta/", b""), ("x.bin", bytes(range(256))))
    document = reader.read("todo.zip", data)
    assert document.passages == (Passage("b.txt", "uno"), Passage("b.txt (2)", "dos"))
    assert reasons(document) == [("x.bin", Unread.UNKNOWN_KIND)]


def test_an_archive_in_an_archive_is_not_read(reader: Reader) -> None:
    document = reader.read("x.zip", archive(("y.zip", archive(("z.txt", b"z"))), ("a.txt", b"a")))
    assert (document.passages, reasons(document)) == ((Passage("a.txt", "a"),), [("y.zip", Unread.NESTED)])


def test_the_text_of_a_file_is_limited(make: Make) -> None:
    document = make(Limits(characters=10)).read("x.zip", archive(("a", b"12345678"), ("b", b"12345678")))
    assert sum(len(one.text) for one in document.passages) <= 10
    assert {one.reason for one in document.obstacles} == {Unread.TOO_LONG}
    assert document.passages


def test_the_number_of_files_is_limited(make: Make) -> None:
    document = make(Limits(files=2)).read("x.zip", archive(*((f"{n}.txt", b"a") for n in range(5))))
    assert [one.place for one in document.passages] == ["0.txt", "1.txt"]
    assert document.obstacles == (Obstacle("", Unread.TOO_MANY_FILES, "2"),)


def test_what_members_become_is_limited_together(make: Make) -> None:
    members = [(f"{n}.txt", b"a " * 400_000) for n in range(3)] + [("last.txt", b"z")]
    document = make(Limits(expanded=2_000_000)).read("x.zip", archive(*members))
    assert ("2.txt", Unread.EXPANDS) in reasons(document)
    assert Passage("last.txt", "z") in document.passages


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ana\\captura.png", "captura.png"),
        ("gnp.\u202eexe", "gnp.exe"),
        ("a\x00b\x1b[31m.txt", "ab[31m.txt"),
        ("a · OCR.txt", "a - OCR.txt"),
        ("", "?"),
        ("\udcff.txt", ".txt"),
    ],
)
def test_names_are_only_shown(reader: Reader, given_name: str, shown: str) -> None:
    assert reader.read(given_name, b"hola").name == shown


def test_what_was_read_of_a_damaged_archive_stays(reader: Reader) -> None:
    data = bytearray(archive(("a.txt", b"uno"), ("b.txt", b"second member"), ("c.txt", b"tres"), method=0))
    at = data.index(b"second member")
    data[at] ^= 1  # its checksum is wrong now
    document = reader.read("x.zip", bytes(data))
    assert [one.place for one in document.passages] == ["a.txt", "c.txt"]
    assert reasons(document) == [("b.txt", Unread.DAMAGED)]


def test_an_encrypted_member_is_told(reader: Reader) -> None:
    data = bytearray(archive(("secreto.txt", b"x"), ("b.txt", b"b")))
    directory = data.index(b"PK\x01\x02")
    data[6] |= 1
    data[directory + 8] |= 1
    document = reader.read("x.zip", bytes(data))
    assert (document.passages, reasons(document)) == ((Passage("b.txt", "b"),), [("secreto.txt", Unread.ENCRYPTED)])


def test_it_can_be_used_from_several_threads(reader: Reader) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: reader.read(f"{n}.txt", f"texto {n}".encode()), range(40)))
    assert [one.passages[0].text for one in found] == [f"texto {n}" for n in range(40)]


def test_it_can_be_used_again_after_it_was_closed(make: Make) -> None:
    reader = make(Limits(pages=7))
    for _ in range(2):
        assert reader.read("a.txt", b"hola").passages == (Passage("", "hola"),)
        reader.close()


START = [b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", archive(("a.txt", b"hola"))]


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(START), st.binary(max_size=400), st.text(max_size=30))
def test_nothing_that_a_file_holds_raises(reader: Reader, start: bytes, rest: bytes, name: str) -> None:
    document = reader.read(name, start + rest)
    assert document == DirectReader().read(name, start + rest)
    assert document.passages or document.obstacles
    places = [one.place for one in document.passages] + [one.place for one in document.obstacles]
    for text in (document.name, *places):
        assert text.isprintable()
        assert len(text) <= 300
