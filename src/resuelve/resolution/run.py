"""One run: the open incidents, one after the other, and the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from resuelve.domain.decision import OutcomeKind
from resuelve.domain.errors import Rejected, TicketNotFound
from resuelve.domain.incident import Incident
from resuelve.journal import Engine, Intent, Journal
from resuelve.resolution.act import left_unknown
from resuelve.resolution.observed_run import tell_ended, tell_left, tell_listing, tell_work
from resuelve.resolution.pipeline import Pipeline
from resuelve.resolution.report import Totals, rejected_as_json, write_report

_STILL_TO_DO = frozenset({OutcomeKind.FAILED.value, OutcomeKind.PAUSED.value})


@dataclass(frozen=True, slots=True)
class Scope:
    """Which incidents a run takes.

    Attributes:
        queue: only those of this mailbox; empty for all.
        incident: only this one, and even if it was decided before.
        limit: at most so many for which there is something to decide; 0 for all.
    """

    queue: str = ""
    incident: str = ""
    limit: int = 0


@dataclass(frozen=True, slots=True)
class Ended:
    """What a run came to.

    Attributes:
        report: the file; None when there was nothing to do.
        unchanged: incidents decided before, which nobody has changed since.
        set_aside: incidents that failed too often, with the last reason.
        rejected: entries of the ticket manager's answer that are no incidents.
        concerns: what stops acting, of everything or of a row; a sentence each.
        tripped: everything is stopped until somebody has seen to what came back.
        unknown: changes, of this run and earlier ones, of which nobody can tell, and whose ticket nobody has changed.
        stopped: what stops acting, by name: `everything`, `hour`, or a row.
    """

    totals: Totals
    report: Path | None
    unchanged: tuple[str, ...]
    set_aside: Mapping[str, str]
    rejected: tuple[Rejected, ...]
    unknown: tuple[Intent, ...] = ()
    concerns: tuple[str, ...] = ()
    tripped: bool = False
    stopped: tuple[str, ...] = ()

    @property
    def wants_a_person(self) -> bool:
        """True when something is left that no run can do."""
        return bool(self.set_aside or self.rejected or self.unknown or self.concerns)

    def same(self, other: Ended) -> bool:
        """True when both leave a person the same to do."""
        mine, others = ((one.set_aside, one.rejected, one.unknown, one.concerns) for one in (self, other))
        return mine == others


def run_once(  # noqa: PLR0913 - what to do, with what, where, and whom to tell
    pipeline: Pipeline,
    engine: Engine,
    scope: Scope,
    reports: Path,
    *,
    about: Mapping[str, Any],
    workers: int,
    now: Callable[[], datetime],
    on_start: Callable[[int], None] = lambda _: None,
    on_entry: Callable[[Mapping[str, Any]], None] = lambda _: None,
    stopping: Callable[[], bool] = lambda: False,
    before: Ended | None = None,
) -> Ended:
    """Resolve what is open now and write the report.

    Args:
        about: goes to the head of the report.
        on_start: told how many incidents there are.
        on_entry: told each entry as it is finished.
        stopping: asked before each incident; True ends the run after those in hand.
        before: how the same watch ended last; where nothing was done, and the rest is the same, no report is written.

    Raises:
        TicketUnavailable: the list of incidents cannot be had.
        TicketNotFound: `scope.incident` is not open.
        WorkspaceError, JournalError: what was done cannot be written down.
    """
    started = now()
    listing = pipeline.tickets.open_incidents(scope.queue)
    incidents = _chosen(listing.incidents, scope)
    signals = pipeline.signals
    tell_listing(signals, listing.incidents, listing.rejected, before.rejected if before else ())
    if not pipeline.shadow:
        pipeline.breakers.look(listing.incidents)
    aside = {} if scope.incident else pipeline.set_aside(incidents)
    again = bool(scope.incident)
    unchanged = tuple(one.code for one in incidents if engine.is_finished(pipeline.key(one, again=again)))
    done = frozenset(unchanged) | aside.keys()
    todo = [incident for incident in incidents if incident.code not in done]
    todo = list(_first(todo, scope.limit, pipeline.costs_nothing))
    journal = pipeline.journal
    _report_broken_off(journal, engine, reports)
    head = {"run": pipeline.run, "started": started.isoformat(timespec="seconds"), **about, "scope": asdict(scope)}
    journal.start_run(pipeline.run, {**head, "owner": engine.owner})
    tell_work(signals, todo, aside, started, before.set_aside if before else ())
    on_start(len(todo))
    going = _until(todo, stopping)
    left = len(todo)
    for entry in pipeline.resolve_all(engine, going, workers=workers, again=again):
        on_entry(entry)
        left -= entry["outcome"] not in _STILL_TO_DO
        tell_left(signals, left)
    pipeline.history.end(now())
    totals = _totals(journal, pipeline.run)
    unknown = left_unknown(journal, listing.incidents)
    concerns = pipeline.breakers.concerns(pipeline.knowledge.problems)
    ended = Ended(totals, None, unchanged, aside, listing.rejected, unknown, concerns, pipeline.breakers.is_tripped())
    if totals.incidents or (ended.wants_a_person and not (before and ended.same(before))):
        head |= {
            "finished": now().isoformat(timespec="seconds"),
            "unchanged": list(unchanged),
            "set_aside": [{"incident": code, "reason": reason} for code, reason in aside.items()],
            "unknown": [{"incident": one.incident, "reference": one.reference} for one in unknown],
            "breakers": pipeline.breakers.as_json(pipeline.knowledge.problems),
            "unreadable": rejected_as_json(listing.rejected, pipeline.rules.language),
            "history": pipeline.history.as_json(),
        }
        path = write_report(reports, started, head, _entries(journal, pipeline.run), totals.as_json())
        ended = replace(ended, report=path)
    journal.finish_run(pipeline.run, totals.as_json())
    stopped = {**pipeline.breakers.as_json(pipeline.knowledge.problems), **pipeline.breakers.state()}
    names = tell_ended(
        signals,
        totals.as_json(),
        shadow=pipeline.shadow,
        unknown=len(unknown),
        breakers=stopped,
        now=now(),
        before=before.stopped if before else None,
    )
    return replace(ended, stopped=names)


def _report_broken_off(journal: Journal, engine: Engine, reports: Path) -> None:
    """Write the reports of runs that were killed: what they had finished is in the journal."""
    for run, about in journal.unfinished_runs():
        if not engine.is_dead(about["owner"]):
            continue
        totals = _totals(journal, run)
        if totals.incidents:
            started = datetime.fromisoformat(about["started"])
            write_report(reports, started, {**about, "broken_off": True}, _entries(journal, run), totals.as_json())
        journal.finish_run(run, totals.as_json())


def _chosen(incidents: tuple[Incident, ...], scope: Scope) -> tuple[Incident, ...]:
    if not scope.incident:
        return incidents
    found = tuple(incident for incident in incidents if incident.code == scope.incident)
    if not found:
        raise TicketNotFound(
            "there is no open incident of this code",
            where=scope.incident,
            remedy="check the code, or whether it is open",
        )
    return found


def _first(incidents: Iterable[Incident], limit: int, free: Callable[[Incident], bool]) -> Iterator[Incident]:
    """Incidents until there are as many as the limit says, those that are free not counted."""
    taken = 0
    for incident in incidents:
        taken += bool(limit) and not free(incident)
        if limit and taken > limit:
            return
        yield incident


def _until(incidents: Iterable[Incident], stopping: Callable[[], bool]) -> Iterable[Incident]:
    for incident in incidents:
        if stopping():
            return
        yield incident


def _totals(journal: Journal, run: str) -> Totals:
    """From the records, as the report is: the two cannot differ."""
    totals = Totals()
    for entry in _entries(journal, run):
        totals.add(entry)
    return totals


def _entries(journal: Journal, run: str) -> Iterable[Mapping[str, Any]]:
    return (record.content for record in journal.records(run))
