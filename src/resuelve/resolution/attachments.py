"""What is attached to a ticket: fetched from the ticket manager, read by a reader, and told with its origin.

Nothing that an attachment is or holds stops the incident: what cannot be had or read is an obstacle with its reason.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from resuelve.domain.errors import (
    AttachmentTooLarge,
    ModelError,
    ReaderUnavailable,
    TicketError,
    TicketRefused,
    TrainingError,
)
from resuelve.domain.incident import Incident
from resuelve.readers import Document, Obstacle, Passage, Reader, Unread
from resuelve.telemetry.logs import log
from resuelve.tickets import TicketManager

if TYPE_CHECKING:
    from resuelve.resolution.describe import Described

DESCRIPTION = "description"
"""The place of what a model says of a picture."""

_MOST = 20
_SECONDS = 180.0
"""For all attachments of one ticket."""

_PASSING = frozenset((Unread.TIME, Unread.MEMORY, Unread.CRASHED, Unread.NOT_INSTALLED))
"""What may be otherwise the next time: not remembered."""

_REMEMBERED = 64
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Attached:
    """One attachment of a ticket.

    Attributes:
        origin: where it hangs: ``history[2]`` or ``incident``.
        name: as its address names it; only ever shown.
        document: what was read, and what was not.
        described: what a model says that the picture shows; it counts in no score.
        described_by: the learned version that says it; empty for a language model, and where nothing is said.
    """

    origin: str
    name: str
    document: Document
    described: str = ""
    described_by: str = ""

    def source(self, place: str = "") -> str:
        """Where something stands: ``history[2] · imagen004.png · OCR``."""
        return " · ".join(filter(None, (self.origin, self.name, place)))


Attachments = Callable[[Incident], tuple[Attached, ...]]
Describe = Callable[[bytes, str, str], "Described | None"]
"""From a picture, its media type and what OCR has read in it."""


def untouched(incident: Incident) -> tuple[Attached, ...]:
    """The attachments of a ticket where none is read."""
    return tuple(_unread(origin, url, Unread.SWITCHED_OFF) for origin, url in incident.all_attachments())


class AttachmentReader:
    """Fetches and reads what is attached. Safe to use from several threads.

    Args:
        limit: bytes that one attachment may have.
        describe: says what a picture shows; None without a model that sees.
        seconds: once the attachments of a ticket have taken so long, no further one is begun. What others took
            meanwhile does not count: one is read at a time.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        tickets: TicketManager,
        reader: Reader,
        *,
        limit: int,
        describe: Describe | None = None,
        seconds: float = _SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tickets = tickets
        self._reader = reader
        self._limit = limit
        self._describe = describe
        self._seconds = seconds
        self._clock = clock
        self._read: OrderedDict[str, tuple[Document, str, str]] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, incident: Incident) -> tuple[Attached, ...]:
        """The attachments of a ticket, in order; each is there, read or not."""
        spent = 0.0
        found: list[Attached] = []
        for number, (origin, url) in enumerate(incident.all_attachments()):
            if number >= _MOST:
                found.append(_unread(origin, url, Unread.TOO_MANY_FILES, str(_MOST)))
                continue
            if spent > self._seconds:
                found.append(_unread(origin, url, Unread.TIME, f"{self._seconds:g} s"))
                continue
            begun = self._clock()
            data = self._fetched(origin, url)
            spent += self._clock() - begun
            if isinstance(data, Attached):
                found.append(data)
                continue
            with self._lock:
                begun = self._clock()
                found.append(self._one(origin, url, data))
                spent += self._clock() - begun
        _tell(found)
        return tuple(found)

    def close(self) -> None:
        """End the process that reads."""
        self._reader.close()

    def _fetched(self, origin: str, url: str) -> bytes | Attached:
        """The bytes; or the attachment as one that cannot be had."""
        try:
            return self._tickets.attachment(url, limit=self._limit)
        except AttachmentTooLarge:
            return _unread(origin, url, Unread.TOO_LARGE, f"{self._limit / 1e6:g} MB")
        except TicketError as error:
            return _unread(origin, url, Unread.NOT_FETCHED, _host(url) if isinstance(error, TicketRefused) else "")

    def _one(self, origin: str, url: str, data: bytes) -> Attached:
        name = name_of(url)
        digest = hashlib.sha256(data).hexdigest() + PurePosixPath(name).suffix.lower()  # some kinds show in it alone
        if digest in self._read:
            return Attached(origin, name, *self._read[digest])
        try:
            document = self._reader.read(name, data)
        except (ReaderUnavailable, OSError):  # the machine is short of processes, memory or files
            return _unread(origin, url, Unread.CRASHED)
        said = self._seen(document, data)
        if said is not None and not any(one.reason in _PASSING for one in document.obstacles):
            self._read[digest] = document, *said
            if len(self._read) > _REMEMBERED:
                self._read.popitem(last=False)
        return Attached(origin, name, document, *(said or ()))

    def _seen(self, document: Document, data: bytes) -> tuple[str, str] | None:
        """What a model says of a picture, and which learned version says it; None where it cannot be had now, since it
        only helps to search.
        """
        from resuelve.resolution.describe import media_type  # brings the prompts, which not every command needs

        media = media_type(data)
        if self._describe is None or not media:
            return "", ""
        try:
            said = self._describe(data, media, "\n".join(one.text for one in document.passages))
        except (ModelError, TrainingError):
            return None
        return (said.text, said.by) if said else ("", "")


def _tell(attached: list[Attached]) -> None:
    for number, one in enumerate(attached):
        if reasons := {obstacle.reason for obstacle in one.document.obstacles}:
            log.warning("attachment.unread", attachment=number, reason=", ".join(sorted(reasons)))


def name_of(url: str) -> str:
    """The file's name in an address, visible characters only."""
    try:
        last = unquote(urlsplit(url).path).rstrip("/").replace("\\", "/").rsplit("/", 1)[-1]
    except ValueError:
        last = ""
    shown = "".join(sign for sign in last if sign.isprintable()).replace("·", "-").strip()
    return shown[-_LONGEST_NAME:] or "?"


def passages_of(attached: tuple[Attached, ...]) -> tuple[tuple[str, Attached, Passage], ...]:
    """What was read of all attachments, each with a source of its own.

    A second one from the same place gets a number: identifiers are known by their source.
    """
    counted: Counter[str] = Counter()
    found = []
    for one in attached:
        for passage in one.document.passages:
            source = one.source(passage.place)
            counted[source] += 1
            found.append((f"{source} ({counted[source]})" if counted[source] > 1 else source, one, passage))
    return tuple(found)


def obstacles_of(attached: tuple[Attached, ...]) -> tuple[tuple[str, Obstacle], ...]:
    """What was not read of all attachments, each with its source."""
    return tuple((one.source(obstacle.place), obstacle) for one in attached for obstacle in one.document.obstacles)


def _unread(origin: str, url: str, reason: Unread, detail: str = "") -> Attached:
    name = name_of(url)
    return Attached(origin, name, Document(name, "", obstacles=(Obstacle("", reason, detail),)))


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "")[:_LONGEST_NAME]
    except ValueError:
        return ""
