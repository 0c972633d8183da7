"""Stage 1, read: everything that the ticket says, in parts with their origin."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from resuelve.domain.incident import HistoryEntry, Incident
from resuelve.readers import Unread
from resuelve.resolution.attachments import DESCRIPTION, Attached, obstacles_of, passages_of, untouched
from resuelve.resolution.words import fold, language_of

LONGEST_TEXT = 20_000
"""Characters of a text that the stages look at; a longer one is for a person."""

OCR = "OCR"
"""The last part of the place of what was read off a picture."""

_COMMENT = re.compile(r"history\[\d+\]\.")
"""The source of what somebody wrote there; that of what hangs there goes on with a name."""

_WRITTEN = ("docx", "eml", "msg", "pdf")

_LEFT = (Unread.SWITCHED_OFF, Unread.NO_TEXT, Unread.EMPTY)
"""Nothing was to be read."""

_ON_HOLD = "en espera"
_OVER = re.compile(
    r"\b(?:cerrad|resuelt|cancelad|anulad|finalizad|solucionad|terminad)[ao]s?\b"
    r"|\b(?:closed|resolved|cancell?ed|completed|solved)\b"
)
_NOT_OVER = re.compile(r"\b(?:no|not|sin|pendiente|pending|to be|reabiert[ao]|reopened|antes)\b")


@dataclass(frozen=True, slots=True)
class Part:
    """A text of the ticket and where it stands: ``title``, ``description``, ``history[2].detail``…"""

    source: str
    text: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """What Resuelve did on a ticket before.

    Attributes:
        text: the message, without the label.
        question: True when it asked for something; then the ticket's return is an answer, not a reopening.
    """

    text: str
    question: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """What a ticket says.

    Attributes:
        parts: the texts that people wrote, in order; our own messages are not among them.
        attempts: what Resuelve wrote on this ticket before, oldest first.
        waiting: True when a question, ours or a colleague's, is the last word and the requester has not answered yet.
        language: ``es`` or ``en``, the language that the requester writes.
        attached: what hangs on the ticket, read or not.
    """

    incident: Incident
    parts: tuple[Part, ...]
    attempts: tuple[Attempt, ...]
    waiting: bool
    language: str
    attached: tuple[Attached, ...] = ()

    @property
    def seen(self) -> tuple[Part, ...]:
        """What attachments say. People did not write it on the ticket: it helps to find, to identify and to stop."""
        return tuple(Part(source, passage.text) for source, _, passage in passages_of(self.attached))

    @property
    def files(self) -> tuple[tuple[Part, ...], ...]:
        """The same, file by file; those in an archive singly."""
        groups: dict[tuple[int, str], list[Part]] = {}
        for source, one, passage in passages_of(self.attached):
            within = passage.place.partition(" · ")[0] if one.document.kind == "zip" else ""
            groups.setdefault((id(one), within), []).append(Part(source, passage.text))
        return tuple(map(tuple, groups.values()))

    @property
    def letters(self) -> tuple[Part, ...]:
        """What people wrote in what they attached: mails, letters; without screens, logs and tables."""
        return tuple(
            Part(source, passage.text)
            for source, one, passage in passages_of(self.attached)
            if one.document.kind in _WRITTEN and passage.place.rpartition(" · ")[2] != OCR
        )

    @property
    def described(self) -> tuple[Part, ...]:
        """What a model says that pictures show; it counts in no score."""
        return tuple(Part(one.source(DESCRIPTION), one.described) for one in self.attached if one.described)

    @property
    def unread(self) -> tuple[tuple[str, str], ...]:
        """What was not read of the attachments: where it stands, and the value of `readers.Unread`."""
        return tuple((source, obstacle.reason.value) for source, obstacle in obstacles_of(self.attached))

    @property
    def unseen(self) -> tuple[str, ...]:
        """The names of attachments of which nothing could be read, though they should have been."""
        nothing = (one for one in self.attached if not one.document.passages)
        return tuple(one.name for one in nothing if not any(o.reason in _LEFT for o in one.document.obstacles))

    @property
    def fresh(self) -> bool:
        """As the past is replayed: nothing hangs on it, and nobody but the requester has done anything about it."""
        requester = fold(self.incident.requester)
        own = all(requester and fold(entry.author) == requester for entry in self.incident.history)
        return own and not self.attached and not self.attempts

    @property
    def comments(self) -> tuple[Part, ...]:
        """What people added after the ticket was opened."""
        return tuple(part for part in self.parts if _COMMENT.match(part.source))

    @property
    def too_long(self) -> bool:
        """True when a text is longer than what the stages look at, so that something may go unseen."""
        return any(len(part.text) > LONGEST_TEXT for part in self.parts)

    @property
    def text(self) -> str:
        """All that people wrote, as one text."""
        return "\n".join(part.text for part in self.parts)

    def text_of(self, source: str) -> str:
        """The text of one part; empty when there is none."""
        return next((part.text for part in self.parts if part.source == source), "")


def read(incident: Incident, *, label: str) -> Reading:
    """Take a ticket apart into what people wrote and what Resuelve wrote before (recognised by `label`)."""
    parts = [Part("title", incident.title), Part("description", incident.description)]
    attempts: list[Attempt] = []
    for index, entry in enumerate(incident.history):
        own = own_message(entry, label)
        if own is not None:
            attempts.append(Attempt(own, fold(entry.state) == _ON_HOLD or "?" in own))
            continue
        parts.append(Part(f"history[{index}].detail", entry.detail))
        parts.append(Part(f"history[{index}].notes", entry.resolution_notes))
    kept = tuple(part for part in parts if part.text.strip())
    return Reading(
        incident=incident,
        parts=kept,
        attempts=tuple(attempts),
        waiting=_waiting(incident, label),
        language=language_of(" ".join(part.text for part in kept)),
        attached=untouched(incident),
    )


def with_letters(reading: Reading) -> Reading:
    """The same with what people wrote in their attachments among its parts, as if they had written it on the ticket."""
    return replace(reading, parts=(*reading.parts, *reading.letters))


def _waiting(incident: Incident, label: str) -> bool:
    if not incident.history:
        return False
    last = incident.history[-1]
    if own_message(last, label) is not None:
        return True
    # A colleague who put the ticket on hold with a question has it in hand; an answer of the requester ends the wait.
    asked = fold(last.state) == _ON_HOLD and "?" in last.detail
    return asked and fold(incident.state) == _ON_HOLD and fold(last.author) != fold(incident.requester)


def says_over(incident: Incident) -> bool:
    """True when the state says that the ticket is closed, resolved or cancelled, although it is listed among the open.

    A word that takes it back counts only where it comes first: «Reabierta (estaba resuelta)», «No resuelta».
    """
    state = fold(incident.state)
    over = _OVER.search(state)
    return over is not None and _NOT_OVER.search(state, 0, over.start()) is None


def own_message(entry: HistoryEntry, label: str) -> str | None:
    """The message that Resuelve left with this entry, without its label; None when a person wrote the entry."""
    mark = label.strip()
    for text in (entry.resolution_notes, entry.detail):
        if mark and text.strip().startswith(mark):
            return text.strip()[len(mark) :].strip()
    return None
