"""A closed incident as a lesson: what was asked, what the team did, and how it ended.

The history is read by what its entries say of themselves (resolution code, state, mailbox, author), never by their
wording, so that a desk with other words is read the same way.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from resuelve.domain.incident import HistoryEntry, Incident
from resuelve.domain.known_error import Prescription, ResolutionKind
from resuelve.resolution.read import own_message
from resuelve.resolution.words import fold

_CLOSED = ("resuelta", "cerrada")
_ON_HOLD = "en espera"
_REASSIGNED = "reasignad"
_OPEN = "En curso"
_AGENT = re.compile(r"\bapi\|(\w{1,60})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Lesson:
    """A closed incident, taken apart.

    Attributes:
        incident: the whole, as the ticket manager tells it.
        asked: the same as it stood before the team did anything: open, in its first mailbox, with nothing in its
            history but what the requester added before the first answer.
        answer: what the team wrote when it resolved the incident; empty when it wrote nothing.
        told: everything that the team wrote, in order; the answer and what led to it.
        done: what was really done, as a row would prescribe it; MANUAL when the history does not tell.
        finished: when it was last closed; None without a readable date.
        hours: from its opening to `finished`; None when either has no readable date.
        reopened: it was closed, and was open again later.
        automatic: Resuelve had answered it (by the label of its messages).
    """

    incident: Incident
    asked: Incident
    answer: str
    told: str
    done: Prescription
    finished: datetime | None
    hours: float | None
    reopened: bool
    automatic: bool


def lesson_of(incident: Incident, *, label: str) -> Lesson:
    """Take a closed incident apart; `label` marks the messages of Resuelve itself."""
    history = incident.history
    first = next((i for i, entry in enumerate(history) if _acts(entry, incident)), len(history))
    own = tuple(entry for entry in history[:first] if _same(entry.author, incident.requester))
    asked = replace(incident, state=_OPEN, queue=_first_queue(incident), history=own)
    team = [entry for entry in history[first:] if not _same(entry.author, incident.requester)]
    finished = next((entry.at for entry in reversed(history) if _closes(entry) and entry.at), None)
    return Lesson(
        incident=incident,
        asked=asked,
        answer=_answer(team),
        told=_told(team, label),
        done=_done(team),
        finished=finished,
        hours=_hours(incident.opened, finished),
        reopened=_reopened(history),
        automatic=any(own_message(entry, label) is not None for entry in history),
    )


def by_people(incident: Incident, *, label: str) -> Lesson:
    """What people asked and did; Resuelve's own messages and deeds are no part of it, only that there were some.

    As long as nobody reopened what Resuelve did, what a colleague added is a remark and no other resolution.
    """
    written = tuple(entry for entry in incident.history if own_message(entry, label) is None)
    lesson = lesson_of(replace(incident, history=written), label=label)
    if len(written) == len(incident.history):
        return lesson
    if lesson_of(incident, label=label).reopened:
        return replace(lesson, automatic=True)
    return replace(lesson, automatic=True, told="", answer="")


def as_asked(incident: Incident, *, closed: bool, label: str) -> Incident:
    """A ticket as a run should meet it, to see what the dictionary makes of it.

    An open one is taken as it stands, unless Resuelve has answered it: what it wrote would speak against every row.
    """
    lesson = lesson_of(incident, label=label)
    return lesson.asked if closed or lesson.automatic else incident


def _acts(entry: HistoryEntry, incident: Incident) -> bool:
    """True for an entry with which somebody other than the requester did something about the incident."""
    if _same(entry.author, incident.requester):
        return False
    return bool(entry.resolution_code or entry.resolution_notes or entry.detail or _closes(entry))


def _closes(entry: HistoryEntry) -> bool:
    return fold(entry.state) in _CLOSED


def _same(author: str, requester: str) -> bool:
    return bool(requester) and fold(author) == fold(requester)


def _first_queue(incident: Incident) -> str:
    return next((entry.queue_from for entry in incident.history if entry.queue_from), incident.queue)


def _reassigns(entry: HistoryEntry) -> bool:
    return fold(entry.resolution_code).startswith(_REASSIGNED) and bool(entry.queue_to)


def _done(team: Sequence[HistoryEntry]) -> Prescription:
    """What a row would have to prescribe for the same to happen; the first deed that decides counts.

    A question comes before the closure that it led to, and a mailbox before what another team did there.
    """
    for entry in team:
        agent = _AGENT.search(entry.detail) or _AGENT.search(entry.resolution_notes)
        if agent:
            return Prescription(ResolutionKind.AGENT, agent_code=agent[1])
        if _reassigns(entry):
            return Prescription(ResolutionKind.REASSIGN, queue=entry.queue_to)
        if fold(entry.state) == _ON_HOLD and entry.detail:
            return Prescription(ResolutionKind.HOLD)
        if _closes(entry) and (entry.resolution_notes or entry.detail):
            return Prescription(ResolutionKind.CLOSE)
    return Prescription(ResolutionKind.MANUAL)


def _answer(team: Sequence[HistoryEntry]) -> str:
    """The notes of the entry that decides what was done, else its detail; the first that says something."""
    deciding = [e for e in team if _reassigns(e) or _closes(e) or fold(e.state) == _ON_HOLD]
    texts = [text.strip() for entry in deciding for text in (entry.resolution_notes, entry.detail)]
    return next((text for text in texts if text), "")


def _told(team: Sequence[HistoryEntry], label: str) -> str:
    """Without what Resuelve wrote: it would be learned from as if people had."""
    written = [entry for entry in team if own_message(entry, label) is None]
    texts = (text.strip() for entry in written for text in (entry.detail, entry.resolution_notes))
    return "\n".join(dict.fromkeys(text for text in texts if text))


def _reopened(history: Sequence[HistoryEntry]) -> bool:
    states = [fold(entry.state) for entry in history if entry.state]
    closed = next((i for i, state in enumerate(states) if state in _CLOSED), len(states))
    return any(state not in _CLOSED for state in states[closed:])


def _hours(opened: datetime | None, finished: datetime | None) -> float | None:
    if opened is None or finished is None or (opened.tzinfo is None) != (finished.tzinfo is None):
        return None
    return max(0.0, (finished - opened).total_seconds() / 3600)
