"""An incident as the ticket manager tells it. Values only; every text in it is untrusted."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One entry of an incident's history, oldest first in `Incident.history`.

    `at` is None when the manager gave no date or one that cannot be read; texts are empty, never None.
    """

    at: datetime | None = None
    author: str = ""
    detail: str = ""
    resolution_code: str = ""
    resolution_notes: str = ""
    queue_from: str = ""
    queue_to: str = ""
    state: str = ""
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Incident:
    """An open or closed incident.

    Attributes:
        code: the manager's identifier, for example ``INC0007``.
        queue: the mailbox (buzón) in which it lies.
        opened: naive when the manager's zone word is unknown; None when there is no readable date.
        history: oldest first.
        attachments: URLs named by the incident itself (those of the history are in its entries).
    """

    code: str
    queue: str = ""
    title: str = ""
    requester: str = ""
    state: str = ""
    opened: datetime | None = None
    priority: str = ""
    description: str = ""
    history: tuple[HistoryEntry, ...] = ()
    attachments: tuple[str, ...] = ()

    @property
    def revision(self) -> str:
        """A fingerprint of everything that a person or a system can change on the ticket (16 hex digits)."""
        entries = [
            [e.author, e.detail, e.resolution_code, e.resolution_notes, e.queue_to, e.state, list(e.attachments)]
            for e in self.history
        ]
        content = [self.code, self.queue, self.title, self.state, self.description, entries, list(self.attachments)]
        data = json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass")
        return hashlib.sha256(data).hexdigest()[:16]

    def all_attachments(self) -> tuple[tuple[str, str], ...]:
        """Every attachment as (origin, URL); the origin reads ``history[2]`` or ``incident``."""
        own = [("incident", url) for url in self.attachments]
        return tuple(own + [(f"history[{i}]", url) for i, e in enumerate(self.history) for url in e.attachments])
