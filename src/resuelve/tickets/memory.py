"""A ticket manager in memory, for tests and for trying things out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from resuelve.domain.decision import Close, Hold, Reassign, TicketAction
from resuelve.domain.errors import AttachmentTooLarge, TicketNotFound, TicketRefused
from resuelve.domain.incident import HistoryEntry, Incident
from resuelve.domain.message import message
from resuelve.tickets.port import Listing

ADDRESS = "memory://gestor/api/adjuntos/"
"""The addresses of this manager's own attachments begin with this."""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A change that was carried out."""

    sequence: int
    code: str
    action: TicketAction


Hook = Callable[[str, TicketAction], None]
"""Called with the incident code and the change."""


class MemoryTicketManager:
    """A `TicketManager` with the semantics of the contract.

    Args:
        attachments: bytes by file name; their address is `ADDRESS` followed by the name.
        now: the date of history entries.
        before_read: called before every read; may raise, as a manager that is down.
        before_apply: called before a change; what it raises prevents the change.
        after_apply: called after a change; what it raises hides that the change was carried out.

    Attributes:
        ledger: every change in the order in which it was carried out.
    """

    def __init__(
        self,
        incidents: Iterable[Incident] = (),
        closed: Iterable[Incident] = (),
        *,
        attachments: Mapping[str, bytes] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        before_read: Callable[[], None] = lambda: None,
        before_apply: Hook = lambda _code, _action: None,
        after_apply: Hook = lambda _code, _action: None,
    ) -> None:
        self.ledger: list[LedgerEntry] = []
        self.before_read = before_read
        self.before_apply = before_apply
        self.after_apply = after_apply
        self._open = {i.code: i for i in incidents}
        self._closed = {i.code: i for i in closed}
        self._attachments = dict(attachments or {})
        self._now = now
        self._lock = threading.Lock()

    def open_incidents(self, queue: str = "") -> Listing:
        """The open incidents of one mailbox, or of all."""
        self.before_read()
        with self._lock:
            return Listing(tuple(i for i in self._open.values() if not queue or i.queue == queue))

    def closed_incidents(self) -> Listing:
        """The closed incidents."""
        self.before_read()
        with self._lock:
            return Listing(tuple(self._closed.values()))

    def current(self, code: str, *, max_age: float = 0.0) -> Incident | None:
        """The incident as it stands; never older than now."""
        self.before_read()
        with self._lock:
            return self._open.get(code) or self._closed.get(code)

    def apply(self, code: str, action: TicketAction) -> Incident:
        """Carry out one change."""
        self.before_apply(code, action)
        with self._lock:
            changed = self._changed(code, action)
            self.ledger.append(LedgerEntry(len(self.ledger) + 1, code, action))
            if isinstance(action, Close):
                del self._open[code]
                self._closed[code] = changed
            else:
                self._open[code] = changed
        self.after_apply(code, action)
        return changed

    def attachment(self, url: str, *, limit: int) -> bytes:
        """The bytes of one of this manager's own attachments."""
        if not url.startswith(ADDRESS):
            raise TicketRefused("an attachment on another host is not fetched", where=url[:200], remedy="")
        content = self._attachments.get(url.removeprefix(ADDRESS))
        if content is None:
            raise TicketNotFound("no such attachment", where=url[:200], remedy="")
        if len(content) > limit:
            raise AttachmentTooLarge(message("larger than {limit} bytes", limit=limit), where=url[:200], remedy="")
        return content

    def close(self) -> None:
        """Nothing to give back."""

    def touch(self, incident: Incident) -> None:
        """Add an incident or replace it, as a person would who writes on it; it is open afterwards."""
        with self._lock:
            self._closed.pop(incident.code, None)
            self._open[incident.code] = incident

    def _changed(self, code: str, action: TicketAction) -> Incident:
        incident = self._open.get(code)
        if incident is None and code in self._closed:
            raise TicketRefused("the incident is closed already", where=code, remedy="look at the ticket")
        if incident is None:
            raise TicketNotFound("unknown incident", where=code, remedy="")
        match action:
            case Close(text) if text.strip():
                return self._noted(incident, state="Resuelta", notes=text, resolution_code="RESUELTO")
            case Hold(text):
                return self._noted(incident, state="En espera", detail=text)
            case Reassign(queue, text) if queue.strip():
                return self._noted(incident, state=incident.state, detail=text, queue=queue)
        raise TicketRefused("a mandatory field is empty", where=code, remedy="")

    def _noted(
        self,
        incident: Incident,
        *,
        state: str,
        detail: str = "",
        notes: str = "",
        resolution_code: str = "",
        queue: str = "",
    ) -> Incident:
        entry = HistoryEntry(
            at=self._now(),
            author="Resuelve",
            detail=detail,
            resolution_code=resolution_code,
            resolution_notes=notes,
            queue_from=incident.queue,
            queue_to=queue or incident.queue,
            state=state,
        )
        return replace(incident, queue=queue or incident.queue, state=state, history=(*incident.history, entry))
