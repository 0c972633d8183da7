"""What the journal keeps of what came back and what lasted, read without bringing an older journal up to date."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime

from resuelve import wiring
from resuelve.resolution.approvals import approved_acts
from resuelve.resolution.track_record import TrackRecord, track_record
from resuelve.settings import Settings


def kept_record(settings: Settings, now: datetime) -> TrackRecord:
    """What lasted of what was done by itself.

    Raises:
        JournalError: the journal cannot be read.
    """
    with (
        closing(wiring.journal(settings, extend=False)) as journal,
        closing(wiring.acts(settings, extend=False)) as acts,
        closing(wiring.answers(settings)) as answers,
    ):
        approved = approved_acts(answers.given())
        return track_record(journal, acts, now, lasting=settings.durable_days, approved=approved)
