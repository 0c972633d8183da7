"""What lasted of what was done, for those who watch."""

from __future__ import annotations

from datetime import datetime

from resuelve import wiring
from resuelve.journal import Acts, Journal
from resuelve.resolution import observed_run
from resuelve.resolution.track_figures import track_figures
from resuelve.settings import Settings
from resuelve.telemetry import SILENT, Signals


def tell_track(settings: Settings, signals: Signals, journal: Journal, acts: Acts, now: datetime) -> None:
    """Tell it, if anybody watches.

    Raises:
        JournalError: the journal cannot be read.
    """
    if signals is not SILENT:
        file = wiring.workspace(settings).track_figures
        figures = track_figures(file, journal, acts, now, lasting=settings.durable_days)
        observed_run.tell_track(signals, figures, acts)
