"""Run by `product.Product`: forks processes that run the command line, and says how they ended.

They are forked from this one, which has imported everything, so that each costs milliseconds instead of seconds; from
the fork on they are processes like any other. Orders come as JSON lines: ``{"start": order}`` answers with a process
number, ``{"wait": number, "seconds": n}`` with how it ended (minus the signal; null when it lives still). Its argument
is the folder of what was computed before (`tests.remembered`).
"""

from __future__ import annotations

import gc
import importlib
import itertools
import json
import os
import pkgutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer
import typer.main

from resuelve import cli
from resuelve.cli import app, main
from resuelve.knowledge.catalogue import read
from resuelve.mocks.world import demo_folder
from resuelve.resolution.words import Lexicon
from tests.remembered import remembering

# What commands import besides, when they come to it.
PRELOADED = (
    "_strptime",
    "encodings.idna",
    "h11",
    "httpcore2",
    "phonenumbers.data.region_ES",
    "resuelve.agents.business_system",
    "resuelve.agents.checks",
    "resuelve.journal.engine",
    "resuelve.journal.memory_acts",
    "resuelve.journal.memory_answers",
    "resuelve.journal.runner",
    "resuelve.journal.sql",
    "resuelve.journal.sql_acts",
    "resuelve.journal.sql_answers",
    "resuelve.journal.sql_history",
    "resuelve.knowledge.scrub",
    "resuelve.models.embedded",
    "resuelve.models.openai_compatible",
    "resuelve.models.watched",
    "resuelve.pages.mined",
    "resuelve.readers.sandbox",
    "resuelve.resolution.describe",
    "resuelve.tickets.gestor",
    "resuelve.vectors.edge",
    "resuelve.wiring.vision",
    "rich._emoji_codes",
    "rich.rule",
    "sqlite3",
    "stringprep",
    "truststore",
    "typer._adapters",
)

# Where a process can be made to die or stop: module, class (or none), method, and for steps the step's name.
PLACES = {
    "decide": ("resuelve.journal.runner", "_Steps", "once", "decide"),
    "act": ("resuelve.journal.runner", "_Steps", "once", "act"),
    "keep": ("resuelve.journal.sql_history", "SqlHistory", "keep", ""),
    "intend": ("resuelve.journal.sql", "SqlJournal", "intend", ""),
    "apply": ("resuelve.tickets.gestor", "GestorClient", "apply", ""),
    "settle": ("resuelve.journal.sql", "SqlJournal", "settle", ""),
    "record": ("resuelve.journal.sql", "SqlJournal", "record", ""),
    "finish": ("resuelve.journal.engine", "_SqlStore", "finish", ""),
    "start_run": ("resuelve.journal.sql", "SqlJournal", "start_run", ""),
    "change": ("resuelve.knowledge.versions", "Dictionary", "apply", ""),
    "finish_run": ("resuelve.journal.sql", "SqlJournal", "finish_run", ""),
    "pack": ("resuelve.backup.make", "", "_write", ""),
    "name": ("resuelve.backup.make", "", "_named", ""),
    "unpack": ("resuelve.backup.restore", "", "unpack", ""),
    "plan": ("resuelve.backup.swap", "Swap", "_write_plan", ""),
    "move": ("resuelve.backup.swap", "Swap", "move", ""),
    "swapped": ("resuelve.backup.swap", "Swap", "_finish", ""),
    "compare": ("resuelve.assembly", "", "compare", ""),
    "compared": ("resuelve.backup.occupancy", "", "_remove", ""),
}


def interrupt(place: str, when: str, call: int, kind: int) -> None:
    """Send this process a signal right before or after the n-th call of a method."""
    module, owner_name, method, step = PLACES[place]
    owner: Any = importlib.import_module(module)
    owner = getattr(owner, owner_name) if owner_name else owner
    original: Callable[..., Any] = getattr(owner, method)
    calls = itertools.count(1)

    def wrapped(self: Any, *arguments: Any, **named: Any) -> Any:
        due = (not step or arguments[0] == step) and next(calls) == call
        # To this very thread: a signal to the process may reach another first, and this one would run on for a while.
        if due and when == "before":
            signal.pthread_kill(threading.get_ident(), kind)
        answer = original(self, *arguments, **named)
        if due and when == "after":
            signal.pthread_kill(threading.get_ident(), kind)
        return answer

    setattr(owner, method, wrapped)


def live(order: dict[str, Any]) -> None:
    """Be the command line with these arguments, until the end."""
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    for descriptor, path in ((0, os.devnull), (1, order["out"]), (2, order["error"])):
        flags = os.O_RDONLY if descriptor == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        os.dup2(os.open(path, flags, 0o600), descriptor)
    for point in order["interrupts"]:
        interrupt(point["place"], point["when"], point["call"], point["signal"])
    sys.argv = ["resuelve", *order["arguments"]]
    main()


def wait(process: int, seconds: float) -> int | None:
    """How it ended, or None when it has not within the time."""
    until = time.monotonic() + seconds
    while True:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > until:
            return None
        time.sleep(0.005)


def obey() -> None:
    """Carry out orders until there are no more. In a forked process this ends as the command line ends."""
    for line in sys.stdin:
        order = json.loads(line)
        if "start" in order:
            number = os.fork()
            if number == 0:
                return live(order["start"])
            answer: int | None = number
        else:
            answer = wait(order["wait"], order["seconds"])
        print(json.dumps(answer), flush=True)  # noqa: T201 - the answer to the test
    return None


def prepare() -> None:
    """Do now what every process would do again: import, read the functions of the command line, look for garbage."""
    commands_of = (f"{cli.__name__}.{module.name}" for module in pkgutil.iter_modules(cli.__path__))
    for name in (*commands_of, *PRELOADED):
        importlib.import_module(name)
    commands = typer.main.get_command(app)

    def built(typer_instance: typer.Typer) -> Any:
        return commands

    typer.main.get_command = built
    rows = read(demo_folder() / "PROBLEMAS_GLOBALES.csv").problems.values()
    Lexicon(text for row in rows for text in row.examples)  # whose stems are remembered from here on
    gc.collect()
    gc.freeze()  # a process that ends looks through all that was imported, and copies its pages by that


if __name__ == "__main__":
    prepare()
    assert Path(sys.argv[0]).name == "product_process.py"
    with remembering(Path(sys.argv[1])):
        obey()
