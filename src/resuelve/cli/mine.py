"""`resuelve mine`: what closed incidents and our own runs teach about the dictionary."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.progress import Progress

from resuelve import wiring
from resuelve.cli.mined import print_mined
from resuelve.cli.surroundings import now, progress_bar, terminal
from resuelve.domain.errors import Rejected
from resuelve.knowledge.catalogue import Catalogue
from resuelve.knowledge.mining.mine import Mined, Sources, mine
from resuelve.pages.mined import mined_page
from resuelve.resolution.knowledge import Knowledge
from resuelve.resolution.report import rejected_as_json, write_beside, write_new
from resuelve.settings import Settings
from resuelve.texts import say
from resuelve.tickets import Listing
from resuelve.wiring.encoders import surveying


def run_mine(settings: Settings, *, source: Path | None = None, at_least: int = 2) -> None:
    """Mine the past, print what stands out, leave page and JSON in ``reportes``.

    Raises:
        DictionaryError, VectorIndexError, ModelUnavailable, TicketUnavailable, JournalError, WorkspaceError: nothing
            was written.
    """
    console, language, started = terminal(), settings.language, now()
    place = wiring.workspace(settings)
    place.prepare()
    with _mining(settings, source) as (sources, unreadable, knowledge, dictionary), progress_bar(console) as bar:
        mined = mine(sources, knowledge, at_least=at_least, progress=_telling(bar, language))
    where = str(source) if source else say("mine.source.manager", language)
    report = _report(mined, dictionary, unreadable, started, where, language)
    page_text = mined_page(report, language=language)
    path = write_new(
        place.reports, f"mineria_{started:%Y%m%d_%H%M}", [json.dumps(report, ensure_ascii=False, indent=1)]
    )
    page = write_beside(path, ".html", page_text)
    print_mined(console, report, language)
    console.print(say("mine.report", language, page=page, path=path), markup=False, soft_wrap=True)


@contextmanager
def _mining(
    settings: Settings, source: Path | None
) -> Iterator[tuple[Sources, tuple[Rejected, ...], Knowledge, Catalogue]]:
    """What is mined, and with what; an export is mined without asking the ticket manager for anything."""
    place = wiring.workspace(settings)
    with ExitStack() as stack:
        dictionary = wiring.catalogue(settings)
        knowledge = stack.enter_context(surveying(settings, dictionary))
        journal = wiring.journal(settings, extend=False)
        stack.callback(journal.close)
        listings = [wiring.exported(source)] if source else _asked(settings, stack)
        sources = Sources(
            closed=listings[0].incidents,
            open=listings[1].incidents if len(listings) > 1 else (),
            journal=journal,
            rejected=sorted(place.rejected.glob("rejected*.csv")),
            label=settings.label,
        )
        unreadable = tuple(one for listing in listings for one in listing.rejected)
        yield sources, unreadable, knowledge, dictionary


def _asked(settings: Settings, stack: ExitStack) -> list[Listing]:
    manager = wiring.tickets(settings)
    stack.callback(manager.close)
    return [manager.closed_incidents(), manager.open_incidents()]


def _report(
    mined: Mined, dictionary: Catalogue, unreadable: tuple[Rejected, ...], started: datetime, source: str, language: str
) -> dict[str, Any]:
    """The report as it is written: what was found, with its head and the descriptions of the rows that it names."""
    found = mined.as_json()
    named = {one["row"] for one in (*found["problems"], *found["gaps"], *found["rejected"])}
    return {
        "made": started.isoformat(timespec="seconds"),
        "source": source,
        "dictionary": {"problems": len(dictionary.problems), "rejected_rows": len(dictionary.rejected)},
        **found,
        "unread": rejected_as_json((*unreadable, *mined.unread), language),
        "descriptions": {
            row: dictionary.problems[row].description for row in sorted(named) if row in dictionary.problems
        },
    }


def _telling(bar: Progress, language: str) -> Any:
    tasks: dict[str, Any] = {}

    def tell(what: str, done: int, total: int) -> None:
        if what not in tasks:
            tasks[what] = bar.add_task(say(f"mine.progress.{what}", language), total=total)
        bar.update(tasks[what], completed=done, total=total)

    return tell
