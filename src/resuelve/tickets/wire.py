"""The manager's JSON and the domain's incidents: one translation, here, both ways.

Reading is total: any JSON value gives an incident or a `Rejected` with the reason, never an exception. Field names of
the outside contract stay in this module.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from itertools import pairwise

from resuelve.domain.errors import Rejected
from resuelve.domain.incident import HistoryEntry, Incident
from resuelve.domain.message import Message, message
from resuelve.tickets.port import Listing

TEXT_LIMIT = 100_000
"""Characters that are kept of a description, a detail or a note; a ticket may hold a pasted log of 10 MB."""

SHORT_LIMIT = 1_000
"""Characters that are kept of a name, a title, a state or an address."""

HISTORY_LIMIT = 1_000
"""History entries that are kept, the newest."""

CODE_LIMIT = 100
"""Characters of an incident code; a longer one is refused."""

TRUNCATED = "[… truncado]"

_ZONES = {"UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3}
_DATE = re.compile(
    r"\s*(\d{1,2})/(\d{1,2})/(\d{4})"
    r"(?:[T,\s]\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?)?"
    r"\s*([A-Za-z]{1,12}|[+-]\d{2}:?\d{2})?\s*",
    re.ASCII,
)
# Neither a database nor a terminal is to meet these: control characters and halves of surrogate pairs.
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")

_ENTRY_FIELDS = frozenset(
    "Fecha Autor CodigoResolucion NotasResolucion buzonComentario buzonAsignado estado detalle adjuntos".split()
)

_KINDS = (
    (bool, message("true or false")),
    (int | float, message("a number")),
    (str, message("a text")),
    (list, message("a list")),
)


class _Unusable(ValueError):
    """Why an entry cannot be read as an incident."""

    def __init__(self, why: Message) -> None:
        self.why = why
        super().__init__(why)


def listing_from(entries: Iterable[object], where: str) -> Listing:
    """The incidents of an answer; entries that cannot be read, or come twice, are set aside with their reason."""
    incidents: dict[str, Incident] = {}
    rejected: list[Rejected] = []
    for number, entry in enumerate(entries, start=1):
        place = message("{where}, entry {number}", where=where, number=number)
        incident = incident_from(entry, place)
        if isinstance(incident, Rejected):
            rejected.append(incident)
        elif incident.code in incidents:
            rejected.append(Rejected(incident.code, place, "listed twice in one answer; the first entry was taken"))
        else:
            incidents[incident.code] = incident
    return Listing(tuple(incidents.values()), tuple(rejected))


def incident_from(entry: object, where: str) -> Incident | Rejected:
    """One incident, or why it was set aside. Unknown fields are ignored, missing ones are empty."""
    name = where.rpartition(", ")[2]
    try:
        if not isinstance(entry, Mapping):
            raise _Unusable(message("{kind}, not an object", kind=_kind(entry)))
        name = code_of(entry)
        return _incident(name, entry)
    except _Unusable as problem:
        return Rejected(name, where, problem.why)


def code_of(entry: object) -> str:
    """The incident code of an entry.

    Raises:
        ValueError: there is none, or it is not fit for an address or a file name.
    """
    value = entry.get("codIncidencia") if isinstance(entry, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise _Unusable(
            message("no codIncidencia")
            if value is None
            else message("{name} is {kind}", name="codIncidencia", kind=_kind(value))
        )
    problem = code_problem(code := _scalar(value))
    if problem:
        raise _Unusable(problem)
    return code


def code_problem(code: str) -> Message | None:
    """Why a text may not be used as an incident code; None when it may."""
    if not code.strip():
        return message("codIncidencia is empty")
    if len(code) > CODE_LIMIT:
        return message("codIncidencia is longer than {limit} characters", limit=CODE_LIMIT)
    if code in (".", "..") or any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in code):
        return message("codIncidencia holds control characters, or is a path")
    return None


def incident_to(incident: Incident) -> dict[str, object]:
    """The incident as the contract writes it."""
    entry: dict[str, object] = {
        "codIncidencia": incident.code,
        "buzon": incident.queue,
        "titulo": incident.title,
        "solicitante": incident.requester,
        "estado": incident.state,
        "apertura": date_to(incident.opened),
        "prioridad": incident.priority,
        "descripcion": incident.description,
        "historial": [_entry_to(e) for e in incident.history],
    }
    if incident.attachments:
        entry["adjuntos"] = list(incident.attachments)
    return entry


def date_from(value: object) -> datetime | None:
    """``dd/mm/yyyy hh:mm[:ss] ZONE``: aware; naive when the zone word is unknown; None when unreadable."""
    if not isinstance(value, str) or len(value) > 80 or not (match := _DATE.fullmatch(value)):
        return None
    day, month, year, hour, minute, second = (int(group or 0) for group in match.groups()[:6])
    if not 1900 <= year <= 2200:
        return None
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=_zone(match.group(7) or ""))
    except ValueError:
        return None


def date_to(at: datetime | None) -> str | None:
    """The contract's form of a date; the zone as a word where one is known, else as an offset."""
    if at is None:
        return None
    text = at.strftime("%d/%m/%Y %H:%M:%S")
    if at.utcoffset() is None:
        return text
    name = at.tzname() or ""
    return f"{text} {name if _ZONES.get(name) is not None else at.strftime('%z')}"


