"""Run by `test_engine_kill`: forks processes that share one durable engine, and says how they ended.

The processes are forked from this one, which has imported everything, so that each costs milliseconds. Orders come as
JSON lines: ``{"start": job}`` answers with a process number, ``{"wait": number}`` with how it ended (minus the signal).
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from resuelve.journal import Json, Steps, Unfinished, WorkItem
from resuelve.journal.engine import DurableEngine

STEPS = ("read", "decide", "act")


class Process:
    """One process: does a job's items, writes what happens into the diary, and dies where the job says."""

    def __init__(self, job: dict[str, Any]) -> None:
        self._job = job
        self._diary = os.open(job["diary"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._steps_run = itertools.count(1)

    def live(self) -> None:
        job = self._job
        engine = DurableEngine(f"sqlite:///{job['database']}", Path(job["locks"]))
        if "child_until" in job and os.fork() == 0:
            wait_for(job["child_until"])
            os._exit(0)
        keys = [f"INC{number}" for number in range(job["items"])]
        for item, answer in engine.run((WorkItem(key, {"of": key}) for key in keys), self.work, workers=job["workers"]):
            self._note("yielded", item.key, answer)
            self._may_die("yielded", item.key)
        for key in keys:
            if engine.is_finished(key):
                self._note("finished", key)
        engine.close()

    def work(self, item: WorkItem, steps: Steps) -> Json | Unfinished:
        answers = []
        for name in STEPS:
            self._may_die(f"before {name}", item.key)
            answers.append(steps.once(name, partial(self._step, item.key, name)))
            self._note("remembered", item.key, name)
        self._may_die("end", item.key)
        return Unfinished(answers) if item.key in self._job.get("unfinished", ()) else answers

    def _step(self, key: str, name: str) -> Json:
        token = f"{name} {os.getpid()}"
        self._note("ran", key, name, token)
        self._may_die(f"in {name}", key)
        if next(self._steps_run) == self._job.get("die_in_step_number"):
            os.kill(os.getpid(), signal.SIGKILL)
        if self._job.get("hang_in") == [name, key] or self._job.get("hang_in") == [name, "any"]:
            wait_for(self._job["hang_until"])
        return token

    def _may_die(self, point: str, key: str) -> None:
        if self._job.get("die_at") == [point, key]:
            os.kill(os.getpid(), signal.SIGKILL)

    def _note(self, *entry: Json) -> None:
        os.write(self._diary, json.dumps([*entry]).encode() + b"\n")


def wait_for(path: str) -> None:
    for _ in range(3000):
        if Path(path).exists():
            return
        time.sleep(0.01)
    raise TimeoutError(path)


def start(job: dict[str, Any]) -> int:
    number = os.fork()
    if number:
        return number
    try:
        Process(job).live()
        os._exit(0)
    finally:
        # Only reached after an exception, which Python would print at an end that is not to come.
        sys.excepthook(*sys.exc_info())
        os._exit(1)


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        if "start" in order:
            answer = start(order["start"])
        else:
            answer = os.waitstatus_to_exitcode(os.waitpid(order["wait"], 0)[1])
        print(answer, flush=True)  # noqa: T201 - the answer to the test


if __name__ == "__main__":
    main()
