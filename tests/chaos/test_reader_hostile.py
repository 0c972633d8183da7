"""Readers that hang, eat memory, crash, lie, reach for the world: each file has its reason, and the next is read."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from resuelve.domain.errors import ReaderUnavailable
from resuelve.readers import Document, Limits, Obstacle, Passage, Unread
from resuelve.readers.process import frames
from resuelve.readers.process.child import PROGRAM
from resuelve.readers.sandbox import SandboxedReader

HERE = Path(__file__).parent
HOSTILE = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); "
    f"sys.path.append({str(HERE)!r}); import hostile_formats; hostile_formats.main()"
)
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits this")
LIMITS = Limits(seconds=3.0, memory=300_000_000, characters=5_000)


@pytest.fixture(scope="module")
def reader() -> Iterator[SandboxedReader]:
    made = SandboxedReader(LIMITS, program=HOSTILE)
    yield made
    made.close()


def told(reader: SandboxedReader, order: str) -> Document:
    """What came of the order; the next file must be read as if nothing had been."""
    document = reader.read("orden.txt", order.encode())
    after = reader.read("siguiente.txt", b"calma")
    assert after == Document("siguiente.txt", "text", (Passage("", "begin calma"),))
    return document


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ("hang", Unread.TIME),
        pytest.param("eat", Unread.MEMORY, marks=LINUX),
        pytest.param("eat-native", Unread.MEMORY, marks=LINUX),
        ("crash", Unread.CRASHED),
        ("leave", Unread.CRASHED),
        ("recurse", Unread.DAMAGED),
        ("raise", Unread.DAMAGED),
        ("flood", Unread.TOO_LONG),
        ("garbage", Unread.CRASHED),
        ("endless", Unread.CRASHED),
        ("foreign", Unread.CRASHED),
        ("deep", Unread.CRASHED),
        ("twice", Unread.CRASHED),
    ],
)
def test_what_was_found_before_stays_and_the_rest_has_its_reason(
    reader: SandboxedReader, order: str, reason: Unread
) -> None:
    document = told(reader, order)
    assert document.kind == "text"
    assert document.passages[0] == Passage("", f"begin {order}")
    assert [one.reason for one in document.obstacles] == [reason]
    assert sum(len(one.text) for one in document.passages) <= LIMITS.characters


def test_time_is_told_with_the_limit(reader: SandboxedReader) -> None:
    began = time.monotonic()
    assert told(reader, "hang").obstacles == (Obstacle("", Unread.TIME, "3 s"),)
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("order", ["socket", "address", "program", "fork"])
def test_network_and_processes_are_refused_everywhere(reader: SandboxedReader, order: str) -> None:
    assert told(reader, order).passages[-1] == Passage("", "refused: Forbidden")


@pytest.mark.parametrize("order", ["native-socket", "native-program"])
def test_they_are_refused_to_libraries_too(reader: SandboxedReader, order: str) -> None:
    if "calls" not in reader.holds():
        pytest.skip("this system filters no calls")
    assert told(reader, order).passages[-1].text.startswith("refused: ")


def test_no_file_is_written_or_removed(reader: SandboxedReader, tmp_path: Path) -> None:
    there = tmp_path / "there.txt"
    there.write_text("content", encoding="ascii")
    for order in (f"write {tmp_path / 'new.txt'}", f"write {there}", f"delete {there}"):
        assert told(reader, order).passages[-1].text.startswith("refused: ")
    assert [path.name for path in tmp_path.iterdir()] == ["there.txt"]
    assert there.read_text(encoding="ascii") == "content"


def test_no_other_process_is_reached(reader: SandboxedReader) -> None:
    assert told(reader, f"kill {os.getpid()}").passages[-1].text.startswith("refused: ")


def test_no_file_is_read_but_those_of_python(reader: SandboxedReader, tmp_path: Path) -> None:
    if "folders" not in reader.holds():
        pytest.skip("this system does not limit which files are read")
    (tmp_path / ".env").write_text("OPENAI_API_KEY=secret", encoding="ascii")
    for path in (tmp_path / ".env", f"/proc/{os.getpid()}/environ", "/etc/passwd"):
        assert told(reader, f"look {path}").passages[-1] == Passage("", "refused: PermissionError")


def test_no_secret_of_ours_is_in_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    monkeypatch.setenv("RESUELVE_WORKSPACE", "somewhere")
    own = SandboxedReader(LIMITS, program=HOSTILE)
    try:
        assert told(own, "environment").passages[-1] == Passage("", "done: []")
    finally:
        own.close()


def test_what_a_library_prints_is_no_answer(reader: SandboxedReader) -> None:
    assert [one.text for one in told(reader, "print").passages] == ["begin print", "true words"]


def test_what_is_said_ahead_is_no_answer_to_the_next_file(reader: SandboxedReader) -> None:
    assert [one.text for one in told(reader, "ahead").passages] == ["begin ahead"]


def test_a_process_that_was_killed_between_two_files_is_replaced(reader: SandboxedReader) -> None:
    reader.read("a.txt", b"a")
    child = reader._idle.get()
    assert child is not None
    reader._idle.put(child)
    child._process.kill()
    child._process.wait()
    assert reader.read("b.txt", b"b").passages == (Passage("", "begin b"),)


def test_a_hanging_file_holds_up_no_other_thread() -> None:
    two = SandboxedReader(LIMITS, children=2, program=HOSTILE)
    found: list[Document] = []
    hanging = threading.Thread(target=lambda: found.append(two.read("h.txt", b"hang")))
    try:
        hanging.start()
        assert two.read("a.txt", b"a").passages == (Passage("", "begin a"),)
        assert not found
        hanging.join(30)
        assert [one.reason for one in found[0].obstacles] == [Unread.TIME]
    finally:
        two.close()


def test_closing_leaves_no_process() -> None:
    one = SandboxedReader(LIMITS)
    one.read("a.txt", b"a")
    child = one._idle.get()
    one._idle.put(child)
    assert child is not None
    one.close()
    assert child._process.returncode is not None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_after_a_fork_each_has_a_process_of_its_own() -> None:
    own = SandboxedReader(LIMITS)
    own.read("a.txt", b"a")
    process = os.fork()
    if process == 0:
        document = own.read("b.txt", b"b")
        own.close()
        os._exit(0 if document.passages == (Passage("", "b"),) else 1)
    try:
        assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
        assert own.read("c.txt", b"c").passages == (Passage("", "c"),)
    finally:
        own.close()


def test_a_process_that_does_not_start_is_an_error() -> None:
    broken = SandboxedReader(LIMITS, program="import sys; sys.exit('no module')")
    with pytest.raises(ReaderUnavailable, match="no module"):
        broken.read("a.txt", b"a")
    with pytest.raises(ReaderUnavailable):
        broken.holds()
    broken.close()


@LINUX
def test_what_a_process_that_is_left_alone_may_compute_is_limited() -> None:
    """Its parent measures the time; one whose parent was killed ends by itself."""
    program = f"import os; os.cpu_count = lambda: 1; {HOSTILE}"
    own = SandboxedReader(replace(LIMITS, seconds=1.0), program=program)
    try:
        own.read("a.txt", b"a")
        child = own._idle.get()
        assert child is not None
        assert child._process.stdin is not None
        os.write(child._process.stdin.fileno(), frames.request("a.txt", b"hang"))
        assert child._process.wait(60) == -signal.SIGXCPU
        own._idle.put(child)
    finally:
        own.close()


@LINUX
def test_the_real_process_gives_up_what_it_can() -> None:
    own = SandboxedReader(program=PROGRAM)
    try:
        assert {"memory", "cpu", "files", "privileges", "python"} <= set(own.holds())
    finally:
        own.close()