def _zone(word: str) -> timezone | None:
    word = word.upper()
    if word in _ZONES:
        return timezone(timedelta(hours=_ZONES[word]), word)
    if word[:1] in ("+", "-"):
        hours, minutes = int(word[1:3]), int(word[-2:])
        if hours < 24 and minutes < 60:
            offset = timedelta(hours=hours, minutes=minutes)
            return timezone(-offset if word[0] == "-" else offset)
    return None


def _incident(code: str, entry: Mapping[object, object]) -> Incident:
    return Incident(
        code=code,
        queue=_text(entry, "buzon", SHORT_LIMIT),
        title=_text(entry, "titulo", SHORT_LIMIT),
        requester=_text(entry, "solicitante", SHORT_LIMIT),
        state=_text(entry, "estado", SHORT_LIMIT),
        opened=date_from(entry.get("apertura")),
        priority=_text(entry, "prioridad", SHORT_LIMIT),
        description=_text(entry, "descripcion", TEXT_LIMIT),
        history=_history(entry.get("historial")),
        attachments=_urls(entry.get("adjuntos")),
    )


def _history(value: object) -> tuple[HistoryEntry, ...]:
    # Never taken as empty where something stands that cannot be read: it may say that the ticket was answered.
    if value is None or value == "":
        return ()
    if not isinstance(value, list):
        raise _Unusable(message("{name} is {kind}, not a list", name="historial", kind=_kind(value)))
    entries = [_entry(item, number) for number, item in enumerate(value)]
    if _newest_first(entries):
        entries.reverse()
    if (left_out := len(entries) - HISTORY_LIMIT) > 0:
        note = HistoryEntry(detail=f"{TRUNCATED} ({left_out} entradas anteriores)")
        entries = [note, *entries[left_out:]]
    return tuple(entries)


def _newest_first(entries: list[HistoryEntry]) -> bool:
    """True when every date says that the manager lists the newest entry first; the domain wants the oldest first."""
    dates = [e.at for e in entries if e.at is not None]
    if len(dates) < max(2, len(entries)) or len({d.utcoffset() is None for d in dates}) > 1:
        return False
    return dates[0] > dates[-1] and all(a >= b for a, b in pairwise(dates))


def _entry(item: object, number: int) -> HistoryEntry:
    if not isinstance(item, Mapping):
        raise _Unusable(message("historial[{number}] is {kind}, not an object", number=number, kind=_kind(item)))
    if item and _ENTRY_FIELDS.isdisjoint(item):
        raise _Unusable(message("historial[{number}] has none of the fields of an entry", number=number))
    place = f"historial[{number}]."
    return HistoryEntry(
        at=date_from(item.get("Fecha")),
        author=_text(item, "Autor", SHORT_LIMIT, place),
        detail=_text(item, "detalle", TEXT_LIMIT, place),
        resolution_code=_text(item, "CodigoResolucion", SHORT_LIMIT, place),
        resolution_notes=_text(item, "NotasResolucion", TEXT_LIMIT, place),
        queue_from=_text(item, "buzonComentario", SHORT_LIMIT, place),
        queue_to=_text(item, "buzonAsignado", SHORT_LIMIT, place),
        state=_text(item, "estado", SHORT_LIMIT, place),
        attachments=_urls(item.get("adjuntos")),
    )


def _entry_to(entry: HistoryEntry) -> dict[str, object]:
    item: dict[str, object] = {
        "Fecha": date_to(entry.at),
        "Autor": entry.author,
        "CodigoResolucion": entry.resolution_code or None,
        "NotasResolucion": entry.resolution_notes or None,
        "buzonComentario": entry.queue_from,
        "buzonAsignado": entry.queue_to,
        "estado": entry.state,
        "detalle": entry.detail or None,
    }
    if entry.attachments:
        item["adjuntos"] = list(entry.attachments)
    return item


def _urls(value: object) -> tuple[str, ...]:
    # What is not a text stays visible as one: fetching it is refused, and the ticket's reader hears of it.
    items = value if isinstance(value, list) else [value]
    texts = (item if isinstance(item, str) else json.dumps(item, default=str) for item in items if item)
    return tuple(_bounded(text, SHORT_LIMIT) for text in texts)


def _text(entry: Mapping[object, object], key: str, limit: int, place: str = "") -> str:
    value = entry.get(key)
    if value is None:
        return ""
    if not isinstance(value, str | int | float):
        raise _Unusable(message("{name} is {kind}, not a text", name=f"{place}{key}", kind=_kind(value)))
    return _bounded(_scalar(value), limit)


def _scalar(value: str | float) -> str:
    try:
        return value if isinstance(value, str) else str(value)
    except ValueError:  # an integer of more digits than Python writes
        raise _Unusable(message("a number of thousands of digits")) from None


def _bounded(text: str, limit: int) -> str:
    if len(text) > limit:
        text = f"{text[: limit - len(TRUNCATED) - 1]} {TRUNCATED}"
    return _UNWANTED.sub("\ufffd", text)


def _kind(value: object) -> Message:
    for kind, name in _KINDS:
        if isinstance(value, kind):
            return name
    return message("nothing") if value is None else message("an object")
