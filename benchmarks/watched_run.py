"""`resuelve run`, by the settings of its surroundings.

    python -m benchmarks.watched_run

Prints a line when the run begins, and one of JSON when it has done its work, instead of what it would say; what comes
after is the end of the process.
"""

from __future__ import annotations

import importlib
import io
import json
import sys
import time
from typing import Any

from resuelve import cli

_COMMAND = importlib.import_module("resuelve.cli.run")  # `resuelve.cli.run` is the command of that name
_run_once = _COMMAND.run_once
_out = sys.stdout


def _timed(*given: Any, **named: Any) -> Any:
    print("begins", file=_out, flush=True)
    busy = time.process_time()
    ended = _run_once(*given, **named)
    print(json.dumps({"cpu_s": time.process_time() - busy}), file=_out, flush=True)
    return ended


def main() -> None:
    _COMMAND.run_once = _timed  # type: ignore[attr-defined]
    sys.stdout, sys.argv = io.StringIO(), ["resuelve", "run"]
    cli.main()


if __name__ == "__main__":
    main()
