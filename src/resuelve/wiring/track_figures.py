"""What lasted of what was done, for those who watch."""

from __future__ import annotations

from datetime import datetime

from resuelve import wiring
from resuelve.domain.errors import JournalError
from resuelve.journal import Acts, Answers, Journal
from resuelve.resolution import observed_run
from resuelve.resolution.track_figures import track_figures
from resuelve.settings import Settings
from resuelve.telemetry import SILENT, Signals
from resuelve.telemetry.logs import log


def tell_track(
    settings: Settings, signals: Signals, journal: Journal, acts: Acts, answers: Answers, now: datetime
) -> None:
    """Tell it, if anybody watches. A journal that cannot be read now stops no run that has ended well."""
    if signals is SILENT:
        return
    file = wiring.workspace(settings).track_figures
    try:
        figures = track_figures(file, journal, acts, answers, now, lasting=settings.durable_days)
        observed_run.tell_track(signals, figures, acts)
    except JournalError as error:
        log.warning("record.uncounted", error=error)
