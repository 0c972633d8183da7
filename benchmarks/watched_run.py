"""One run as `resuelve run` makes it, log and signals with it, by the settings of its surroundings.

    python -m benchmarks.watched_run

Prints one line of JSON when the run has done its work; what comes after is the end of the process.
"""

from __future__ import annotations

import importlib
import io
import json
import time
from typing import Any

from rich.console import Console

from resuelve.cli.surroundings import warn
from resuelve.settings import load
from resuelve.wiring.logged import logged

_COMMAND = importlib.import_module("resuelve.cli.run")  # `resuelve.cli.run` is the command of that name
_run_once = _COMMAND.run_once


def _timed(*given: Any, **named: Any) -> Any:
    begun, busy = time.perf_counter(), time.process_time()
    ended = _run_once(*given, **named)
    figure = {"run_s": time.perf_counter() - begun, "cpu_s": time.process_time() - busy}
    print(json.dumps(figure), flush=True)
    return ended


def main() -> None:
    _COMMAND.run_once = _timed  # type: ignore[attr-defined]
    settings = load()
    with logged(settings, "run", warn):
        _COMMAND.run_command(
            settings, queue="", incident="", limit=0, shadow=False, watch=False, console=Console(file=io.StringIO())
        )


if __name__ == "__main__":
    main()
