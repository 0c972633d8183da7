"""What those who watch are told of a run: what lies open, what stops it, how it ended."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from resuelve.domain.errors import Rejected, ResuelveError
from resuelve.domain.incident import Incident
from resuelve.journal import Acts
from resuelve.resolution.observed import mode_of, system_of, system_of_kind
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


def tell_listing(
    signals: Signals, incidents: Iterable[Incident], unreadable: tuple[Rejected, ...], before: tuple[Rejected, ...] = ()
) -> None:
    """Tell of what is open: how much in each mailbox, and what of the list is no incident.

    Args:
        before: what was none at the last look; the log is told of a change.
    """
    signals.put_each(QUEUE_DEPTH, dict(Counter(incident.queue for incident in incidents).most_common()))
    signals.put(UNREADABLE, len(unreadable))
    if unreadable and unreadable != before:
        log.warning("listing.rejected", count=len(unreadable))


def tell_work(
    signals: Signals,
    undecided: Sequence[Incident],
    set_aside: Iterable[str],
    now: datetime,
    before: Iterable[str] = (),
) -> None:
    """Tell what is to be decided, how long the oldest of it has been open, and which incidents (by code) are left alone
    because they failed too often.

    Args:
        before: those that were left alone at the last look; the log is told of the others.
    """
    aside = tuple(set_aside)
    signals.put(QUEUE_UNDECIDED, len(undecided))
    signals.put(QUEUE_AGE, max((_age(one, now) for one in undecided), default=0.0))
    signals.put(SET_ASIDE, len(aside))
    known = frozenset(before)
    for code in (one for one in aside if one not in known):
        log.warning("incident.set_aside", incident=code)


def tell_left(signals: Signals, undecided: int) -> None:
    """Tell how much of it is left."""
    signals.put(QUEUE_UNDECIDED, max(0, undecided))


def _age(incident: Incident, now: datetime) -> float:
    """Seconds since it was opened; 0 where nobody knows, and for a date that is still to come."""
    if incident.opened is None:
        return 0.0
    opened = incident.opened if incident.opened.tzinfo else incident.opened.replace(tzinfo=now.tzinfo)
    return max(0.0, (now - opened).total_seconds())


def tell_ended(
    signals: Signals,
    totals: Mapping[str, Any],
    *,
    shadow: bool,
    unknown: int,
    breakers: Mapping[str, Any],
    now: datetime,
    before: Iterable[str] | None = None,
) -> tuple[str, ...]:
    """Tell that a run has ended; what stops acting.

    Args:
        totals: as they stand in the report.
        unknown: changes of which nobody can tell whether they were made.
        breakers: as they stand in the report, with `tripped` and `hour` beside the rows that fell.
        before: what stopped acting at the last look of the same watch; None when this is the first.
    """
    signals.put(UNKNOWN, unknown)
    stopped = {"everything": float(breakers["tripped"]), "hour": float(breakers["hour"])}
    signals.put_each(BREAKERS, {**stopped, "rows": len(breakers["fallen"])})
    names = (*(name for name, value in stopped.items() if value), *breakers["fallen"])
    new = [name for name in names if name not in (before or ())]
    for name in new:
        log.warning("breaker.stopped", stopped=name)
    signals.put(RUN_FINISHED, now.timestamp())
    signals.add(RUNS, 1, {"result": "ended", "mode": mode_of(shadow)})
    if before is not None and not totals["incidents"] and not new and len(names) == len(tuple(before)):
        log.debug("run.idle", mode=mode_of(shadow))
        return names
    log.info(
        "run.ended",
        mode=mode_of(shadow),
        total=totals["incidents"],
        changed=totals["executed"],
        outcomes=totals["by_outcome"],
        unknown=unknown,
    )
    return names


def announce(signals: Signals) -> None:
    """Tell of every kind of error that it has not happened yet.

    Counters of a short run are told once, at its end: without a beginning nobody would see an increase.
    """
    for kind in _kinds(ResuelveError):
        signals.add(ERRORS, 0, {"system": system_of_kind(kind), "kind": kind.__name__})


def _kinds(kind: type[ResuelveError]) -> Iterator[type[ResuelveError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _kinds(below)


def tell_failed(signals: Signals, error: ResuelveError, *, shadow: bool) -> None:
    """Tell that a run could not be carried to its end."""
    signals.add(RUNS, 1, {"result": "failed", "mode": mode_of(shadow)})
    signals.add(ERRORS, 1, {"system": system_of(error), "kind": type(error).__name__})
    log.error("run.failed", mode=mode_of(shadow), error=error)


def tell_track(signals: Signals, figures: TrackFigures, acts: Acts) -> None:
    """Tell what lasted of what was done, and what came back and is to be seen to; what rests on too little is NaN.

    Raises:
        JournalError: the record of acts cannot be read.
    """
    for metric, value in (
        (AUTOMATIC_RATE, figures.automatic_rate),
        (DURABLE_RATE, figures.durable_rate),
        (CALIBRATION_DRIFT, figures.calibration_drift),
        (SCORE_DRIFT, figures.score_drift),
    ):
        signals.put(metric, math.nan if value is None else value)  # a watch must not go on telling yesterday's
    signals.put_each(RETURNED, Counter(one.how.value for one in acts.returned()))
