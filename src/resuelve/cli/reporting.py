"""Reports are read, summed up, told in short, and written as a page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from resuelve import durable, wiring
from resuelve.cli.surroundings import now, progress_bar, terminal
from resuelve.domain.errors import JournalError, Rejected, WorkspaceError
from resuelve.journal import Returned
from resuelve.pages.answers import Line, cost_told, right_told, working_told
from resuelve.pages.reported import reported_page, summary_told
from resuelve.reports.sources import Chosen, Period, choose, notes_of
from resuelve.reports.summary import Summary
from resuelve.reports.upkeep import batch_as_json, maintenance_as_json
from resuelve.resolution.approvals import approved_acts
from resuelve.resolution.report import rejected_as_json
from resuelve.resolution.track_record import TrackRecord, track_record
from resuelve.settings import Settings
from resuelve.texts import say, translated

PAGE = "informe.html"
"""In the folder of reports: no report of the contract has this name, and whoever reads those reads ``*.json``."""

_LAST, _OTHERS, _SHOWN = 30, 10, 10
"""Of the workspace: runs, and reports of the index and of maintenance. Of files set aside: on the terminal."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where page and figures are written; None for the workspace, and for nowhere."""

    html: Path | None
    json: Path | None


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the journal tells: what came back, ever, and what lasted of what was done."""

    returned: Sequence[Returned]
    record: TrackRecord


def run_report(settings: Settings, files: Sequence[Path], period: Period, outputs: Outputs) -> bool:
    """Sum up these files, or the newest reports of the workspace; print it in short; write the page.

    Returns:
        False when something was set aside.

    Raises:
        WorkspaceError: there is nothing to sum up, or the page cannot be written.
    """
    console, language = terminal(), settings.language
    place = wiring.workspace(settings)
    chosen = _chosen(place.reports, files, period)
    summary = _summed_up(chosen, console, language)
    kept = None if files else _kept(settings, chosen.rejected)
    _tell_aside(console, chosen, language)
    if chosen.nothing:
        raise _nothing(place.reports, files, chosen)
    report = {
        "made": now().isoformat(timespec="seconds"),
        "source": _source(place.reports, files, language),
        "period": {"since": _day(period.since), "until": _day(period.until), "last": period.last},
        "older_runs": chosen.older,
        **summary.as_json(kept.returned if kept else None),
        "durable": kept.record.as_json() if kept else None,
        "batches": [batch_as_json(one) for one in chosen.batches],
        "maintenance": [maintenance_as_json(one) for one in chosen.maintenance],
        "set_aside": rejected_as_json(chosen.rejected, language),
        "notes": rejected_as_json(chosen.notes, language),
    }
    _print(console, report, language)
    if outputs.html is None:
        place.prepare()
    page = outputs.html or place.reports / PAGE
    _write(page, reported_page(report, language=language, trace_url=settings.trace_url))
    console.print(say("report.written", language, path=page), markup=False, soft_wrap=True)
    if outputs.json:
        _write(outputs.json, json.dumps(report, ensure_ascii=False, indent=1) + "\n")
        console.print(say("report.written_json", language, path=outputs.json), markup=False, soft_wrap=True)
    return not chosen.rejected


def _chosen(folder: Path, files: Sequence[Path], period: Period) -> Chosen:
    if files:
        return choose(files, period)
    # Others lie beside them, as `resuelve mine` has left them: these names are the contract's.
    found = choose(folder.glob("reporte*.json"), replace(period, last=period.last or _LAST), others=_OTHERS)
    found.rejected = [one for one in found.rejected if not _is_taken(Path(one.where))]
    return found


def _is_taken(path: Path) -> bool:
    """A name that a run has taken for its report, and not filled yet: what it tells, it, or the next run, will tell."""
    try:
        return path.stat().st_size == 0
    except OSError:
        return False


def _summed_up(chosen: Chosen, console: Console, language: str) -> Summary:
    """Those that break off in the middle are set aside, and not counted at all."""
    summary = Summary(chosen.runs)
    with progress_bar(console) as bar:
        task = bar.add_task(say("report.progress", language), total=len(chosen.runs))
        for one in list(chosen.runs):
            try:
                notes, silent = notes_of(one)
            except WorkspaceError as error:
                chosen.rejected.append(Rejected(one.path.name, str(one.path), error.what))
                chosen.runs.remove(one)
            else:
                summary.add(one, notes, silent)
            bar.advance(task)
    return summary


def _kept(settings: Settings, rejected: list[Rejected]) -> _Kept | None:
    """None where there is no journal that tells it."""
    file = wiring.workspace(settings).journal_file
    if not file.exists():
        return None
    try:
        with (
            closing(wiring.acts(settings)) as acts,
            closing(wiring.journal(settings)) as journal,
            closing(wiring.answers(settings)) as answers,
        ):
            approved = approved_acts(answers.given())
            record = track_record(journal, acts, now(), lasting=settings.durable_days, approved=approved)
            return _Kept(acts.returned(ever=True), record)
    except JournalError:
        rejected.append(Rejected(file.name, str(file), "the journal cannot be read: what came back is not known"))
        return None


def _nothing(folder: Path, files: Sequence[Path], chosen: Chosen) -> WorkspaceError:
    if chosen.outside:
        return WorkspaceError("no report lies within these days", remedy="name other days, or more files")
    if files or chosen.rejected:
        return WorkspaceError(
            "none of these files is a report that can be read", remedy="see the reasons above, and name others"
        )
    return WorkspaceError(
        "there is no report of a run, of the index or of maintenance here",
        where=str(folder),
        remedy="run `resuelve run` first, or name the files",
    )


def _source(folder: Path, files: Sequence[Path], language: str) -> str:
    if len(files) == 1:
        return files[0].name
    return say("report.source.files" if files else "report.source.workspace", language, count=len(files), folder=folder)


def _day(value: Any) -> str | None:
    return value.isoformat() if value else None


def _tell_aside(console: Console, chosen: Chosen, language: str) -> None:
    for key, found in (("report.set_aside", chosen.rejected), ("report.notes", chosen.notes)):
        if not found:
            continue
        console.print(say(key, language, count=len(found)), style="yellow", markup=False)
        for one in found[:_SHOWN]:
            console.print(f"  {translated(one, language)}", markup=False, soft_wrap=True)
        if len(found) > _SHOWN:
            console.print(f"  {say('report.more', language, count=len(found) - _SHOWN)}", markup=False)


def _print(console: Console, report: Mapping[str, Any], language: str) -> None:
    console.print(summary_told(report, language), style="bold", markup=False)
    if not report["runs"]["count"]:
        return
    for question, lines in (
        ("working", working_told(report, language)),
        ("right", right_told(report, language)),
        ("cost", cost_told(report, language)),
    ):
        console.print(say(f"report.page.{question}", language), style="bold", markup=False)
        for line in _lines(lines):
            console.print(line, markup=False)


def _lines(lines: Sequence[Line]) -> Iterator[str]:
    for one in lines:
        yield f"  {one.name}: {one.value}" + (f" ({one.note})" if one.note else "")


def _write(path: Path, text: str) -> None:
    with durable.writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        durable.replace(path, text.encode("utf-8", "backslashreplace"))
