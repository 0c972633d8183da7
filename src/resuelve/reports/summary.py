"""Runs summed up: per run, and per incident over all runs, so that a watch that sees a ticket ten times counts it once.

Memory: some hundred bytes for each different incident; an entry is forgotten once it is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from resuelve.domain.decision import OutcomeKind
from resuelve.journal import Returned, ReturnedAs
from resuelve.reports.gaps import Gaps
from resuelve.reports.notes import Note, change_of
from resuelve.reports.refusals import Refusals
from resuelve.reports.sources import Report, left_aside
from resuelve.reports.time import begin, grain, stretches
from resuelve.reports.values import items, mapping, moment, text

LISTED = 500
"""Things in a list of the summary; how many there are in all stands beside it."""

_SHOWN = (OutcomeKind.FAILED.value, OutcomeKind.UNKNOWN.value, OutcomeKind.SHADOWED.value)


@dataclass(slots=True)
class _Counted:
    """Different incidents, with what became of each at last, and which of them were acted on."""

    last: dict[str, str] = field(default_factory=dict)
    executed: set[str] = field(default_factory=set)

    def add(self, note: Note) -> None:
        if note.outcome != OutcomeKind.WAITING or note.incident not in self.last:  # nothing happened to it since
            self.last[note.incident] = note.outcome
        if note.executed and not note.approved:
            self.executed.add(note.incident)

    def as_json(self) -> dict[str, Any]:
        handled, executed = len(self.last), len(self.executed)
        return {"handled": handled, "executed": executed, "automatic_rate": _share(executed, handled)}


class Summary:
    """Adds up runs, which must come oldest first.

    Args:
        runs: all that will come.
    """

    def __init__(self, runs: Sequence[Report]) -> None:
        self.grain = grain([one.at for one in runs if not one.shadow])
        self._runs: list[dict[str, Any]] = []
        self._newest: tuple[Report, list[Note]] | None = None
        self._all, self._shadow = _Counted(), _Counted()
        self._doubts: dict[str, str] = {}
        self._resolutions: Counter[str] = Counter()
        self._changes: set[int] = set()
        self._gaps, self._refusals = Gaps(), Refusals()
        self._rows: dict[str, str] = {}
        self._told: set[int] = set()
        self._cost: Counter[str] = Counter()
        self._stages: Counter[str] = Counter()
        self._systems: Counter[str] = Counter()
        self._first: dict[str, str] = {}
        self._stretches: Counter[str] = Counter()

    def add(self, report: Report, notes: Sequence[Note], silent: int = 0) -> None:
        """Count a run, with the notes of its entries.

        Args:
            silent: entries that say nothing.
        """
        self._runs.append(_run(report, notes, silent))
        self._newest = report, list(notes)
        if not report.shadow:
            self._look_at(notes, begin(report.at, self.grain, report.run))
        for note in notes:
            if not (note.decided and note.decided in self._told):
                self._spend(note)
            self._count(note, self._shadow if report.shadow else self._all, live=not report.shadow)
        if report.broken_off:  # what it had recorded and not finished, the next run tells again
            self._told |= {note.decided for note in notes}

    def as_json(self, returned: Sequence[Returned] | None = None) -> dict[str, Any]:
        """The figures. Field names and meanings: docs/how-to/read-a-report.md.

        Args:
            returned: what came back, ever; None where nobody knows.
        """
        return {
            "runs": self._of_runs(),
            "incidents": self._all.as_json(),
            "shadow": self._of_shadow(),
            "outcomes": _by_count(Counter(self._all.last.values())),
            "resolutions": _by_count(self._resolutions),
            "handed_over": _by_count(Counter(self._doubts.values())),
            "failed_by_system": _by_count(self._systems),
            "returned": _returned(returned, self._changes),
            "refused": self._refusals.as_json(self._rows),
            "cost": self._of_cost(),
            "gaps": self._gaps.as_json(self._rows),
            "over_time": self._over_time(),
            "each_run": self._runs[-LISTED:],
            "newest": self._of_newest(returned or ()),
        }

    def _count(self, note: Note, counted: _Counted, *, live: bool) -> None:
        counted.add(note)
        if note.row and note.description:
            self._rows[note.row] = note.description
        self._refusals.add(note)
        if not live:
            return
        self._gaps.add(note)
        if note.outcome == OutcomeKind.HANDED_OFF:
            self._doubts[note.incident] = note.doubt
        elif note.outcome != OutcomeKind.WAITING:
            self._doubts.pop(note.incident, None)
        if note.executed and note.change not in self._changes:
            self._changes.add(note.change)
            self._resolutions[note.word] += 1

    def _spend(self, note: Note) -> None:
        self._stages.update(note.seconds)
        self._systems.update([note.system] if note.system else [])
        for name in ("calls", "tokens_in", "tokens_out"):
            self._cost[name] += getattr(note, name)
        self._cost["entries"] += 1

    def _look_at(self, notes: Sequence[Note], stretch: str) -> None:
        """An incident belongs to the time at which it was first looked at, however often it is looked at again."""
        self._stretches[stretch] += 1
        for note in notes:
            self._first.setdefault(note.incident, stretch)

    def _over_time(self) -> dict[str, Any]:
        outcomes: dict[str, Counter[str]] = {}
        executed: Counter[str] = Counter(self._first[incident] for incident in self._all.executed)
        for incident, stretch in self._first.items():
            outcomes.setdefault(stretch, Counter())[self._all.last[incident]] += 1
        shown = stretches(list(self._stretches), self.grain)
        periods = []
        for one in shown:
            begun, _, run = one.partition(" ")
            handled = outcomes.get(one, Counter()).total()
            periods.append(
                {
                    "from": begun,
                    "run": run,
                    "runs": self._stretches[one],
                    "handled": handled,
                    "executed": executed[one],
                    "automatic_rate": _share(executed[one], handled),
                    "outcomes": _by_count(outcomes.get(one, {})),
                }
            )
        return {"by": self.grain.value, "periods": periods, "earlier": len(self._stretches.keys() - set(shown))}

    def _of_runs(self) -> dict[str, Any]:
        found = self._runs
        return {
            "count": len(found),
            "live": sum(one["mode"] != "shadow" for one in found),
            "shadow": sum(one["mode"] == "shadow" for one in found),
            "broken_off": sum(one["broken_off"] for one in found),
            "silent_entries": sum(one["silent_entries"] for one in found),
            "first": found[0]["started"] if found else None,
            "last": found[-1]["started"] if found else None,
        }

    def _of_shadow(self) -> dict[str, Any] | None:
        """None where there was no such run; what would have been changed is never among what was."""
        handled = len(self._shadow.last)
        would = sum(one == OutcomeKind.SHADOWED for one in self._shadow.last.values())
        return {"handled": handled, "would_change": would, "rate": _share(would, handled)} if handled else None

    def _of_cost(self) -> dict[str, Any]:
        total, entries = sum(self._stages.values()), self._cost["entries"]
        return {
            **{name: self._cost[name] for name in ("entries", "calls", "tokens_in", "tokens_out")},
            "seconds": round(total, 4),
            "seconds_per_entry": round(total / entries, 4) if entries else None,
            "stages": [
                {"stage": stage, "seconds": round(seconds, 4), "share": _share(seconds, total)}
                for stage, seconds in sorted(self._stages.items(), key=lambda one: (-one[1], one[0]))
            ],
        }

    def _of_newest(self, returned: Sequence[Returned]) -> dict[str, Any] | None:
        if self._newest is None:
            return None
        report, notes = self._newest
        how = {change_of(one.act.incident, one.act.reference): one.how.value for one in returned}
        back = {one.act.incident: one.how.value for one in returned}
        came = {one.incident: how.get(one.change, "") if one.executed else back.get(one.incident, "") for one in notes}
        shown = [one for one in notes if one.executed or one.outcome in _SHOWN or came[one.incident]]
        shown.sort(key=lambda one: (not came[one.incident], one.outcome not in _SHOWN, one.incident))
        aside, unknown = left_aside(report), items(report.head.get("unknown"))
        return {
            **self._runs[-1],
            "stopped": text(mapping(report.head.get("breakers")).get("stopped")),
            "set_aside": aside[:LISTED],
            "set_aside_count": len(aside),
            "unknown": [text(mapping(one).get("incident"), 100) for one in unknown[:LISTED]],
            "unknown_count": len(unknown),
            "incidents": [{**_shown(one), "came_back": came[one.incident]} for one in shown[:LISTED]],
            "incidents_count": len(shown),
        }


def _run(report: Report, notes: Sequence[Note], silent: int) -> dict[str, Any]:
    """A run by itself; its figures are those of its own report."""
    head, counted = report.head, _Counted()
    for note in notes:
        counted.add(note)
    finished = moment(head.get("finished"))
    return {
        "run": report.run,
        "file": report.path.name,
        "started": report.at.isoformat(timespec="seconds"),
        "finished": finished.isoformat(timespec="seconds") if finished else None,
        "mode": "shadow" if report.shadow else "live",
        "broken_off": report.broken_off,
        "model": text(head.get("model"), 100),
        **counted.as_json(),
        "outcomes": _by_count(Counter(note.outcome for note in notes)),
        "unchanged": len(items(head.get("unchanged"))),
        "set_aside_incidents": len(items(head.get("set_aside"))),
        "unreadable": len(items(head.get("unreadable"))),
        "silent_entries": silent,
    }


def _shown(note: Note) -> dict[str, Any]:
    return {
        "incident": note.incident,
        "title": note.title,
        "outcome": note.outcome,
        "row": note.row,
        "word": note.word,
        "target": note.target,
        "score": note.score,
        "reason": note.reason,
        "trace": note.trace,
    }


def _returned(returned: Sequence[Returned] | None, changes: set[int]) -> dict[str, Any]:
    """What came back of the changes that these runs made; of earlier ones only how many."""
    if returned is None:
        return {"known": False, "changes": len(changes)}
    of_these = [one for one in returned if change_of(one.act.incident, one.act.reference) in changes]
    how = Counter(one.how for one in of_these)
    newest = sorted(of_these, key=lambda one: (one.at, one.act.incident), reverse=True)
    return {
        "known": True,
        "changes": len(changes),
        "came_back": len(of_these),
        "share": _share(len(of_these), len(changes)),
        "reopened": how[ReturnedAs.REOPENED],
        "reported": how[ReturnedAs.REPORTED],
        "of_other_runs": len(returned) - len(of_these),
        "list": [
            {
                "incident": one.act.incident,
                "row": one.act.problem,
                "outcome": one.act.kind,
                "target": one.act.target,
                "at": one.act.at.isoformat(timespec="seconds"),
                "how": one.how.value,
                "returned_at": one.at.isoformat(timespec="seconds"),
            }
            for one in newest[:LISTED]
        ],
    }


def _share(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None


def _by_count(found: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))
