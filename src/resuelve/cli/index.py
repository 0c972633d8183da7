"""`resuelve index`: bring the vector index up to date with the dictionary."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from resuelve import wiring
from resuelve.cli.dictionary_views import tell_noticed
from resuelve.cli.surroundings import now, progress_bar, terminal
from resuelve.domain.errors import DictionaryError
from resuelve.knowledge.catalogue import Catalogue
from resuelve.knowledge.index import Built, build_index
from resuelve.resolution.report import rejected_as_json, write_new
from resuelve.settings import Settings
from resuelve.telemetry.logs import log
from resuelve.texts import say, translated


def run_index(settings: Settings, *, force: bool = False, console: Console | None = None) -> Built:
    """Build or update the index, print what happened, leave the report.

    Raises:
        DictionaryError, VectorIndexError, ModelUnavailable, WorkspaceError: nothing was changed.
    """
    console = console or terminal()
    started, begun = now(), time.perf_counter()
    place = wiring.workspace(settings)
    place.prepare()
    dictionary = _dictionary(settings, console)
    built = update_index(settings, console, dictionary, force=force)
    report = {
        "started": started.isoformat(timespec="seconds"),
        "dictionary": str(place.dictionary.name),
        "problems": len(dictionary.problems),
        "entries": built.entries,
        "added": built.added,
        "removed": built.removed,
        "kept": built.kept,
        "changed": built.changed,
        "seconds": round(time.perf_counter() - begun, 3),
        "rejected_rows": rejected_as_json(dictionary.rejected, settings.language),
        "remarks": rejected_as_json(dictionary.remarks, settings.language),
    }
    text = json.dumps(report, ensure_ascii=False, indent=1) + "\n"
    path = write_new(place.reports, f"reporte_batch_{started:%Y%m%d_%H%M}", [text])
    print_rejected(console, dictionary, settings.language)
    console.print(say("cli.report", settings.language, path=path), markup=False)
    return built


def update_index(
    settings: Settings, console: Console, dictionary: Catalogue | None = None, *, force: bool = False
) -> Built:
    """Bring the index up to date and print what was done; raises as `run_index` does.

    Args:
        dictionary: with the fixes under way, as it was just read; it is read when not given.
    """
    dictionary = dictionary or wiring.known_problems(settings)
    with progress_bar(console) as bar:
        built = build_index(
            dictionary.problems,
            wiring.embedder(settings),
            wiring.store(settings),
            force=force,
            progress=_telling(bar, say("cli.index.progress", settings.language)),
        )
    key = "cli.index.built" if built.changed else "cli.index.same"
    counts = {"problems": len(dictionary.problems), "entries": built.entries}
    counts |= {"added": built.added, "removed": built.removed, "kept": built.kept}
    console.print(say(key, settings.language, **counts), markup=False)
    return built


def _dictionary(settings: Settings, console: Console) -> Catalogue:
    """What the index is built from; what others have saved in the dictionary was noticed."""
    path = wiring.workspace(settings).dictionary
    before = _state(path)
    dictionary = wiring.known_problems(settings)
    _notice(settings, console)
    # Noticing may have brought a change to its end that was broken off, and people save when they like.
    return dictionary if _state(path) == before else wiring.known_problems(settings)


def _state(path: Path) -> tuple[int, ...]:
    """By which a saved file is told from the one before."""
    with suppress(OSError):  # whoever reads it says what is wrong
        status = path.stat()
        return status.st_ino, status.st_size, status.st_mtime_ns
    return ()


def _notice(settings: Settings, console: Console) -> None:
    """Write down as a version what somebody saved with another program; the index does not depend on it."""
    try:
        noticed = wiring.dictionary(settings).notice()
    except DictionaryError as error:
        console.print(translated(error, settings.language), style="yellow", markup=False)
    else:
        tell_noticed(console, noticed, settings.language)


def print_rejected(console: Console, dictionary: Catalogue, language: str) -> None:
    """The rows that were set aside, and what is odd about others, the first ten of each."""
    if dictionary.rejected:
        log.warning("rows.set_aside", count=len(dictionary.rejected))
    for key, found in (("cli.rejected_rows", dictionary.rejected), ("cli.remarks", dictionary.remarks)):
        if found:
            console.print(say(key, language, count=len(found)), style="yellow", markup=False)
        for one in found[:10]:
            console.print(f"  {translated(one, language)}", markup=False)


def _telling(bar: Progress, title: str) -> Any:
    task = bar.add_task(title, total=None)
    return lambda done, total: bar.update(task, completed=done, total=total)
