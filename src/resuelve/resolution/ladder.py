"""The ladder that a row climbs on its own record, and falls from.

Three rungs. Where it may only *suggest*, nobody is asked: the report holds the proposal. Where it must have *approval*,
a person is asked for each ticket. Where it is *automatic*, it acts by itself. The policy sets the highest; a row that
has to show something first (`Rules.needed`) stays on the second until it has, and goes back there when it falls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from resuelve.domain.decision import Doubt, HandOff, Permission
from resuelve.domain.known_error import KnownError
from resuelve.journal import Acts, Answer, Answers, Returned
from resuelve.resolution.authorise import Authorisation, permission_of
from resuelve.resolution.consult import prescribed
from resuelve.resolution.merits import Merit, state_named
from resuelve.resolution.rules import Rules
from resuelve.texts import say


class Rung(StrEnum):
    """What a row may do."""

    SUGGEST = "suggest"
    APPROVE = "approve"
    AUTOMATIC = "automatic"


_RUNGS = {Permission.NEVER: Rung.SUGGEST, Permission.ASK: Rung.APPROVE, Permission.AUTOMATIC: Rung.AUTOMATIC}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands.

    Attributes:
        wanted: right ones that it has to show; 0 where nothing has to be shown.
        why: what keeps it from acting by itself; empty where nothing does.
        doubt: the kind of that.
    """

    problem: KnownError
    rung: Rung
    merit: Merit
    wanted: int
    why: str
    doubt: Doubt

    @property
    def missing(self) -> int:
        """Right ones that it still has to show."""
        return max(0, self.wanted - self.merit.right)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "row": self.problem.id,
            "rung": self.rung.value,
            "right": self.merit.right,
            "wrong": self.merit.wrong,
            "wanted": self.wanted,
            "missing": self.missing,
            "doubt": self.doubt.value,
            "why": self.why,
        }


def judged(answers: Iterable[Answer], returned: Iterable[Returned]) -> dict[tuple[str, str], bool]:
    """What people's answers, and what came back, say of rows: whether it was right, by incident and state of a row.

    Whoever counts in another way leaves these out, or they would count twice.
    """
    said = {(one.act.incident, state_named(one.act.problem, one.act.row)): False for one in returned}
    for one in answers:
        if one.state:
            said[one.incident, one.state] = said.get((one.incident, one.state), True) and one.agreed
    return said


def earned(answers: Iterable[Answer], returned: Iterable[Returned]) -> dict[str, Merit]:
    """What people's answers, and what came back, say of rows: an incident a row counts once, and as wrong if any of it
    was.

    So it does not matter in which order they are given, and a yes to what came back later is none. What was done by
    itself and came back is one wrong; what was done by itself and lasted says nothing, for nobody judged it.

    Args:
        returned: all that ever came back, also what was seen to.
    """
    said = judged(answers, returned)
    counted = Counter((state, right) for (_, state), right in said.items())
    return {state: Merit(counted[state, True], counted[state, False]) for state in {state for _, state in said}}


def merit_now(state: str, answers: Answers, acts: Acts) -> Merit:
    """What people's answers and what came back say of a row at this moment.

    Raises:
        JournalError: they cannot be read.
    """
    back = (one for one in acts.returned(ever=True) if state_named(one.act.problem, one.act.row) == state)
    return earned(answers.given(state=state), back).get(state, Merit())


def unproven(problem: Mapping[str, Any], rules: Rules, shown: Merit) -> str:
    """Why a row may not act by itself on what it has shown; empty when it may.

    Args:
        problem: as it stands in the evidence.
        shown: what it has shown, in whatever way.
    """
    if shown.proven(rules.needed):
        return ""
    slots = {"id": problem["id"], "right": shown.right, "wanted": shown.wanted(rules.needed)}
    return say("resolution.unproven", rules.language, **slots)


def on_its_record(leave: Authorisation, problem: KnownError, rules: Rules, fallen: str) -> Authorisation:
    """What a row may do of what critic and policy allow: a person is asked where it fell, or has not shown enough.

    Args:
        fallen: why it may not act by itself any more; empty when it may.
    """
    if leave.permission is not Permission.AUTOMATIC:
        return leave
    if fallen:
        return Authorisation(Permission.ASK, fallen, Doubt.ROW_FELL)
    why = unproven({"id": problem.id}, rules, rules.merit_of(problem))
    return Authorisation(Permission.ASK, why, Doubt.UNPROVEN) if why else leave


def place_of(problem: KnownError, rules: Rules, fallen: str) -> Place:
    """Where a row stands, before any ticket: the critic and its threshold come on top.

    Args:
        fallen: see `on_its_record`.
    """
    merit, wanted = rules.merit_of(problem), 0
    if rules.needed:
        wanted = merit.wanted(rules.needed)
    resolution = prescribed(problem, rules.language)
    if isinstance(resolution, HandOff):
        return Place(problem, Rung.SUGGEST, merit, wanted, resolution.reason, Doubt.MANUAL_ROW)
    permission, word = permission_of(resolution, rules.policy)
    allowed = Authorisation(permission)
    if permission is not Permission.AUTOMATIC:
        allowed = Authorisation(
            permission, say(f"resolution.policy.{permission}", rules.language, rule=word), Doubt.POLICY
        )
    leave = on_its_record(allowed, problem, rules, fallen)
    return Place(problem, _RUNGS[leave.permission], merit, wanted, leave.reason, leave.doubt)


def places(problems: Mapping[str, KnownError], rules: Rules, fallen: Mapping[str, str]) -> list[Place]:
    """Where all rows stand; first those that have a record, by how much it holds.

    Args:
        fallen: by row, why it may not act by itself any more.
    """
    found = [place_of(one, rules, fallen.get(one.id, "")) for one in problems.values()]
    return sorted(found, key=lambda one: (-one.merit.right - one.merit.wrong, not one.why, one.problem.id))
