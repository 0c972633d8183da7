"""What lasted of what was done, in four figures, counted once an hour for all processes of a workspace.

Counting reads every record of five weeks (a second for 6,000), and nothing in it changes quickly.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from resuelve import durable
from resuelve.journal import Acts, Answers, Journal
from resuelve.resolution.approvals import approved_acts
from resuelve.resolution.finite import finite
from resuelve.resolution.track_record import track_record

_HOUR = timedelta(hours=1)
_FIGURES = ("automatic_rate", "durable_rate", "calibration_drift", "score_drift")


@dataclass(frozen=True, slots=True)
class TrackFigures:
    """See `track_record`. A figure that rests on too little is None.

    Attributes:
        at: when it was counted, ISO 8601.
        lasting: days within which what was done must not come back.
    """

    at: str
    lasting: int
    automatic_rate: float | None
    durable_rate: float | None
    calibration_drift: float | None
    score_drift: float | None


def track_figures(
    file: Path, journal: Journal, acts: Acts, answers: Answers, now: datetime, *, lasting: int
) -> TrackFigures:
    """What stands in the file, or, where that is older than an hour, what is counted now and written there.

    Raises:
        JournalError: the journal cannot be read.
    """
    kept = _read(file)
    if kept and kept.lasting == lasting and timedelta() <= now - datetime.fromisoformat(kept.at) < _HOUR:
        return kept
    record = track_record(journal, acts, now, lasting=lasting, approved=approved_acts(answers.given()))
    counted = TrackFigures(
        now.isoformat(timespec="seconds"),
        lasting,
        record.judged.automatic_rate,
        record.durable_rate,
        record.calibration.drift,
        record.input_drift.index,
    )
    with suppress(OSError):  # then it is counted again next time
        durable.replace(file, json.dumps(asdict(counted)).encode())
    return counted


def _read(file: Path) -> TrackFigures | None:
    """None where there is none, or one that nobody understands: it is counted again."""
    try:
        content: Mapping[str, Any] = json.loads(file.read_bytes())
        if datetime.fromisoformat(content["at"]).tzinfo is None:
            return None
        figures = {name: None if content[name] is None else finite(content[name]) for name in _FIGURES}
        return TrackFigures(str(content["at"]), int(content["lasting"]), **figures)
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
