"""`resuelve run`: resolve what is open, once or again and again."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from resuelve import assembly, wiring
from resuelve.cli.restored import print_comparison
from resuelve.cli.surroundings import now, progress_bar, run_name, said_of_names, terminal, warn
from resuelve.cli.tables import Line, entries_table, line_of, print_totals, say_unknown
from resuelve.domain.errors import ResuelveError
from resuelve.journal import Engine
from resuelve.resolution.observed import mode_of
from resuelve.resolution.observed_run import announce, tell_failed
from resuelve.resolution.reconcile import Comparison
from resuelve.resolution.run import Ended, Scope, run_once
from resuelve.settings import Settings
from resuelve.telemetry import Signals
from resuelve.telemetry.logs import bound, log
from resuelve.telemetry.logs.counts import counts
from resuelve.texts import say, translated
from resuelve.wiring.track_figures import tell_track
from resuelve.wiring.watching import watched

_MOST_LINES = 500
"""What is shown on the terminal; the report has them all."""


def run_command(
    settings: Settings,
    *,
    queue: str,
    incident: str,
    limit: int,
    shadow: bool,
    watch: bool,
    console: Console | None = None,
) -> bool:
    """Run once, or with `watch` until told to stop (Ctrl-C, SIGTERM: the incidents in hand are finished).

    Returns:
        True when an incident failed or was set aside, or everything is stopped until somebody has seen to it.

    Raises:
        ResuelveError: nothing could be done. While watching it is reported, and tried again at the next round: a
            manager that does not answer, a dictionary that was edited and not indexed yet.
    """
    console = console or terminal()
    noted = _Noted()
    for line in said_of_names(settings.language):
        warn(line)
    scope = Scope(queue, incident, limit)
    told: object = None  # at the last look: while nothing changes, a watch says so once
    before: Ended | None = None
    with watched(settings, noted) as signals, counts.counting(signals), _told_to_stop() as stop:
        # What was decided in shadow is kept nowhere: a watch remembers it, and decides about unchanged tickets once.
        engine = wiring.engine(settings, durable=False) if shadow else None
        announce(signals)
        signals.flush()  # the zeros with which counters begin
        rounds = _Rounds(settings, scope, shadow, console, stop, noted, signals, engine)
        while True:
            try:
                ended, lines = rounds.next(before)
            except ResuelveError as error:
                tell_failed(signals, error, shadow=shadow)
                if not watch:
                    raise
                text = translated(error, settings.language)
                if text != told:
                    console.print(text, style="red", markup=False)
                told = text
            else:
                before = ended
                seen = (ended.unchanged, ended.set_aside, ended.rejected, ended.unknown, ended.concerns)
                if lines or seen != told:
                    _show(console, ended, lines, settings.language)
                told = seen
                if not watch:
                    return bool(ended.totals.outcomes["failed"] or ended.set_aside or ended.tripped)
            if stop.wait(settings.poll_seconds):
                return False


class _Noted:
    """Warns of each thing once, however many rounds there are."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def __call__(self, line: str) -> None:
        if line not in self._told:
            self._told.add(line)
            warn(line)


@dataclass(frozen=True, slots=True)
class _Rounds:
    """What stays the same from one look to the next."""

    settings: Settings
    scope: Scope
    shadow: bool
    console: Console
    stop: threading.Event
    noted: _Noted
    signals: Signals
    engine: Engine | None

    def next(self, before: Ended | None) -> tuple[Ended, list[Line]]:
        """Look once; `before` is how the last look ended."""
        settings, name, language = self.settings, run_name(now()), self.settings.language

        def compared(found: Comparison, report: Path) -> None:
            print_comparison(self.console, found, report, language)

        with (
            assembly.assemble(
                settings,
                name,
                shadow=self.shadow,
                on_compared=compared,
                on_note=self.noted,
                start=before is None,
                signals=self.signals,
                engine=self.engine,
            ) as parts,
            progress_bar(self.console) as bar,
            bound(run=name),
        ):
            if before is None:
                self._tell_started(parts)
                self.signals.flush()  # now with the zeros of its models
            lines: dict[str, Line] = {}
            task = bar.add_task(say("cli.run.progress", language), total=None)

            def started(total: int) -> None:
                bar.update(task, total=total)
                if total and before is not None:  # a look that finds nothing to do is no news
                    self._tell_started(parts)

            def finished(entry: Mapping[str, Any]) -> None:
                # What a killed run left comes before the ticket as it is now: the change is what matters.
                if entry["incident"] in lines and not entry["changed"]:
                    return
                if len(lines) < _MOST_LINES:
                    lines[entry["incident"]] = line_of(entry, language)
                bar.advance(task)

            ended = run_once(
                parts.pipeline,
                parts.engine,
                self.scope,
                wiring.workspace(settings).reports,
                about=about(settings, parts, self.shadow),
                workers=settings.workers,
                now=now,
                on_start=started,
                on_entry=finished,
                stopping=self.stop.is_set,
                before=before,
            )
            if not self.shadow:
                tell_track(settings, self.signals, parts.journal, parts.acts, parts.answers, now())
        return ended, [*lines.values()]

    def _tell_started(self, parts: assembly.Assembly) -> None:
        log.info(
            "run.started",
            mode=mode_of(self.shadow),
            queue=self.scope.queue,
            workers=self.settings.workers,
            problems=len(parts.catalogue.problems),
            model=parts.pipeline.chat.name if parts.pipeline.chat else None,
        )


def _show(console: Console, ended: Ended, lines: list[Line], language: str) -> None:
    if lines:
        console.print(entries_table(lines, language))
    print_ended(console, ended, language)


def about(settings: Settings, parts: assembly.Assembly, shadow: bool) -> dict[str, Any]:
    """What the head of a report says of the circumstances."""
    knowledge, known = parts.pipeline.knowledge, parts.catalogue
    fixes = sum(1 for problem in known.problems.values() if problem.fix)
    return {
        "environment": settings.environment.value,
        "mode": "shadow" if shadow else "live",
        "dictionary": {"fingerprint": known.fingerprint, "problems": len(known.problems) - fixes, "fixes": fixes},
        "rejected_rows": len(known.rejected),
        "index": {"embedder": knowledge.index.identity.embedder, "built_at": knowledge.index.identity.built_at},
        "model": parts.pipeline.chat.name if parts.pipeline.chat else None,
        "versions": dict(parts.pipeline.rules.versions),
        "threshold": settings.critic_approval_threshold,
        "thresholds": dict(settings.thresholds),
        "policy": {word: permission.value for word, permission in settings.policy.items()},
    }


def print_ended(console: Console, ended: Ended, language: str) -> None:
    """Totals, what was set aside, where the report is."""
    print_totals(console, ended.totals, language, ended.unchanged)
    for code, reason in ended.set_aside.items():
        console.print(say("cli.set_aside", language, incident=code, reason=reason), style="red", markup=False)
    if ended.unknown:
        console.print(say_unknown(ended.unknown, language), style="red", markup=False)
    for concern in ended.concerns:
        console.print(concern, style="red", markup=False)
    for one in ended.rejected:
        console.print(translated(one, language), style="red", markup=False)
    if ended.report:
        console.print(say("cli.report", language, path=ended.report), markup=False)


@contextmanager
def _told_to_stop() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C or SIGTERM sets; a second Ctrl-C interrupts at once."""
    stop = threading.Event()

    def tell(*_: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = {kind: signal.signal(kind, tell) for kind in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
