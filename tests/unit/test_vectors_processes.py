"""Several processes on one index: they search at the same time, one rebuilds, one is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from resuelve.vectors import Entry, IndexIdentity
from resuelve.vectors.edge import EdgeStore
from tests.unit.test_vectors_edge import DIMENSION, entries, openings

PROGRAM = """
import sys
from pathlib import Path
import numpy as np
from resuelve.vectors import Entry, IndexIdentity
from resuelve.vectors.edge import EdgeStore

store = EdgeStore(Path(sys.argv[1]))
query = np.eye(16, dtype=np.float32)[0]
index = store.open()
for line in sys.stdin:
    command = line.strip()
    if command == "reopen":
        index.close()
        index = store.open()
    elif command == "search":
        for _ in range(50):
            hits = index.search(query, "recibo", 5)
    elif command == "end":
        break
    hits = index.search(query, "recibo", 5)
    print(index.identity.dictionary, len(hits), hits[0].entry_id, flush=True)
"""
"""Opens the index and answers every line; when it ends, it ends without closing."""


class Searcher:
    """A process that searches when it is told to."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def tell(self, command: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def answer(self) -> list[str]:
        assert self.process.stdout is not None
        return self.process.stdout.readline().split()

    def ask(self, command: str) -> list[str]:
        self.tell(command)
        return self.answer()

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "vectors"


def build(folder: Path, dictionary: str) -> None:
    EdgeStore(folder).build(IndexIdentity("e", DIMENSION, dictionary, 60, "2026-11-22"), _entries(dictionary))


def _entries(dictionary: str) -> list[Entry]:
    return entries(60) if dictionary == "first" else entries(60)[::-1]


@pytest.fixture
def searchers(folder: Path) -> Iterator[list[Searcher]]:
    build(folder, "first")
    with ExitStack() as stack:
        made = [Searcher(folder) for _ in range(3)]
        for searcher in made:
            stack.callback(searcher.end)
        yield made


def test_three_search_while_a_fourth_rebuilds(folder: Path, searchers: list[Searcher]) -> None:
    answers = [searcher.ask("search") for searcher in searchers]
    assert len(openings(folder)) == 6  # a folder and a lock each
    assert {tuple(answer[:2]) for answer in answers} == {("first", "5")}
    for number in range(3):
        for searcher in searchers:
            searcher.tell("search")
        build(folder, f"build{number}")
        assert [searcher.answer() for searcher in searchers] == answers
    assert {tuple(searcher.ask("reopen")[:2]) for searcher in searchers} == {("build2", "5")}
    assert len(openings(folder)) == 6
    for searcher in searchers:
        searcher.tell("end")
        assert searcher.process.wait(30) == 0
    assert openings(folder) == []  # also without a call of close


def test_all_open_at_the_same_moment_as_generations_change(folder: Path, searchers: list[Searcher]) -> None:
    for number in range(6):
        for searcher in searchers:
            searcher.tell("reopen")
        build(folder, f"build{number}")
        for searcher in searchers:
            assert searcher.answer()[0] in {"first", *(f"build{n}" for n in range(number + 1))}
    assert {searcher.ask("reopen")[0] for searcher in searchers} == {"build5"}


def test_what_a_killed_process_leaves_is_removed_by_the_next_opener(folder: Path, searchers: list[Searcher]) -> None:
    answers = [searcher.ask("search") for searcher in searchers]
    dead, *alive = searchers
    dead.process.send_signal(signal.SIGKILL)
    dead.process.wait(30)
    assert len(openings(folder)) == 6
    index = EdgeStore(folder).open()
    assert len(openings(folder)) == 6  # the dead one's are gone, ours have come
    index.close()
    assert len(openings(folder)) == 4
    assert [searcher.ask("search") for searcher in alive] == answers[1:]


@pytest.mark.parametrize("rewrite_limit", [0, 1_000], ids=["amended", "rewritten"])
def test_an_updater_that_is_killed_at_any_moment_leaves_the_current_index(folder: Path, rewrite_limit: int) -> None:
    """Killed before every step that changes the disk: what is current is the old index, whole, or the new one."""
    build(folder, "first")
    program = """
import os, signal, sys
from pathlib import Path
from resuelve import durable
from resuelve.vectors import edge, writer, IndexIdentity
from tests.unit.test_vectors_edge import DIMENSION, entries

steps = [(edge, "bring"), (writer, "_insert"), (writer, "_check_count"), (edge, "update_shard"), (edge, "write_shard"),
         (edge, "write_ids"), (durable, "staged"), (durable, "publish"), (durable, "sync_folder"), (edge, "sweep")]

def update(alive):
    def deadly(function):
        def call(*args, **kwargs):
            nonlocal alive
            alive -= 1
            if alive < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **kwargs)
        return call
    for module, name in steps:
        setattr(module, name, deadly(getattr(module, name)))
    store = edge.EdgeStore(Path(sys.argv[1]), rewrite_limit=int(sys.argv[2]))
    store.update(IndexIdentity("e", DIMENSION, "second", 61, "2026-11-23"), entries(61)[60:], [])

for line in sys.stdin:
    child = os.fork()  # nothing of the engine has run in this process
    if not child:
        update(int(line))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
    command = [sys.executable, "-c", program, str(folder), str(rewrite_limit)]
    pipe = subprocess.PIPE
    updater = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=Path(__file__).parents[2])
    assert updater.stdin
    assert updater.stdout
    current = []
    for steps in range(20):
        updater.stdin.write(f"{steps}\n")
        updater.stdin.flush()
        code = int(updater.stdout.readline())
        index = EdgeStore(folder).open()
        current.append(index.identity.dictionary)
        expected = {"first": 60, "second": 61}[current[-1]]
        assert len(EdgeStore(folder).ids()) == len(index.search(entries(1)[0].vector, "", 100)) == expected
        index.close()
        if code == 0 or current[-1] == "second":
            break
        assert code == -signal.SIGKILL
    updater.communicate()
    assert current == ["first"] * (len(current) - 1) + ["second"]
    assert len(current) > 5
    build(folder, "third")
    assert len(list((folder / "generations").iterdir())) == 1


def test_a_builder_that_is_killed_leaves_the_current_index(folder: Path) -> None:
    build(folder, "first")
    program = """
import sys, time
from pathlib import Path
from resuelve.vectors import IndexIdentity
from resuelve.vectors.edge import EdgeStore
from tests.unit.test_vectors_edge import DIMENSION, entries

def half():
    yield from entries(600)
    print("half", flush=True)
    time.sleep(60)

EdgeStore(Path(sys.argv[1])).build(IndexIdentity("e", DIMENSION, "second", 9_999, "2026-11-22"), half())
"""
    root = Path(__file__).parents[2]
    builder = subprocess.Popen(
        [sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE, text=True, cwd=root
    )
    assert builder.stdout is not None
    assert builder.stdout.readline() == "half\n"
    builder.kill()
    builder.communicate()
    current = EdgeStore(folder).current()
    assert current is not None
    assert current.dictionary == "first"
    build(folder, "third")
    assert len(list((folder / "generations").iterdir())) == 1
