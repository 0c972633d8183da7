"""The ticket manager over HTTP, as the outside contract describes it (`gestor de incidencias`)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection
from urllib.parse import quote

import httpx2

from resuelve.domain.decision import Close, Hold, Reassign, TicketAction
from resuelve.domain.errors import (
    AttachmentTooLarge,
    Rejected,
    TicketError,
    TicketNotFound,
    TicketRefused,
    TicketUnavailable,
)
from resuelve.domain.incident import Incident
from resuelve.domain.message import message
from resuelve.http import Answer, Calls, Limits, NoAnswer, base_address, shown
from resuelve.telemetry.logs import log
from resuelve.tickets import wire
from resuelve.tickets.latest import LatestListing
from resuelve.tickets.port import Listing

RESPONSE_LIMIT = 64 * 1024 * 1024
"""Bytes of an answer with incidents; a larger one is not used."""

_REDIRECTS = 3
_SETTING = "MOCK_GESTOR_URL"
_PORTS = {"http": 80, "https": 443}
_ADDRESS_REMEDY = message("check that {setting} is the address of the ticket manager", setting=_SETTING)
_TICKET_REMEDY = "look at the ticket in the manager"
_GATEWAY = (502, 504)
"""Said by what stands before the manager, which may still be working on the change."""


class GestorClient:
    """A `TicketManager` that speaks the contract. Safe to share between threads.

    Args:
        base_url: address of the manager, with or without a path.
        timeout: seconds for connecting, and for each wait for data.
        attempts: how often a call that may be repeated is tried.
        deadline: seconds for a whole call, its repetitions included.
        allowed_attachment_hosts: ``HOST`` or ``HOST:PORT`` from which attachments may be fetched besides the
            manager's own.
        clock: monotonic seconds, for the age of listings.
        transport: replaces the network, for tests.

    Raises:
        SettingsError: `base_url` is not an address of a web service.
    """

    def __init__(
        self,
        base_url: str,
        *,
        timeout: float = 10.0,
        attempts: int = 4,
        deadline: float = 60.0,
        allowed_attachment_hosts: Collection[str] = (),
        clock: Callable[[], float] = time.monotonic,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self._base = base_address(base_url, _SETTING)
        self._calls = Calls(self._base.host, Limits(timeout, attempts, deadline), transport=transport)
        self._allowed = frozenset(host.strip().lower() for host in allowed_attachment_hosts if host.strip())
        self._clock = clock
        self._open = LatestListing(lambda: _by_code(self._list("api/incidencias")[0]), clock)
        self._closed = LatestListing(lambda: _by_code(self._list("api/incidencias/cerradas")[0]), clock)

    def open_incidents(self, queue: str = "") -> Listing:
        """The open incidents of one mailbox, or of all."""
        asked_at = self._clock()
        entries, where = self._list("api/incidencias", queue)
        if not queue:
            self._open.load(_by_code(entries), asked_at)
            return wire.listing_from(entries, where)
        listing = wire.listing_from(entries, where)
        # A manager that does not know the parameter would list other teams' tickets.
        own = tuple(i for i in listing.incidents if i.queue.strip().casefold() == queue.strip().casefold())
        return Listing(own, listing.rejected)

    def closed_incidents(self) -> Listing:
        """The closed incidents."""
        asked_at = self._clock()
        entries, where = self._list("api/incidencias/cerradas")
        self._closed.load(_by_code(entries), asked_at)
        return wire.listing_from(entries, where)

    def current(self, code: str, *, max_age: float = 0.0) -> Incident | None:
        """The incident as it stands, from the listings: the contract has no call for a single one."""
        since = self._clock() - max_age
        for listing in (self._open, self._closed):
            if (entry := listing.entry(code, since)) is not None:
                return _incident(entry, f"{shown(self._base)}, {code}", changes=False)
        return None

    def apply(self, code: str, action: TicketAction) -> Incident:
        """Carry out one change, sent once."""
        if problem := wire.code_problem(code):
            raise TicketRefused(problem, where=code[: wire.CODE_LIMIT], remedy="")
        try:
            entry, incident = self._change(code, action)
        except TicketError:
            # Whatever is remembered of this ticket may be wrong now.
            self._open.forget()
            self._closed.forget()
            raise
        if isinstance(action, Close):
            self._open.drop(code)
            self._closed.put(code, entry)
        else:
            self._open.put(code, entry)
        return incident

    def attachment(self, url: str, *, limit: int) -> bytes:
        """The bytes of an attachment from the manager itself or an allowed host, redirects included.

        Raises:
            TicketNotFound: there is no such file.
        """
        target = self._attachment_address(self._base, url)
        for _ in range(_REDIRECTS + 1):
            answer = self._call("GET", target, limit=limit)
            if not answer.location:
                return _attached(answer, limit)
            target = self._attachment_address(target, answer.location)
        raise TicketRefused("redirects without end", where=shown(target), remedy="fetch the attachment by hand")

    def close(self) -> None:
        """Give back connections."""
        self._calls.close()

    def _list(self, path: str, queue: str = "") -> tuple[list[object], str]:
        url = httpx2.URL(f"{self._base}/{path}")
        answer = self._call("GET", url.copy_merge_params({"buzon": queue}) if queue else url, limit=RESPONSE_LIMIT)
        if answer.status != 200:
            raise _unusable(answer, message("check {setting} and what the account may read", setting=_SETTING))
        entries = _json(answer, changes=False)
        if not isinstance(entries, list):
            raise _unusable(answer, _ADDRESS_REMEDY, "the answer is not a list of incidents")
        log.debug("tickets.listed", count=len(entries), bytes=len(answer.body))
        return entries, answer.where

    def _change(self, code: str, action: TicketAction) -> tuple[object, Incident]:
        url = httpx2.URL(f"{self._base}/api/incidencias/{quote(code, safe='')}")
        content = json.dumps(_body(action)).encode("ascii")
        answer = self._call("PATCH", url, limit=RESPONSE_LIMIT, content=content)
        if answer.status == 404:
            raise TicketNotFound(message("unknown incident{said}", said=_reason(answer)), where=answer.where, remedy="")
        if 400 <= answer.status < 500:
            raise TicketRefused(
                message("refused with {status}{said}", status=answer.status, said=_reason(answer)),
                where=answer.where,
                remedy=_TICKET_REMEDY,
            )
        if not 200 <= answer.status < 300:
            remedy = message("set {setting} to the manager's final address", setting=_SETTING)
            raise _unusable(answer, remedy, changes=True)
        entry = _json(answer, changes=True)
        incident = _incident(entry, answer.where, changes=True)
        if incident.code != code:
            raise _unusable(answer, _TICKET_REMEDY, "the answer is about another incident", changes=True)
        return entry, incident

    def _call(self, method: str, url: httpx2.URL, *, limit: int, content: bytes | None = None) -> Answer:
        changes = method != "GET"
        try:
            answer = self._calls.send(method, url, limit=limit, content=content, safe=not changes)
        except NoAnswer as error:
            _told(error.attempts, 0)
            raise TicketUnavailable(
                error.what,
                where=error.where,
                remedy="check that the ticket manager runs and that its address is right",
                outcome_unknown=changes and error.sent,
            ) from error
        _told(answer.attempts, answer.status)
        if answer.status == 429:
            raise _unusable(answer, "run it later, or with fewer workers")
        if answer.status >= 500:
            raise _unusable(answer, "look into the ticket manager's log", changes=changes)
        return answer

    def _attachment_address(self, base: httpx2.URL, text: str) -> httpx2.URL:
        try:
            url = base.join(text)
        except (httpx2.InvalidURL, ValueError):  # of a half of a character: UnicodeEncodeError
            raise TicketRefused("not an address", where=repr(text[:100]), remedy="") from None
        own = (url.scheme, url.host, _port(url)) == (self._base.scheme, self._base.host, _port(self._base))
        allowed = url.host in self._allowed or f"{url.host}:{_port(url)}" in self._allowed
        if url.scheme not in _PORTS or url.userinfo not in (b"", self._base.userinfo) or not (own or allowed):
            raise TicketRefused(
                "an attachment on another host is not fetched",
                where=shown(url),
                remedy=message("allow the host {host} for attachments, if it may be trusted", host=repr(url.host)),
            )
        if own and url.path.startswith(f"{self._base.path.rstrip('/')}/api/incidencias"):
            raise TicketRefused("tickets are no attachments", where=shown(url), remedy="")
        # The manager's own account, if its address has one, is for the manager alone.
        if own and not url.userinfo and self._base.userinfo:
            url = url.copy_with(username=self._base.username, password=self._base.password)
        return url


def _told(attempts: int, status: int) -> None:
    if attempts > 1:
        log.warning("call.repeated", system="tickets", attempts=attempts, status=status or None)


def _body(action: TicketAction) -> dict[str, str]:
    match action:
        case Close(text):
            return {"action": "resolver", "notasResolucion": text}
        case Reassign(queue, text):
            return {"action": "reasignar", "buzonDestino": queue, "detalle": text}
        case Hold(text):
            return {"action": "en_espera", "detalle": text}


def _by_code(entries: list[object]) -> dict[str, object]:
    """Entries by code, the first of a code; those without a usable code belong to nobody."""
    index: dict[str, object] = {}
    for entry in entries:
        try:
            index.setdefault(wire.code_of(entry), entry)
        except ValueError:
            continue
    return index


def _json(answer: Answer, *, changes: bool) -> object:
    try:
        return answer.json()
    except NoAnswer as error:
        raise _unusable(answer, _ADDRESS_REMEDY, error.what, changes=changes) from None


def _incident(entry: object, where: str, *, changes: bool) -> Incident:
    incident = wire.incident_from(entry, where)
    if isinstance(incident, Rejected):
        raise TicketUnavailable(
            message("the incident cannot be read: {why}", why=incident.reason),
            where=where,
            remedy=_TICKET_REMEDY,
            outcome_unknown=changes,
            answered=True,
        )
    return incident


def _unusable(answer: Answer, remedy: str, what: str = "", *, changes: bool = False) -> TicketUnavailable:
    """The error for an answer that is of no use; `changes`: it was to a change that may have been carried out."""
    return TicketUnavailable(
        what or message("answered {status}{said}", status=answer.status, said=_reason(answer)),
        where=answer.where,
        remedy=remedy,
        outcome_unknown=changes,
        answered=answer.status not in _GATEWAY,
    )


def _reason(answer: Answer) -> str:
    words = answer.reason()
    return f": {words}" if words else ""


def _attached(answer: Answer, limit: int) -> bytes:
    if answer.status == 404:
        raise TicketNotFound("no such attachment", where=answer.where, remedy="")
    if answer.status != 200:
        raise TicketRefused(
            message("answered {status}{said}", status=answer.status, said=_reason(answer)),
            where=answer.where,
            remedy="",
        )
    if answer.cut:
        raise AttachmentTooLarge(
            message("larger than {limit} bytes", limit=limit),
            where=answer.where,
            remedy="open the attachment in the manager",
        )
    return answer.body


def _port(url: httpx2.URL) -> int:
    return url.port or _PORTS.get(url.scheme, 0)
