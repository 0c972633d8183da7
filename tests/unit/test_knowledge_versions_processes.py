"""Two editors at once lose nothing, and a process that dies at any moment leaves the change whole or not at all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from resuelve.knowledge.edits import ChangeProblem
from resuelve.knowledge.version_log import VersionKind
from resuelve.knowledge.versions import Dictionary

START = "ID PROBLEMA,DESCRIPCION,SOLUCIÓN,RESOLUCION AUTOMÁTICA\nW1,No entra,Borre,cierre\n".encode()
AFTER = START.replace(b"Borre", b"Pulse F5")
AT = datetime(2026, 3, 1, tzinfo=UTC)

EDITOR = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from resuelve.knowledge.edits import AddExample, AddProblem
from resuelve.knowledge.versions import Dictionary

folder, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
book = Dictionary(folder / "a.csv", folder / "versions")
print("ready", flush=True)
sys.stdin.readline()
for number in range(count):
    text = f"{name} {number}"
    new = {"ID PROBLEMA": text, "DESCRIPCION": text, "RESOLUCION AUTOMÁTICA": "manual"}
    edit = AddProblem(new) if number % 2 else AddExample("W1", text)
    book.apply([edit], who=name, why=text, at=datetime.now(UTC))
"""

DYING = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from resuelve.knowledge.edits import ChangeProblem
from resuelve.knowledge.versions import Dictionary

folder, fatal, count = Path(sys.argv[1]), int(sys.argv[2]), 0

def deadly(function, half=None):
    def call(*arguments, **more):
        global count
        count += 1
        if count == fatal:
            if half:
                half(*arguments)
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **more)
    return call

write = os.write
os.write = deadly(os.write, half=lambda file, data: write(file, data[: len(data) // 2]))
os.fsync = deadly(os.fsync)
os.replace = os.rename = deadly(os.rename)
Path.replace = deadly(Path.replace)
Dictionary(folder / "a.csv", folder / "versions").apply(
    [ChangeProblem("W1", {"SOLUCIÓN": "Pulse F5"})], who="ana", why="mejor", at=datetime.now(UTC)
)
"""


def book_in(folder: Path) -> Dictionary:
    return Dictionary(folder / "a.csv", folder / "versions")


def run(program: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


def test_two_editors_at_once_lose_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(START)
    each = 12
    editors = [run(EDITOR, tmp_path, name, each) for name in ("ana", "eva")]
    for editor in editors:
        assert editor.stdout is not None
        assert editor.stdout.readline() == "ready\n"
    for editor in editors:
        editor.communicate("go\n", timeout=60)
        assert editor.returncode == 0
    book = book_in(tmp_path)
    problems = book.sheet().catalogue().problems
    texts = {f"{name} {number}" for name in ("ana", "eva") for number in range(each)}
    assert {example for problem in problems.values() for example in problem.examples} == texts | {"No entra"}
    history = book.history()
    assert [version.number for version in history] == list(range(1, 2 * each + 2))
    assert {version.why for version in history[1:]} == texts
    for version in reversed(history[1:]):
        assert [change.problem for change in book.difference(version.number)] == list(version.problems)


def test_a_process_that_dies_leaves_the_change_whole_or_not_at_all(tmp_path: Path) -> None:
    """Killed at every write, sync and rename in turn, and halfway through every write."""
    whole: list[bool] = []
    for fatal in range(1, 200):
        folder = tmp_path / str(fatal)
        folder.mkdir()
        (folder / "a.csv").write_bytes(START)
        book_in(folder).history()
        died = run(DYING, folder, fatal)
        died.communicate(timeout=60)
        found = (folder / "a.csv").read_bytes()
        assert found in (START, AFTER), "the file itself is never half of anything"
        history = book_in(folder).history()
        settled = (folder / "a.csv").read_bytes()
        assert settled == (AFTER if len(history) == 2 else START)
        assert all(version.kind is not VersionKind.OUTSIDE for version in history)
        assert not list(folder.glob(".*"))
        # Whatever happened, the next change works and can be taken back.
        version = book_in(folder).apply([ChangeProblem("W1", {"SOLUCIÓN": "Otra"})], who="eva", why="x", at=AT)
        book_in(folder).undo(version.number, who="eva", why="y", at=AT)
        assert (folder / "a.csv").read_bytes() == settled
        whole.append(len(history) == 2)
        if died.returncode == 0:
            break
        assert died.returncode == -signal.SIGKILL
    else:
        pytest.fail("it never came to its end")
    assert len(whole) > 10
    assert whole == sorted(whole), "once the version is written the change happens"
    assert not whole[0]


def test_a_process_that_dies_at_the_beginning_of_history_leaves_the_beginning(tmp_path: Path) -> None:
    for fatal in range(1, 7):
        folder = tmp_path / str(fatal)
        folder.mkdir()
        (folder / "a.csv").write_bytes(START)
        run(DYING, folder, fatal).communicate(timeout=60)
        (first,) = book_in(folder).history()
        assert first.kind is VersionKind.FOUND
        assert (folder / "versions" / "last.csv").read_bytes() == START


def test_a_save_by_others_after_a_crash_is_kept_and_names_what_it_took_back(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(START)
    book_in(tmp_path).history()
    log = tmp_path / "versions" / "versions.jsonl"
    for fatal in range(1, 30):  # until one dies between version and file
        run(DYING, tmp_path, fatal).communicate(timeout=60)
        if len(log.read_bytes().splitlines()) == 2 and log.read_bytes().endswith(b"\n"):
            break
    assert json.loads(log.read_bytes().splitlines()[1])["who"] == "ana"
    assert (tmp_path / "a.csv").read_bytes() == START
    saved = START + b"W2,Otra,,manual\n"
    (tmp_path / "a.csv").write_bytes(saved)
    *_, newest = book_in(tmp_path).history()
    assert (newest.kind, newest.reverts) == (VersionKind.OUTSIDE, (2,))
    assert (tmp_path / "a.csv").read_bytes() == saved
