"""What lasted of what was done by itself: the durable automatic rate, and the drift of the critic's scores.

An act lasted when within so many days nobody reopened its ticket, reported it, or gave the ticket on to another
mailbox. So the figures are about acts that have had their days: those of a window that ended so many days ago. The acts
since are told apart, and judged later.

It is known only what a run saw. A ticket that was reopened and closed again between two looks is not seen; an act
counts as come back from the look on that saw it.

Acts are those of the record of acts, and nothing is guessed beside it: a change of which nobody can tell whether it was
made is counted apart (unless it came back: then it was), and so is an incident that was changed without an act, by a
version that kept none. What was adopted after a restore has neither act nor record, and is in no figure. An incident
on which a person agreed to a change was decided, and nothing was done to it by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from resuelve.domain.decision import OutcomeKind
from resuelve.journal import Act, Acts, Followed, IntentState, Journal, Recorded, ReturnedAs
from resuelve.resolution.drift import Calibration, Forecast, InputDrift, calibration, input_drift
from resuelve.resolution.finite import finite
from resuelve.resolution.shares import wilson

_DECIDED = frozenset(
    {OutcomeKind.CLOSED, OutcomeKind.HELD, OutcomeKind.REASSIGNED, OutcomeKind.HANDED_OFF, OutcomeKind.UNKNOWN}
)
"""Outcomes of a decision on a ticket. Not who waits for an answer, was paused, failed, or was decided by a person."""

_LISTED = 500
"""Rows in a report."""

_READ = ("reference", "changed", "decision.score")
"""What is needed of a record: a workspace has tens of thousands, of some thousand characters each."""

_WEIGHT = {None: 0, ReturnedAs.MOVED: 1, ReturnedAs.REOPENED: 2, ReturnedAs.REPORTED: 3}
"""Of an incident whose acts came back in several ways the weightiest counts."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Different incidents that were acted on, by what came back of them."""

    acted: int = 0
    reopened: int = 0
    reported: int = 0
    moved: int = 0

    @property
    def came_back(self) -> int:
        """How many came back, in whatever way."""
        return self.reopened + self.reported + self.moved

    @property
    def lasted(self) -> int:
        """How many did not."""
        return self.acted - self.came_back

    def as_json(self) -> dict[str, Any]:
        """For a report."""
        kinds = {"reopened": self.reopened, "reported": self.reported, "moved": self.moved}
        return {"acted": self.acted, "lasted": self.lasted, "came_back": self.came_back, **kinds}


