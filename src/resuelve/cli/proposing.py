"""`resuelve maintain`: closed incidents are read, and what they teach is proposed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from resuelve import wiring
from resuelve.cli.proposal_views import in_order, tell_damaged
from resuelve.cli.surroundings import now, terminal
from resuelve.domain.incident import Incident
from resuelve.knowledge.maintenance.proposed import report_of, write_proposed, write_report
from resuelve.settings import Settings
from resuelve.texts import say

_SHOWN = 30


@dataclass(frozen=True, slots=True)
class _Read:
    """The closed incidents of a run.

    Attributes:
        fresh: those that are looked at.
        told: those whose lesson stands in the dictionary already.
    """

    fresh: Sequence[Incident]
    told: Sequence[str]


def run_maintain(
    settings: Settings, *, source: Path | None = None, since: date | None = None, limit: int = 0, again: bool = False
) -> None:
    """Find proposals, note them, print them, leave the files.

    Raises:
        DictionaryError, VectorIndexError, ModelError, TicketUnavailable, WorkspaceError: nothing was proposed.
    """
    console, language, started = terminal(), settings.language, now()
    place = wiring.workspace(settings)
    place.prepare()
    ledger = wiring.proposals(settings)
    tell_damaged(console, ledger.damaged(), language)
    dictionary = wiring.catalogue(settings)
    listing = _closed(settings, source)
    read = _chosen(listing.incidents, settings.label, ledger, since, limit)
    found, chat = _found(settings, read.fresh, console)
    offered = ledger.offer(found.proposals, at=started, again=again)
    entries = in_order(ledger.entries())
    csv, report = place.proposed(started.date()), place.maintenance_report(started.date())
    write_proposed(csv, entries, dictionary)
    where = str(source) if source else say("mine.source.manager", language)
    head = {"made": started.isoformat(timespec="seconds"), "source": where}
    write_report(report, head | report_of(found, offered, read.told, listing.rejected, chat), entries)
    _print(console, ledger, read, offered, listing, chat, language)
    console.print(say("maintain.files", language, csv=csv, report=report), markup=False, soft_wrap=True)
    if any(one.waiting for one in entries):
        console.print(say("maintain.next", language), markup=False)
