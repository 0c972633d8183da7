"""The process in which MLflow works: one order on the input, one answer on the output, and then it ends."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import sqlite3
import sys
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from resuelve.experiments.opened import Opened
from resuelve.experiments.store import DATABASE, without_secrets
from resuelve.experiments.versions import on_this_machine

_LONGEST_REASON = 400
_MEMORY = 3_000_000_000
"""Bytes of data; a server that answers without end is stopped here."""

_FILES = "artifacts"


def obey(order: Mapping[str, Any]) -> Any:
    """Do what `Store` asks for."""
    if order["server"]:
        return _done(order["server"], _beside(order["server"]), order)
    folder = Path(order["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)  # an address of SQLite cannot hold every path
    with Path("lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the first of several makes the tables
        with closing(sqlite3.connect(DATABASE)) as tried:  # MLflow would try a file that is none for minutes
            tried.execute("PRAGMA schema_version").fetchall()
        return _done(f"sqlite:///{DATABASE}", (folder / _FILES).as_uri(), order)


def _done(address: str, files: str, order: Mapping[str, Any]) -> Any:
    from mlflow import MlflowClient

    from resuelve.experiments import child_models, child_runs

    client = MlflowClient(tracking_uri=address, registry_uri=address)
    orders: dict[str, Callable[[Opened, Mapping[str, Any]], Any]] = {**child_runs.ORDERS, **child_models.ORDERS}
    return orders[order["what"]](Opened(client, address, files, on_this_machine(address)), order)


def _beside(address: str) -> str:
    """For a SQLite file that somebody names: files lie beside it, whatever the folder in which a command is given."""
    file = address.removeprefix("sqlite:///")
    if file in ("", address) or "?" in file:
        return ""
    return (Path(file).absolute().parent / _FILES).as_uri()


def _told(kind: type[BaseException], error: BaseException, _: TracebackType | None) -> None:
    """What went wrong, as the last line that `Store` reads."""
    line = without_secrets(" ".join(str(error).split()))[:_LONGEST_REASON]
    sys.stderr.write(f"\n{kind.__name__}: {line}\n")


def main() -> None:
    """Read the order, obey, answer. Whatever libraries print goes to the error output."""
    sys.excepthook = _told
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
    answers = os.dup(1)
    os.dup2(2, 1)
    answer = obey(json.load(sys.stdin))
    with os.fdopen(answers, "w", encoding="utf-8") as out:
        json.dump(answer, out)


if __name__ == "__main__":
    main()
