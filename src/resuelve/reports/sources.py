"""Which reports are summed up: told apart by what they hold, a run once, what cannot be used set aside."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from resuelve.domain.errors import Rejected, WorkspaceError
from resuelve.domain.message import message, system_said
from resuelve.reports.notes import Note, note_of
from resuelve.reports.stream import ObjectReader
from resuelve.reports.values import items, moment, text, whole

MOST_BYTES = 2**30
"""Of one file: a report of a hundred thousand incidents has half of it."""

_OURS = ("run", "started", "mode", "totals")
"""What stands before the incidents in a report as it was written; somebody's tool may have put it after them."""

_AHEAD = timedelta(days=1)
"""By how much the clock of another machine may go before ours."""

_COUNTS_OF_INDEX = ("entries", "added", "removed", "kept")


class Kind(StrEnum):
    """What a report is of."""

    RUN = "run"
    BATCH = "batch"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True)
class Report:
    """A report, without the entries of its incidents.

    Attributes:
        at: when what it tells began.
        run: the name of the run; empty for the other kinds.
    """

    path: Path
    kind: Kind
    at: datetime
    head: Mapping[str, Any]
    run: str = ""

    @property
    def shadow(self) -> bool:
        """The run decided and touched nothing."""
        return self.head.get("mode") == "shadow"

    @property
    def mailbox(self) -> str | None:
        """The mailbox all of whose tickets the run looked at, empty for all of them; None where it did not, or does
        not say: what it was left with is not what there is.
        """
        scope = self.head.get("scope")
        if not isinstance(scope, dict) or scope.get("incident") or self.shadow or self.broken_off:
            return None
        return text(scope.get("queue"), 100)

    @property
    def broken_off(self) -> bool:
        """The run was killed, and another one wrote its report."""
        return self.head.get("broken_off") is True


@dataclass(slots=True)
class Chosen:
    """What is summed up.

    Attributes:
        runs, batches, maintenance: oldest first.
        rejected: files that cannot be used, and why.
        notes: files that need not be used, and why: what they tell is told by others.
        older: runs that were left out because there are newer ones.
        outside: reports of other days.
    """

    runs: list[Report] = field(default_factory=list)
    batches: list[Report] = field(default_factory=list)
    maintenance: list[Report] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    notes: list[Rejected] = field(default_factory=list)
    older: int = 0
    outside: int = 0

    @property
    def nothing(self) -> bool:
        """There is nothing to sum up."""
        return not (self.runs or self.batches or self.maintenance)


@dataclass(frozen=True, slots=True)
class Period:
    """Days, both included, and how many of the newest; None for no bound."""

    since: date | None = None
    until: date | None = None
    last: int | None = None

    def holds(self, at: datetime) -> bool:
        """True when the moment lies within the days."""
        day = at.date()
        return (self.since is None or day >= self.since) and (self.until is None or day <= self.until)


def choose(paths: Iterable[Path], period: Period, *, others: int | None = None, now: datetime | None = None) -> Chosen:
    """Look at these files. The order in which they are named does not matter.

    Args:
        now: what began later is set aside, but for a day by which clocks may differ; None for no bound.
        others: at most so many of the newest reports of the index, and of maintenance; None for all.
    """
    chosen = Chosen()
    found = []
    for path in sorted(set(paths)):
        try:
            one = look(path)
            if now and one.at > now + _AHEAD:
                raise WorkspaceError(
                    message("began in the future ({at}): the clock was wrong", at=one.at.isoformat(timespec="minutes"))
                )
            found.append(one)
        except WorkspaceError as error:
            chosen.rejected.append(Rejected(path.name, str(path), error.what))
    within = [one for one in found if period.holds(one.at)]
    chosen.outside = len(found) - len(within)
    within = list(_once(within, chosen.notes))
    runs = sorted((one for one in within if one.kind is Kind.RUN), key=_age)
    cut = max(0, len(runs) - period.last) if period.last else 0
    chosen.runs, chosen.older = runs[cut:], cut
    chosen.batches = _newest(within, Kind.BATCH, others)
    chosen.maintenance = _newest(within, Kind.MAINTENANCE, others)
    return chosen


