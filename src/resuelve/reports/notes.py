"""What is counted of an entry of a run's report: a note of some hundred bytes instead of an entry of some thousand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from sys import intern
from typing import Any

from resuelve.domain.decision import Doubt, OutcomeKind
from resuelve.reports.values import amount, items, mapping, text, whole

ACTED = (OutcomeKind.CLOSED.value, OutcomeKind.HELD.value, OutcomeKind.REASSIGNED.value)
"""Outcomes that change a ticket."""

_TRACE = re.compile("[0-9a-f]{32}")
_CODE = 100
_REJECTIONS, _STAGES = 20, 40


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that the critic rejected."""

    row: str
    doubt: str
    advice: str


@dataclass(frozen=True, slots=True)
class Note:
    """One incident in one run.

    Attributes:
        executed: the ticket manager carried out a change.
        approved: a person had agreed to it.
        change: names that change, the same in every report that tells it; 0 for none.
        decided: names the decision, the same in every report that tells it; 0 where the report does not say enough.
        row, description: the known error that was chosen, or else the closest; empty for none.
        word: what the row prescribes.
        doubt: why a person gets it; empty otherwise.
        system: what failed; empty for nothing.
        seconds: by stage.
        trace: 32 hex digits, or empty.
    """

    incident: str
    title: str
    queue: str
    outcome: str
    reason: str
    executed: bool
    approved: bool
    change: int
    decided: int
    row: str
    description: str
    word: str
    target: str
    score: float | None
    doubt: str
    system: str
    refusals: tuple[Refusal, ...]
    seconds: Mapping[str, float]
    calls: int
    tokens_in: int
    tokens_out: int
    trace: str


def change_of(incident: str, reference: str) -> int:
    """Names a change by its ticket and the mark that it left there; the same within one process only."""
    return hash((incident, reference))


def note_of(entry: object, *, run: str, shadow: bool) -> Note | None:
    """What an entry says; None when it names no incident or no outcome.

    Args:
        shadow: the run touched nothing, whatever the entry says.
    """
    found = mapping(entry)
    incident, outcome = text(found.get("incident"), _CODE), text(found.get("outcome"), 40)
    if not incident or not outcome:
        return None
    decision = mapping(found.get("decision"))
    problem = mapping(decision.get("problem"))
    executed = outcome in ACTED and found.get("changed") is True and not shadow
    reference = text(found.get("reference"), _CODE) or f"{text(found.get('revision'), _CODE) or run}"
    usage, score = mapping(decision.get("usage")), decision.get("score")
    doubt, trace = text(decision.get("doubt"), 40), text(found.get("trace"))
    return Note(
        incident=incident,
        title=text(found.get("title"), 200),
        queue=intern(text(found.get("queue"), _CODE)),
        outcome=intern(outcome),
        reason=text(found.get("reason")),
        executed=executed,
        approved="approved_by" in found,
        change=change_of(incident, reference) if executed else 0,
        decided=_decided(found, decision),
        row=intern(text(problem.get("id"), _CODE) or _closest(decision)),
        description=text(problem.get("description"), 160),
        word=intern(text(decision.get("prescribed"), _CODE)),
        target=text(mapping(found.get("sent")).get("queue"), _CODE),
        score=None if isinstance(score, bool) or not isinstance(score, int | float) else min(100.0, amount(score)),
        doubt="" if doubt == Doubt.NONE else intern(doubt),
        system=intern(text(decision.get("failed_system"), _CODE)),
        refusals=tuple(_refusals(decision)),
        seconds=_seconds(found),
        calls=whole(usage.get("calls")),
        tokens_in=whole(usage.get("tokens_in")),
        tokens_out=whole(usage.get("tokens_out")),
        trace=trace if _TRACE.fullmatch(trace) else "",
    )


def _closest(decision: Mapping[str, Any]) -> str:
    considered = items(decision.get("considered"))
    return text(mapping(considered[0]).get("problem"), _CODE) if considered else ""


def _decided(found: Mapping[str, Any], decision: Mapping[str, Any]) -> int:
    """The times of its stages, to a tenth of a millisecond, are a fingerprint of a decision that was made once."""
    seconds = mapping(decision.get("seconds"))
    if not seconds:
        return 0
    return hash((text(found.get("incident")), text(found.get("revision")), json.dumps(seconds, sort_keys=True)))


def _refusals(decision: Mapping[str, Any]) -> Iterator[Refusal]:
    for one in items(decision.get("rejections"))[:_REJECTIONS]:
        critique, row = mapping(mapping(one).get("critique")), text(mapping(one).get("problem"), _CODE)
        if row:
            yield Refusal(intern(row), intern(text(critique.get("doubt"), 40)), intern(text(critique.get("advice"))))


def _seconds(found: Mapping[str, Any]) -> dict[str, float]:
    told = list(mapping(found.get("seconds")).items())[:_STAGES]
    return {intern(text(stage, 40)): amount(seconds) for stage, seconds in told}
