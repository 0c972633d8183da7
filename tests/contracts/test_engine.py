"""One suite for every `Engine`."""

from __future__ import annotations

import gc
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from resuelve.domain.errors import JournalError
from resuelve.journal import Engine, Json, Steps, Unfinished, Work, WorkItem, runner
from resuelve.journal.engine import DurableEngine
from resuelve.journal.memory import MemoryEngine

STRANGE = 'ñ "quoted" \\ \\u0041 \x00 \ud800 😀'


@pytest.fixture(params=["memory", "durable"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    made: Engine
    if request.param == "memory":
        made = MemoryEngine()
    else:
        made = DurableEngine(f"sqlite:///{tmp_path}/resuelve.db", tmp_path / "locks")
    yield made
    made.close()
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("resuelve")] == []


def items(number: int, prefix: str = "INC") -> Iterator[WorkItem]:
    for index in range(number):
        yield WorkItem(f"{prefix}{index}", {"index": index})


def double(item: WorkItem, steps: Steps) -> Json:
    return steps.once("double", lambda: 2 * item.payload["index"])


def carried(engine: Engine, source: Iterator[WorkItem], work: Work = double, workers: int = 3) -> dict[str, Json]:
    found = list(engine.run(source, work, workers=workers))
    answers = {item.key: answer for item, answer in found}
    assert len(answers) == len(found)
    return answers


class Diary:
    """Work of three steps that notes which step ran for which item."""

    def __init__(self, before: Callable[[str, str], None] = lambda _key, _step: None) -> None:
        self.ran: Counter[tuple[str, str]] = Counter()
        self._before = before
        self._lock = threading.Lock()

    def __call__(self, item: WorkItem, steps: Steps) -> Json:
        return [self._step(item.key, name, steps) for name in ("read", "decide", "act")]

    def _step(self, key: str, name: str, steps: Steps) -> Json:
        def step() -> Json:
            self._before(key, name)
            with self._lock:
                self.ran[key, name] += 1
            return f"{name} {key}"

        return steps.once(name, step)


def test_it_is_an_engine(engine: Engine) -> None:
    assert isinstance(engine, Engine)


def test_every_item_is_yielded_with_its_answer(engine: Engine) -> None:
    found = list(engine.run(items(20), double, workers=3))
    assert sorted(found, key=lambda pair: pair[0].payload["index"]) == [(i, 2 * i.payload["index"]) for i in items(20)]


def test_nothing_to_do(engine: Engine) -> None:
    assert carried(engine, items(0)) == {}
    assert not engine.is_finished("INC0")


def test_a_finished_key_is_never_worked_on_again(engine: Engine) -> None:
    carried(engine, items(3))
    assert engine.is_finished("INC2")
    assert not engine.is_finished("INC3")
    assert carried(engine, items(5)) == {"INC3": 6, "INC4": 8}


def test_a_key_that_comes_twice_is_worked_on_once(engine: Engine) -> None:
    diary = Diary()
    assert len(carried(engine, iter([*items(3), *items(3)]), diary)) == 3
    assert set(diary.ran.values()) == {1}


def test_items_are_worked_on_at_the_same_time(engine: Engine) -> None:
    meeting = threading.Barrier(4)

    def meet(_key: str, step: str) -> None:
        if step == "read":
            meeting.wait(10)

    assert len(carried(engine, items(8), Diary(meet), workers=4)) == 8


def test_never_more_than_so_many_at_the_same_time(engine: Engine) -> None:
    lock, now, most = threading.Lock(), 0, 0

    def work(item: WorkItem, steps: Steps) -> Json:
        nonlocal now, most
        with lock:
            now, most = now + 1, max(most, now + 1)
        double(item, steps)
        with lock:
            now -= 1

    carried(engine, items(30), work, workers=2)
    assert most <= 2


def test_items_are_read_as_they_are_needed(engine: Engine) -> None:
    read = 0

    def source() -> Iterator[WorkItem]:
        nonlocal read
        for item in items(100):
            read += 1
            yield item

    for count, _ in enumerate(engine.run(source(), double, workers=4), start=1):
        assert read <= count + 4


def test_no_item_is_held_after_it_was_yielded(engine: Engine) -> None:
    class Payload(dict[str, int]):
        __hash__ = object.__hash__  # type: ignore[assignment]

    alive: weakref.WeakSet[Any] = weakref.WeakSet()

    def source() -> Iterator[WorkItem]:
        for index in range(200):
            payload = Payload(index=index)
            alive.add(payload)
            yield WorkItem(f"INC{index}", payload)

    for count, (_item, _answer) in enumerate(engine.run(source(), double, workers=2)):
        if count % 50 == 49:
            gc.collect()
            assert len(alive) < 10


def test_a_step_runs_once_by_its_name(engine: Engine) -> None:
    ran: list[str] = []

    def work(item: WorkItem, steps: Steps) -> Json:
        def note(name: str) -> int:
            ran.append(f"{item.key} {name}")
            return len(ran)

        return [steps.once(name, partial(note, name)) for name in ("a", "b", "a")]

    answers = carried(engine, items(2), work, workers=1)
    assert ran == ["INC0 a", "INC0 b", "INC1 a", "INC1 b"]
    assert answers == {"INC0": [1, 2, 1], "INC1": [3, 4, 3]}


def test_an_answer_is_what_it_will_be_when_it_is_remembered(engine: Engine) -> None:
    value = {"text": STRANGE, STRANGE: [1, 1.5, True, None], "pair": (1, 2)}

    def work(_item: WorkItem, steps: Steps) -> Json:
        first = steps.once("value", lambda: value)
        first["text"] = "changed by the caller"
        return steps.once("value", lambda: "never run")

    assert carried(engine, items(1), work) == {"INC0": {**value, "pair": [1, 2]}}


def test_strange_keys_and_payloads(engine: Engine) -> None:
    item = WorkItem(STRANGE, {"text": STRANGE})
    work: Work = lambda item, steps: steps.once(STRANGE, lambda: item.payload["text"])  # noqa: E731
    assert list(engine.run(iter([item]), work, workers=1)) == [(item, STRANGE)]
    assert engine.is_finished(STRANGE)


def test_a_failing_step_is_not_remembered(engine: Engine) -> None:
    attempts: list[int] = []

    def flaky() -> Json:
        attempts.append(1)
        if len(attempts) < 3:
            raise TimeoutError
        return "at last"

    def work(_item: WorkItem, steps: Steps) -> Json:
        while True:
            try:
                return steps.once("flaky", flaky)
            except TimeoutError:
                continue

    assert carried(engine, items(1), work) == {"INC0": "at last"}


def test_a_bug_goes_through_and_nothing_is_lost(engine: Engine) -> None:
    def bug(key: str, step: str) -> None:
        if (key, step) == ("INC5", "act"):
            raise ZeroDivisionError("a bug")

    broken, mended = Diary(bug), Diary()
    before: list[str] = []
    with pytest.raises(ZeroDivisionError, match="a bug"):
        before.extend(item.key for item, _ in engine.run(items(20), broken, workers=3))
    assert not engine.is_finished("INC5")
    after = carried(engine, items(20), mended)
    assert sorted([*before, *after]) == sorted(item.key for item in items(20))
    assert after["INC5"] == ["read INC5", "decide INC5", "act INC5"]
    assert mended.ran["INC5", "act"] == 1
    # Every step that was done ran once, in one of the two runs.
    assert set((broken.ran + mended.ran).values()) == {1}


def test_what_was_left_is_finished_first_and_without_being_asked_for(engine: Engine) -> None:
    def bug(_key: str, step: str) -> None:
        if step == "act":
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(engine.run(items(1), Diary(bug), workers=1))
    found = [item for item, _ in engine.run(items(2, "NEW"), Diary(), workers=1)]
    assert [item.key for item in found] == ["INC0", "NEW0", "NEW1"]
    assert found[0].payload == {"index": 0}


def test_newer_work_with_other_steps_goes_on_with_what_is_left(engine: Engine) -> None:
    def old(_item: WorkItem, steps: Steps) -> Json:
        steps.once("gone", lambda: 1)
        steps.once("decide", lambda: "remembered")
        raise ZeroDivisionError

    def new(_item: WorkItem, steps: Steps) -> Json:
        return [steps.once(name, lambda: "new") for name in ("first", "decide", "last")]

    with pytest.raises(ZeroDivisionError):
        list(engine.run(items(1), old, workers=1))
    assert carried(engine, items(0), new) == {"INC0": ["new", "remembered", "new"]}


def test_a_broken_source_goes_through_and_nothing_is_lost(engine: Engine) -> None:
    def source() -> Iterator[WorkItem]:
        yield from items(4)
        raise ConnectionError("the ticket manager went away")

    before: list[str] = []
    with pytest.raises(ConnectionError):
        before.extend(item.key for item, _ in engine.run(source(), double, workers=2))
    assert sorted([*before, *carried(engine, items(4))]) == ["INC0", "INC1", "INC2", "INC3"]


def test_a_run_that_is_abandoned_leaves_its_items_to_the_next(engine: Engine) -> None:
    diary = Diary()
    run = engine.run(items(20), diary, workers=3)
    first = next(run)[0].key
    del run
    gc.collect()
    assert engine.is_finished(first)
    rest = carried(engine, items(20), diary)
    assert sorted([first, *rest]) == sorted(item.key for item in items(20))
    assert set(diary.ran.values()) == {1}


def test_an_item_is_finished_when_it_is_yielded(engine: Engine) -> None:
    for item, _ in engine.run(items(5), double, workers=2):
        assert engine.is_finished(item.key)


def another_time(keys: set[str], diary: Diary) -> Work:
    """Work that does not finish items of these keys."""

    def work(item: WorkItem, steps: Steps) -> Json | Unfinished:
        answer = diary(item, steps)
        return Unfinished(answer) if item.key in keys else answer

    return work


def test_an_unfinished_item_is_yielded_and_forgotten(engine: Engine) -> None:
    first, second = Diary(), Diary()
    assert carried(engine, items(4), another_time({"INC1", "INC2"}, first))["INC1"] == [
        "read INC1",
        "decide INC1",
        "act INC1",
    ]
    assert [engine.is_finished(item.key) for item in items(4)] == [True, False, False, True]
    assert carried(engine, items(0), second) == {}  # nobody's to take up: it is gone
    newer = WorkItem("INC1", {"index": "newer"})
    assert [item for item, _ in engine.run(iter([newer]), second, workers=1)] == [newer]
    assert second.ran == {("INC1", "read"): 1, ("INC1", "decide"): 1, ("INC1", "act"): 1}
    assert engine.is_finished("INC1")
    assert not engine.is_finished("INC2")


def test_an_unfinished_item_can_be_tried_run_after_run(engine: Engine) -> None:
    diary = Diary()
    for _ in range(3):
        assert carried(engine, items(1), another_time({"INC0"}, diary)).keys() == {"INC0"}
    assert set(diary.ran.values()) == {3}


@pytest.mark.parametrize("workers", [1, 3])
def test_an_unfinished_item_is_not_tried_again_in_the_same_run(engine: Engine, workers: int) -> None:
    diary = Diary()
    source = iter([*items(3), *items(3), *items(6)])
    found = carried(engine, source, another_time({"INC0", "INC2"}, diary), workers)
    assert sorted(found) == [f"INC{number}" for number in range(6)]
    assert set(diary.ran.values()) == {1}


def test_an_unfinished_item_of_an_abandoned_run_is_yielded_by_the_next(engine: Engine) -> None:
    diary = Diary()
    work = another_time({item.key for item in items(6)}, diary)
    run = engine.run(items(6), work, workers=3)
    first = next(run)[0].key
    del run
    gc.collect()
    rest = carried(engine, (item for item in items(6) if item.key != first), work)
    assert sorted([first, *rest]) == sorted(item.key for item in items(6))
    # What was not yielded was kept, with its steps.
    assert set(diary.ran.values()) == {1}


def test_a_living_engine_knows_itself(engine: Engine) -> None:
    assert engine.owner
    assert not engine.is_dead(engine.owner)


@pytest.mark.parametrize("name", ["4242-0123456789ab", "", "nobody", STRANGE, "../resuelve", "x" * 5000])
def test_who_never_lived_is_dead(engine: Engine, tmp_path: Path, name: str) -> None:
    (tmp_path / "resuelve.lock").touch()
    assert engine.is_dead(name)
    assert (tmp_path / "resuelve.lock").exists()


def test_every_engine_has_a_name_of_its_own(tmp_path: Path) -> None:
    def durable() -> DurableEngine:
        return DurableEngine(f"sqlite:///{tmp_path}/resuelve.db", tmp_path / "locks")

    one, other, in_memory, another = durable(), durable(), MemoryEngine(), MemoryEngine()
    assert len({engine.owner for engine in (one, other, in_memory, another)}) == 4
    assert not one.is_dead(other.owner)
    other.close()
    assert one.is_dead(other.owner)
    assert in_memory.is_dead(another.owner)
    one.close()


def test_two_runs_at_once_share_the_items(engine: Engine) -> None:
    diary = Diary()
    found: list[str] = []

    def run() -> None:
        found.extend(item.key for item, _ in engine.run(items(40), diary, workers=2))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted(item.key for item in items(40))
    assert set(diary.ran.values()) == {1}


def test_close_stops_between_two_steps(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "PATIENCE_SECONDS", 0.05)
    reached, go_on = threading.Event(), threading.Event()

    def wait(_key: str, step: str) -> None:
        if step == "decide":
            reached.set()
            go_on.wait(10)

    diary = Diary(wait)
    found: list[str] = []
    consumer = threading.Thread(
        target=lambda: found.extend(item.key for item, _ in engine.run(items(9), diary, workers=1))
    )
    consumer.start()
    assert reached.wait(10)
    engine.close()  # does not wait for the step, which waits for us
    go_on.set()
    consumer.join()
    assert found == []
    assert diary.ran == {("INC0", "read"): 1, ("INC0", "decide"): 1}


def test_a_run_ends_when_the_engine_was_closed(engine: Engine) -> None:
    run = engine.run(items(9), double, workers=2)
    assert next(run)[0].key in ("INC0", "INC1")
    engine.close()
    assert list(run) == []


def test_a_closed_engine_does_not_run(engine: Engine) -> None:
    engine.close()
    engine.close()
    with pytest.raises(JournalError, match="closed"):
        list(engine.run(items(1), double, workers=1))