def look(path: Path) -> Report:
    """What a file is, by its content; of a run, as it was written, as far as its first incident.

    Raises:
        WorkspaceError: it cannot be read, or is no report that is summed up.
    """
    with _opened(path) as reader:
        head, elements = reader.head, reader.elements()
        next(elements, None)
        if reader.has_list and not all(name in head for name in _OURS):
            deque(elements, maxlen=0)
        if "run" in head or reader.has_list:
            return _run(path, head, has_list=reader.has_list)
        if all(_is_count(head.get(name)) for name in _COUNTS_OF_INDEX):
            return _other(path, Kind.BATCH, head, head.get("started"))
        if isinstance(head.get("counts"), dict) and isinstance(head.get("proposals"), list):
            return _other(path, Kind.MAINTENANCE, head, head.get("made"))
    raise WorkspaceError("is no report of a run, of the index or of maintenance", where=str(path))


def notes_of(report: Report) -> tuple[Report, list[Note], int]:
    """A run's report with its whole head, the notes of its entries, and how many of them say nothing.

    Raises:
        WorkspaceError: the file breaks off, or cannot be read any more.
    """
    notes, silent = [], 0
    with _opened(report.path) as reader:
        for entry in reader.elements():
            note = note_of(entry, run=report.run, shadow=report.shadow)
            if note is None:
                silent += 1
            else:
                notes.append(note)
        return replace(report, head=reader.head), notes, silent


@contextmanager
def _opened(path: Path) -> Iterator[ObjectReader]:
    try:
        if not path.is_file():  # also a pipe, which would never end
            raise WorkspaceError("is no file, or is not there", where=str(path))
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise WorkspaceError(message("is larger than {most} MB", most=MOST_BYTES // 2**20), where=str(path))
        if not size:
            raise WorkspaceError("is empty; perhaps it is just being written", where=str(path))
        with path.open(encoding="utf-8-sig") as file:
            yield ObjectReader(file)
    except OSError as error:
        raise WorkspaceError(message("cannot be read ({why})", why=system_said(error)), where=str(path)) from error
    except (ValueError, RecursionError) as error:
        raise WorkspaceError("is no JSON object, or was not written to its end", where=str(path)) from error


def _run(path: Path, head: Mapping[str, Any], *, has_list: bool) -> Report:
    run, at = text(head.get("run"), 100), moment(head.get("started"))
    if not run or at is None or not has_list:
        raise WorkspaceError(
            "is no whole report of a run: its name, its beginning or its incidents are missing", where=str(path)
        )
    return Report(path, Kind.RUN, at, head, run)


def _other(path: Path, kind: Kind, head: Mapping[str, Any], began: object) -> Report:
    at = moment(began)
    if at is None:
        raise WorkspaceError("does not say when it was made", where=str(path))
    return Report(path, kind, at, head)


def _once(found: Iterable[Report], notes: list[Rejected]) -> Iterator[Report]:
    """Each once, a run by its name, another by its moment: a copy, or what a later run wrote of a killed one that had
    just written it itself.
    """
    by_name: dict[tuple[Kind, str], list[Report]] = {}
    for one in found:
        name = one.run if one.kind is Kind.RUN else one.at.astimezone(UTC).isoformat()
        by_name.setdefault((one.kind, name), []).append(one)
    for same in by_name.values():
        best, *rest = sorted(same, key=lambda one: (one.broken_off, -_told(one), one.path))
        for one in rest:
            run = message("tells the run of {file} once more", file=best.path.name)
            other = message("tells what {file} tells once more", file=best.path.name)
            notes.append(Rejected(one.path.name, str(one.path), run if one.kind is Kind.RUN else other))
        yield best


def _newest(found: Iterable[Report], kind: Kind, most: int | None) -> list[Report]:
    of_kind = sorted((one for one in found if one.kind is kind), key=_age)
    return of_kind if most is None else of_kind[max(0, len(of_kind) - most) :]


def _told(report: Report) -> int:
    totals = report.head.get("totals")
    return whole(totals.get("incidents")) if isinstance(totals, dict) else 0


def _age(report: Report) -> tuple[datetime, str, str]:
    return report.at.astimezone(UTC), report.run, str(report.path)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def left_aside(report: Report) -> list[dict[str, str]]:
    """Incidents that a run set aside because they failed too often, with the last reason."""
    found = [one for one in items(report.head.get("set_aside")) if isinstance(one, dict)]
    return [{"incident": text(one.get("incident"), 100), "reason": text(one.get("reason"))} for one in found]
