"""What closed incidents tell of the rows that were considered for them: right or wrong, and how that is known."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from resuelve.domain.known_error import KnownError
from resuelve.journal import Answer, CallOutcome, History, Returned
from resuelve.replay.history.led_to import is_embedded
from resuelve.replay.witness import Judgement, Problems, Witness
from resuelve.resolution.approvals import labels
from resuelve.resolution.merits import state_named, state_of

CLOSED = "closed"

Considered = Mapping[str, frozenset[str]]
"""By incident, the states of the rows that the history considered for it."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of the dictionary by their state.

    Attributes:
        dictionaries: those that they stand in, oldest first; the one in force is among them.
        missing: states that no dictionary has: of fixes under way, or older than its history.
    """

    by_state: Mapping[str, KnownError]
    dictionaries: tuple[Problems, ...]
    missing: int


def considered(history: History) -> Considered:
    """What the critic judged and what stood in an order.

    Raises:
        JournalError: the history cannot be read.
    """
    found: dict[str, set[str]] = {}
    for call in history.calls(role="critique"):
        if is_embedded(call):
            found.setdefault(call.incident, set()).add(call.input["state"])
    for call in history.calls(role="rerank"):
        if is_embedded(call):
            found.setdefault(call.incident, set()).update(one["state"] for one in call.output["order"])
    return {incident: frozenset(states) for incident, states in found.items()}


def rows_of(wanted: Collection[str], in_force: Problems, earlier: Iterable[Problems]) -> Rows:
    """The rows of these states, from the dictionary in force and, as far as needed, its earlier versions.

    Args:
        earlier: newest first; read no further than to the last row that is missing.
    """
    found = {state_of(one): one for one in in_force.values()}
    needed, missing = [in_force], set(wanted) - found.keys()
    if missing:
        for problems in earlier:
            here = {state_of(one): one for one in problems.values()}
            if missing & here.keys():
                needed.insert(0, problems)
                found = here | found
                missing -= here.keys()
            if not missing:
                break
    return Rows(found, tuple(needed), len(missing))


def told_by(seen: Iterable[Witness], rows: Rows, considered: Considered, now: datetime) -> Iterator[CallOutcome]:
    """What past tickets say of the rows that were considered for them; nothing where they do not tell."""
    for witness in seen:
        code = witness.lesson.incident.code
        for state in sorted(considered.get(code, frozenset()) & rows.by_state.keys()):
            problem = rows.by_state[state]
            judged = witness.of_row(problem)
            if judged is not Judgement.UNTOLD:
                yield CallOutcome(code, problem.id, state, judged is Judgement.RIGHT, CLOSED, now)


def told_by_returns(returned: Iterable[Returned], considered: Considered) -> Iterator[CallOutcome]:
    """What came back, or was called wrong by a person."""
    for one in returned:
        act = one.act
        state = state_named(act.problem, act.row)
        if state in considered.get(act.incident, frozenset()):
            yield CallOutcome(act.incident, act.problem, state, right=False, how=one.how.value, at=one.at)


def told_by_people(answers: Iterable[Answer], considered: Considered) -> Iterator[CallOutcome]:
    """What people said when they were asked."""
    return (one for one in labels(answers) if one.state in considered.get(one.incident, frozenset()))


def last_words(
    closed: Iterable[CallOutcome], returned: Iterable[CallOutcome], answered: Iterable[CallOutcome] = ()
) -> list[CallOutcome]:
    """One outcome a ticket and state: what came back speaks louder than what a person answered, and that louder than
    how the ticket was closed.
    """
    found: dict[tuple[str, str], CallOutcome] = {}
    for told in (closed, answered, returned):
        found |= {(one.incident, one.state): one for one in told}
    return [*found.values()]
