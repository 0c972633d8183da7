"""A row's own record, as a feature of the score: what people have answered about it, and nothing else.

An act done by itself does not count, whatever became of it: of those only what came back is known. Every incident that
counts was judged by a person, for better or worse; so a row that acts adds nothing to its own record (ADR 0021).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from resuelve.domain.incident import Incident
from resuelve.domain.known_error import KnownError
from resuelve.journal import Answer, Returned, ReturnedAs
from resuelve.resolution.merits import state_named, state_of

RowRecord = Callable[[KnownError, Incident], float]
"""The record of a row as it counts for a ticket; see `centred`."""

_PRIOR = 2
"""Yeses, and as many noes, that every row is taken to begin with."""

_FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Said:
    at: datetime
    incident: str
    state: str
    agreed: bool


def nobody_asked(_problem: KnownError, _incident: Incident) -> float:
    """The record of every row where nobody has answered anything: neutral."""
    return 0.0


def centred(yes: int, no: int) -> float:
    """Twice the smoothed share of yeses, less one: 0 when nobody has answered, within -1 and 1, and never at them.

    The share is the posterior mean under a Beta(2, 2) prior (Gelman et al., Bayesian Data Analysis, 3rd ed., section
    2.4), which is the estimate that "adds two successes and two failures" (Agresti and Coull, "Approximate is better
    than 'exact' for interval estimation of binomial proportions", 1998).
    """
    return (yes - no) / (yes + no + 2 * _PRIOR)


class RowRecords:
    """What people have answered about rows, by the state of a row: whoever rewrites a row begins anew.

    An incident counts once a row, by the last that people said of it: what was agreed to and reported as wrong
    afterwards is a no. What is said of a ticket itself never counts for that ticket.

    Args:
        answers: those about no row (an agent was not to be asked) are left out.
        returned: all that ever came back; only what a person reported counts, after an answer about the same ticket.
    """

    def __init__(self, answers: Iterable[Answer], returned: Iterable[Returned] = ()) -> None:
        said = [_Said(one.at, one.incident, one.state, one.agreed) for one in answers if one.state]
        first: dict[tuple[str, str], datetime] = {}
        for one in said:
            key = one.incident, one.state
            first[key] = min(first.get(key, one.at), one.at)
        reported = (_reported(one) for one in returned if one.how is ReturnedAs.REPORTED)
        said += [one for one in reported if one.at >= first.get((one.incident, one.state), _FOREVER)]
        self._by_state: dict[str, list[_Said]] = {}
        for one in sorted(said, key=lambda one: one.at):
            self._by_state.setdefault(one.state, []).append(one)

    def now(self, problem: KnownError, incident: Incident) -> float:
        """With all that is known: for a ticket that is decided today."""
        return self._of(problem, incident, _FOREVER)

    def as_of_opening(self, problem: KnownError, incident: Incident) -> float:
        """With what was known before the ticket was opened, for a past one; neutral where nobody knows when that was.

        A time without a zone is of the zone here.
        """
        opened = incident.opened
        if opened is None:
            return 0.0
        return self._of(problem, incident, opened if opened.tzinfo else opened.astimezone())

    def _of(self, problem: KnownError, incident: Incident, before: datetime) -> float:
        known = (one for one in self._by_state.get(state_of(problem), ()) if one.at < before)
        last = {one.incident: one.agreed for one in known if one.incident != incident.code}
        yes = sum(last.values())
        return centred(yes, len(last) - yes)


def _reported(back: Returned) -> _Said:
    return _Said(back.at, back.act.incident, state_named(back.act.problem, back.act.row), agreed=False)
