"""What is attached to a ticket: fetched from the ticket manager, read by a reader, and told with its origin.

Nothing that an attachment is or holds stops the incident: what cannot be had or read is an obstacle with its reason.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, TypeVar
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
from resuelve.tickets import TicketManager

if TYPE_CHECKING:
    from resuelve.resolution.describe import Described

DESCRIPTION = "description"
"""The place of what a model says of a picture."""

_MOST = 20
_SECONDS = 180.0
"""For all attachments of one ticket."""

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
    """

    origin: str
    name: str
    document: Document
    described: str = ""

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
        seconds: what all attachments of one ticket may take; those beyond are not read.
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
        self._read: OrderedDict[str, tuple[Document, str]] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, incident: Incident) -> tuple[Attached, ...]:
        """The attachments of a ticket, in order; each is there, read or not."""
        until = self._clock() + self._seconds
        found: list[Attached] = []
        for number, (origin, url) in enumerate(incident.all_attachments()):
            if number >= _MOST:
                found.append(_unread(origin, url, Unread.TOO_MANY_FILES, str(_MOST)))
            elif self._clock() > until:
                found.append(_unread(origin, url, Unread.TIME, f"{self._seconds:g} s"))
            else:
                found.append(self._one(origin, url))
        return tuple(found)

    def close(self) -> None:
        """End the process that reads."""
        self._reader.close()

    def _one(self, origin: str, url: str) -> Attached:
        try:
            data = self._tickets.attachment(url, limit=self._limit)
        except AttachmentTooLarge:
            return _unread(origin, url, Unread.TOO_LARGE, f"{self._limit / 1e6:g} MB")
        except TicketError as error:
            host = _host(url) if isinstance(error, TicketRefused) else ""
            return _unread(origin, url, Unread.NOT_FETCHED, host)
        # Some kinds show in the ending alone.
        digest = hashlib.sha256(data).hexdigest() + PurePosixPath(name_of(url)).suffix.lower()
        with self._lock:
            known = self._read.get(digest)
        if known is None:
            try:
                document = self._reader.read(name_of(url), data)
            except ReaderUnavailable:
                return _unread(origin, url, Unread.CRASHED)
            known = document, self._seen(document, data)
            with self._lock:
                self._read[digest] = known
                if len(self._read) > _REMEMBERED:
                    self._read.popitem(last=False)
        return Attached(origin, name_of(url), *known)

    def _seen(self, document: Document, data: bytes) -> str:
        """What a model says of a picture; nothing where it cannot be had, since it only helps to search."""
        from resuelve.resolution.describe import media_type  # brings the prompts, which not every command needs

        media = media_type(data)
        if self._describe is None or not media:
            return ""
        try:
            said = self._describe(data, media, "\n".join(one.text for one in document.passages))
        except (ModelError, TrainingError):
            return ""
        return said.text if said else ""


def name_of(url: str) -> str:
    """The file's name in an address, visible characters only."""
    try:
        last = unquote(urlsplit(url).path).rstrip("/").replace("\\", "/").rsplit("/", 1)[-1]
    except ValueError:
        last = ""
    shown = "".join(sign for sign in last if sign.isprintable()).replace("·", "-").strip()
    return shown[-_LONGEST_NAME:] or "?"


def passages_of(attached: tuple[Attached, ...]) -> tuple[tuple[str, Passage], ...]:
    """What was read of all attachments, each with a source of its own."""
    return tuple(_apart((one.source(passage.place), passage) for one in attached for passage in one.document.passages))


def obstacles_of(attached: tuple[Attached, ...]) -> tuple[tuple[str, Obstacle], ...]:
    """What was not read of all attachments, each with its source."""
    return tuple((one.source(obstacle.place), obstacle) for one in attached for obstacle in one.document.obstacles)


_Found = TypeVar("_Found")


def _apart(found: Iterable[tuple[str, _Found]]) -> Iterator[tuple[str, _Found]]:
    """A second one from the same place gets a number: identifiers are known by their source."""
    counted: Counter[str] = Counter()
    for source, one in found:
        counted[source] += 1
        yield (f"{source} ({counted[source]})" if counted[source] > 1 else source), one


def _unread(origin: str, url: str, reason: Unread, detail: str = "") -> Attached:
    name = name_of(url)
    return Attached(origin, name, Document(name, "", obstacles=(Obstacle("", reason, detail),)))


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "")[:_LONGEST_NAME]
    except ValueError:
        return ""