@dataclass(frozen=True, slots=True)
class Period:
    """What was decided and done after `since`, up to and with `until`, and what came back of it within its days.

    Attributes:
        decided: different incidents.
        unknown: incidents of which nobody can tell whether they were changed; in `decided`, not in `tally`.
        unfollowed: incidents that were changed without an act: nobody would have seen them come back. In no other
            figure.
    """

    since: datetime
    until: datetime
    decided: int
    tally: Tally
    unknown: int
    unfollowed: int

    @property
    def automatic_rate(self) -> float | None:
        """The share of what was decided that was acted on; None of none."""
        return self.tally.acted / self.decided if self.decided else None

    def as_json(self) -> dict[str, Any]:
        """For a report."""
        return {
            "since": self.since.astimezone().isoformat(timespec="seconds"),
            "until": self.until.astimezone().isoformat(timespec="seconds"),
            "decided": self.decided,
            **self.tally.as_json(),
            "unknown": self.unknown,
            "unfollowed": self.unfollowed,
            "automatic_rate": _rounded(self.automatic_rate),
        }


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """What lasted of what was done.

    Attributes:
        days: of the window.
        lasting: days that every act of it has had.
        judged: the window.
        young: what was done since; what came back of it so far, the rest is not judged yet.
        by_row: the window by known error, those of which most came back first.
        by_kind: the window by what was done: ``closed``, ``held``, ``reassigned``.
        calibration: over the acts of the window. An incident that was acted on twice is two forecasts.
        input_drift: the scores since, compared with those of the window; the last one of each incident.
    """

    days: int
    lasting: int
    judged: Period
    young: Period
    by_row: Mapping[str, Tally]
    by_kind: Mapping[str, Tally]
    calibration: Calibration
    input_drift: InputDrift

    @property
    def durable_rate(self) -> float | None:
        """The durable automatic rate: the share of what was decided that was acted on and lasted; None of none."""
        return self.judged.tally.lasted / self.judged.decided if self.judged.decided else None

    @property
    def durable_interval(self) -> tuple[float, float] | None:
        """The 95 % interval of `durable_rate` (`wilson`)."""
        return wilson(self.judged.tally.lasted, self.judged.decided) if self.judged.decided else None

    @property
    def lasting_share(self) -> float | None:
        """The share of what was acted on that lasted; None of none."""
        return self.judged.tally.lasted / self.judged.tally.acted if self.judged.tally.acted else None

    @property
    def lasting_interval(self) -> tuple[float, float] | None:
        """The 95 % interval of `lasting_share` (`wilson`)."""
        return wilson(self.judged.tally.lasted, self.judged.tally.acted) if self.judged.tally.acted else None

    def as_json(self) -> dict[str, Any]:
        """For a report."""
        low, high = self.durable_interval or (None, None)
        least, most = self.lasting_interval or (None, None)
        return {
            "days": self.days,
            "lasting_days": self.lasting,
            **self.judged.as_json(),
            "durable_rate": _rounded(self.durable_rate),
            "durable_rate_low": _rounded(low),
            "durable_rate_high": _rounded(high),
            "lasting_share": _rounded(self.lasting_share),
            "lasting_share_low": _rounded(least),
            "lasting_share_high": _rounded(most),
            "young": _young(self.young.as_json()),
            "calibration": self.calibration.as_json(),
            "input_drift": self.input_drift.as_json(),
            "by_kind": {kind: tally.as_json() for kind, tally in self.by_kind.items()},
            "rows": len(self.by_row),
            "by_row": [{"row": row, **tally.as_json()} for row, tally in islice(self.by_row.items(), _LISTED)],
        }


def track_record(
    journal: Journal,
    acts: Acts,
    now: datetime,
    *,
    days: int = 30,
    lasting: int = 7,
    approved: Collection[tuple[str, str]] = (),
) -> TrackRecord:
    """What lasted of what was done in the `days` days that ended `lasting` days before `now`.

    An act has had its days when `now` is not before its time plus `lasting` days, and came back within them when that
    was known before. So what is said of a window does not change later, but for how an act came back, and for changes
    of which nobody could tell. All records since the window began are read, each once.

    Args:
        now: with its zone.
        approved: changes to which a person agreed before, by incident and reference.

    Raises:
        JournalError: the journal cannot be read.
    """
    today, given = now.astimezone(UTC), timedelta(days=lasting)
    end = today - given
    begin = end - timedelta(days=days)
    count = _Count(begin, end, approved)
    count.acts(list(acts.followed(begin)), given, journal)
    count.records(journal.records_since(begin, only=_READ), acts)
    judged, young = count.judged, count.young
    lasted = {_key(one.act): one.back is None for one in judged.made}
    forecasts = [Forecast(score, lasted[key]) for key, score in count.scores_of_acts.items() if key in lasted]
    return TrackRecord(
        days,
        lasting,
        judged=judged.period(begin, end),
        young=young.period(end, today),
        by_row=_by(judged.made, lambda act: act.problem),
        by_kind=_by(judged.made, lambda act: act.kind),
        calibration=calibration(forecasts),
        input_drift=input_drift([*judged.scores.values()], [*young.scores.values()]),
    )


_Key = tuple[str, str]
"""Incident and reference."""


@dataclass(frozen=True, slots=True)
class _Made:
    """An act that was carried out; `back` when it came back within its days."""

    act: Act
    back: ReturnedAs | None


