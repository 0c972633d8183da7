"""The ticket manager as Resuelve needs it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from resuelve.domain.decision import TicketAction
from resuelve.domain.errors import Rejected
from resuelve.domain.incident import Incident


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of incidents, and the entries of the answer that could not be read as one."""

    incidents: tuple[Incident, ...]
    rejected: tuple[Rejected, ...] = ()


@runtime_checkable
class TicketManager(Protocol):
    """Where incidents come from and where resolutions go.

    Every method may raise `TicketUnavailable`; none returns half an answer.
    """

    def open_incidents(self, queue: str = "") -> Listing:
        """The open incidents of one mailbox, or of all when `queue` is empty."""
        ...

    def closed_incidents(self) -> Listing:
        """The closed incidents, their resolution in the last history entries."""
        ...

    def current(self, code: str, *, max_age: float = 0.0) -> Incident | None:
        """The incident as it stands, open or closed; None when the manager does not list it.

        Args:
            max_age: seconds that an answer already at hand may be old; 0 asks the manager.
        """
        ...

    def apply(self, code: str, action: TicketAction) -> Incident:
        """Carry out one change and return the changed incident. Never retried by the adapter once it may have arrived.

        Raises:
            TicketNotFound: the incident is unknown.
            TicketRefused: the change was refused and nothing was done.
            TicketUnavailable: no usable answer; its `outcome_unknown` says whether the change may have happened.
        """
        ...

    def attachment(self, url: str, *, limit: int) -> bytes:
        """The bytes of an attachment, at most `limit` of them.

        Raises:
            TicketRefused: the URL is not the manager's own.
            AttachmentTooLarge: the file is larger than `limit`.
        """
        ...

    def close(self) -> None:
        """Give back connections."""
        ...


def texts_of(incident: Incident) -> Iterable[str]:
    """Every text that an action could have left on a ticket, newest first."""
    for entry in reversed(incident.history):
        yield entry.resolution_notes
        yield entry.detail
