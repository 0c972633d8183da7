"""Removing what is too old."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from pathlib import Path

from resuelve.telemetry.logs.counts import Counts
from resuelve.telemetry.logs.files import outdated
from resuelve.telemetry.logs.log import log
from resuelve.telemetry.metrics import LOST


def remove_outdated(folder: Path, days: int, today: date, counts: Counts, *, shipped: bool) -> None:
    """Remove the files that are older than `days` (0: none).

    Args:
        shipped: the log is to be shipped: lines that were not are lost with the file, counted and told.
    """
    for file in outdated(folder, days, today):
        lines = _unshipped(file) if shipped else 0
        with suppress(OSError):
            file.unlink()
            if lines:
                counts.add(LOST, lines, {"signal": "logs"})
                log.warning("log.lost", file=file.name, lines=lines)


def _unshipped(file: Path) -> int:
    from resuelve.telemetry.logs.shipping.backlog import Backlog
    from resuelve.telemetry.logs.shipping.places import Places

    return Backlog(file.parent, Places(file.parent)).unshipped_lines(file)
