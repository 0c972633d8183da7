"""What those who watch are told of a run: what lies open, what stops it, how it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from resuelve.domain.errors import Rejected, ResuelveError
from resuelve.domain.incident import Incident
from resuelve.journal import Acts
from resuelve.resolution.observed import system_of
from resuelve.resolution.track_figures import TrackFigures
from resuelve.telemetry import Signals
from resuelve.telemetry.logs import log
from resuelve.telemetry.metrics import (
    AUTOMATIC_RATE,
    BREAKERS,
    CALIBRATION_DRIFT,
    DURABLE_RATE,
    ERRORS,
    QUEUE_AGE,
    QUEUE_DEPTH,
    QUEUE_UNDECIDED,
    RETURNED,
    RUN_FINISHED,
    RUNS,
    SCORE_DRIFT,
    SET_ASIDE,
    UNKNOWN,
    UNREADABLE,
)


def mode_of(shadow: bool) -> str:
    """``shadow`` or ``live``."""
    return "shadow" if shadow else "live"


def tell_listing(
    signals: Signals, incidents: Iterable[Incident], unreadable: tuple[Rejected, ...], now: datetime
) -> None:
    """Tell of what is open: how much in each mailbox, and how long the oldest has been."""
    depths: Counter[str] = Counter()
    ages = [0.0]
    for incident in incidents:
        depths[incident.queue] += 1
        if incident.opened is not None:
            opened = incident.opened if incident.opened.tzinfo else incident.opened.replace(tzinfo=now.tzinfo)
            ages.append((now - opened).total_seconds())
    signals.put_each(QUEUE_DEPTH, dict(depths.most_common()))
    signals.put(QUEUE_AGE, max(ages))
    signals.put(UNREADABLE, len(unreadable))
    if unreadable:
        log.warning("listing.rejected", count=len(unreadable))


def tell_work(signals: Signals, undecided: int, set_aside: Iterable[str]) -> None:
    """Tell how much is to be decided, and which incidents (by code) are left alone because they failed too often."""
    aside = tuple(set_aside)
    signals.put(QUEUE_UNDECIDED, undecided)
    signals.put(SET_ASIDE, len(aside))
    for code in aside:
        log.warning("incident.set_aside", incident=code)


def tell_ended(
    signals: Signals,
    totals: Mapping[str, Any],
    *,
    shadow: bool,
    unknown: int,
    breakers: Mapping[str, Any],
    now: datetime,
) -> None:
    """Tell that a run has ended.

    Args:
        totals: as they stand in the report.
        unknown: changes of which nobody can tell whether they were made.
        breakers: as they stand in the report, with `tripped` and `hour` beside the rows that fell.
    """
    signals.put(UNKNOWN, unknown)
    stopped = {"everything": float(breakers["tripped"]), "hour": float(breakers["hour"])}
    signals.put_each(BREAKERS, {**stopped, "rows": len(breakers["fallen"])})
    for name in [name for name, value in stopped.items() if value] + list(breakers["fallen"]):
        log.warning("breaker.stopped", stopped=name)
    signals.put(RUN_FINISHED, now.timestamp())
    signals.add(RUNS, 1, {"result": "ended", "mode": mode_of(shadow)})
    log.info(
        "run.ended",
        mode=mode_of(shadow),
        total=totals["incidents"],
        changed=totals["executed"],
        outcomes=totals["by_outcome"],
        unknown=unknown,
    )


def tell_failed(signals: Signals, error: ResuelveError, *, shadow: bool) -> None:
    """Tell that a run could not be carried to its end."""
    signals.add(RUNS, 1, {"result": "failed", "mode": mode_of(shadow)})
    signals.add(ERRORS, 1, {"system": system_of(error), "kind": type(error).__name__})
    log.error("run.failed", mode=mode_of(shadow), error=error)


def tell_track(signals: Signals, figures: TrackFigures, acts: Acts) -> None:
    """Tell what lasted of what was done, and what came back and is to be seen to; what rests on too little is not told.

    Raises:
        JournalError: the record of acts cannot be read.
    """
    for metric, value in (
        (AUTOMATIC_RATE, figures.automatic_rate),
        (DURABLE_RATE, figures.durable_rate),
        (CALIBRATION_DRIFT, figures.calibration_drift),
        (SCORE_DRIFT, figures.score_drift),
    ):
        if value is not None:
            signals.put(metric, value)
    signals.put_each(RETURNED, Counter(one.how.value for one in acts.returned()))
