"""`resuelve maintain`: closed incidents are read, and what they teach is proposed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from resuelve import wiring
from resuelve.cli.proposal_views import in_order, proposals_table, tell_damaged
from resuelve.cli.surroundings import now, progress_bar, terminal
from resuelve.domain.incident import Incident
from resuelve.knowledge.catalogue import Catalogue
from resuelve.knowledge.maintenance.ledger import Offered
from resuelve.knowledge.maintenance.proposed import write_proposed, write_report
from resuelve.knowledge.maintenance.stored import Entry
from resuelve.knowledge.past import lesson_of
from resuelve.models import Usage
from resuelve.resolution.report import rejected_as_json
from resuelve.resolution.trace import MeteredChat, plain
from resuelve.settings import Settings
from resuelve.texts import say
from resuelve.tickets import Listing
from resuelve.wiring.encoders import surveying

if TYPE_CHECKING:
    from resuelve.knowledge.maintenance.find import Found

_SHOWN = 30


@dataclass(frozen=True, slots=True)
class _Maintained:
    """What a run has done.

    Attributes:
        closed: the closed incidents that were to be read.
        told: those of them whose lesson stands in the dictionary already; they were not looked at.
        entries: the whole ledger afterwards.
    """

    listing: Listing
    closed: Sequence[Incident]
    told: Sequence[str]
    found: Found
    usage: Usage
    offered: Offered
    entries: Sequence[Entry]


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
    dictionary = wiring.catalogue(settings)
    listing = wiring.closed_incidents(settings, source)
    closed = _newest(listing.incidents, settings.label, since, limit)
    done = _maintained(settings, listing, closed, dictionary, started, console, again=again)
    csv, report = place.proposed(started.date()), place.maintenance_report(started.date())
    write_proposed(csv, done.entries, dictionary)
    where = str(source) if source else say("mine.source.manager", language)
    write_report(
        report,
        {"made": started.isoformat(timespec="seconds"), "source": where, **_figures(done, language)},
        done.entries,
    )
    _print(console, done, language)
    console.print(say("maintain.files", language, csv=csv, report=report), markup=False, soft_wrap=True)
    if any(one.waiting for one in done.entries):
        console.print(say("maintain.next", language), markup=False)


def _newest(closed: Sequence[Incident], label: str, since: date | None, limit: int) -> list[Incident]:
    """Those closed since a day (those without a readable date among them), the newest, in the order of the manager."""
    days = {one.code: _day(one, label) for one in closed}
    chosen = [one for one in closed if since is None or (days[one.code] or since) >= since]
    if not limit:
        return chosen
    newest = sorted(chosen, key=lambda one: days[one.code] or date.min, reverse=True)[:limit]
    kept = {one.code for one in newest}
    return [one for one in chosen if one.code in kept]


def _day(incident: Incident, label: str) -> date | None:
    at = lesson_of(incident, label=label).finished or incident.opened
    return at.date() if at else None


def _maintained(
    settings: Settings,
    listing: Listing,
    closed: Sequence[Incident],
    dictionary: Catalogue,
    at: datetime,
    console: Console,
    *,
    again: bool,
) -> _Maintained:
    from resuelve.knowledge.maintenance.find import find_proposals

    ledger = wiring.proposals(settings)
    tell_damaged(console, ledger.damaged(), settings.language)
    told = ledger.told()
    fresh = [one for one in closed if one.code not in told]
    chat = wiring.chat(settings)
    metered = MeteredChat(chat) if chat else None
    with surveying(settings, dictionary) as knowledge, progress_bar(console) as bar:
        task = bar.add_task(say("maintain.progress", settings.language), total=len(fresh))
        found = find_proposals(
            fresh,
            knowledge,
            label=settings.label,
            chat=metered,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    offered = ledger.offer(found.proposals, at=at, again=again)
    taught = [one.code for one in closed if one.code in told]
    usage = metered.usage if metered else Usage()
    return _Maintained(listing, closed, taught, found, usage, offered, in_order(ledger.entries()))


def _figures(done: _Maintained, language: str) -> Mapping[str, Any]:
    """What the report says besides the proposals."""
    offered = done.offered
    return {
        "incidents": len(done.closed),
        "counts": plain(done.found.counts),
        "model": {"calls": done.usage.calls, "tokens_in": done.usage.tokens_in, "tokens_out": done.usage.tokens_out},
        "new": [one.id for one in offered.new],
        "renewed": [one.id for one in offered.renewed],
        "known": [one.id for one in offered.known],
        "suppressed": [
            {"id": one.id, "because_of": why.proposal.id, "state": str(why.state)} for one, why in offered.suppressed
        ],
        "told": list(done.told),
        "fates": plain(done.found.fates),
        "unread": rejected_as_json(done.listing.rejected, language),
    }


def _print(console: Console, done: _Maintained, language: str) -> None:
    offered = done.offered
    fresh = {one.id for one in (*offered.new, *offered.renewed)}
    shown = [one for one in done.entries if one.proposal.id in fresh]
    if shown:
        console.print(proposals_table(shown[:_SHOWN], language))
    if len(shown) > _SHOWN:
        console.print(say("maintain.more", language, count=len(shown) - _SHOWN), markup=False)
    console.print(say("maintain.read", language, read=len(done.closed), told=len(done.told)), markup=False)
    counts = {"new": len(offered.new), "renewed": len(offered.renewed)}
    counts |= {"known": len(offered.known), "suppressed": len(offered.suppressed)}
    console.print(say("maintain.totals", language, **counts), markup=False)
    if done.listing.rejected:
        text = say("maintain.unread", language, count=len(done.listing.rejected))
        console.print(text, style="yellow", markup=False)
    if done.usage.calls:
        used = {"calls": done.usage.calls, "tokens_in": done.usage.tokens_in, "tokens_out": done.usage.tokens_out}
        console.print(say("maintain.usage", language, **used), markup=False)
