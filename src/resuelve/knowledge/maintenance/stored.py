"""Proposals and what became of them as lines of JSON; read back strictly, because people decide by them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from resuelve.domain.known_error import Prescription, ResolutionKind
from resuelve.knowledge.maintenance.proposal import Evidence, Grade, Near, Proposal, ProposalKind

FORMAT = 1
ValueT = TypeVar("ValueT")


class State(StrEnum):
    """What became of a proposal."""

    OPEN = "open"
    EDITED = "edited"
    """Still open; a person has written other texts into it."""
    ACCEPTED = "accepted"
    MERGED = "merged"
    """Its description became one of a problem that a person named."""
    REJECTED = "rejected"


WAITING = (State.OPEN, State.EDITED)
"""In these states a person has still to decide."""

TAKEN = (State.ACCEPTED, State.MERGED)
"""In these states it stands in the dictionary."""


@dataclass(frozen=True, slots=True)
class Act:
    """What a person did with a proposal.

    Attributes:
        state: that it got by this.
        version: of the dictionary, by which it was added; 0 for none.
        problem: whose row or example it became; empty for none.
    """

    state: State
    who: str
    why: str
    at: datetime
    version: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A proposal and what became of it.

    Attributes:
        found: when it was first proposed.
        edits: what a person wrote instead, by column name.
        acts: what people did with it, oldest first.
        replaced: ids under which it was known with less evidence.
    """

    proposal: Proposal
    found: datetime
    state: State = State.OPEN
    edits: Mapping[str, str] = field(default_factory=dict)
    acts: tuple[Act, ...] = ()
    replaced: tuple[str, ...] = ()

    @property
    def waiting(self) -> bool:
        """True until a person has decided."""
        return self.state in WAITING

    @property
    def codes(self) -> frozenset[str]:
        """The incidents that it came from."""
        return frozenset(one.code for one in self.proposal.evidence)


def line_of(entry: Entry) -> bytes:
    """One line, with its checksum and line ending."""
    content = {
        "format": FORMAT,
        "proposal": proposal_as_json(entry.proposal),
        "found": entry.found.isoformat(),
        "state": str(entry.state),
        "edits": dict(entry.edits),
        "acts": [
            {**_texts(act, "state", "who", "why", "problem"), "at": act.at.isoformat(), "version": act.version}
            for act in entry.acts
        ],
        "replaced": list(entry.replaced),
    }
    return _dump({**content, "check": _check(content)}) + b"\n"


def entry_of(line: bytes) -> Entry:
    """Read a line back. Raises ValueError with the reason when it is not as it was written."""
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
    record = _Record(content)
    if record.take("check", str) != _check({name: value for name, value in content.items() if name != "check"}):
        raise ValueError("it is not as it was written: its checksum differs")
    if record.take("format", int) != FORMAT:
        raise ValueError("another version of the program wrote it")
    with_proposal = _proposal_of(record.take("proposal", dict))
    edits = record.take("edits", dict)
    if not all(isinstance(value, str) for value in edits.values()):
        raise ValueError("edits are no texts")
    entry = Entry(
        proposal=with_proposal,
        found=datetime.fromisoformat(record.take("found", str)),
        state=State(record.take("state", str)),
        edits=edits,
        acts=tuple(map(_act_of, record.objects("acts"))),
        replaced=record.texts("replaced"),
    )
    record.end()
    return entry


def proposal_as_json(proposal: Proposal) -> dict[str, Any]:
    """A proposal for files and other programs."""
    return {
        **_texts(proposal, "id", "kind", "problem", "component", "description", "kind_of_incident", "solution"),
        "prescription": _prescription_as_json(proposal.prescription),
        "resolved_on": _day(proposal.resolved_on),
        "certainty": proposal.certainty,
        "grade": str(proposal.grade),
        "reasons": list(proposal.reasons),
        "evidence": [
            {
                **_texts(one, "code", "title", "answer"),
                "done": _prescription_as_json(one.done),
                "closed_on": _day(one.closed_on),
                "reopened": one.reopened,
            }
            for one in proposal.evidence
        ],
        **{
            name: [{"id": one.id, "likeness": one.likeness} for one in near]
            for name, near in (("duplicates", proposal.duplicates), ("contradicts", proposal.contradicts))
        },
        "worded_by": proposal.worded_by,
    }