@dataclass(slots=True)
class _Part:
    made: list[_Made] = field(default_factory=list)
    decided: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    unfollowed: set[str] = field(default_factory=set)
    scores: dict[str, float] = field(default_factory=dict)

    def period(self, since: datetime, until: datetime) -> Period:
        return Period(since, until, len(self.decided), _tally(self.made), len(self.unknown), len(self.unfollowed))


class _Count:
    """Acts, then records, each put into its part by its time; what is older than both is left out."""

    def __init__(self, begin: datetime, end: datetime, approved: Collection[_Key]) -> None:
        self._begin, self._end, self._approved = begin, end, approved
        self._known: set[_Key] = set()
        self.judged, self.young = _Part(), _Part()
        self.scores_of_acts: dict[_Key, float] = {}

    def acts(self, followed: Iterable[Followed], given: timedelta, journal: Journal) -> None:
        """Count acts, which were read before the intents are: so none that is under way is taken as made.

        Args:
            given: the time that an act has to come back.
        """
        states = (IntentState.INTENDED, IntentState.UNKNOWN, IntentState.REFUSED)
        unsettled = {(one.incident, one.reference): state for state in states for one in journal.intents(state)}
        for one in followed:
            act, part = one.act, self._part(one.act.at)
            self._known.add(_key(act))
            if _key(act) in self._approved:
                continue
            # What came back was made, whatever became of the answer.
            state = None if one.how else unsettled.get(_key(act))
            if part is None or state is IntentState.REFUSED:
                continue
            part.decided.add(act.incident)
            if state:
                part.unknown.add(act.incident)
            else:
                part.made.append(_Made(act, one.how if one.first and one.first < act.at + given else None))
        for part in (self.judged, self.young):
            part.unknown -= {one.act.incident for one in part.made}

    def records(self, recorded: Iterable[Recorded], acts: Acts) -> None:
        """Count records. That of an act has its place with the act, which may be older."""
        alone: dict[_Key, _Part] = {}
        for one in recorded:
            part, record = self._part(one.at), one.record
            if part is None or record.outcome not in _DECIDED:
                continue
            score, key = _score(record.content), (record.incident, record.content.get("reference", ""))
            if score is not None:
                part.scores[record.incident] = score
            if not record.content.get("changed") or key in self._approved:
                part.decided.add(record.incident)
            elif key not in self._known:
                alone[key] = part
            elif score is not None:
                self.scores_of_acts[key] = score
        older = {_key(act) for act in acts.find([reference for _, reference in alone])}
        for key, part in alone.items():
            if key not in older:
                part.unfollowed.add(key[0])

    def _part(self, at: datetime) -> _Part | None:
        if at <= self._begin:
            return None
        return self.judged if at <= self._end else self.young


def _score(content: Mapping[str, Any]) -> float | None:
    """The critic's score in a record; None where it was not asked."""
    try:
        return finite((content.get("decision") or {}).get("score"))
    except ValueError:
        return None


def _tally(made: Iterable[_Made]) -> Tally:
    found: dict[str, ReturnedAs | None] = {}
    for one in made:
        found[one.act.incident] = max(found.get(one.act.incident), one.back, key=_WEIGHT.__getitem__)
    ways = Counter(found.values())
    return Tally(len(found), ways[ReturnedAs.REOPENED], ways[ReturnedAs.REPORTED], ways[ReturnedAs.MOVED])


def _by(made: Sequence[_Made], name: Callable[[Act], str]) -> dict[str, Tally]:
    """By this name; those of which most came back first, then those that acted most."""
    found: dict[str, list[_Made]] = {}
    for one in made:
        found.setdefault(name(one.act), []).append(one)
    tallies = {name: _tally(these) for name, these in found.items()}
    return dict(sorted(tallies.items(), key=lambda one: (-one[1].came_back, -one[1].acted, one[0])))


def _key(act: Act) -> _Key:
    return act.incident, act.reference


def _young(period: dict[str, Any]) -> dict[str, Any]:
    """What has not come back so far has not lasted: it has not had its days."""
    return {"not_back" if name == "lasted" else name: value for name, value in period.items()}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
