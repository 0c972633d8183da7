"""The durable engine among processes that are killed with SIGKILL, or that live side by side."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import resuelve

STEPS = ("read", "decide", "act")
KILLED = -signal.SIGKILL
HERE = Path(__file__).parent
SOURCES = Path(resuelve.__file__).parents[1]


class Forker:
    """Starts processes on one database and waits for them."""

    def __init__(self, helper: subprocess.Popen[str], folder: Path) -> None:
        self._helper = helper
        self.folder = folder

    def start(self, *, items: int, workers: int = 2, **rest: Any) -> int:
        paths = {name: str(self.folder / name) for name in ("database", "locks", "diary")}
        return self._ask({"start": {**paths, "items": items, "workers": workers, **rest}})

    def wait(self, process: int) -> int:
        return self._ask({"wait": process})

    def run(self, *, items: int, workers: int = 2, **rest: Any) -> int:
        return self.wait(self.start(items=items, workers=workers, **rest))

    def diary(self) -> list[list[Any]]:
        return [json.loads(line) for line in (self.folder / "diary").read_text().splitlines()]

    def until(self, happened: Callable[[list[list[Any]]], bool]) -> None:
        for _ in range(2000):
            if (self.folder / "diary").exists() and happened(self.diary()):
                return
            time.sleep(0.005)
        raise TimeoutError(self.diary())

    def _ask(self, order: dict[str, Any]) -> int:
        assert self._helper.stdin is not None
        assert self._helper.stdout is not None
        self._helper.stdin.write(json.dumps(order) + "\n")
        self._helper.stdin.flush()
        return int(self._helper.stdout.readline())


@pytest.fixture(scope="module")
def helper() -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
    command = [sys.executable, str(HERE / "engine_process.py")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture
def forker(helper: subprocess.Popen[str], tmp_path: Path) -> Forker:
    return Forker(helper, tmp_path)


def assert_all_done_once(diary: list[list[Any]], items: int, kills: int = 0) -> None:
    """Every item was finished and yielded once, and nothing that was remembered was done again.

    A thread that kills its process may do so just when another hands over an answer: that item was finished, and
    nobody saw its answer.
    """
    keys = sorted(f"INC{number}" for number in range(items))
    yielded = [entry[1] for entry in diary if entry[0] == "yielded"]
    assert len(yielded) == len(set(yielded)) >= items - kills
    assert {entry[1] for entry in diary if entry[0] == "finished"} == set(keys)
    remembered: set[tuple[str, str]] = set()
    last: dict[tuple[str, str], str] = {}
    for kind, key, *rest in diary:
        if kind == "ran":
            assert (key, rest[0]) not in remembered
            last[key, rest[0]] = rest[1]
        elif kind == "remembered":
            remembered.add((key, rest[0]))
        elif kind == "yielded":
            # The answers are those of the runs that were remembered, whichever process made them.
            assert rest[0] == [last[key, step] for step in STEPS]


@pytest.mark.parametrize(
    "point", [f"{when} {step}" for step in STEPS for when in ("before", "in")] + ["end", "yielded"]
)
@pytest.mark.parametrize("workers", [1, 3])
def test_killed_at_any_boundary_the_next_process_finishes(forker: Forker, point: str, workers: int) -> None:
    assert forker.run(items=6, workers=workers, die_at=[point, "INC2"]) == KILLED
    assert forker.run(items=6, workers=workers) == 0
    diary = forker.diary()
    assert_all_done_once(diary, items=6, kills=0 if workers == 1 else 1)
    if point == "in act":
        # That step was broken off, so it ran again; the two before it did not.
        assert [entry[2] for entry in diary if entry[:2] == ["ran", "INC2"]] == ["read", "decide", "act", "act"]


def test_killed_again_and_again(forker: Forker) -> None:
    for kills in count():
        assert kills < 20
        if forker.run(items=6, die_in_step_number=3) == 0:
            break
    assert kills >= 6
    assert_all_done_once(forker.diary(), items=6, kills=kills)


@pytest.mark.parametrize("point", ["in decide", "end", "yielded"])
def test_killed_with_an_item_that_is_to_be_tried_again(forker: Forker, point: str) -> None:
    later: dict[str, Any] = {"workers": 1, "unfinished": ["INC1", "INC2"]}
    assert forker.run(items=4, die_at=[point, "INC2"], **later) == KILLED
    assert forker.run(items=4, **later) == 0
    diary = forker.diary()
    runs = Counter((entry[1], entry[2]) for entry in diary if entry[0] == "ran")
    # Both runs tried INC1. Of INC2 the second went on with what was remembered, unless it had been yielded already.
    again = {"in decide": (1, 2, 1), "end": (1, 1, 1), "yielded": (2, 2, 2)}[point]
    assert tuple(runs["INC2", step] for step in STEPS) == again
    assert tuple(runs["INC1", step] for step in STEPS) == (2, 2, 2)
    yielded = Counter(entry[1] for entry in diary if entry[0] == "yielded")
    assert yielded == {"INC0": 1, "INC1": 2, "INC2": 2 if point == "yielded" else 1, "INC3": 1}
    assert {entry[1] for entry in diary if entry[0] == "finished"} == {"INC0", "INC3"}
    assert forker.run(items=4) == 0
    assert {entry[1] for entry in forker.diary() if entry[0] == "finished"} == {"INC0", "INC1", "INC2", "INC3"}


def test_what_was_finished_is_left_alone(forker: Forker) -> None:
    assert forker.run(items=4) == 0
    before = forker.diary()
    assert forker.run(items=4) == 0
    assert [entry for entry in forker.diary()[len(before) :] if entry[0] != "finished"] == []


@pytest.mark.parametrize(("processes", "items"), [(2, 50), (6, 30)])
def test_processes_at_once_work_on_each_item_once(forker: Forker, processes: int, items: int) -> None:
    # On a database that does not exist yet: they make it at the same time, too.
    started = [forker.start(items=items) for _ in range(processes)]
    assert [forker.wait(process) for process in started] == [0] * processes
    diary = forker.diary()
    assert_all_done_once(diary, items)
    ran = Counter((entry[1], entry[2]) for entry in diary if entry[0] == "ran")
    assert len(ran) == 3 * items
    assert set(ran.values()) == {1}


def test_what_a_living_process_has_in_hand_is_left_to_it(forker: Forker) -> None:
    go_on = forker.folder / "go on"
    slow = forker.start(items=1, hang_in=["decide", "INC0"], hang_until=str(go_on))
    forker.until(lambda diary: ["ran", "INC0", "decide"] in [entry[:3] for entry in diary])
    assert forker.run(items=4) == 0
    assert sorted(entry[1] for entry in forker.diary() if entry[0] == "yielded") == ["INC1", "INC2", "INC3"]
    go_on.touch()
    assert forker.wait(slow) == 0
    diary = forker.diary()
    assert [entry[2] for entry in diary if entry[:2] == ["ran", "INC0"]] == list(STEPS)
    assert [entry[1] for entry in diary if entry[0] == "yielded"].count("INC0") == 1


def test_of_several_heirs_one_adopts_each_item(forker: Forker) -> None:
    dying = forker.start(items=4, workers=4, hang_in=["decide", "any"], hang_until="/nowhere")
    forker.until(lambda diary: sum(entry[0] == "ran" and entry[2] == "decide" for entry in diary) == 4)
    os.kill(dying, signal.SIGKILL)
    assert forker.wait(dying) == KILLED
    heirs = [forker.start(items=4) for _ in range(3)]
    assert [forker.wait(heir) for heir in heirs] == [0, 0, 0]
    diary = forker.diary()
    assert_all_done_once(diary, items=4)
    assert Counter(entry[2] for entry in diary if entry[0] == "ran") == {"read": 4, "decide": 8, "act": 4}


def test_a_living_process_ends_with_the_items_of_one_that_died_meanwhile(forker: Forker) -> None:
    go_on = forker.folder / "go on"
    dying = forker.start(items=2, hang_in=["act", "any"], hang_until="/nowhere")
    forker.until(lambda diary: sum(entry[0] == "ran" and entry[2] == "act" for entry in diary) == 2)
    heir = forker.start(items=3, hang_in=["read", "INC2"], hang_until=str(go_on))
    forker.until(lambda diary: ["ran", "INC2", "read"] in [entry[:3] for entry in diary])
    os.kill(dying, signal.SIGKILL)
    assert forker.wait(dying) == KILLED
    go_on.touch()
    assert forker.wait(heir) == 0
    assert_all_done_once(forker.diary(), items=3)


def test_a_child_that_outlives_a_dead_process_does_not_keep_it_alive(forker: Forker) -> None:
    done = forker.folder / "done"
    assert forker.run(items=3, workers=1, die_at=["in act", "INC1"], child_until=str(done)) == KILLED
    assert forker.run(items=3) == 0
    done.touch()
    assert_all_done_once(forker.diary(), items=3)


def test_the_locks_of_the_dead_are_swept_away(forker: Forker) -> None:
    for _ in range(3):
        assert forker.run(items=2, die_at=["in read", "INC0"]) == KILLED
    assert len(list((forker.folder / "locks").iterdir())) <= 2
    assert forker.run(items=2) == 0
    assert list((forker.folder / "locks").iterdir()) == []