def _proposal_of(content: object) -> Proposal:
    record = _Record(content)
    found = Proposal(
        id=record.take("id", str),
        kind=ProposalKind(record.take("kind", str)),
        problem=record.take("problem", str),
        component=record.take("component", str),
        description=record.take("description", str),
        kind_of_incident=record.take("kind_of_incident", str),
        solution=record.take("solution", str),
        prescription=_prescription_of(record.take("prescription", dict)),
        resolved_on=record.day("resolved_on"),
        certainty=record.number("certainty"),
        grade=Grade(record.take("grade", str)),
        reasons=record.texts("reasons"),
        evidence=tuple(map(_evidence_of, record.objects("evidence"))),
        duplicates=tuple(map(_near_of, record.objects("duplicates"))),
        contradicts=tuple(map(_near_of, record.objects("contradicts"))),
        worded_by=record.take("worded_by", str),
    )
    record.end()
    return found


def _evidence_of(content: object) -> Evidence:
    record = _Record(content)
    found = Evidence(
        code=record.take("code", str),
        title=record.take("title", str),
        answer=record.take("answer", str),
        done=_prescription_of(record.take("done", dict)),
        closed_on=record.day("closed_on"),
        reopened=record.take("reopened", bool),
    )
    record.end()
    return found


def _near_of(content: object) -> Near:
    record = _Record(content)
    found = Near(record.take("id", str), record.number("likeness"))
    record.end()
    return found


def _act_of(content: object) -> Act:
    record = _Record(content)
    found = Act(
        state=State(record.take("state", str)),
        who=record.take("who", str),
        why=record.take("why", str),
        at=datetime.fromisoformat(record.take("at", str)),
        version=record.take("version", int),
        problem=record.take("problem", str),
    )
    record.end()
    return found


def _prescription_as_json(prescription: Prescription) -> dict[str, str]:
    return _texts(prescription, "kind", "agent_code", "queue")


def _prescription_of(content: object) -> Prescription:
    record = _Record(content)
    kind = ResolutionKind(record.take("kind", str))
    found = Prescription(kind, record.take("agent_code", str), record.take("queue", str))
    record.end()
    return found


class _Record:
    """A JSON object: each name is taken once and has the kind of value that it must have, and none is left."""

    def __init__(self, content: object) -> None:
        if not isinstance(content, dict):
            raise ValueError("it is no JSON object")
        self._rest = dict(content)

    def take(self, name: str, kind: type[ValueT]) -> ValueT:
        if name not in self._rest:
            raise ValueError(f"{name} is missing")
        value = self._rest.pop(name)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise ValueError(f"{name} is no {kind.__name__}")
        return value

    def number(self, name: str) -> float:
        value = self._rest.get(name)
        return float(self.take(name, int if isinstance(value, int) else float))

    def day(self, name: str) -> date | None:
        text = self.take(name, str)
        return date.fromisoformat(text) if text else None

    def texts(self, name: str) -> tuple[str, ...]:
        found = self.take(name, list)
        if not all(isinstance(one, str) for one in found):
            raise ValueError(f"{name} holds something that is no text")
        return tuple(found)

    def objects(self, name: str) -> Iterator[object]:
        yield from self.take(name, list)

    def end(self) -> None:
        if self._rest:
            raise ValueError(f"{min(self._rest)} is not known")


def _texts(value: object, *names: str) -> dict[str, str]:
    return {name: str(getattr(value, name)) for name in names}


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def _check(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(_dump(content)).hexdigest()[:16]


def _dump(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode("ascii")
